//===- Builtins.cpp - the intrinsics that compute -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each intrinsic is one row of the table. The elementwise ones have rows of
// their own: how to compute a constant, how to build an op.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Builtins.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::seqmix::sqm;

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

template <typename Op>
static Value buildUnary(OpBuilder &b, Location loc, Value x) {
  return Op::create(b, loc, x);
}
template <typename Op>
static Value buildBinary(OpBuilder &b, Location loc, Value x, Value y) {
  return Op::create(b, loc, x, y);
}

namespace {
struct UnaryRow {
  StringRef name;
  double (*fold)(double);
  TensorBuilder::UnaryFn build;
};
} // namespace

static double foldRsqrt(double x) { return 1 / std::sqrt(x); }

static const UnaryRow *findUnary(StringRef name) {
  static const UnaryRow rows[] = {
      {"exp", std::exp, buildUnary<math::ExpOp>},
      {"log", std::log, buildUnary<math::LogOp>},
      {"log1p", std::log1p, buildUnary<math::Log1pOp>},
      {"sqrt", std::sqrt, buildUnary<math::SqrtOp>},
      {"rsqrt", foldRsqrt, buildUnary<math::RsqrtOp>},
      {"sin", std::sin, buildUnary<math::SinOp>},
      {"cos", std::cos, buildUnary<math::CosOp>},
      {"tanh", std::tanh, buildUnary<math::TanhOp>},
      {"erf", std::erf, buildUnary<math::ErfOp>},
      {"abs", std::fabs, buildUnary<math::AbsFOp>},
      {"floor", std::floor, buildUnary<math::FloorOp>},
      {"ceil", std::ceil, buildUnary<math::CeilOp>},
  };
  for (const UnaryRow &row : rows)
    if (row.name == name)
      return &row;
  return nullptr;
}

FailureOr<Val> Importer::builtinUnary(const Invocation &in) {
  const UnaryRow &row = *findUnary(in.builtin.name);
  if (const double *number = in.operands[0].value.number())
    return finite(in.loc(), row.fold(*number));
  FailureOr<Tensor> x = toTensor(in.operands[0]);
  if (failed(x))
    return failure();
  return Val{tensors.unary(row.build, *x)};
}

FailureOr<Val> Importer::builtinPow(const Invocation &in) {
  const double *x = in.operands[0].value.number();
  const double *y = in.operands[1].value.number();
  if (x && y)
    return finite(in.loc(), std::pow(*x, *y));
  return elementwise(buildBinary<math::PowFOp>, in.operands[0], in.operands[1],
                     in.loc());
}

FailureOr<Val> Importer::builtinMinMax(const Invocation &in) {
  bool isMax = in.builtin.name == "max";
  if (!in.axes.empty())
    return builtinReduce(in);
  if (in.operands.size() != 2)
    return fail(in.loc(), in.builtin.name + " takes two values, or axes in "
                                            "brackets and one value");
  const double *x = in.operands[0].value.number();
  const double *y = in.operands[1].value.number();
  if (x && y)
    return Val{isMax ? std::max(*x, *y) : std::min(*x, *y)};
  return elementwise(isMax ? buildBinary<arith::MaximumFOp>
                           : buildBinary<arith::MinimumFOp>,
                     in.operands[0], in.operands[1], in.loc());
}

//===----------------------------------------------------------------------===//
// Reductions and contractions
//===----------------------------------------------------------------------===//

FailureOr<Val> Importer::builtinReduce(const Invocation &in) {
  StringRef name = in.builtin.name;
  if (in.operands.size() != 1)
    return fail(in.loc(), name + " with axes in brackets takes one value");
  FailureOr<Tensor> x = toTensor(in.operands[0]);
  if (failed(x))
    return failure();
  SmallVector<int64_t> positions;
  double count = 1;
  for (const Axis &axis : in.axes) {
    Operand operand{Val{*x}, in.operands[0].loc, in.operands[0].text};
    FailureOr<unsigned> position = findAxis(operand, axis, in.loc());
    if (failed(position))
      return failure();
    if (llvm::is_contained(positions, *position))
      return fail(in.loc(), "axis " + axis.str() + " is reduced twice");
    positions.push_back(*position);
    count *= axis.size();
  }
  double infinity = std::numeric_limits<double>::infinity();
  if (name == "max")
    return Val{tensors.reduce(buildBinary<arith::MaximumFOp>, -infinity, *x,
                              positions)};
  if (name == "min")
    return Val{tensors.reduce(buildBinary<arith::MinimumFOp>, infinity, *x,
                              positions)};
  Tensor sum = tensors.reduce(buildBinary<arith::AddFOp>, 0.0, *x, positions);
  if (name == "sum")
    return Val{sum};
  Tensor divisor = tensors.constant(count, sum.axes, sum.isSequence);
  return Val{tensors.binary(buildBinary<arith::DivFOp>, sum, divisor)};
}

