//===- BuiltinMixers.cpp - shift, conv, window_attention ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mixers with an op of their own. Their states are named after them.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Frontend/Builtins.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix;
using namespace mlir::seqmix::sqm;

FailureOr<Tensor> Importer::toSequence(const Operand &operand,
                                       StringRef callee) {
  if (mixer)
    return fail(operand.loc, callee +
                                 " is a mixer itself and is not known "
                                 "inside mixer " +
                                 mixer->callable->id.name);
  FailureOr<Tensor> tensor = toTensor(operand);
  if (failed(tensor) || tensor->isSequence)
    return tensor;
  return fail(operand.loc, callee +
                               " expects a value that depends on the "
                               "token, but '" +
                               operand.text + "' is the same for every one");
}

FailureOr<Val> Importer::builtinShift(const Invocation &in) {
  FailureOr<Tensor> x = toSequence(in.operands[0], "shift");
  if (failed(x))
    return failure();
  auto [name, entering] =
      addState(scope->prefix + "shift", 0.0, tensors.stateType(x->axes));
  auto op = ShiftOp::create(tensors.b, tensors.loc, x->value.getType(),
                            entering.getType(), x->value, entering);
  setFinalState(name, op.getLast());
  return Val{Tensor{op.getOutput(), x->axes, true}};
}

FailureOr<Val> Importer::builtinConv(const Invocation &in) {
  FailureOr<Tensor> x = toSequence(in.operands[0], "conv");
  if (failed(x))
    return failure();
  const Operand &weight = in.operands[1];
  FailureOr<Tensor> w = toTensor(weight);
  if (failed(w))
    return failure();
  ArrayRef<Axis> axes(w->axes);
  bool fits = !axes.empty() && axes.drop_back() == ArrayRef<Axis>(x->axes);
  if (!fits || w->isSequence)
    return fail(weight.loc, "conv of " + in.operands[0].text +
                                toString(x->axes) +
                                " expects a weight with these axes and the "
                                "taps after them, but " +
                                weight.text + " has " + toString(axes));
  int64_t taps = axes.back().size();
  if (taps < 2)
    return fail(weight.loc, "conv expects at least 2 taps but axis " +
                                axes.back().str() + " has size 1");
  Value bias;
  if (in.operands.size() == 3) {
    const Operand &operand = in.operands[2];
    FailureOr<Tensor> tensor =
        coerce(operand, x->axes, "the bias of conv", SMLoc());
    if (failed(tensor))
      return failure();
    if (tensor->isSequence)
      return fail(operand.loc, "the bias of conv depends on the token");
    bias = tensors.broadcast(*tensor, x->axes, false).value;
  }
  NamedAxis historyAxis{"", taps - 1};
  Axes history = {Axis{{&historyAxis}}};
  llvm::append_range(history, x->axes);
  auto [name, entering] =
      addState(scope->prefix + "conv", 0.0, tensors.stateType(history));
  auto op =
      ConvOp::create(tensors.b, tensors.loc, x->value.getType(),
                     entering.getType(), x->value, w->value, bias, entering);
  setFinalState(name, op.getFinalHistory());
  return Val{Tensor{op.getOutput(), x->axes, true}};
}

FailureOr<Val> Importer::builtinAttention(const Invocation &in) {
  SmallVector<Tensor> qkv;
  for (const Operand &operand : in.operands) {
    FailureOr<Tensor> tensor = toSequence(operand, "window_attention");
    if (failed(tensor))
      return failure();
    if (tensor->axes.size() != 2)
      return fail(operand.loc, "window_attention expects [heads, width] but " +
                                   operand.text + " has " +
                                   toString(tensor->axes));
    qkv.push_back(*tensor);
  }
  const Axes &q = qkv[0].axes, &k = qkv[1].axes, &v = qkv[2].axes;
  auto shown = [&](unsigned i) {
    return in.operands[i].text + toString(qkv[i].axes);
  };
  if (!(q[1] == k[1]))
    return fail(in.loc(), "window_attention: " + shown(0) + " and " + shown(1) +
                              " must share the last axis");
  if (!(k[0] == v[0]))
    return fail(in.loc(), "window_attention: " + shown(1) + " and " + shown(2) +
                              " must share the first axis");
  if (q[0].size() % k[0].size() != 0)
    return fail(in.loc(), "window_attention: " + Twine(q[0].size()) +
                              " query heads cannot share " +
                              Twine(k[0].size()) + " key heads");

  std::optional<int64_t> window, capacity;
  double scale = 1 / std::sqrt(static_cast<double>(q[1].size()));
  for (const NamedArgument &argument : in.expr.call->named) {
    StringRef name = argument.id.name;
    if (name == "scale") {
      FailureOr<double> number = evalNumber(*argument.value, "scale");
      if (failed(number))
        return failure();
      scale = *number;
      continue;
    }
    if (name != "window" && name != "capacity")
      return unknown(argument.id.loc, "argument", name,
                     {"window", "capacity", "scale"});
    FailureOr<int64_t> number = evalInteger(*argument.value, name);
    if (failed(number))
      return failure();
    if (*number < 1)
      return fail(argument.value->loc,
                  name + " is " + Twine(*number) + " but must be positive");
    (name == "window" ? window : capacity) = *number;
  }
  if (window.has_value() == capacity.has_value())
    return fail(in.loc(), "window_attention needs either window = N or "
                          "capacity = N");
  if (capacity)
    maxLength = std::min(maxLength.value_or(*capacity), *capacity);

  NamedAxis slots{"", window ? *window : *capacity};
  auto cacheType = [&](const Axes &list) {
    return tensors.stateType({Axis{{&slots}}, list[0], list[1]});
  };
  std::string prefix = scope->prefix + "window_attention.";
  auto [keysName, keys] = addState(prefix + "keys", 0.0, cacheType(k));
  auto [valuesName, values] = addState(prefix + "values", 0.0, cacheType(v));
  auto [countName, count] = addState(
      prefix + "count", 0.0, tensors.stateType({}, tensors.b.getI64Type()));
  Axes axes = {q[0], v[1]};
  if (axes[0] == axes[1])
    return fail(in.loc(),
                "the result of window_attention would be " + toString(axes));
  OpBuilder &b = tensors.b;
  auto op = WindowAttentionOp::create(
      b, tensors.loc, tensors.typeOf(axes, true), keys.getType(),
      values.getType(), count.getType(), qkv[0].value, qkv[1].value,
      qkv[2].value, keys, values, count, window ? b.getUnitAttr() : UnitAttr(),
      b.getF64FloatAttr(scale));
  setFinalState(keysName, op.getFinalKeys());
  setFinalState(valuesName, op.getFinalValues());
  setFinalState(countName, op.getFinalCount());
  return Val{Tensor{op.getOutput(), axes, true}};
}
