//===- BuiltinTensors.cpp - reductions and contractions -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Builtins.h"

#include <limits>

using namespace mlir;
using namespace mlir::seqmix::sqm;

/// Combines the elements along the axes in brackets by the function `name`.
static Val reduce(Importer &im, const Invocation &in, StringRef name,
                  double init) {
  const Operand &x = in.operands[0];
  SmallVector<int64_t> positions;
  for (const Axis &axis : in.axes) {
    unsigned position = im.tensors.findAxis(x, axis, in.loc);
    if (llvm::is_contained(positions, position))
      im.fail(in.loc, "axis {0} is reduced twice", axis);
    positions.push_back(position);
  }
  if (im.hasFailed)
    return {};
  return Val{im.tensors.reduce(findElementwise(name, 2)->build, init,
                               x.tensor(), positions)};
}

static Val buildSum(Importer &im, const Invocation &in) {
  Val sum = reduce(im, in, "+", 0.0);
  if (im.hasFailed || in.name == "sum")
    return sum;
  double count = 1;
  for (const Axis &axis : in.axes)
    count *= axis.size();
  return callElementwise(im, *findElementwise("/", 2),
                         {{sum, in.loc, "the sum"}, {Val{count}, in.loc, ""}},
                         in.loc);
}

static Val buildExtremum(Importer &im, const Invocation &in) {
  StringRef name = in.name;
  bool isReduction = !in.axes.empty();
  if (in.operands.size() != (isReduction ? 1 : 2))
    return im.fail(in.loc, "{0}{1}", name,
                   isReduction ? " with axes in brackets takes one value"
                               : " takes two values, or axes in brackets "
                                 "and one value");
  if (!isReduction)
    return buildElementwise(im, in);
  Invocation reduction = in;
  reduction.operands[0].value = Val{im.tensors.toTensor(in.operands[0])};
  double infinity = std::numeric_limits<double>::infinity();
  return im.hasFailed ? Val()
                      : reduce(im, reduction, name,
                               name == "max" ? -infinity : infinity);
}

static Val buildDot(Importer &im, const Invocation &in) {
  const Operand &left = in.operands[0], &right = in.operands[1];
  Axes all = im.tensors.unite(left, right, in.loc);
  Axes kept(all);
  for (const Axis &axis : in.axes) {
    im.tensors.findAxis(left, axis, in.loc);
    im.tensors.findAxis(right, axis, in.loc);
    if (!positionOf(axis, kept))
      im.fail(in.loc, "axis {0} is contracted twice", axis);
    llvm::erase(kept, axis);
  }
  if (im.hasFailed)
    return {};
  auto dimsOf = [&](ArrayRef<Axis> list) {
    return llvm::map_to_vector(
        list, [&](const Axis &axis) { return *positionOf(axis, all); });
  };
  return Val{im.tensors.contract(left.tensor(), dimsOf(left.tensor().axes),
                                 right.tensor(), dimsOf(right.tensor().axes),
                                 kept, dimsOf(kept))};
}

static Val buildLinear(Importer &im, const Invocation &in) {
  const Tensor &x = in.operands[0].tensor(), &w = in.operands[1].tensor();
  const std::string &weight = in.operands[1].text;
  if (w.axes.size() != 2)
    return im.fail(
        in.operands[1].loc,
        "linear expects a weight with two axes [out, in] but {0} has {1}",
        weight, w.axes);
  const Axis &from = w.axes[1], &to = w.axes[0];
  std::optional<unsigned> position = positionOf(from, x.axes);
  if (!position)
    return im.fail(in.loc, "{0} has axes {1}, but {2}{3} contracts axis {4}",
                   in.operands[0], x.axes, weight, w.axes, from);
  Axes axes(x.axes);
  axes[*position] = to;
  // Another axis than the contracted one may already have the name.
  if (llvm::count(axes, to) > 1)
    return im.fail(in.loc,
                   "the result of linear would have axis {0} twice: {1}", to,
                   axes);
  im.tensors.checkSize(axes, in.loc);
  if (im.hasFailed)
    return {};
  auto dims = llvm::to_vector(llvm::seq<unsigned>(0, axes.size()));
  SmallVector<unsigned> outDims(dims);
  outDims[*position] = axes.size();
  Tensor y = im.tensors.contract(x, dims, w, {outDims[*position], *position},
                                 axes, outDims);
  if (in.operands.size() == 2)
    return Val{y};
  return callElementwise(im, *findElementwise("+", 2),
                         {{Val{y}, in.loc, "linear"}, in.operands[2]}, in.loc);
}

