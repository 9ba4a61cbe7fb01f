//===- BuiltinShapes.cpp - intrinsics that move axes ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Builtins.h"

#include <numeric>

using namespace mlir;
using namespace mlir::seqmix::sqm;

/// An iota is written out element by element.
static constexpr int64_t maxIota = int64_t(1) << 20;

static std::string sized(const Axis &axis) {
  return toString(axis) + " of size " + std::to_string(axis.size());
}

static Axis productOf(ArrayRef<Axis> axes) {
  Axis product;
  for (const Axis &axis : axes)
    llvm::append_range(product.atoms, axis.atoms);
  return product;
}

/// Refuses an axis that the operand has already.
static void checkAbsent(Importer &im, const Operand &operand, const Axis &axis,
                        SMLoc loc) {
  if (positionOf(axis, operand.tensor().axes))
    im.fail(loc, "{0} already has axis {1}; its axes are {2}", operand, axis,
            operand.tensor().axes);
}

static Val buildIota(Importer &im, const Invocation &in) {
  int64_t size = in.axes[0].size();
  if (size > maxIota)
    return im.fail(in.loc, "iota over axis {0} is longer than {1}",
                   sized(in.axes[0]), maxIota);
  if (!im.tensors.batch)
    return im.fail(in.loc, "only constants are known here");
  std::vector<double> elements(size);
  std::iota(elements.begin(), elements.end(), 0.0);
  return Val{Tensor::of(std::move(elements), in.axes)};
}

static Val buildSplit(Importer &im, const Invocation &in) {
  const Tensor &x = in.operands[0].tensor();
  Axis product = productOf(in.axes);
  // The product by name, or else the last axis that has its size.
  std::optional<unsigned> position = positionOf(product, x.axes);
  for (unsigned i = x.axes.size(); !position && i-- > 0;)
    if (x.axes[i].size() == product.size())
      position = i;
  if (!position)
    return im.fail(in.loc, "no axis of {0}{1} has the size {2} of {3}",
                   in.operands[0], x.axes, product.size(), product);
  Axes result(x.axes);
  result.erase(result.begin() + *position);
  result.append(in.axes.begin(), in.axes.end());
  for (const Axis &axis : in.axes)
    if (llvm::count(result, axis) > 1)
      return im.fail(in.loc, "the result of split would have axis {0} twice",
                     axis);
  return Val{im.tensors.split(x, *position, in.axes)};
}

static Val buildMerge(Importer &im, const Invocation &in) {
  const Tensor &x = in.operands[0].tensor();
  for (const Axis &axis : in.axes) {
    im.tensors.findAxis(in.operands[0], axis, in.loc);
    if (llvm::count(in.axes, axis) > 1)
      im.fail(in.loc, "axis {0} is merged twice", axis);
  }
  if (im.hasFailed)
    return {};
  // The merged axes gather at the first one's place.
  Axes order;
  unsigned position = 0;
  for (const Axis &axis : x.axes) {
    if (axis == in.axes.front()) {
      position = order.size();
      llvm::append_range(order, in.axes);
    } else if (!positionOf(axis, in.axes)) {
      order.push_back(axis);
    }
  }
  Tensor ordered = im.tensors.broadcast(x, order, x.isSequence);
  return Val{
      im.tensors.merge(ordered, position, in.axes.size(), productOf(in.axes))};
}

static Val buildRepeat(Importer &im, const Invocation &in) {
  const Tensor &x = in.operands[0].tensor();
  checkAbsent(im, in.operands[0], in.axes[0], in.loc);
  Axes list(x.axes);
  list.push_back(in.axes[0]);
  im.tensors.checkSize(list, in.loc);
  return im.hasFailed ? Val()
                      : Val{im.tensors.broadcast(x, list, x.isSequence)};
}

static Val buildRename(Importer &im, const Invocation &in) {
  const Operand &operand = in.operands[0];
  unsigned position = im.tensors.findAxis(operand, in.axes[0], in.loc);
  if (in.axes[0].size() != in.to.size())
    im.fail(in.loc, "rename needs axes of one size: {0} to {1}",
            sized(in.axes[0]), sized(in.to));
  if (!(in.axes[0] == in.to))
    checkAbsent(im, operand, in.to, in.loc);
  if (im.hasFailed)
    return {};
  Tensor x = operand.tensor();
  x.axes[position] = in.to;
  return Val{x};
}

