//===- ImportBody.cpp - statements ----------------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Frontend/Importer.h"

using namespace mlir;
using namespace mlir::seqmix;
using namespace mlir::seqmix::sqm;

static constexpr int64_t maxIterations = 10'000;

LogicalResult Importer::exec(const Body &body) {
  for (const Stmt &stmt : body)
    if (failed(exec(stmt)))
      return failure();
  return success();
}

LogicalResult Importer::exec(const Stmt &stmt) {
  if (scope->result)
    return fail(stmt.loc, "a statement after 'return'");
  at(stmt.loc);
  switch (stmt.kind) {
  case Stmt::Kind::assign:
    return execAssign(stmt);
  case Stmt::Kind::param:
    return execParam(stmt);
  case Stmt::Kind::state:
    return execState(stmt);
  case Stmt::Kind::axis:
    return execAxis(stmt);
  case Stmt::Kind::branch:
    return execBranch(stmt);
  case Stmt::Kind::loop:
    return execLoop(stmt);
  case Stmt::Kind::result: {
    if (scope->callable->kind != Callable::Kind::function)
      return fail(stmt.loc, "only a function returns; a " +
                                scope->callable->kindName() +
                                " assigns its results");
    FailureOr<Val> value = eval(*stmt.value);
    if (failed(value))
      return failure();
    scope->result = std::move(*value);
    return success();
  }
  }
  llvm_unreachable("unknown statement");
}

LogicalResult Importer::execAssign(const Stmt &stmt) {
  if (stmt.targets.size() == 1) {
    FailureOr<Operand> operand = evalOperand(*stmt.value);
    if (failed(operand))
      return failure();
    return assign(stmt.targets.front(), *operand);
  }
  const Callable *callee = stmt.value->kind == Expr::Kind::call
                               ? lookupCallable(stmt.value->text)
                               : nullptr;
  if (!callee)
    return fail(stmt.loc, Twine(stmt.targets.size()) +
                              " names are assigned, but only a call of a "
                              "mixer or layer has several results");
  at(stmt.value->loc);
  FailureOr<SmallVector<Val>> results = call(*callee, *stmt.value);
  if (failed(results))
    return failure();
  if (results->size() != stmt.targets.size())
    return fail(stmt.loc,
                Twine(stmt.targets.size()) + " names are assigned, but " +
                    callee->kindName() + " " + callee->id.name + " has " +
                    Twine(results->size()) + " results",
                callee->id.loc, "declared here");
  for (auto [target, value] : llvm::zip_equal(stmt.targets, *results))
    if (failed(assign(target, {value, stmt.value->loc, target.name.str()})))
      return failure();
  return success();
}

LogicalResult Importer::assign(const Ident &target, const Operand &operand) {
  auto declared = scope->declared.find(target.name);
  if (declared == scope->declared.end()) {
    scope->values[target.name] = operand.value;
    return success();
  }
  at(target.loc);
  FailureOr<Tensor> tensor =
      coerce(operand, declared->second.axes, target.name, declared->second.loc);
  if (failed(tensor))
    return failure();
  scope->values[target.name] = Val{std::move(*tensor)};
  for (Scope::State &state : scope->states)
    if (state.id.name == target.name)
      state.isAssigned = true;
  return success();
}

