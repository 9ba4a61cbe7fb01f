//===- TensorBuilder.cpp - tensors with named axes ------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/TensorBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

#include <numeric>

using namespace mlir;
using namespace mlir::seqmix::sqm;

/// How many extents stand before the named axes.
static unsigned leading(bool isSequence) { return isSequence ? 2 : 0; }

RankedTensorType TensorBuilder::typeOf(ArrayRef<Axis> axes, bool isSequence,
                                       Type element) const {
  SmallVector<int64_t> shape(leading(isSequence), ShapedType::kDynamic);
  for (const Axis &axis : axes)
    shape.push_back(axis.size());
  return RankedTensorType::get(shape, element ? element : Type(type));
}

RankedTensorType TensorBuilder::stateType(ArrayRef<Axis> axes,
                                          Type element) const {
  RankedTensorType token = typeOf(axes, /*isSequence=*/false, element);
  SmallVector<int64_t> shape = {ShapedType::kDynamic};
  llvm::append_range(shape, token.getShape());
  return token.clone(shape);
}

SmallVector<OpFoldResult> TensorBuilder::extents(ArrayRef<Axis> axes,
                                                 bool isSequence) {
  SmallVector<OpFoldResult> sizes;
  if (isSequence)
    sizes.append({batch, time});
  for (const Axis &axis : axes)
    sizes.push_back(b.getIndexAttr(axis.size()));
  return sizes;
}

Value TensorBuilder::empty(ArrayRef<Axis> axes, bool isSequence) {
  return tensor::EmptyOp::create(b, loc, extents(axes, isSequence), type);
}

Tensor TensorBuilder::constant(double value, ArrayRef<Axis> axes,
                               bool isSequence) {
  TypedAttr scalar = b.getFloatAttr(type, value);
  Value result;
  if (isSequence) {
    Value fill = arith::ConstantOp::create(b, loc, scalar);
    result = linalg::FillOp::create(b, loc, fill, empty(axes, true)).result();
  } else {
    auto splat = DenseElementsAttr::get(typeOf(axes, false), Attribute(scalar));
    result = arith::ConstantOp::create(b, loc, splat);
  }
  return {result, Axes(axes), isSequence};
}

Tensor TensorBuilder::iota(const Axis &axis) {
  SmallVector<Attribute> values;
  for (int64_t i = 0; i < axis.size(); ++i)
    values.push_back(b.getFloatAttr(type, static_cast<double>(i)));
  auto attr = DenseElementsAttr::get(typeOf(axis, false), values);
  return {arith::ConstantOp::create(b, loc, attr), {axis}, false};
}

Tensor TensorBuilder::unary(UnaryFn fn, const Tensor &x) {
  return {fn(b, loc, x.value), x.axes, x.isSequence};
}

Tensor TensorBuilder::binary(BinaryFn fn, const Tensor &left,
                             const Tensor &right) {
  return {fn(b, loc, left.value, right.value), left.axes, left.isSequence};
}

Tensor TensorBuilder::transpose(const Tensor &x, ArrayRef<Axis> order) {
  if (ArrayRef<Axis>(x.axes) == order)
    return x;
  SmallVector<int64_t> permutation(leading(x.isSequence));
  std::iota(permutation.begin(), permutation.end(), 0);
  for (const Axis &axis : order)
    permutation.push_back(leading(x.isSequence) + *positionOf(axis, x.axes));
  auto op = linalg::TransposeOp::create(
      b, loc, x.value, empty(order, x.isSequence), permutation);
  return {op->getResult(0), Axes(order), x.isSequence};
}

Tensor TensorBuilder::broadcast(const Tensor &x, ArrayRef<Axis> axes,
                                bool isSequence) {
  if (ArrayRef<Axis>(x.axes) == axes && x.isSequence == isSequence)
    return x;
  Axes present;
  SmallVector<int64_t> added;
  if (isSequence && !x.isSequence)
    added = {0, 1};
  for (auto [position, axis] : llvm::enumerate(axes)) {
    if (positionOf(axis, x.axes))
      present.push_back(axis);
    else
      added.push_back(leading(isSequence) + position);
  }
  Tensor ordered = transpose(x, present);
  if (added.empty())
    return ordered;
  auto op = linalg::BroadcastOp::create(b, loc, ordered.value,
                                        empty(axes, isSequence), added);
  return {op->getResult(0), Axes(axes), isSequence};
}

Tensor TensorBuilder::reduce(BinaryFn fn, double init, const Tensor &x,
                             ArrayRef<int64_t> positions) {
  Axes kept;
  SmallVector<int64_t> dimensions;
  for (auto [position, axis] : llvm::enumerate(x.axes)) {
    if (llvm::is_contained(positions, position))
      dimensions.push_back(leading(x.isSequence) + position);
    else
      kept.push_back(axis);
  }
  Tensor start = constant(init, kept, x.isSequence);
  auto op = linalg::ReduceOp::create(
      b, loc, x.value, start.value, dimensions,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        linalg::YieldOp::create(nested, loc, fn(nested, loc, args[0], args[1]));
      });
  return {op->getResult(0), kept, x.isSequence};
}