static Val buildPart(Importer &im, const Invocation &in) {
  const Operand &operand = in.operands[0];
  unsigned position = im.tensors.findAxis(operand, in.axes[0], in.loc);
  int64_t whole = in.axes[0].size(), size = in.to.size();
  bool isIndexed = in.operands.size() == 2;
  if (isIndexed != in.expr.named.empty() || in.expr.named.size() > 1)
    im.fail(in.loc, "part expects either the number of a piece or at = N");
  for (const NamedArgument &argument : in.expr.named)
    if (argument.id.name != "at")
      im.unknown(argument.id.loc, "argument", argument.id.name, {"at"});
  if (im.hasFailed)
    return {};
  const Expr &place =
      isIndexed ? *in.expr.operands[1] : *in.expr.named.front().value;
  int64_t index = im.evalInteger(place, isIndexed ? "a part" : "at");
  if (index < 0 || size > whole ||
      (isIndexed ? index > whole / size - 1 : index > whole - size))
    im.fail(in.loc, "part {0}{1} of size {2} is outside axis {3}",
            isIndexed ? "" : "at ", index, size, sized(in.axes[0]));
  if (!(in.axes[0] == in.to))
    checkAbsent(im, operand, in.to, in.loc);
  if (im.hasFailed)
    return {};
  return Val{im.tensors.slice(operand.tensor(), position,
                              isIndexed ? index * size : index, in.to)};
}

static Val buildJoin(Importer &im, const Invocation &in) {
  size_t count = in.operands.size();
  if (in.axes.size() != 1 && in.axes.size() != count)
    return im.fail(in.loc, "join of {0} parts along {1} axes", count,
                   in.axes.size());
  // Parts take each other's axes, as the operands of '+' do; the one along
  // which they are joined is the first part's meanwhile.
  auto along = [&](size_t part) {
    return in.axes[in.axes.size() == 1 ? 0 : part];
  };
  const Axis &joint = in.axes[0];
  Operand all = in.operands.front();
  bool isSequence = false;
  int64_t size = 0;
  for (auto [index, part] : llvm::enumerate(in.operands)) {
    unsigned position = im.tensors.findAxis(part, along(index), in.loc);
    if (!(along(index) == joint))
      checkAbsent(im, part, joint, in.loc);
    if (im.hasFailed)
      return {};
    Operand renamed = part;
    std::get<Tensor>(renamed.value.data).axes[position] = joint;
    isSequence |= part.tensor().isSequence;
    size += along(index).size();
    Axes united = im.tensors.unite(all, renamed, in.loc);
    std::get<Tensor>(all.value.data).axes = united;
  }
  if (im.hasFailed)
    return {};
  if (size != in.to.size()) {
    if (in.axes.size() == 1)
      im.fail(in.loc, "{0} parts along axis {1} do not make axis {2}", count,
              sized(joint), sized(in.to));
    else
      im.fail(in.loc, "parts of size {0} together do not make axis {1}", size,
              sized(in.to));
  }
  const Axes &list = all.tensor().axes;
  if (!(joint == in.to) && positionOf(in.to, list))
    im.fail(in.loc, "the result of join would have axis {0} twice", in.to);
  if (im.hasFailed)
    return {};
  unsigned position = *positionOf(joint, list);
  SmallVector<Tensor> parts;
  for (auto [index, part] : llvm::enumerate(in.operands)) {
    Axes own(list);
    own[position] = along(index);
    parts.push_back(im.tensors.broadcast(part.tensor(), own, isSequence));
  }
  return Val{im.tensors.join(parts, position, in.to)};
}

ArrayRef<Builtin> mlir::seqmix::sqm::shapeBuiltins() {
  constexpr unsigned many = Builtin::many;
  static const Builtin rows[] = {
      // name, axes in brackets from .. to, arrow, operands from .. to, tensors
      {"iota", 1, 1, false, 0, 0, 0, buildIota},
      {"split", 2, many, false, 1, 1, many, buildSplit},
      {"merge", 2, many, false, 1, 1, many, buildMerge},
      {"repeat", 1, 1, false, 1, 1, many, buildRepeat},
      {"rename", 1, 1, true, 1, 1, many, buildRename},
      {"part", 1, 1, true, 1, 2, 1, buildPart, true},
      {"join", 1, many, true, 1, many, many, buildJoin},
  };
  return rows;
}
