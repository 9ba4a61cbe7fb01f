//===- ImportExpr.cpp - names, constants, operators -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An expression of constants is a constant; with a tensor in it, it becomes
// ops. There is no other difference between the two.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Builtins.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/SaveAndRestore.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix::sqm;

/// Calls of calls deepen the stack; unrolled loops and nested calls lengthen
/// the run. Both are bounded, so that every program ends.
static constexpr unsigned maxEvalDepth = 1000;
static constexpr int64_t maxSteps = 2'000'000;

//===----------------------------------------------------------------------===//
// Typed constants
//===----------------------------------------------------------------------===//

double Importer::evalNumber(const Expr &expr, StringRef what) {
  return evalConstant<double>(expr, what);
}

int64_t Importer::evalInteger(const Expr &expr, StringRef what) {
  double number = evalNumber(expr, what);
  bool fits = std::abs(number) <= maxAxisSize;
  if (std::floor(number) == number && fits)
    return static_cast<int64_t>(number);
  return fail(expr.loc, "{0} is {1}, which is not a whole number{2}", what,
              number, fits ? "" : " of at most 31 bits");
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

Axis Importer::makeAxis(const Ident &id, double size) {
  if (std::floor(size) != size)
    return fail(id.loc, "axis {0} is {1}, which is not a whole number", id,
                size);
  if (size < 1 || size > maxAxisSize)
    return fail(id.loc, "axis {0} is {1}, which is not between 1 and {2}", id,
                size, maxAxisSize);
  namedAxes.push_back({id.name.str(), static_cast<int64_t>(size)});
  return Axis{{&namedAxes.back()}};
}

Axis Importer::lookupAxis(const AxisExpr &expr) {
  Axis axis;
  if (expr.names.empty())
    return fail(expr.loc, "an axis of size 1 has no name; only the shape of a "
                          "parameter has such");
  for (const Ident &id : expr.names) {
    auto found = scope->axes.find(id.name);
    if (found == scope->axes.end())
      found = axes.find(id.name);
    if (found == axes.end()) {
      SmallVector<StringRef> known(scope->axes.keys());
      llvm::append_range(known, axes.keys());
      return unknown(id.loc, "axis", id.name, known);
    }
    llvm::append_range(axis.atoms, found->second.atoms);
  }
  if (axis.size() >= maxElements)
    return fail(expr.loc, "axis {0} is too long", axis);
  return axis;
}

Axes Importer::lookupAxes(ArrayRef<AxisExpr> exprs) {
  Axes list;
  for (const AxisExpr &expr : exprs)
    list.push_back(lookupAxis(expr));
  return list;
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

void Importer::countSteps(SMLoc loc, int64_t count) {
  steps += count;
  if (steps > maxSteps)
    fail(loc, "the model unrolls to more than {0} steps", maxSteps);
}

Val Importer::eval(const Expr &expr) {
  if (depth >= maxEvalDepth)
    fail(expr.loc, "expressions and calls are nested too deeply");
  countSteps(expr.loc);
  if (hasFailed)
    return {};
  llvm::SaveAndRestore<unsigned> deepen(depth, depth + 1);
  llvm::SaveAndRestore<Location> restore(tensors.loc, locate(expr.loc));
  Val value = evalUncounted(expr);
  return hasFailed ? Val() : value;
}

Val Importer::evalUncounted(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::constant:
    return expr.constant;
  case Expr::Kind::string:
    return evalString(expr);
  case Expr::Kind::name:
    return evalName(expr);
  case Expr::Kind::index:
    return evalIndex(expr);
  case Expr::Kind::list:
    return evalList(expr);
  case Expr::Kind::entry:
    return evalEntry(expr);
  case Expr::Kind::unary:
    return evalUnary(expr);
  case Expr::Kind::binary:
    return expr.text == "and" || expr.text == "or" ? evalLogical(expr)
                                                   : evalBinary(expr);
  case Expr::Kind::select:
    return eval(
        *expr.operands[evalConstant<bool>(*expr.operands[0], "a condition")
                           ? 1
                           : 2]);
  case Expr::Kind::either: {
    Val value = eval(*expr.operands[0]);
    return value.isNone() ? eval(*expr.operands[1]) : value;
  }
  case Expr::Kind::call:
    return evalCall(expr);
  }
  llvm_unreachable("unknown expression");
}

Operand Importer::evalOperand(const Expr &expr) {
  constexpr size_t longest = 32;
  bool isShort = expr.source.size() <= longest && !expr.source.contains('\n');
  return {eval(expr), expr.loc, isShort ? expr.source.str() : "the operand"};
}

/// Whether a name stands for the entry of the configuration.
bool Importer::isConfigEntry(StringRef name) const {
  return config.contains(name) && !scope->values.contains(name) &&
         !scope->axes.contains(name);
}

Val Importer::evalName(const Expr &expr) {
  StringRef name = expr.text;
  if (auto it = scope->values.find(name); it != scope->values.end())
    return it->second;
  if (auto it = scope->axes.find(name); it != scope->axes.end())
    return Val{static_cast<double>(it->second.size())};
  if (name == "position")
    return buildPosition(*this, expr.loc);
  if (auto it = config.find(name); it != config.end())
    return it->second;
  if (auto it = axes.find(name); it != axes.end())
    return Val{static_cast<double>(it->second.size())};
  if (auto it = scope->declared.find(name); it != scope->declared.end())
    return fail(expr.loc, Note{it->second.loc},
                "'{0}' is read before it is assigned", name);
  if (lookupCallable(name) || findBuiltin(name))
    return fail(expr.loc, "'{0}' is called without arguments", name);
  SmallVector<StringRef> known = {"position"};
  llvm::append_range(known, scope->values.keys());
  llvm::append_range(known, scope->axes.keys());
  llvm::append_range(known, config.keys());
  llvm::append_range(known, axes.keys());
  return unknown(expr.loc, "name", name, known);
}

Val Importer::evalString(const Expr &expr) {
  std::string text;
  for (const ExprPtr &part : expr.operands) {
    Val value = eval(*part);
    if (!value.string() && !value.number())
      return fail(part->loc,
                  "a string can hold numbers and strings but not {0}", value);
    text += value.string() ? *value.string() : toString(*value.number());
  }
  return Val{std::move(text)};
}

Val Importer::evalIndex(const Expr &expr) {
  Val list = eval(*expr.operands[0]);
  if (!list.list())
    return fail(expr.loc, "only a list has elements; '{0}' is {1}",
                expr.operands[0]->source, list);
  int64_t index = evalInteger(*expr.operands[1], "an index");
  int64_t size = list.list()->size();
  if (index < 0 || index >= size)
    return fail(expr.operands[1]->loc, "index {0} is outside a list of {1}",
                index, size);
  return hasFailed ? Val() : (*list.list())[index];
}

Val Importer::evalList(const Expr &expr) {
  Val::List list;
  for (const ExprPtr &element : expr.operands)
    list.push_back(eval(*element));
  for (auto [element, value] : llvm::zip_equal(expr.operands, list))
    if (value.tensor())
      fail(element->loc, "a list holds constants but '{0}' is {1}",
           element->source, value);
  return Val{std::move(list)};
}

/// Of none, and where there is no such entry, it is none.
Val Importer::evalEntry(const Expr &expr) {
  Val object = eval(*expr.operands[0]);
  if (!object.object() && !object.isNone())
    return fail(expr.loc, "only an object has entries; '{0}' is {1}",
                expr.operands[0]->source, object);
  const Val *value = object.entry(expr.text);
  return value ? *value : Val();
}

Val Importer::evalUnary(const Expr &expr) {
  Operand operand = evalOperand(*expr.operands[0]);
  if (expr.text == "not" && !operand.value.tensor())
    return Val{!toConstant<bool>(operand, "the operand of 'not'")};
  if (expr.text == "not")
    return callElementwise(*this, *findElementwise("not", 2),
                           {operand, {Val{true}, expr.loc, "true"}}, expr.loc);
  return callElementwise(*this, *findElementwise(expr.text, 1), operand,
                         expr.loc);
}

Val Importer::evalLogical(const Expr &expr) {
  std::string what = ("an operand of '" + expr.text + "'").str();
  Operand a = evalOperand(*expr.operands[0]);
  if (!a.value.tensor() && toConstant<bool>(a, what) == (expr.text == "or"))
    return a.value;
  Operand b = evalOperand(*expr.operands[1]);
  if (!a.value.tensor() && !b.value.tensor())
    return Val{toConstant<bool>(b, what)};
  return callElementwise(*this, *findElementwise(expr.text, 2), {a, b},
                         expr.loc);
}

/// Compares two constants; none if `op` does not compare these.
static std::optional<bool> compare(StringRef op, const Val &a, const Val &b) {
  if (op == "in" && b.list())
    return llvm::any_of(*b.list(), [&](const Val &element) {
      return compare("==", a, element).value_or(false);
    });
  if (op == "in" && b.object() && a.string())
    return b.entry(*a.string()) != nullptr;
  if (op == "in")
    return std::nullopt;
  if (a.number() && b.number()) {
    double x = *a.number(), y = *b.number();
    return llvm::StringSwitch<bool>(op)
        .Case("<", x < y)
        .Case("<=", x <= y)
        .Case(">", x > y)
        .Case(">=", x >= y)
        .Case("==", x == y)
        .Default(x != y);
  }
  // A tensor can be compared with none, as every constant can.
  bool isAnswer = (!a.tensor() && !b.tensor()) || a.isNone() || b.isNone();
  if (!isAnswer || (op != "==" && op != "!="))
    return std::nullopt;
  return (a.source() == b.source()) == (op == "==");
}

Val Importer::evalBinary(const Expr &expr) {
  Operand a = evalOperand(*expr.operands[0]);
  Operand b = evalOperand(*expr.operands[1]);
  StringRef op = expr.text;
  if (hasFailed)
    return {};
  const Elementwise *function = findElementwise(op, 2);
  auto isNumeric = [](const Val &value) {
    return value.number() || (value.tensor() && !value.tensor()->isTruth());
  };
  bool areNumbers = a.value.number() && b.value.number();
  if (!function || function->givesTruth) {
    if (std::optional<bool> result = compare(op, a.value, b.value))
      return Val{*result};
    if (!function || !isNumeric(a.value) || !isNumeric(b.value))
      return fail(expr.loc, "'{0}' cannot compare {1} with {2}", op, a.value,
                  b.value);
  } else if (areNumbers && (op == "/" || op == "%") && *b.value.number() == 0) {
    return fail(expr.loc, "division by zero");
  }
  return callElementwise(*this, *function, {a, b}, expr.loc);
}

const Callable *Importer::lookupCallable(StringRef name) {
  // The prelude's functions call each other, whatever the file defines.
  if (!preludeCall.isValid())
    if (const Callable *callable = callables.lookup(name))
      return callable;
  return preludeCallables.lookup(name);
}

Val Importer::evalCall(const Expr &expr) {
  if (const Callable *callee = lookupCallable(expr.text)) {
    SmallVector<Val> results = call(*callee, expr);
    if (results.size() == 1)
      return results.front();
    return fail(expr.loc,
                "{0} has {1} results, which a statement must name: a, b = "
                "{2}(...)",
                *callee, results.size(), expr.text);
  }
  if (const Builtin *builtin = findBuiltin(expr.text))
    return callBuiltin(*builtin, expr);
  SmallVector<StringRef> known(callables.keys());
  llvm::append_range(known, preludeCallables.keys());
  llvm::append_range(known, builtinNames());
  return unknown(expr.loc, "function, mixer or layer", expr.text, known);
}