FailureOr<Val> Importer::builtinDot(const Invocation &in) {
  FailureOr<Tensor> a = toTensor(in.operands[0]);
  FailureOr<Tensor> b = failed(a) ? a : toTensor(in.operands[1]);
  if (failed(b))
    return failure();
  Operand left{Val{*a}, in.operands[0].loc, in.operands[0].text};
  Operand right{Val{*b}, in.operands[1].loc, in.operands[1].text};
  FailureOr<Axes> all = unite(left, right, in.loc());
  if (failed(all))
    return failure();
  Axes kept(*all);
  for (const Axis &axis : in.axes) {
    if (failed(findAxis(left, axis, in.loc())) ||
        failed(findAxis(right, axis, in.loc())))
      return failure();
    if (!positionOf(axis, kept))
      return fail(in.loc(), "axis " + axis.str() + " is contracted twice");
    llvm::erase(kept, axis);
  }
  auto dimsOf = [&](ArrayRef<Axis> list) {
    SmallVector<unsigned> dims;
    for (const Axis &axis : list)
      dims.push_back(*positionOf(axis, *all));
    return dims;
  };
  return Val{tensors.contract(*a, dimsOf(a->axes), *b, dimsOf(b->axes), kept,
                              dimsOf(kept))};
}

FailureOr<Val> Importer::builtinLinear(const Invocation &in) {
  const Operand &weight = in.operands[1];
  FailureOr<Tensor> x = toTensor(in.operands[0]);
  FailureOr<Tensor> w = failed(x) ? x : toTensor(weight);
  if (failed(w))
    return failure();
  if (w->axes.size() != 2)
    return fail(weight.loc, "linear expects a weight with two axes [out, in] "
                            "but " +
                                weight.text + " has " + toString(w->axes));
  const Axis &from = w->axes[1], &to = w->axes[0];
  std::optional<unsigned> position = positionOf(from, x->axes);
  if (!position)
    return fail(in.loc(), in.operands[0].text + " has axes " +
                              toString(x->axes) + ", but " + weight.text +
                              toString(w->axes) + " contracts axis " +
                              from.str());
  Axes axes(x->axes);
  axes[*position] = to;
  SmallVector<unsigned> dims =
      llvm::to_vector(llvm::seq<unsigned>(0, axes.size()));
  SmallVector<unsigned> outDims(dims);
  outDims[*position] = axes.size();
  for (unsigned i = 0; i < axes.size(); ++i)
    if (i != *position && axes[i] == to)
      return fail(in.loc(), "the result of linear would have axis " + to.str() +
                                " twice: " + toString(axes));
  if (failed(checkSize(axes, in.loc())))
    return failure();
  Tensor y = tensors.contract(*x, dims, *w, {outDims[*position], *position},
                              axes, outDims);
  if (in.operands.size() == 2)
    return Val{y};
  return elementwise(buildBinary<arith::AddFOp>, {Val{y}, in.loc(), "linear"},
                     in.operands[2], in.loc());
}

FailureOr<Val> Importer::builtinEmbed(const Invocation &in) {
  const Operand &token = in.operands[0];
  const Tensor *ids = token.value.tensor();
  if (!ids ||
      !cast<ShapedType>(ids->value.getType()).getElementType().isInteger())
    return fail(token.loc, "embed expects a token, which is an input without "
                           "axes; '" +
                               token.text + "' is " + token.value.kind());
  FailureOr<Tensor> table = toTensor(in.operands[1]);
  if (failed(table))
    return failure();
  if (table->axes.size() != 2 || table->isSequence)
    return fail(in.operands[1].loc,
                "embed expects a parameter with two axes [rows, width] but " +
                    in.operands[1].text + " has " + toString(table->axes));
  int64_t rows = table->axes.front().size();
  for (const Operand &input : inputs)
    if (input.value.tensor()->value == ids->value) {
      int64_t &limit = limits[input.text];
      limit = limit ? std::min(limit, rows) : rows;
    }
  return Val{tensors.gather(*ids, *table)};
}

