//===- ChunkTensorsPlaces.cpp - parts of tensors with named axes ----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ChunkTensors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

/// One group for each of the axes, but `parts` together.
static SmallVector<ReassociationIndices> groupsOf(ArrayRef<Axis> fine,
                                                  ArrayRef<Axis> parts) {
  SmallVector<ReassociationIndices> groups;
  for (auto [position, axis] : llvm::enumerate(fine)) {
    bool joins = llvm::is_contained(parts, axis) && axis != parts.front();
    if (!joins)
      groups.emplace_back();
    groups.back().push_back(position);
  }
  return groups;
}

SmallVector<Axis, 6> ChunkTensors::dropUnits(ArrayRef<Axis> axes) {
  SmallVector<Axis, 6> wide;
  for (Axis axis : axes)
    if (extentOf(axis) != 1)
      wide.push_back(axis);
  return wide;
}

Named ChunkTensors::split(const Named &x, Axis whole, ArrayRef<Axis> parts) {
  SmallVector<Axis, 6> wide = dropUnits(parts);
  if (wide.size() == 1)
    return rename(x, whole, wide.front());
  Named plain = materialise(x);
  Named result;
  for (Axis axis : plain.axes) {
    if (axis == whole)
      llvm::append_range(result.axes, wide);
    else
      result.axes.push_back(axis);
  }
  result.value = tensor::ExpandShapeOp::create(
      builder, loc, typeOf(result.axes, getElementTypeOrSelf(plain.value)),
      plain.value, groupsOf(result.axes, wide));
  return result;
}

Named ChunkTensors::join(const Named &x, ArrayRef<Axis> parts, Axis whole) {
  SmallVector<Axis, 6> wide = dropUnits(parts);
  if (wide.size() == 1)
    return rename(x, wide.front(), whole);
  Named plain = materialise(x);
  Named result;
  for (Axis axis : plain.axes)
    if (axis == wide.front())
      result.axes.push_back(whole);
    else if (!llvm::is_contained(wide, axis))
      result.axes.push_back(axis);
  result.value = tensor::CollapseShapeOp::create(
      builder, loc, typeOf(result.axes, getElementTypeOrSelf(plain.value)),
      plain.value, groupsOf(plain.axes, wide));
  return result;
}

Named ChunkTensors::at(const Named &x, Axis axis, int64_t index) {
  Named plain = materialise(x), result;
  SmallVector<OpFoldResult> offsets, sizes,
      strides(plain.axes.size(), builder.getIndexAttr(1));
  for (Axis have : plain.axes) {
    bool isTaken = have == axis;
    offsets.push_back(builder.getIndexAttr(isTaken ? index : 0));
    sizes.push_back(builder.getIndexAttr(isTaken ? 1 : extentOf(have)));
    if (!isTaken)
      result.axes.push_back(have);
  }
  result.value = tensor::ExtractSliceOp::create(
      builder, loc, typeOf(result.axes, getElementTypeOrSelf(plain.value)),
      plain.value, offsets, sizes, strides);
  return result;
}

Named ChunkTensors::slice(const Named &x, Axis axis, int64_t begin, Axis part) {
  Named plain = materialise(x), result;
  SmallVector<OpFoldResult> offsets, sizes,
      strides(plain.axes.size(), builder.getIndexAttr(1));
  for (Axis have : plain.axes) {
    bool isTaken = have == axis;
    Axis kept = isTaken ? part : have;
    offsets.push_back(builder.getIndexAttr(isTaken ? begin : 0));
    sizes.push_back(builder.getIndexAttr(extentOf(kept)));
    if (extentOf(kept) != 1)
      result.axes.push_back(kept);
  }
  result.value = tensor::ExtractSliceOp::create(
      builder, loc, typeOf(result.axes, getElementTypeOrSelf(plain.value)),
      plain.value, offsets, sizes, strides);
  return result;
}

Named ChunkTensors::insert(const Named &part, const Named &x,
                           ArrayRef<Axis> from, ArrayRef<Axis> into,
                           ArrayRef<int64_t> begin) {
  SmallVector<Axis, 6> order;
  SmallVector<OpFoldResult> offsets, sizes,
      strides(x.axes.size(), builder.getIndexAttr(1));
  for (Axis axis : x.axes) {
    size_t which = llvm::find(into, axis) - into.begin();
    bool isPart = which < into.size();
    // An index alone has no axis of its own.
    bool isIndex = isPart && which >= from.size();
    Axis source = isPart && !isIndex ? from[which] : axis;
    offsets.push_back(builder.getIndexAttr(isPart ? begin[which] : 0));
    sizes.push_back(builder.getIndexAttr(isIndex ? 1 : extentOf(source)));
    if (!isIndex && extentOf(source) != 1)
      order.push_back(source);
  }
  Named result = x;
  result.value =
      tensor::InsertSliceOp::create(builder, loc, broadcast(part, order).value,
                                    x.value, offsets, sizes, strides);
  return result;
}
