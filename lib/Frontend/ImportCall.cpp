//===- ImportCall.cpp - calls of functions, layers and mixers -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions and layers are inlined; a mixer becomes a seqmix.recurrence whose
// region is its body.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Frontend/Importer.h"

#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace mlir::seqmix;
using namespace mlir::seqmix::sqm;

static std::string quoted(const Callable &callable) {
  return (callable.kindName() + " " + callable.id.name).str();
}

LogicalResult Importer::checkArity(const Callable &callee, const Expr &expr,
                                   size_t tokens, size_t invariants) {
  const CallParts &parts = *expr.call;
  if (!parts.named.empty())
    return fail(parts.named.front().id.loc,
                quoted(callee) + " has no arguments by name");
  if (parts.to || parts.axes.size() != callee.axisParams.size())
    return fail(expr.loc,
                quoted(callee) + " expects " + Twine(callee.axisParams.size()) +
                    (callee.axisParams.size() == 1 ? " axis" : " axes") +
                    " in brackets but got " +
                    Twine(parts.axes.size() + (parts.to ? 1 : 0)),
                callee.id.loc, "declared here");
  if (tokens == callee.params.size() && invariants == callee.invariants.size())
    return success();
  auto counts = [](size_t tokens, size_t invariants) {
    std::string text =
        std::to_string(tokens) + (tokens == 1 ? " argument" : " arguments");
    if (invariants)
      text += " and " + std::to_string(invariants) + " after ';'";
    return text;
  };
  return fail(expr.loc,
              quoted(callee) + " expects " +
                  counts(callee.params.size(), callee.invariants.size()) +
                  " but got " + counts(tokens, invariants),
              callee.id.loc, "declared here");
}

FailureOr<SmallVector<Val>> Importer::call(const Callable &callee,
                                           const Expr &expr) {
  using Kind = Callable::Kind;
  for (const Scope *s = scope; s; s = s->caller)
    if (s->callable == &callee)
      return fail(expr.loc, quoted(callee) + " calls itself", callee.id.loc,
                  "declared here");
  if (callee.kind == Kind::model)
    return fail(expr.loc, quoted(callee) + " cannot be called");
  bool mixes = callee.kind == Kind::mixer || callee.kind == Kind::layer;
  if (mixes && mixer)
    return fail(expr.loc, quoted(callee) + " is called inside mixer " +
                              mixer->callable->id.name +
                              ", which is one token's computation");
  size_t tokens = expr.call->tokenArguments;
  if (failed(checkArity(callee, expr, tokens, expr.operands.size() - tokens)))
    return failure();

  SmallVector<Operand> operands;
  for (const ExprPtr &argument : expr.operands) {
    FailureOr<Operand> operand = evalOperand(*argument);
    if (failed(operand))
      return failure();
    operands.push_back(std::move(*operand));
  }
  Scope inner;
  inner.callable = &callee;
  inner.caller = scope;
  inner.call = expr.loc;
  inner.prefix = scope->prefix;
  for (auto [param, axis] :
       llvm::zip_equal(callee.axisParams, expr.call->axes)) {
    FailureOr<Axis> actual = lookupAxis(axis);
    if (failed(actual))
      return failure();
    inner.axes[param.name] = *actual;
  }
  if (callee.kind == Kind::layer)
    return callLayer(callee, inner, operands);
  if (callee.kind == Kind::mixer)
    return callMixer(callee, inner, operands);
  FailureOr<Val> result = callFunction(callee, inner, operands);
  if (failed(result))
    return failure();
  return SmallVector<Val>{*result};
}

//===----------------------------------------------------------------------===//
// Formal and actual axes
//===----------------------------------------------------------------------===//

