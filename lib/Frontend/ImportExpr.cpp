//===- ImportExpr.cpp - names, constants, operators -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An expression of constants is a constant; with a tensor in it, it becomes
// ops. There is no other difference between the two.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Importer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
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

FailureOr<double> Importer::evalNumber(const Expr &expr, StringRef what) {
  FailureOr<Val> value = eval(expr);
  if (failed(value))
    return failure();
  if (const double *number = value->number())
    return *number;
  return fail(expr.loc,
              what + " must be a constant number but is " + value->kind());
}

FailureOr<int64_t> Importer::evalInteger(const Expr &expr, StringRef what) {
  FailureOr<double> number = evalNumber(expr, what);
  if (failed(number))
    return failure();
  if (std::floor(*number) == *number && std::abs(*number) <= maxAxisSize)
    return static_cast<int64_t>(*number);
  return fail(
      expr.loc,
      what + " is " + toString(*number) + ", which is not a whole number" +
          (std::abs(*number) > maxAxisSize ? " of at most 31 bits" : ""));
}

FailureOr<bool> Importer::evalBool(const Expr &expr, StringRef what) {
  FailureOr<Val> value = eval(expr);
  if (failed(value))
    return failure();
  if (const bool *boolean = value->boolean())
    return *boolean;
  return fail(expr.loc, what + " must be a constant true or false but is " +
                            value->kind());
}

FailureOr<std::string> Importer::evalText(const Expr &expr, StringRef what) {
  FailureOr<Val> value = eval(expr);
  if (failed(value))
    return failure();
  if (const std::string *string = value->string())
    return *string;
  return fail(expr.loc, what + " must be a string but is " + value->kind());
}

