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

/// "2 arguments and 1 after ';'".
static std::string argumentsText(size_t tokens, size_t all) {
  std::string text =
      std::to_string(tokens) + (tokens == 1 ? " argument" : " arguments");
  if (all > tokens)
    text += " and " + std::to_string(all - tokens) + " after ';'";
  return text;
}

void Importer::checkCall(const Callable &callee, const Expr &expr) {
  using Kind = Callable::Kind;
  Note declared = {callee.id.loc};
  for (const Scope *s = scope; s; s = s->caller)
    if (s->callable == &callee)
      fail(expr.loc, declared, "{0} calls itself", callee);
  if (callee.kind == Kind::model)
    fail(expr.loc, "{0} cannot be called", callee);
  if (callee.kind != Kind::function && mixer)
    fail(expr.loc, "{0} is called inside {1}, which is one token's computation",
         callee, *mixer->callable);
  if (!expr.named.empty())
    fail(expr.named.front().id.loc, "{0} has no arguments by name", callee);
  size_t axisCount = callee.axisParams.size();
  if (expr.to || expr.axes.size() != axisCount)
    fail(expr.loc, declared, "{0} expects {1} {2} in brackets but got {3}",
         callee, axisCount, axisCount == 1 ? "axis" : "axes",
         expr.axes.size() + (expr.to ? 1 : 0));
  size_t expected = callee.params.size(), count = expr.operands.size();
  if (count != expected || expr.tokenArguments != callee.tokenParams)
    fail(expr.loc, declared, "{0} expects {1} but got {2}", callee,
         argumentsText(callee.tokenParams, expected),
         argumentsText(expr.tokenArguments, count));
}

SmallVector<Val> Importer::call(const Callable &callee, const Expr &expr) {
  checkCall(callee, expr);
  SmallVector<Operand> operands;
  for (const ExprPtr &argument : expr.operands)
    operands.push_back(evalOperand(*argument));
  if (hasFailed)
    return {};
  Scope inner;
  inner.callable = &callee;
  inner.caller = scope;
  inner.call = expr.loc;
  inner.prefix = scope->prefix;
  for (auto [param, axis] : llvm::zip_equal(callee.axisParams, expr.axes))
    inner.axes[param.name] = lookupAxis(axis);
  if (callee.kind == Callable::Kind::layer)
    inner.loops = scope->loops;
  for (StringRef name : inner.loops)
    inner.values[name] = scope->values[name];
  return expand(inner, operands);
}

SmallVector<Val> Importer::expand(Scope &inner,
                                  MutableArrayRef<Operand> operands) {
  const Callable &callee = *inner.callable;
  bindAxes(operands, inner);
  if (callee.kind == Callable::Kind::mixer)
    return callMixer(operands, inner);
  for (auto [param, operand] : llvm::zip_equal(callee.params, operands))
    inner.values[param.id.name] = operand.value;
  SMLoc expanding =
      callee.inPrelude && !preludeCall.isValid() ? inner.call : preludeCall;
  llvm::SaveAndRestore<Scope *> enter(scope, &inner);
  llvm::SaveAndRestore<SMLoc> expand(preludeCall, expanding);
  if (callee.at)
    inner.prefix += evalConstant<std::string>(*callee.at, "a prefix");
  SmallVector<Val> results = execBody(callee);
  if (callee.kind == Callable::Kind::layer)
    for (Val &result : results)
      result = toCaller(*result.tensor(), inner);
  return results;
}

/// Runs the body of the scope; gives its results.
SmallVector<Val> Importer::execBody(const Callable &callee) {
  for (const Formal &result : callee.results) {
    Axes list = lookupAxes(result.axes);
    tensors.checkSize(list, result.id.loc);
    scope->declared[result.id.name] = {list, result.id.loc};
  }
  exec(callee.body);
  SmallVector<Val> results;
  if (callee.kind == Callable::Kind::function) {
    if (!scope->result)
      fail(callee.id.loc, "{0} returns nothing", callee);
    results.push_back(scope->result.value_or(Val()));
  }
  for (const Formal &result : callee.results) {
    if (!scope->declared[result.id.name].isAssigned)
      fail(result.id.loc, "result '{0}' of {1} is never assigned", result.id,
           callee);
    results.push_back(scope->values[result.id.name]);
  }
  return hasFailed ? SmallVector<Val>() : results;
}

