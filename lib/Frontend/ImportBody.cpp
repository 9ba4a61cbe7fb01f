//===- ImportBody.cpp - statements ----------------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Importer.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::seqmix::sqm;

static constexpr int64_t maxIterations = 10'000;

void Importer::exec(const Body &body) {
  for (const Stmt &stmt : body)
    if (!hasFailed)
      exec(stmt);
}

void Importer::exec(const Stmt &stmt) {
  if (scope->result)
    return void(fail(stmt.loc, "a statement after 'return'"));
  at(stmt.loc);
  switch (stmt.kind) {
  case Stmt::Kind::assign:
    return execAssign(stmt);
  case Stmt::Kind::param:
    return execParam(stmt);
  case Stmt::Kind::state:
    return execState(stmt);
  case Stmt::Kind::axis: {
    double size = evalNumber(*stmt.value, "the size of an axis");
    scope->axes[stmt.targets.front().name] =
        makeAxis(stmt.targets.front(), size);
    return;
  }
  case Stmt::Kind::branch:
    return exec(evalConstant<bool>(*stmt.value, "a condition")
                    ? stmt.body
                    : stmt.otherwise);
  case Stmt::Kind::loop:
    return execLoop(stmt);
  case Stmt::Kind::result:
    if (scope->callable->kind != Callable::Kind::function)
      fail(stmt.loc, "only a function returns; a {0} assigns its results",
           scope->callable->kindName());
    scope->result = eval(*stmt.value);
    return;
  case Stmt::Kind::require:
    return execRequire(stmt);
  case Stmt::Kind::entry:
    llvm_unreachable("only in the config block");
  }
}

void Importer::execAssign(const Stmt &stmt) {
  size_t count = stmt.targets.size();
  if (count == 1)
    return assign(stmt.targets.front(), evalOperand(*stmt.value));
  const Callable *callee = stmt.value->kind == Expr::Kind::call
                               ? lookupCallable(stmt.value->text)
                               : nullptr;
  if (!callee)
    return void(fail(stmt.loc,
                     "{0} names are assigned, but only a call of a mixer or "
                     "layer has several results",
                     count));
  at(stmt.value->loc);
  SmallVector<Val> results = call(*callee, *stmt.value);
  if (results.size() != count)
    return void(fail(stmt.loc, Note{callee->id.loc},
                     "{0} names are assigned, but {1} has {2} results", count,
                     *callee, results.size()));
  for (auto [target, value] : llvm::zip_equal(stmt.targets, results))
    assign(target, {value, stmt.value->loc, target.name.str()});
}

void Importer::assign(const Ident &target, const Operand &operand) {
  Val &value = scope->values[target.name];
  auto it = scope->declared.find(target.name);
  if (it == scope->declared.end()) {
    value = operand.value;
    return;
  }
  Scope::Declared &declared = it->second;
  at(target.loc);
  value =
      Val{tensors.coerce(operand, declared.axes, target.name, declared.loc)};
  declared.isAssigned = true;
}

void Importer::execParam(const Stmt &stmt) {
  const Ident &id = stmt.targets.front();
  if (scope->callable->kind != Callable::Kind::layer &&
      scope->callable->kind != Callable::Kind::model)
    fail(id.loc, "a {0} has no parameters; pass them as arguments",
         scope->callable->kindName());
  std::string name = scope->prefix + evalConstant<std::string>(
                                         *stmt.value, "a parameter's name");
  if (name.empty())
    fail(stmt.value->loc, "a parameter's name is empty");
  assign(id, declareParam(id, name, stmt.axes));
}