Tensor TensorBuilder::contract(const Tensor &left, ArrayRef<unsigned> leftDims,
                               const Tensor &right,
                               ArrayRef<unsigned> rightDims,
                               ArrayRef<Axis> axes, ArrayRef<unsigned> dims) {
  bool isSequence = left.isSequence || right.isSequence;
  unsigned first = leading(isSequence);
  unsigned count = 0;
  for (ArrayRef<unsigned> list : {leftDims, rightDims})
    for (unsigned dim : list)
      count = std::max(count, dim + 1);
  auto mapOf = [&](ArrayRef<unsigned> list, bool sequence) {
    SmallVector<AffineExpr> exprs;
    for (unsigned i = 0; i < leading(sequence); ++i)
      exprs.push_back(b.getAffineDimExpr(i));
    for (unsigned dim : list)
      exprs.push_back(b.getAffineDimExpr(first + dim));
    return AffineMap::get(first + count, 0, exprs, b.getContext());
  };
  ArrayAttr maps = b.getAffineMapArrayAttr({mapOf(leftDims, left.isSequence),
                                            mapOf(rightDims, right.isSequence),
                                            mapOf(dims, isSequence)});
  Tensor zero = constant(0.0, axes, isSequence);
  auto op = linalg::ContractOp::create(b, loc, TypeRange{zero.value.getType()},
                                       ValueRange{left.value, right.value},
                                       ValueRange{zero.value}, maps);
  return {op->getResult(0), Axes(axes), isSequence};
}

/// The reassociation that maps each axis to itself, but `count` axes from
/// `position` on to one.
static SmallVector<ReassociationIndices>
grouping(unsigned rank, unsigned position, unsigned count) {
  SmallVector<ReassociationIndices> groups;
  for (unsigned i = 0; i < rank; ++i) {
    if (i <= position || i >= position + count)
      groups.emplace_back();
    groups.back().push_back(i);
  }
  return groups;
}

Tensor TensorBuilder::split(const Tensor &x, unsigned position,
                            ArrayRef<Axis> parts) {
  Axes axes(x.axes);
  axes.erase(axes.begin() + position);
  axes.insert(axes.begin() + position, parts.begin(), parts.end());
  unsigned first = leading(x.isSequence);
  Value value = tensor::ExpandShapeOp::create(
      b, loc, typeOf(axes, x.isSequence), x.value,
      grouping(first + axes.size(), first + position, parts.size()),
      extents(axes, x.isSequence));
  return {value, axes, x.isSequence};
}

Tensor TensorBuilder::merge(const Tensor &x, unsigned position, unsigned count,
                            const Axis &merged) {
  Axes axes(x.axes);
  axes.erase(axes.begin() + position + 1, axes.begin() + position + count);
  axes[position] = merged;
  unsigned first = leading(x.isSequence);
  Value value = tensor::CollapseShapeOp::create(
      b, loc, typeOf(axes, x.isSequence), x.value,
      grouping(first + x.axes.size(), first + position, count));
  return {value, axes, x.isSequence};
}

Value TensorBuilder::dropOnes(Value value, ArrayRef<Axis> axes) {
  RankedTensorType wanted = typeOf(axes, /*isSequence=*/false);
  if (value.getType() == wanted)
    return value;
  // Ones go with the axis before them, leading ones with the first axis.
  auto source = cast<RankedTensorType>(value.getType());
  auto groups = getReassociationIndicesForReshape(source, wanted);
  return tensor::CollapseShapeOp::create(b, loc, wanted, value, *groups);
}

Tensor TensorBuilder::slice(const Tensor &x, unsigned position, int64_t offset,
                            const Axis &part) {
  Axes axes(x.axes);
  axes[position] = part;
  unsigned rank = leading(x.isSequence) + axes.size();
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(rank, b.getIndexAttr(1));
  offsets[leading(x.isSequence) + position] = b.getIndexAttr(offset);
  Value value = tensor::ExtractSliceOp::create(
      b, loc, typeOf(axes, x.isSequence), x.value, offsets,
      extents(axes, x.isSequence), strides);
  return {value, axes, x.isSequence};
}

Tensor TensorBuilder::join(ArrayRef<Tensor> parts, unsigned position,
                           const Axis &joined) {
  const Tensor &first = parts.front();
  Axes axes(first.axes);
  axes[position] = joined;
  unsigned rank = leading(first.isSequence) + axes.size();
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(rank, b.getIndexAttr(1));
  Value value = empty(axes, first.isSequence);
  int64_t offset = 0;
  for (const Tensor &part : parts) {
    offsets[leading(first.isSequence) + position] = b.getIndexAttr(offset);
    value = tensor::InsertSliceOp::create(b, loc, part.value, value, offsets,
                                          extents(part.axes, part.isSequence),
                                          strides);
    offset += part.axes[position].size();
  }
  return {value, axes, first.isSequence};
}

Tensor TensorBuilder::gather(const Tensor &tokens, const Tensor &table) {
  Axes axes(tokens.axes);
  axes.push_back(table.axes.back());
  unsigned rank = leading(tokens.isSequence) + axes.size();
  auto identity = b.getMultiDimIdentityMap(rank);
  AffineMap maps[] = {identity.dropResult(rank - 1), identity};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto op = linalg::GenericOp::create(
      b, loc, typeOf(axes, tokens.isSequence), tokens.value,
      empty(axes, tokens.isSequence), maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        Value row = arith::IndexCastOp::create(nested, loc,
                                               nested.getIndexType(), args[0]);
        Value column = linalg::IndexOp::create(nested, loc, rank - 1);
        Value element = tensor::ExtractOp::create(nested, loc, table.value,
                                                  ValueRange{row, column});
        linalg::YieldOp::create(nested, loc, element);
      });
  return {op->getResult(0), axes, tokens.isSequence};
}