//===----------------------------------------------------------------------===//
// Formal and actual axes
//===----------------------------------------------------------------------===//

/// Binds a formal axis. It takes the size of the first operand that has it. In
/// a function it then *is* the actual axis; in mixers and layers it is a new
/// one, and `origins` says which actual axis it stands for.
void Importer::bindAxis(const Ident &id, const Axis &actual,
                        const Operand &operand, Scope &inner) {
  const Callable &callee = *inner.callable;
  auto by = inner.boundBy.find(id.name);
  std::string first = by == inner.boundBy.end() ? "the call" : by->second;
  auto [it, isNew] = inner.axes.try_emplace(id.name, actual);
  Axis &bound = it->second;
  if (isNew && callee.kind == Callable::Kind::layer && axes.count(id.name)) {
    bound = axes[id.name];
    first = "axes";
  } else if (isNew && callee.kind != Callable::Kind::function) {
    namedAxes.push_back({id.name.str(), actual.size()});
    bound = Axis{{&namedAxes.back()}};
  }
  inner.boundBy.try_emplace(id.name, operand.text);
  if (bound.size() != actual.size())
    fail(operand.loc,
         Note{callee.id.loc, toString(callee) + " is declared here"},
         "axis {0} is {1} in {2} but {3} in {4}", id, bound.size(), first,
         actual.size(), operand);
  if (bound.atoms.size() == 1)
    inner.origins.try_emplace(bound.atoms.front(), actual);
}

/// Gives the operands the axes of the signature.
void Importer::bindAxes(MutableArrayRef<Operand> operands, Scope &inner) {
  const Callable &callee = *inner.callable;
  for (auto [formal, operand] : llvm::zip_equal(callee.params, operands)) {
    Tensor *tensor = std::get_if<Tensor>(&operand.value.data);
    bool isOpen = callee.kind == Callable::Kind::function && !formal.hasAxes;
    if (!tensor || isOpen)
      continue;
    Axes expected;
    bool fits = tensor->axes.size() == formal.axes.size();
    if (fits) {
      for (auto [axis, expr] : llvm::zip_equal(tensor->axes, formal.axes)) {
        if (expr.names.size() == 1)
          bindAxis(expr.names.front(), axis, operand, inner);
        else if (axis.atoms.size() == expr.names.size())
          for (auto [id, atom] : llvm::zip_equal(expr.names, axis.atoms))
            bindAxis(id, Axis{{atom}}, operand, inner);
      }
      expected = formalAxes(formal, inner);
      fits = llvm::equal(expected, tensor->axes,
                         [](auto &a, auto &b) { return a.size() == b.size(); });
    }
    if (!fits)
      fail(operand.loc, Note{formal.id.loc},
           "{0} has axes {1} but {2} expects {3}", operand, tensor->axes,
           callee, formal.source);
    tensor->axes = expected;
  }
}

/// The axes in a signature, as its body sees them.
Axes Importer::formalAxes(const Formal &formal, Scope &inner) {
  llvm::SaveAndRestore<Scope *> enter(scope, &inner);
  return lookupAxes(formal.axes);
}

/// The result of a call, with the caller's axes for the formal ones.
Val Importer::toCaller(Tensor result, const Scope &inner) {
  for (Axis &axis : result.axes) {
    Axis actual;
    for (const NamedAxis *atom : axis.atoms) {
      auto it = inner.origins.find(atom);
      llvm::append_range(actual.atoms, it == inner.origins.end()
                                           ? Axis{{atom}}.atoms
                                           : it->second.atoms);
    }
    axis = actual;
  }
  if (const Axis *twin = findTwin(result.axes))
    return fail(inner.call, Note{inner.callable->id.loc},
                "the result of {0} would be {1}, with axis {2} twice; rename "
                "it in an argument",
                *inner.callable, result.axes, *twin);
  return Val{std::move(result)};
}

//===----------------------------------------------------------------------===//
// Mixers
//===----------------------------------------------------------------------===//

