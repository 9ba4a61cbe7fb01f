//===- BuiltinShapes.cpp - intrinsics that move axes ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Builtins.h"

using namespace mlir;
using namespace mlir::seqmix::sqm;

/// An iota is written out element by element.
static constexpr int64_t maxIota = int64_t(1) << 20;

static std::string sized(const Axis &axis) {
  return axis.str() + " of size " + std::to_string(axis.size());
}

static Axis productOf(ArrayRef<Axis> axes) {
  Axis product;
  for (const Axis &axis : axes)
    llvm::append_range(product.atoms, axis.atoms);
  return product;
}

FailureOr<Val> Importer::builtinIota(const Invocation &in) {
  if (in.axes[0].size() > maxIota)
    return fail(in.loc(), "iota over axis " + sized(in.axes[0]) +
                              " is longer than " + Twine(maxIota));
  if (inputs.empty())
    return fail(in.loc(), "only constants are known here");
  return Val{tensors.iota(in.axes[0])};
}

FailureOr<Val> Importer::builtinSplit(const Invocation &in) {
  FailureOr<Tensor> x = toTensor(in.operands[0]);
  if (failed(x))
    return failure();
  Axis product = productOf(in.axes);
  // The product by name, or else the last axis that has its size.
  std::optional<unsigned> position = positionOf(product, x->axes);
  for (unsigned i = x->axes.size(); !position && i-- > 0;)
    if (x->axes[i].size() == product.size())
      position = i;
  if (!position)
    return fail(in.loc(), "no axis of " + in.operands[0].text +
                              toString(x->axes) + " has the size " +
                              Twine(product.size()) + " of " + product.str());
  Axes others(x->axes);
  others.erase(others.begin() + *position);
  for (auto [index, axis] : llvm::enumerate(in.axes))
    if (positionOf(axis, others) ||
        positionOf(axis, ArrayRef<Axis>(in.axes).drop_front(index + 1)))
      return fail(in.loc(), "the result of split would have axis " +
                                axis.str() + " twice");
  return Val{tensors.split(*x, *position, in.axes)};
}

FailureOr<Val> Importer::builtinMerge(const Invocation &in) {
  FailureOr<Tensor> x = toTensor(in.operands[0]);
  if (failed(x))
    return failure();
  Operand operand{Val{*x}, in.operands[0].loc, in.operands[0].text};
  for (auto [index, axis] : llvm::enumerate(in.axes)) {
    if (failed(findAxis(operand, axis, in.loc())))
      return failure();
    if (positionOf(axis, ArrayRef<Axis>(in.axes).drop_front(index + 1)))
      return fail(in.loc(), "axis " + axis.str() + " is merged twice");
  }
  // The merged axes gather at the first one's place.
  Axes order;
  unsigned position = 0;
  for (const Axis &axis : x->axes) {
    if (axis == in.axes.front()) {
      position = order.size();
      llvm::append_range(order, in.axes);
    } else if (!positionOf(axis, in.axes)) {
      order.push_back(axis);
    }
  }
  Tensor ordered = tensors.broadcast(*x, order, x->isSequence);
  return Val{
      tensors.merge(ordered, position, in.axes.size(), productOf(in.axes))};
}

FailureOr<Val> Importer::builtinRepeat(const Invocation &in) {
  FailureOr<Tensor> x = toTensor(in.operands[0]);
  if (failed(x))
    return failure();
  Axes list(x->axes);
  if (positionOf(in.axes[0], list))
    return fail(in.loc(), in.operands[0].text + " already has axis " +
                              in.axes[0].str() + "; its axes are " +
                              toString(list));
  list.push_back(in.axes[0]);
  if (failed(checkSize(list, in.loc())))
    return failure();
  return Val{tensors.broadcast(*x, list, x->isSequence)};
}

FailureOr<Val> Importer::builtinRename(const Invocation &in) {
  FailureOr<Tensor> x = toTensor(in.operands[0]);
  if (failed(x))
    return failure();
  Operand operand{Val{*x}, in.operands[0].loc, in.operands[0].text};
  FailureOr<unsigned> position = findAxis(operand, in.axes[0], in.loc());
  if (failed(position))
    return failure();
  if (in.axes[0].size() != in.to.size())
    return fail(in.loc(), "rename needs axes of one size: " +
                              sized(in.axes[0]) + " to " + sized(in.to));
  if (!(in.axes[0] == in.to) && positionOf(in.to, x->axes))
    return fail(in.loc(), operand.text + " already has axis " + in.to.str() +
                              "; its axes are " + toString(x->axes));
  x->axes[*position] = in.to;
  return Val{*x};
}

FailureOr<Val> Importer::builtinPart(const Invocation &in) {
  FailureOr<Tensor> x = toTensor(in.operands[0]);
  if (failed(x))
    return failure();
  Operand operand{Val{*x}, in.operands[0].loc, in.operands[0].text};
  FailureOr<unsigned> position = findAxis(operand, in.axes[0], in.loc());
  if (failed(position))
    return failure();
  FailureOr<int64_t> index = evalInteger(*in.expr.operands[1], "a part");
  if (failed(index))
    return failure();
  int64_t whole = in.axes[0].size(), size = in.to.size();
  if (*index < 0 || size > whole || *index > whole / size - 1)
    return fail(in.loc(), "part " + Twine(*index) + " of size " + Twine(size) +
                              " is outside axis " + sized(in.axes[0]));
  if (!(in.axes[0] == in.to) && positionOf(in.to, x->axes))
    return fail(in.loc(), operand.text + " already has axis " + in.to.str() +
                              "; its axes are " + toString(x->axes));
  return Val{tensors.slice(*x, *position, *index * size, in.to)};
}

FailureOr<Val> Importer::builtinJoin(const Invocation &in) {
  // Parts take each other's axes, as the operands of '+' do.
  Operand all;
  SmallVector<Tensor> parts;
  bool isSequence = false;
  for (const Operand &operand : in.operands) {
    FailureOr<Tensor> part = toTensor(operand);
    if (failed(part))
      return failure();
    Operand checked{Val{*part}, operand.loc, operand.text};
    if (failed(findAxis(checked, in.axes[0], in.loc())))
      return failure();
    isSequence |= part->isSequence;
    parts.push_back(*part);
    if (parts.size() == 1) {
      all = checked;
      continue;
    }
    FailureOr<Axes> united = unite(all, checked, in.loc());
    if (failed(united))
      return failure();
    std::get<Tensor>(all.value.data).axes = *united;
  }
  int64_t size = in.axes[0].size() * parts.size();
  if (size != in.to.size())
    return fail(in.loc(), Twine(parts.size()) + " parts along axis " +
                              sized(in.axes[0]) + " do not make axis " +
                              sized(in.to));
  Axes list = all.value.tensor()->axes;
  if (!(in.axes[0] == in.to) && positionOf(in.to, list))
    return fail(in.loc(),
                "the result of join would have axis " + in.to.str() + " twice");
  for (Tensor &part : parts)
    part = tensors.broadcast(part, list, isSequence);
  return Val{tensors.join(parts, *positionOf(in.axes[0], list), in.to)};
}
