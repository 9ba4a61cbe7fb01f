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

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix;
using namespace mlir::seqmix::sqm;

static void checkSequence(Importer &im, const Operand &operand,
                          StringRef callee) {
  if (im.mixer)
    im.fail(operand.loc,
            "{0} is a mixer itself and is not known inside mixer {1}", callee,
            im.mixer->callable->id);
  if (!operand.tensor().isSequence)
    im.fail(
        operand.loc,
        "{0} expects a value that depends on the token, but '{1}' is the same "
        "for every one",
        callee, operand);
}

static Val buildShift(Importer &im, const Invocation &in) {
  const Tensor &x = in.operands[0].tensor();
  checkSequence(im, in.operands[0], "shift");
  if (im.hasFailed)
    return {};
  Value entering = im.tensors.addState(im.scope->prefix + "shift", 0.0,
                                       im.tensors.stateType(x.axes));
  auto op = ShiftOp::create(im.tensors.b, im.tensors.loc, x.value.getType(),
                            entering.getType(), x.value, entering,
                            /*chunk_size=*/nullptr);
  im.tensors.setFinalState(entering, op.getLast());
  return Val{Tensor{op.getOutput(), x.axes, true}};
}

static Val buildConv(Importer &im, const Invocation &in) {
  const Tensor &x = in.operands[0].tensor(), &w = in.operands[1].tensor();
  checkSequence(im, in.operands[0], "conv");
  ArrayRef<Axis> axes(w.axes);
  bool fits = !axes.empty() && axes.drop_back() == ArrayRef<Axis>(x.axes);
  const Operand &weight = in.operands[1];
  if (!fits || w.isSequence)
    return im.fail(
        weight.loc,
        "conv of {0}{1} expects a weight with these axes and the taps "
        "after them, but {2} has {3}",
        in.operands[0], x.axes, weight, axes);
  int64_t taps = axes.back().size();
  if (taps < 2)
    im.fail(weight.loc, "conv expects at least 2 taps but axis {0} has size 1",
            axes.back());
  Value bias;
  if (in.operands.size() == 3) {
    Tensor tensor =
        im.tensors.coerce(in.operands[2], x.axes, "the bias of conv", SMLoc());
    if (tensor.isSequence)
      im.fail(in.operands[2].loc, "the bias of conv depends on the token");
    if (!im.hasFailed)
      bias = im.tensors.broadcast(tensor, x.axes, false).value;
  }
  if (im.hasFailed)
    return {};
  NamedAxis historyAxis{"", taps - 1};
  Axes history = {Axis{{&historyAxis}}};
  llvm::append_range(history, x.axes);
  Value entering = im.tensors.addState(im.scope->prefix + "conv", 0.0,
                                       im.tensors.stateType(history));
  auto op = ConvOp::create(im.tensors.b, im.tensors.loc, x.value.getType(),
                           entering.getType(), x.value, w.value, bias, entering,
                           /*chunk_size=*/nullptr);
  im.tensors.setFinalState(entering, op.getFinalHistory());
  return Val{Tensor{op.getOutput(), x.axes, true}};
}

/// What is given by name: exactly one of `window` and `capacity`, and `scale`.
namespace {
struct AttentionOptions {
  std::optional<int64_t> window, capacity;
  std::optional<double> scale;
};
} // namespace

static AttentionOptions readOptions(Importer &im, const Expr &expr) {
  AttentionOptions options;
  for (const NamedArgument &argument : expr.named) {
    StringRef name = argument.id.name;
    if (name == "scale") {
      options.scale = im.evalNumber(*argument.value, "scale");
      continue;
    }
    if (name != "window" && name != "capacity")
      return im.unknown(argument.id.loc, "argument", name,
                        {"window", "capacity", "scale"});
    int64_t number = im.evalInteger(*argument.value, name);
    if (number < 1)
      im.fail(argument.value->loc, "{0} is {1} but must be positive", name,
              number);
    (name == "window" ? options.window : options.capacity) = number;
  }
  if (options.window.has_value() == options.capacity.has_value())
    im.fail(expr.loc,
            "window_attention needs either window = N or capacity = N");
  return options;
}