/// What a recurrence has outside and inside.
struct Importer::MixerCall {
  SmallVector<Value> tokens, invariants, states;
  std::unique_ptr<Block> body = std::make_unique<Block>();
};

/// Makes the operands of a recurrence and the arguments of its body.
void Importer::passToMixer(ArrayRef<Operand> operands, Scope &inner,
                           MixerCall &to) {
  const Callable &callee = *inner.callable;
  for (auto [index, formal] : llvm::enumerate(callee.params)) {
    const Operand &operand = operands[index];
    bool isToken = index < callee.tokenParams;
    Axes list = formalAxes(formal, inner);
    // A number without axes stays one inside.
    if (!isToken && list.empty() && operand.value.number()) {
      inner.values[formal.id.name] = operand.value;
      continue;
    }
    Tensor tensor =
        tensors.coerce(operand, list, formal.id.name, formal.id.loc);
    if (!isToken && tensor.isSequence)
      fail(operand.loc, Note{formal.id.loc},
           "'{0}' depends on the token, but '{1}' of {2} stands after ';' and "
           "is the same for every token",
           operand, formal.id, callee);
    if (hasFailed)
      return;
    (isToken ? to.tokens : to.invariants)
        .push_back(tensors.broadcast(tensor, list, isToken).value);
    Value inside = to.body->addArgument(
        tensors.typeOf(list, /*isSequence=*/false), locate(formal.id.loc));
    inner.values[formal.id.name] = Val{Tensor{inside, list}};
  }
}

/// Builds the body of a recurrence.
SmallVector<Val> Importer::buildToken(Scope &inner, Block &body) {
  const Callable &callee = *inner.callable;
  OpBuilder::InsertionGuard guard(tensors.b);
  llvm::SaveAndRestore<Scope *> enter(scope, &inner);
  llvm::SaveAndRestore<Scope *> mix(mixer, &inner);
  tensors.b.setInsertionPointToEnd(&body);
  SmallVector<Val> results = execBody(callee);
  for (const auto &[name, state] : inner.declared)
    if (state.init && !state.isAssigned)
      fail(state.loc, "state '{0}' of {1} is never assigned", name, callee);
  if (hasFailed)
    return {};
  // The results come first among what is declared, in their order.
  auto yielded = llvm::map_to_vector(inner.declared, [&](const auto &entry) {
    return inner.values[entry.first].tensor()->value;
  });
  YieldOp::create(tensors.b, locate(callee.id.loc), yielded);
  return results;
}

SmallVector<Val> Importer::callMixer(ArrayRef<Operand> operands, Scope &inner) {
  const Callable &callee = *inner.callable;
  if (callee.tokenParams == 0)
    fail(callee.id.loc, "{0} has no token argument", callee);
  if (hasFailed)
    return {};
  MixerCall parts;
  passToMixer(operands, inner, parts);
  SmallVector<Val> results = buildToken(inner, *parts.body);
  if (hasFailed)
    return {};

  SmallVector<StringRef> names;
  for (const auto &[name, state] : inner.declared) {
    if (!state.init)
      continue;
    at(state.loc);
    parts.states.push_back(
        tensors.addState(inner.prefix + callee.id.name + "." + name,
                         *state.init, tensors.stateType(state.axes)));
    names.push_back(name);
  }
  auto types = llvm::map_to_vector(results, [&](const Val &result) -> Type {
    return tensors.typeOf(result.tensor()->axes, /*isSequence=*/true);
  });
  auto op =
      RecurrenceOp::create(tensors.b, locate(inner.call), types, parts.tokens,
                           parts.invariants, parts.states, names);
  // The built block is replaced by the one that is already full.
  op.getToken().front().erase();
  op.getToken().push_back(parts.body.release());

  for (auto [state, final] : llvm::zip_equal(parts.states, op.getFinalStates()))
    tensors.setFinalState(state, final);
  SmallVector<Val> values;
  for (auto [result, output] : llvm::zip_equal(results, op.getOutputs()))
    values.push_back(
        toCaller({output, result.tensor()->axes, /*isSequence=*/true}, inner));
  return values;
}