static Val buildEmbed(Importer &im, const Invocation &in) {
  const Operand &token = in.operands[0], &table = in.operands[1];
  const Tensor *ids = token.value.tensor();
  if (!ids || !ids->value ||
      !getElementTypeOrSelf(ids->value.getType()).isInteger())
    return im.fail(
        token.loc,
        "embed expects a token, which is an input without axes; '{0}' is {1}",
        token, token.value);
  Tensor rows = im.tensors.toTensor(table);
  if (rows.axes.size() != 2 || rows.isSequence)
    return im.fail(
        table.loc,
        "embed expects a parameter with two axes [rows, width] but {0} has {1}",
        table, rows.axes);
  int64_t count = rows.axes.front().size();
  for (auto [input, limit] : llvm::zip_equal(im.inputs, im.inputLimits))
    if (input.tensor().value == ids->value)
      limit = limit ? std::min(limit, count) : count;
  return Val{im.tensors.gather(*ids, rows)};
}

static Val buildTake(Importer &im, const Invocation &in) {
  const Operand &x = in.operands[0];
  unsigned position = im.tensors.findAxis(x, in.axes[0], in.loc);
  // Whole numbers stay such.
  Operand index = in.operands[1];
  const Tensor *given = index.value.tensor();
  if (!given || !given->isWhole())
    index.value = Val{im.tensors.toTensor(index)};
  if (im.hasFailed)
    return {};
  Operand rest = x;
  Axes &kept = std::get<Tensor>(rest.value.data).axes;
  kept.erase(kept.begin() + position);
  Axes list = im.tensors.unite(index, rest, in.loc);
  return im.hasFailed
             ? Val()
             : Val{im.tensors.take(x.tensor(), position, index.tensor(), list)};
}

static Val buildGiven(Importer &im, const Invocation &in) {
  const Operand &name = in.operands[0];
  if (const std::string *entry = name.value.string())
    return Val{im.findGiven(*entry) != nullptr};
  return im.fail(name.loc,
                 "given expects the name of an entry, a string, but "
                 "'{0}' is {1}",
                 name, name.value);
}

static Val buildLen(Importer &im, const Invocation &in) {
  const Operand &list = in.operands[0];
  if (const Val::List *elements = list.value.list())
    return Val{static_cast<double>(elements->size())};
  return im.fail(list.loc, "len expects a list but '{0}' is {1}", list,
                 list.value);
}

ArrayRef<Builtin> mlir::seqmix::sqm::tensorBuiltins() {
  constexpr unsigned many = Builtin::many;
  static const Builtin rows[] = {
      // name, axes in brackets from .. to, arrow, operands from .. to, tensors
      {"max", 0, many, false, 1, 2, 0, buildExtremum},
      {"min", 0, many, false, 1, 2, 0, buildExtremum},
      {"sum", 1, many, false, 1, 1, many, buildSum},
      {"mean", 1, many, false, 1, 1, many, buildSum},
      {"dot", 1, many, false, 2, 2, many, buildDot},
      {"linear", 0, 0, false, 2, 3, many, buildLinear},
      {"embed", 0, 0, false, 2, 2, 0, buildEmbed},
      {"take", 1, 1, false, 2, 2, 1, buildTake},
      {"where", 0, 0, false, 3, 3, 0, buildWhere},
      {"len", 0, 0, false, 1, 1, 0, buildLen},
      {"given", 0, 0, false, 1, 1, 0, buildGiven},
  };
  return rows;
}