/// Whether queries, keys and values [heads, width] fit each other.
static void checkAttention(Importer &im, ArrayRef<Operand> qkv, SMLoc loc) {
  for (const Operand &operand : qkv) {
    checkSequence(im, operand, "window_attention");
    if (operand.tensor().axes.size() != 2)
      return void(
          im.fail(operand.loc,
                  "window_attention expects [heads, width] but {0} has {1}",
                  operand, operand.tensor().axes));
  }
  auto shown = [&](unsigned i) {
    return qkv[i].text + toString(qkv[i].tensor().axes);
  };
  const Axes &q = qkv[0].tensor().axes, &k = qkv[1].tensor().axes,
             &v = qkv[2].tensor().axes;
  if (!(q[1] == k[1]))
    im.fail(loc, "window_attention: {0} and {1} must share the last axis",
            shown(0), shown(1));
  if (!(k[0] == v[0]))
    im.fail(loc, "window_attention: {0} and {1} must share the first axis",
            shown(1), shown(2));
  if (q[0].size() % k[0].size() != 0)
    im.fail(loc, "window_attention: {0} query heads cannot share {1} key heads",
            q[0].size(), k[0].size());
  if (q[0] == v[1])
    im.fail(loc, "the result of window_attention would be {0}",
            Axes{q[0], v[1]});
}

static Val buildAttention(Importer &im, const Invocation &in) {
  checkAttention(im, in.operands, in.loc);
  AttentionOptions options = readOptions(im, in.expr);
  if (im.hasFailed)
    return {};
  const Tensor &q = in.operands[0].tensor(), &k = in.operands[1].tensor(),
               &v = in.operands[2].tensor();
  if (options.capacity)
    im.maxLength =
        std::min(im.maxLength.value_or(*options.capacity), *options.capacity);
  double width = q.axes[1].size();
  OpBuilder &b = im.tensors.b;
  NamedAxis slots{"", options.window ? *options.window : *options.capacity};
  auto cacheOf = [&](StringRef name, const Tensor &x) {
    return im.tensors.addState(
        im.scope->prefix + "window_attention." + name, 0.0,
        im.tensors.stateType({Axis{{&slots}}, x.axes[0], x.axes[1]}));
  };
  Value keys = cacheOf("keys", k);
  Value values = cacheOf("values", v);
  Value count =
      im.tensors.addState(im.scope->prefix + "window_attention.count", 0.0,
                          im.tensors.stateType({}, b.getI64Type()));
  Axes axes = {q.axes[0], v.axes[1]};
  auto op = WindowAttentionOp::create(
      b, im.tensors.loc, im.tensors.typeOf(axes, true), keys.getType(),
      values.getType(), count.getType(), q.value, k.value, v.value, keys,
      values, count, options.window ? b.getUnitAttr() : UnitAttr(),
      b.getF64FloatAttr(options.scale.value_or(1 / std::sqrt(width))),
      /*chunk_size=*/IntegerAttr());
  im.tensors.setFinalState(keys, op.getFinalKeys());
  im.tensors.setFinalState(values, op.getFinalValues());
  im.tensors.setFinalState(count, op.getFinalCount());
  return Val{Tensor{op.getOutput(), axes, true}};
}

/// Counts the tokens of the session, once per model.
Val mlir::seqmix::sqm::buildPosition(Importer &im, SMLoc loc) {
  if (im.mixer)
    return im.fail(
        loc, "'position' is not known inside a mixer; pass it as an argument");
  if (!im.tensors.batch)
    return im.fail(loc, "only constants are known here");
  if (im.tokenPosition)
    return Val{*im.tokenPosition};
  OpBuilder &b = im.tensors.b;
  Location here = im.tensors.loc;
  IntegerType i64 = b.getI64Type();
  Value entering =
      im.tensors.addState("position", 0.0, im.tensors.stateType({}, i64));
  StringRef name = entering.getDefiningOp<StateOp>().getName();
  auto op = RecurrenceOp::create(
      b, here, TypeRange{im.tensors.typeOf({}, /*isSequence=*/true, i64)},
      im.inputs.front().tensor().value, ValueRange(), entering, name);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(&op.getToken().front());
    Value count = op.getStateArguments().front();
    auto one = DenseElementsAttr::get(cast<ShapedType>(count.getType()),
                                      b.getI64IntegerAttr(1));
    Value step = arith::ConstantOp::create(b, here, one);
    Value next = arith::AddIOp::create(b, here, count, step);
    YieldOp::create(b, here, ValueRange{count, next});
  }
  im.tensors.setFinalState(entering, op.getFinalStates().front());
  im.tokenPosition = Tensor{op.getOutputs().front(), {}, /*isSequence=*/true};
  // Most ask for it as a number, all for the same one.
  im.tensors.numbers[op.getOutputs().front()] =
      im.tensors.toNumbers(*im.tokenPosition).value;
  return Val{*im.tokenPosition};
}

ArrayRef<Builtin> mlir::seqmix::sqm::mixerBuiltins() {
  constexpr unsigned many = Builtin::many;
  static const Builtin rows[] = {
      // name, axes in brackets from .. to, arrow, operands from .. to, tensors
      {"shift", 0, 0, false, 1, 1, many, buildShift},
      {"conv", 0, 0, false, 2, 3, many, buildConv},
      {"window_attention", 0, 0, false, 3, 3, many, buildAttention, true},
  };
  return rows;
}