FailureOr<Val> Importer::finite(SMLoc loc, double number) {
  if (std::isfinite(number))
    return Val{number};
  return fail(loc, "the result is not a finite number");
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

FailureOr<const NamedAxis *> Importer::makeAxis(const Ident &id, double size) {
  if (std::floor(size) != size)
    return fail(id.loc, "axis " + id.name + " is " + toString(size) +
                            ", which is not a whole number");
  if (size < 1 || size > maxAxisSize)
    return fail(id.loc, "axis " + id.name + " is " + toString(size) +
                            ", which is not between 1 and " +
                            Twine(maxAxisSize));
  namedAxes.push_back({id.name.str(), static_cast<int64_t>(size)});
  return &namedAxes.back();
}

FailureOr<Axis> Importer::lookupAxis(const AxisExpr &expr) {
  Axis axis;
  if (expr.names.empty())
    return fail(expr.loc, "an axis of size 1 has no name; only the shape of a "
                          "parameter has such");
  for (const Ident &id : expr.names) {
    auto found = scope->axes.find(id.name);
    if (found == scope->axes.end()) {
      found = axes.find(id.name);
      if (found == axes.end()) {
        SmallVector<StringRef> known(scope->axes.keys());
        llvm::append_range(known, axes.keys());
        return unknown(id.loc, "axis", id.name, known);
      }
    }
    llvm::append_range(axis.atoms, found->second.atoms);
  }
  if (axis.size() >= maxElements)
    return fail(expr.loc, "axis " + axis.str() + " is too long");
  return axis;
}

FailureOr<Axes> Importer::lookupAxes(ArrayRef<AxisExpr> exprs) {
  Axes list;
  for (const AxisExpr &expr : exprs) {
    FailureOr<Axis> axis = lookupAxis(expr);
    if (failed(axis))
      return failure();
    list.push_back(*axis);
  }
  return list;
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

LogicalResult Importer::countStep(SMLoc loc) {
  if (++steps <= maxSteps)
    return success();
  return fail(loc,
              "the model unrolls to more than " + Twine(maxSteps) + " steps");
}

FailureOr<Val> Importer::eval(const Expr &expr) {
  if (depth >= maxEvalDepth)
    return fail(expr.loc, "expressions and calls are nested too deeply");
  if (failed(countStep(expr.loc)))
    return failure();
  ++depth;
  llvm::SaveAndRestore<Location> restore(tensors.loc, locate(expr.loc));
  FailureOr<Val> value = evalUncounted(expr);
  --depth;
  return value;
}

FailureOr<Val> Importer::evalUncounted(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::number:
    return Val{expr.number};
  case Expr::Kind::boolean:
    return Val{expr.text == "true"};
  case Expr::Kind::piece:
    return Val{expr.text.str()};
  case Expr::Kind::string:
    return evalString(expr);
  case Expr::Kind::name:
    return evalName(expr);
  case Expr::Kind::index:
    return evalIndex(expr);
  case Expr::Kind::unary:
    return evalUnary(expr);
  case Expr::Kind::binary:
    return expr.text == "and" || expr.text == "or" ? evalLogical(expr)
                                                   : evalBinary(expr);
  case Expr::Kind::select: {
    FailureOr<bool> chosen = evalBool(*expr.operands[0], "a condition");
    if (failed(chosen))
      return failure();
    return eval(*expr.operands[*chosen ? 1 : 2]);
  }
  case Expr::Kind::call:
    return evalCall(expr);
  }
  llvm_unreachable("unknown expression");
}

FailureOr<Operand> Importer::evalOperand(const Expr &expr) {
  FailureOr<Val> value = eval(expr);
  if (failed(value))
    return failure();
  constexpr size_t longest = 32;
  bool isShort = expr.source.size() <= longest && !expr.source.contains('\n');
  return Operand{std::move(*value), expr.loc,
                 isShort ? expr.source.str() : "the operand"};
}

FailureOr<Val> Importer::evalName(const Expr &expr) {
  StringRef name = expr.text;
  if (auto it = scope->values.find(name); it != scope->values.end())
    return it->second;
  if (auto it = scope->axes.find(name); it != scope->axes.end())
    return Val{static_cast<double>(it->second.size())};
  if (name == "position")
    return position(expr.loc);
  if (auto it = config.find(name); it != config.end())
    return it->second;
  if (auto it = axes.find(name); it != axes.end())
    return Val{static_cast<double>(it->second.size())};
  if (auto it = scope->declared.find(name); it != scope->declared.end())
    return fail(expr.loc, "'" + name + "' is read before it is assigned",
                it->second.loc, "declared here");
  if (lookupCallable(name) || findBuiltin(name))
    return fail(expr.loc, "'" + name + "' is called without arguments");
  SmallVector<StringRef> known(scope->values.keys());
  llvm::append_range(known, scope->axes.keys());
  llvm::append_range(known, config.keys());
  llvm::append_range(known, axes.keys());
  known.push_back("position");
  return unknown(expr.loc, "name", name, known);
}

FailureOr<Val> Importer::evalString(const Expr &expr) {
  std::string text;
  for (const ExprPtr &part : expr.operands) {
    FailureOr<Val> value = eval(*part);
    if (failed(value))
      return failure();
    if (const std::string *string = value->string())
      text += *string;
    else if (const double *number = value->number())
      text += toString(*number);
    else
      return fail(part->loc, "a string can hold numbers and strings but not " +
                                 value->kind());
  }
  return Val{std::move(text)};
}

FailureOr<Val> Importer::evalIndex(const Expr &expr) {
  FailureOr<Val> list = eval(*expr.operands[0]);
  if (failed(list))
    return failure();
  if (!list->list())
    return fail(expr.loc, "only a list has elements; '" +
                              expr.operands[0]->source + "' is " +
                              list->kind());
  FailureOr<int64_t> index = evalInteger(*expr.operands[1], "an index");
  if (failed(index))
    return failure();
  int64_t size = list->list()->size();
  if (*index < 0 || *index >= size)
    return fail(expr.operands[1]->loc, "index " + Twine(*index) +
                                           " is outside a list of " +
                                           Twine(size));
  return (*list->list())[*index];
}

static Value buildNegation(OpBuilder &b, Location loc, Value x) {
  return arith::NegFOp::create(b, loc, x);
}

FailureOr<Val> Importer::evalUnary(const Expr &expr) {
  if (expr.text == "not") {
    FailureOr<bool> value = evalBool(*expr.operands[0], "the operand of 'not'");
    if (failed(value))
      return failure();
    return Val{!*value};
  }
  FailureOr<Operand> operand = evalOperand(*expr.operands[0]);
  if (failed(operand))
    return failure();
  if (const double *number = operand->value.number())
    return Val{-*number};
  FailureOr<Tensor> tensor = toTensor(*operand);
  if (failed(tensor))
    return failure();
  return Val{tensors.unary(buildNegation, *tensor)};
}

FailureOr<Val> Importer::evalLogical(const Expr &expr) {
  FailureOr<bool> left =
      evalBool(*expr.operands[0], "an operand of '" + expr.text.str() + "'");
  if (failed(left) || *left == (expr.text == "or"))
    return failed(left) ? FailureOr<Val>(failure()) : Val{*left};
  FailureOr<bool> right =
      evalBool(*expr.operands[1], "an operand of '" + expr.text.str() + "'");
  if (failed(right))
    return failure();
  return Val{*right};
}

/// Compares two constants; none if `op` does not compare these.
static std::optional<bool> compare(StringRef op, const Val &a, const Val &b) {
  if (a.number() && b.number()) {
    double x = *a.number(), y = *b.number();
    return llvm::StringSwitch<std::optional<bool>>(op)
        .Case("<", x < y)
        .Case("<=", x <= y)
        .Case(">", x > y)
        .Case(">=", x >= y)
        .Case("==", x == y)
        .Case("!=", x != y)
        .Default(std::nullopt);
  }
  bool isEquality = op == "==" || op == "!=";
  if (isEquality && a.string() && b.string())
    return (*a.string() == *b.string()) == (op == "==");
  if (isEquality && a.boolean() && b.boolean())
    return (*a.boolean() == *b.boolean()) == (op == "==");
  return std::nullopt;
}

/// The remainder of floored division: it has the sign of the divisor.
static double flooredRemainder(double x, double y) {
  return x - y * std::floor(x / y);
}

template <typename Op>
static Value buildBinary(OpBuilder &b, Location loc, Value x, Value y) {
  return Op::create(b, loc, x, y);
}

FailureOr<Val> Importer::evalBinary(const Expr &expr) {
  FailureOr<Operand> a = evalOperand(*expr.operands[0]);
  if (failed(a))
    return failure();
  FailureOr<Operand> b = evalOperand(*expr.operands[1]);
  if (failed(b))
    return failure();
  StringRef op = expr.text;
  bool isComparison = StringRef("=!<>").contains(op.front());
  if (isComparison) {
    if (std::optional<bool> result = compare(op, a->value, b->value))
      return Val{*result};
    return fail(expr.loc, "'" + op + "' cannot compare " + a->value.kind() +
                              " with " + b->value.kind());
  }
  if (a->value.number() && b->value.number()) {
    double x = *a->value.number(), y = *b->value.number();
    if ((op == "/" || op == "%") && y == 0)
      return fail(expr.loc, "division by zero");
    return finite(expr.loc, op == "+"   ? x + y
                            : op == "-" ? x - y
                            : op == "*" ? x * y
                            : op == "/" ? x / y
                                        : flooredRemainder(x, y));
  }
  if (op == "%")
    return fail(expr.loc, "'%' is for constants only");
  TensorBuilder::BinaryFn fn = op == "+"   ? buildBinary<arith::AddFOp>
                               : op == "-" ? buildBinary<arith::SubFOp>
                               : op == "*" ? buildBinary<arith::MulFOp>
                                           : buildBinary<arith::DivFOp>;
  return elementwise(fn, *a, *b, expr.loc);
}

const Callable *Importer::lookupCallable(StringRef name) {
  // The prelude's functions call each other, whatever the file defines.
  if (!preludeCall.isValid())
    if (const Callable *callable = callables.lookup(name))
      return callable;
  return preludeCallables.lookup(name);
}

FailureOr<Val> Importer::evalCall(const Expr &expr) {
  if (const Callable *callee = lookupCallable(expr.text)) {
    FailureOr<SmallVector<Val>> results = call(*callee, expr);
    if (failed(results))
      return failure();
    if (results->size() == 1)
      return results->front();
    return fail(expr.loc, callee->kindName() + " " + expr.text + " has " +
                              Twine(results->size()) +
                              " results, which a statement must name: a, b = " +
                              expr.text + "(...)");
  }
  if (const Builtin *builtin = findBuiltin(expr.text))
    return callBuiltin(*builtin, expr);
  SmallVector<StringRef> known(callables.keys());
  llvm::append_range(known, preludeCallables.keys());
  for (StringRef name : builtinNames())
    known.push_back(name);
  return unknown(expr.loc, "function, mixer or layer", expr.text, known);
}
