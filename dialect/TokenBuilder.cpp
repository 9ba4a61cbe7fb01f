//===- TokenBuilder.cpp - small tensor algebra for one-token forms --------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/TokenBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace mlir::seqmix;

static RankedTensorType typeOf(Value x) {
  return cast<RankedTensorType>(x.getType());
}

Value TokenBuilder::splat(ArrayRef<int64_t> shape, Type element, double value) {
  auto type = RankedTensorType::get(shape, element);
  TypedAttr scalar = isa<FloatType>(element)
                         ? TypedAttr(builder.getFloatAttr(element, value))
                         : TypedAttr(builder.getIntegerAttr(element, value));
  return arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(type, Attribute(scalar)));
}

Value TokenBuilder::broadcast(Value x, ArrayRef<int64_t> shape,
                              ArrayRef<int64_t> added) {
  if (added.empty())
    return x;
  Value empty =
      tensor::EmptyOp::create(builder, loc, shape, typeOf(x).getElementType());
  return linalg::BroadcastOp::create(builder, loc, x, empty, added)
      ->getResult(0);
}

Value TokenBuilder::reduce(Value x, ArrayRef<int64_t> axes, double init,
                           bool isSum) {
  if (axes.empty())
    return x;
  SmallVector<int64_t> shape;
  for (auto [axis, extent] : llvm::enumerate(typeOf(x).getShape()))
    if (!llvm::is_contained(axes, static_cast<int64_t>(axis)))
      shape.push_back(extent);
  Value start = splat(shape, typeOf(x).getElementType(), init);
  return linalg::ReduceOp::create(
             builder, loc, ValueRange{x}, ValueRange{start}, axes,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Value result =
                   isSum
                       ? Value(arith::AddFOp::create(b, loc, args[0], args[1]))
                       : Value(arith::MaximumFOp::create(b, loc, args[0],
                                                         args[1]));
               linalg::YieldOp::create(b, loc, result);
             })
      ->getResult(0);
}

Value TokenBuilder::sum(Value x, ArrayRef<int64_t> axes) {
  return reduce(x, axes, 0.0, /*isSum=*/true);
}

Value TokenBuilder::maximum(Value x, ArrayRef<int64_t> axes) {
  return reduce(x, axes, -std::numeric_limits<double>::infinity(),
                /*isSum=*/false);
}

Value TokenBuilder::add(Value a, Value b) {
  return arith::AddFOp::create(builder, loc, a, b);
}
Value TokenBuilder::sub(Value a, Value b) {
  return arith::SubFOp::create(builder, loc, a, b);
}
Value TokenBuilder::mul(Value a, Value b) {
  return arith::MulFOp::create(builder, loc, a, b);
}
Value TokenBuilder::div(Value a, Value b) {
  return arith::DivFOp::create(builder, loc, a, b);
}
Value TokenBuilder::exp(Value x) {
  return math::ExpOp::create(builder, loc, x);
}

Value TokenBuilder::reshape(Value x, ArrayRef<int64_t> shape) {
  auto type = RankedTensorType::get(shape, typeOf(x).getElementType());
  if (type == x.getType())
    return x;
  bool grows = type.getRank() > typeOf(x).getRank();
  auto groups = getReassociationIndicesForReshape(typeOf(x), type);
  assert(groups && "not a reshape by unit extents");
  if (grows)
    return tensor::ExpandShapeOp::create(builder, loc, type, x, *groups);
  return tensor::CollapseShapeOp::create(builder, loc, type, x, *groups);
}