FailureOr<Val> Importer::builtinLen(const Invocation &in) {
  if (const Val::List *list = in.operands[0].value.list())
    return Val{static_cast<double>(list->size())};
  return fail(in.operands[0].loc, "len expects a list but '" +
                                      in.operands[0].text + "' is " +
                                      in.operands[0].value.kind());
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr unsigned many = ~0u;

ArrayRef<Importer::Builtin> Importer::builtins() {
  using I = Importer;
  // name, axes in brackets from .. to, arrow, operands from .. to
  static const Builtin table[] = {
      {"exp", 0, 0, false, 1, 1, &I::builtinUnary},
      {"log", 0, 0, false, 1, 1, &I::builtinUnary},
      {"log1p", 0, 0, false, 1, 1, &I::builtinUnary},
      {"sqrt", 0, 0, false, 1, 1, &I::builtinUnary},
      {"rsqrt", 0, 0, false, 1, 1, &I::builtinUnary},
      {"sin", 0, 0, false, 1, 1, &I::builtinUnary},
      {"cos", 0, 0, false, 1, 1, &I::builtinUnary},
      {"tanh", 0, 0, false, 1, 1, &I::builtinUnary},
      {"erf", 0, 0, false, 1, 1, &I::builtinUnary},
      {"abs", 0, 0, false, 1, 1, &I::builtinUnary},
      {"floor", 0, 0, false, 1, 1, &I::builtinUnary},
      {"ceil", 0, 0, false, 1, 1, &I::builtinUnary},
      {"pow", 0, 0, false, 2, 2, &I::builtinPow},
      {"max", 0, many, false, 1, 2, &I::builtinMinMax},
      {"min", 0, many, false, 1, 2, &I::builtinMinMax},
      {"sum", 1, many, false, 1, 1, &I::builtinReduce},
      {"mean", 1, many, false, 1, 1, &I::builtinReduce},
      {"dot", 1, many, false, 2, 2, &I::builtinDot},
      {"linear", 0, 0, false, 2, 3, &I::builtinLinear},
      {"embed", 0, 0, false, 2, 2, &I::builtinEmbed},
      {"len", 0, 0, false, 1, 1, &I::builtinLen},
      {"iota", 1, 1, false, 0, 0, &I::builtinIota},
      {"split", 2, many, false, 1, 1, &I::builtinSplit},
      {"merge", 2, many, false, 1, 1, &I::builtinMerge},
      {"repeat", 1, 1, false, 1, 1, &I::builtinRepeat},
      {"rename", 1, 1, true, 1, 1, &I::builtinRename},
      {"part", 1, 1, true, 2, 2, &I::builtinPart},
      {"join", 1, 1, true, 1, many, &I::builtinJoin},
      {"shift", 0, 0, false, 1, 1, &I::builtinShift},
      {"conv", 0, 0, false, 2, 3, &I::builtinConv},
      {"window_attention", 0, 0, false, 3, 3, &I::builtinAttention},
  };
  return table;
}

const Importer::Builtin *Importer::findBuiltin(StringRef name) {
  for (const Builtin &builtin : builtins())
    if (builtin.name == name)
      return &builtin;
  return nullptr;
}

SmallVector<StringRef> Importer::builtinNames() {
  SmallVector<StringRef> names;
  for (const Builtin &builtin : builtins())
    names.push_back(builtin.name);
  return names;
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

FailureOr<Val> Importer::callBuiltin(const Builtin &builtin, const Expr &expr) {
  const CallParts &parts = *expr.call;
  size_t axisCount = parts.axes.size(), count = expr.operands.size();
  if (parts.to.has_value() != builtin.hasArrow)
    return fail(expr.loc,
                builtin.name + (builtin.hasArrow ? " expects [axis -> axis]"
                                                 : " has no '->' in brackets"));
  if (axisCount < builtin.minAxes || axisCount > builtin.maxAxes)
    return fail(expr.loc, builtin.name + " expects " +
                              countText(builtin.minAxes, builtin.maxAxes,
                                        "axis", "axes") +
                              " in brackets but got " + Twine(axisCount));
  if (parts.tokenArguments != count)
    return fail(expr.loc, builtin.name + " has no arguments after ';'");
  if (count < builtin.minOperands || count > builtin.maxOperands)
    return fail(expr.loc,
                builtin.name + " expects " +
                    countText(builtin.minOperands, builtin.maxOperands,
                              "argument", "arguments") +
                    " but got " + Twine(count));
  if (!parts.named.empty() && builtin.name != "window_attention")
    return fail(parts.named.front().id.loc,
                builtin.name + " has no arguments by name");
  Invocation in{builtin, expr, {}, {}, {}};
  FailureOr<Axes> list = lookupAxes(parts.axes);
  if (failed(list))
    return failure();
  in.axes = *list;
  if (parts.to) {
    FailureOr<Axis> to = lookupAxis(*parts.to);
    if (failed(to))
      return failure();
    in.to = *to;
  }
  for (const ExprPtr &argument : expr.operands) {
    FailureOr<Operand> operand = evalOperand(*argument);
    if (failed(operand))
      return failure();
    in.operands.push_back(std::move(*operand));
  }
  return (this->*builtin.handler)(in);
}