/// Gives the operands the axes of the signature. A formal axis takes the size
/// of the first operand that has it. In a function it then *is* the actual
/// axis; in mixers and layers it is a new one, and `origins` says which actual
/// axis it stands for.
LogicalResult Importer::bindAxes(const Callable &callee,
                                 ArrayRef<Formal> formals,
                                 MutableArrayRef<Operand> operands,
                                 Scope &inner, Origins &origins) {
  llvm::StringMap<std::string> boundBy;
  auto bind = [&](const Ident &id, const Axis &actual,
                  const Operand &operand) -> LogicalResult {
    std::string first;
    auto known = inner.axes.find(id.name);
    if (known != inner.axes.end()) {
      first = boundBy.count(id.name) ? boundBy[id.name] : "the call";
    } else if (callee.kind == Callable::Kind::layer && axes.count(id.name)) {
      known = inner.axes.try_emplace(id.name, axes[id.name]).first;
      first = "axes";
    } else if (callee.kind == Callable::Kind::function) {
      known = inner.axes.try_emplace(id.name, actual).first;
    } else {
      namedAxes.push_back({id.name.str(), actual.size()});
      known = inner.axes.try_emplace(id.name, Axis{{&namedAxes.back()}}).first;
    }
    boundBy.try_emplace(id.name, operand.text);
    if (known->second.size() != actual.size())
      return fail(operand.loc,
                  "axis " + id.name + " is " + Twine(known->second.size()) +
                      " in " + first + " but " + Twine(actual.size()) + " in " +
                      operand.text,
                  callee.id.loc, quoted(callee) + " is declared here");
    if (known->second.atoms.size() == 1)
      origins.try_emplace(known->second.atoms.front(), actual);
    return success();
  };

  for (auto [formal, operand] : llvm::zip_equal(formals, operands)) {
    Tensor *tensor = std::get_if<Tensor>(&operand.value.data);
    bool isOpen = callee.kind == Callable::Kind::function && !formal.hasAxes;
    if (!tensor || isOpen)
      continue;
    auto mismatch = [&, &formal = formal, &operand = operand] {
      std::string shape;
      for (const AxisExpr &axis : formal.axes) {
        shape += shape.empty() ? "" : ", ";
        for (const Ident &id : axis.names)
          shape += (&id == axis.names.begin() ? "" : "*") + id.name.str();
      }
      return fail(operand.loc,
                  operand.text + " has axes " +
                      toString(operand.value.tensor()->axes) + " but " +
                      quoted(callee) + " expects " + formal.id.name + "[" +
                      shape + "]",
                  formal.id.loc, "declared here");
    };
    if (tensor->axes.size() != formal.axes.size())
      return mismatch();
    for (auto [axis, expr] : llvm::zip_equal(tensor->axes, formal.axes)) {
      if (expr.names.size() == 1) {
        if (failed(bind(expr.names.front(), axis, operand)))
          return failure();
      } else if (axis.atoms.size() == expr.names.size()) {
        for (auto [id, atom] : llvm::zip_equal(expr.names, axis.atoms))
          if (failed(bind(id, Axis{{atom}}, operand)))
            return failure();
      }
      llvm::SaveAndRestore<Scope *> enter(scope, &inner);
      FailureOr<Axis> renamed = lookupAxis(expr);
      if (failed(renamed))
        return failure();
      if (renamed->size() != axis.size())
        return mismatch();
      axis = *renamed;
    }
  }
  return success();
}

/// Gives a result the caller's axes for the formal ones.
LogicalResult Importer::rename(const Callable &callee, SMLoc loc,
                               Tensor &tensor, const Origins &origins) {
  for (Axis &axis : tensor.axes) {
    Axis renamed;
    for (const NamedAxis *atom : axis.atoms) {
      auto it = origins.find(atom);
      if (it == origins.end())
        renamed.atoms.push_back(atom);
      else
        llvm::append_range(renamed.atoms, it->second.atoms);
    }
    axis = renamed;
  }
  for (auto [position, axis] : llvm::enumerate(tensor.axes))
    if (positionOf(axis, ArrayRef(tensor.axes).drop_front(position + 1)))
      return fail(loc,
                  "the result of " + quoted(callee) + " would be " +
                      toString(tensor.axes) + ", with axis " + axis.str() +
                      " twice; rename it in an argument",
                  callee.id.loc, "declared here");
  return success();
}

