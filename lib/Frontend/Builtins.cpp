//===- Builtins.cpp - the intrinsics --------------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each intrinsic is one row of the table; what all of them check is checked
// here, once.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Builtins.h"

using namespace mlir;
using namespace mlir::seqmix::sqm;

static constexpr unsigned many = Builtin::many;

static ArrayRef<Builtin> allBuiltins() {
  static const SmallVector<Builtin> rows = [] {
    SmallVector<Builtin> rows;
    llvm::append_range(rows, tensorBuiltins());
    llvm::append_range(rows, shapeBuiltins());
    llvm::append_range(rows, mixerBuiltins());
    for (const Elementwise &row : elementwiseFunctions())
      rows.push_back({row.name, 0, 0, false, row.arity(), row.arity(), 0,
                      buildElementwise});
    return rows;
  }();
  return rows;
}

/// The first row of a name counts: `max` and `min` are elementwise too.
const Builtin *mlir::seqmix::sqm::findBuiltin(StringRef name) {
  for (const Builtin &builtin : allBuiltins())
    if (builtin.name == name)
      return &builtin;
  return nullptr;
}

SmallVector<StringRef> mlir::seqmix::sqm::builtinNames() {
  return llvm::map_to_vector(allBuiltins(),
                             [](const Builtin &row) { return row.name; });
}

/// "1 axis", "2 or 3 axes", "at least 1 axis".
static std::string countText(unsigned min, unsigned max, StringRef one,
                             StringRef several) {
  std::string text = max == many ? "at least " : "";
  text += std::to_string(min);
  if (max != many && min != max)
    text += " or " + std::to_string(max);
  bool isOne = min == 1 && (max == 1 || max == many);
  return text + " " + (isOne ? one : several).str();
}

static void checkShape(Importer &im, const Builtin &builtin, const Expr &expr) {
  StringRef name = builtin.name;
  size_t axisCount = expr.axes.size(), count = expr.operands.size();
  if (expr.to.has_value() != builtin.hasArrow)
    im.fail(expr.loc, "{0}{1}", name,
            builtin.hasArrow ? " expects [axis -> axis]"
                             : " has no '->' in brackets");
  if (axisCount < builtin.minAxes || axisCount > builtin.maxAxes)
    im.fail(expr.loc, "{0} expects {1} in brackets but got {2}", name,
            countText(builtin.minAxes, builtin.maxAxes, "axis", "axes"),
            axisCount);
  if (expr.tokenArguments != count)
    im.fail(expr.loc, "{0} has no arguments after ';'", name);
  if (count < builtin.minOperands || count > builtin.maxOperands)
    im.fail(expr.loc, "{0} expects {1} but got {2}", name,
            countText(builtin.minOperands, builtin.maxOperands, "argument",
                      "arguments"),
            count);
  if (!expr.named.empty() && !builtin.readsNamed)
    im.fail(expr.named.front().id.loc, "{0} has no arguments by name", name);
}

Val Importer::callBuiltin(const Builtin &builtin, const Expr &expr) {
  checkShape(*this, builtin, expr);
  if (hasFailed)
    return {};
  Invocation in = {builtin.name, expr, expr.loc, {}, lookupAxes(expr.axes), {}};
  if (expr.to)
    in.to = lookupAxis(*expr.to);
  for (const ExprPtr &argument : expr.operands)
    in.operands.push_back(evalOperand(*argument));
  for (auto [index, operand] : llvm::enumerate(in.operands))
    if (index < builtin.tensorOperands)
      operand.value = Val{tensors.toTensor(operand)};
  return hasFailed ? Val() : builtin.build(*this, in);
}