LogicalResult Importer::execParam(const Stmt &stmt) {
  const Ident &id = stmt.targets.front();
  if (scope->callable->kind != Callable::Kind::layer &&
      scope->callable->kind != Callable::Kind::model)
    return fail(id.loc, "a " + scope->callable->kindName() +
                            " has no parameters; pass them as arguments");
  FailureOr<std::string> name = evalText(*stmt.value, "a parameter's name");
  if (failed(name))
    return failure();
  std::string fullName = scope->prefix + *name;
  if (fullName.empty())
    return fail(stmt.value->loc, "a parameter's name is empty");

  Axes named;
  SmallVector<int64_t> shape;
  for (const AxisExpr &expr : stmt.axes) {
    if (expr.names.empty()) {
      shape.push_back(1);
      continue;
    }
    FailureOr<Axis> axis = lookupAxis(expr);
    if (failed(axis))
      return failure();
    shape.push_back(axis->size());
    named.push_back(*axis);
  }
  if (failed(checkSize(named, id.loc)))
    return failure();

  auto type = RankedTensorType::get(shape, tensors.type);
  auto [it, isNew] = params.try_emplace(fullName);
  Param &param = it->second;
  if (isNew) {
    at(id.loc);
    Value value = ParamOp::create(tensors.b, tensors.loc, type,
                                  tensors.b.getStringAttr(fullName));
    param = {{tensors.dropOnes(value, named), named, false}, type, id.loc};
  } else if (param.type != type) {
    auto shapeOf = [](Type type) {
      std::string text;
      for (int64_t extent : cast<ShapedType>(type).getShape())
        text += (text.empty() ? "" : "x") + std::to_string(extent);
      return text.empty() ? std::string("a scalar") : text;
    };
    return fail(id.loc,
                "parameter \"" + fullName + "\" is " + shapeOf(type) +
                    " here but " + shapeOf(param.type) + " before",
                param.loc, "declared here before");
  }
  Tensor tensor = param.tensor;
  tensor.axes = named;
  return assign(id, {Val{tensor}, id.loc, id.name.str()});
}

LogicalResult Importer::execState(const Stmt &stmt) {
  const Ident &id = stmt.targets.front();
  if (scope != mixer)
    return fail(id.loc, "only a mixer has states");
  if (auto it = scope->declared.find(id.name); it != scope->declared.end())
    return fail(id.loc, "'" + id.name + "' is declared twice", it->second.loc,
                "declared here before");
  FailureOr<double> init =
      evalNumber(*stmt.value, "the first value of a state");
  if (failed(init))
    return failure();
  FailureOr<Axes> list = lookupAxes(stmt.axes);
  if (failed(list) || failed(checkSize(*list, id.loc)))
    return failure();
  // States come last among a mixer's arguments, so that one more is appended.
  Value argument = tensors.b.getInsertionBlock()->addArgument(
      tensors.typeOf(*list, /*isSequence=*/false), locate(id.loc));
  scope->values[id.name] = Val{Tensor{argument, *list, false}};
  scope->declared[id.name] = {*list, id.loc};
  scope->states.push_back({id, *list, *init});
  return success();
}

LogicalResult Importer::execAxis(const Stmt &stmt) {
  const Ident &id = stmt.targets.front();
  FailureOr<double> size = evalNumber(*stmt.value, "the size of an axis");
  if (failed(size))
    return failure();
  FailureOr<const NamedAxis *> axis = makeAxis(id, *size);
  if (failed(axis))
    return failure();
  scope->axes[id.name] = Axis{{*axis}};
  return success();
}

LogicalResult Importer::execBranch(const Stmt &stmt) {
  FailureOr<bool> chosen = evalBool(*stmt.value, "a condition");
  if (failed(chosen))
    return failure();
  return exec(*chosen ? stmt.body : stmt.otherwise);
}

LogicalResult Importer::execLoop(const Stmt &stmt) {
  const Ident &id = stmt.targets.front();
  FailureOr<int64_t> from = evalInteger(*stmt.value, "the start of a loop");
  if (failed(from))
    return failure();
  FailureOr<int64_t> to = evalInteger(*stmt.limit, "the end of a loop");
  if (failed(to))
    return failure();
  if (*to - *from > maxIterations)
    return fail(stmt.loc, "a loop of " + Twine(*to - *from) +
                              " iterations; at most " + Twine(maxIterations) +
                              " are unrolled");
  if (scope->declared.contains(id.name))
    return fail(id.loc, "'" + id.name +
                            "' is a result, so it cannot count a "
                            "loop");
  std::optional<Val> outer;
  if (auto it = scope->values.find(id.name); it != scope->values.end())
    outer = it->second;
  scope->loops.push_back(id.name);
  for (int64_t i = *from; i < *to; ++i) {
    if (failed(countStep(stmt.loc)))
      return failure();
    scope->values[id.name] = Val{static_cast<double>(i)};
    if (failed(exec(stmt.body)))
      return failure();
  }
  scope->loops.pop_back();
  if (outer)
    scope->values[id.name] = *outer;
  else
    scope->values.erase(id.name);
  return success();
}