LogicalResult Importer::declareResults(const Callable &callee, Scope &inner) {
  llvm::SaveAndRestore<Scope *> enter(scope, &inner);
  for (const Formal &result : callee.results) {
    FailureOr<Axes> list = lookupAxes(result.axes);
    if (failed(list) || failed(checkSize(*list, result.id.loc)))
      return failure();
    inner.declared[result.id.name] = {*list, result.id.loc};
  }
  return success();
}

FailureOr<SmallVector<Tensor>> Importer::takeResults(const Callable &callee,
                                                     Scope &inner) {
  SmallVector<Tensor> results;
  for (const Formal &result : callee.results) {
    auto it = inner.values.find(result.id.name);
    if (it == inner.values.end())
      return fail(result.id.loc, "result '" + result.id.name + "' of " +
                                     quoted(callee) + " is never assigned");
    results.push_back(*it->second.tensor());
  }
  return results;
}

//===----------------------------------------------------------------------===//
// The three kinds of calls
//===----------------------------------------------------------------------===//

FailureOr<Val> Importer::callFunction(const Callable &callee, Scope &inner,
                                      ArrayRef<Operand> operands) {
  SmallVector<Operand> arguments(operands);
  Origins unused;
  if (failed(bindAxes(callee, callee.params, arguments, inner, unused)))
    return failure();
  for (auto [param, argument] : llvm::zip_equal(callee.params, arguments))
    inner.values[param.id.name] = argument.value;
  llvm::SaveAndRestore<Scope *> enter(scope, &inner);
  llvm::SaveAndRestore<SMLoc> expand(
      preludeCall,
      callee.inPrelude && !preludeCall.isValid() ? inner.call : preludeCall);
  if (failed(exec(callee.body)))
    return failure();
  if (!inner.result)
    return fail(callee.id.loc, quoted(callee) + " returns nothing");
  return *inner.result;
}

FailureOr<SmallVector<Val>> Importer::callLayer(const Callable &callee,
                                                Scope &inner,
                                                ArrayRef<Operand> operands) {
  SmallVector<Operand> arguments(operands);
  Origins origins;
  if (failed(bindAxes(callee, callee.params, arguments, inner, origins)))
    return failure();
  inner.loops = scope->loops;
  for (StringRef name : inner.loops)
    inner.values[name] = scope->values[name];
  for (auto [param, argument] : llvm::zip_equal(callee.params, arguments))
    inner.values[param.id.name] = argument.value;
  if (failed(declareResults(callee, inner)))
    return failure();

  llvm::SaveAndRestore<Scope *> enter(scope, &inner);
  if (callee.at) {
    FailureOr<std::string> prefix = evalText(*callee.at, "a prefix");
    if (failed(prefix))
      return failure();
    inner.prefix += *prefix;
  }
  if (failed(exec(callee.body)))
    return failure();
  FailureOr<SmallVector<Tensor>> results = takeResults(callee, inner);
  if (failed(results))
    return failure();
  SmallVector<Val> values;
  for (Tensor &result : *results) {
    if (failed(rename(callee, inner.call, result, origins)))
      return failure();
    values.push_back(Val{result});
  }
  return values;
}