/// The parameter of the checkpoint, which may be declared in several places.
Operand Importer::declareParam(const Ident &id, const std::string &name,
                               ArrayRef<AxisExpr> exprs) {
  Axes named;
  SmallVector<int64_t> shape;
  for (const AxisExpr &expr : exprs) {
    if (!expr.names.empty())
      named.push_back(lookupAxis(expr));
    shape.push_back(expr.names.empty() ? 1 : named.back().size());
  }
  tensors.checkSize(named, id.loc);
  if (hasFailed)
    return {};
  at(id.loc);
  Tensor tensor = tensors.param(name, shape, named, id.loc);
  return {Val{tensor}, id.loc, id.name.str()};
}

void Importer::execState(const Stmt &stmt) {
  const Ident &id = stmt.targets.front();
  if (scope != mixer)
    return void(fail(id.loc, "only a mixer has states"));
  if (auto it = scope->declared.find(id.name); it != scope->declared.end())
    fail(id.loc, Note{it->second.loc, "declared here before"},
         "'{0}' is declared twice", id);
  double init = evalNumber(*stmt.value, "the first value of a state");
  Axes list = lookupAxes(stmt.axes);
  tensors.checkSize(list, id.loc);
  if (hasFailed)
    return;
  // States come last among a mixer's arguments, so that one more is appended.
  Value argument = tensors.b.getInsertionBlock()->addArgument(
      tensors.typeOf(list, /*isSequence=*/false), locate(id.loc));
  scope->values[id.name] = Val{Tensor{argument, list}};
  scope->declared[id.name] = {list, id.loc, init};
}

void Importer::execLoop(const Stmt &stmt) {
  const Ident &id = stmt.targets.front();
  int64_t from = evalInteger(*stmt.value, "the start of a loop");
  int64_t to = evalInteger(*stmt.second, "the end of a loop");
  if (to - from > maxIterations)
    fail(stmt.loc, "a loop of {0} iterations; at most {1} are unrolled",
         to - from, maxIterations);
  if (scope->declared.contains(id.name))
    fail(id.loc, "'{0}' is a result, so it cannot count a loop", id);
  std::optional<Val> outer;
  if (auto it = scope->values.find(id.name); it != scope->values.end())
    outer = it->second;
  scope->loops.push_back(id.name);
  for (int64_t i = from; i < to && !hasFailed; ++i) {
    countSteps(stmt.loc);
    scope->values[id.name] = Val{static_cast<double>(i)};
    exec(stmt.body);
  }
  scope->loops.pop_back();
  if (outer)
    scope->values[id.name] = *outer;
  else
    scope->values.erase(id.name);
}

void Importer::execRequire(const Stmt &stmt) {
  // `position < N` bounds the session, which is checked when it runs.
  const Expr &condition = *stmt.value;
  if (condition.text == "<" && condition.operands[0]->text == "position" &&
      scope->callable && !scope->values.contains("position")) {
    int64_t limit = evalInteger(*condition.operands[1], "a length");
    if (limit < 1)
      fail(condition.loc, "a session of fewer than {0} tokens is empty",
           limit + 1);
    maxLength = std::min(maxLength.value_or(limit), limit);
    return;
  }
  if (evalConstant<bool>(condition, "a requirement"))
    return;
  std::string message =
      evalConstant<std::string>(*stmt.second, "the message of 'require'");
  // What the configuration says, of the entries that the condition reads.
  llvm::MapVector<StringRef, std::string> values;
  SmallVector<const Expr *> rest = {stmt.value.get()};
  while (!rest.empty()) {
    const Expr *expr = rest.pop_back_val();
    StringRef name = expr->text;
    if (expr->kind == Expr::Kind::name && isConfigEntry(name))
      values[name] = name.str() + " = " + config[name].source();
    if (expr->kind == Expr::Kind::entry) {
      name = expr->source;
      values[name] = name.str() + " = " + eval(*expr).source();
      continue;
    }
    for (const ExprPtr &operand : llvm::reverse(expr->operands))
      rest.push_back(operand.get());
  }
  std::string shown = llvm::join(llvm::make_second_range(values), ", ");
  fail(stmt.loc, values.empty() ? "{0}" : "{0} ({1})", message, shown);
}