FailureOr<SmallVector<Val>> Importer::callMixer(const Callable &callee,
                                                Scope &inner,
                                                ArrayRef<Operand> operands) {
  SmallVector<Formal> formals;
  llvm::append_range(formals, callee.params);
  llvm::append_range(formals, callee.invariants);
  SmallVector<Operand> arguments(operands);
  Origins origins;
  if (callee.params.empty())
    return fail(callee.id.loc, quoted(callee) + " has no token argument");
  if (failed(bindAxes(callee, formals, arguments, inner, origins)) ||
      failed(declareResults(callee, inner)))
    return failure();

  // The operands, with the formal axes.
  SMLoc where = inner.call.isValid() ? inner.call : callee.id.loc;
  Location loc = locate(where);
  auto body = std::make_unique<Block>();
  SmallVector<Value> sequences, invariants;
  for (auto [index, formal] : llvm::enumerate(formals)) {
    Operand &argument = arguments[index];
    bool isToken = index < callee.params.size();
    FailureOr<Axes> list = failure();
    {
      llvm::SaveAndRestore<Scope *> look(scope, &inner);
      if (failed(list = lookupAxes(formal.axes)))
        return failure();
    }
    // A number without axes stays one inside.
    if (!isToken && list->empty() && argument.value.number()) {
      inner.values[formal.id.name] = argument.value;
      continue;
    }
    FailureOr<Tensor> tensor =
        coerce(argument, *list, formal.id.name, formal.id.loc);
    if (failed(tensor))
      return failure();
    if (!isToken && tensor->isSequence)
      return fail(argument.loc,
                  "'" + argument.text + "' depends on the token, but '" +
                      formal.id.name + "' of " + quoted(callee) +
                      " stands after ';' and is the same for every token",
                  formal.id.loc, "declared here");
    Tensor outside = tensors.broadcast(*tensor, *list, isToken);
    (isToken ? sequences : invariants).push_back(outside.value);
    Value inside =
        body->addArgument(tensors.typeOf(*list, false), locate(formal.id.loc));
    inner.values[formal.id.name] = Val{Tensor{inside, *list, false}};
  }

  FailureOr<SmallVector<Tensor>> results = failure();
  {
    OpBuilder::InsertionGuard guard(tensors.b);
    llvm::SaveAndRestore<Scope *> enter(scope, &inner);
    llvm::SaveAndRestore<Scope *> mix(mixer, &inner);
    tensors.b.setInsertionPointToEnd(body.get());
    if (failed(exec(callee.body)) ||
        failed(results = takeResults(callee, inner)))
      return failure();
    SmallVector<Value> yielded;
    for (const Tensor &result : *results)
      yielded.push_back(result.value);
    for (const Scope::State &state : inner.states) {
      if (!state.isAssigned)
        return fail(state.id.loc, "state '" + state.id.name + "' of " +
                                      quoted(callee) + " is never assigned");
      yielded.push_back(inner.values[state.id.name].tensor()->value);
    }
    YieldOp::create(tensors.b, locate(callee.id.loc), yielded);
  }

  SmallVector<Value> entering;
  SmallVector<std::string> fullNames;
  SmallVector<StringRef> names;
  for (const Scope::State &state : inner.states) {
    at(state.id.loc);
    auto [name, value] =
        addState(inner.prefix + callee.id.name + "." + state.id.name,
                 state.init, tensors.stateType(state.axes));
    fullNames.push_back(name);
    entering.push_back(value);
    names.push_back(state.id.name);
  }
  SmallVector<Type> types;
  for (const Tensor &result : *results)
    types.push_back(tensors.typeOf(result.axes, /*isSequence=*/true));
  auto op = RecurrenceOp::create(tensors.b, loc, types, sequences, invariants,
                                 entering, names);
  // The built block is replaced by the one that is already full.
  op.getToken().front().erase();
  op.getToken().push_back(body.release());

  for (auto [name, value] : llvm::zip_equal(fullNames, op.getFinalStates()))
    setFinalState(name, value);
  SmallVector<Val> values;
  for (auto [result, output] : llvm::zip_equal(*results, op.getOutputs())) {
    Tensor tensor{output, result.axes, /*isSequence=*/true};
    if (failed(rename(callee, where, tensor, origins)))
      return failure();
    values.push_back(Val{tensor});
  }
  return values;
}
