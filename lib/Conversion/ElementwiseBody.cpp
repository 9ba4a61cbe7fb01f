//===- ElementwiseBody.cpp - what elementwise ops compute -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ElementwiseBody.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::seqmix;

/// Whether an operand lies along `inner` in memory, or is the same all along.
static bool isVectorOrSame(linalg::GenericOp op, OpOperand &operand,
                           unsigned inner) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type)
    return map.getNumResults() == 0;
  if (!map.isProjectedPermutation() || type.getElementType().isInteger(1))
    return false;
  if (!map.isFunctionOfDim(inner))
    return op.isDpsInput(&operand);
  return map.getDimPosition(map.getNumResults() - 1) == inner &&
         type.isLastDimUnitStride();
}

/// Whether an op of the body has a form on vectors, or needs none.
static bool canWiden(Operation &inBody, unsigned inner) {
  if (auto index = dyn_cast<linalg::IndexOp>(inBody))
    return index.getDim() != inner;
  return inBody.hasTrait<OpTrait::ConstantLike>() ||
         OpTrait::hasElementwiseMappableTraits(&inBody);
}

std::optional<ElementwiseBody> ElementwiseBody::match(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumReductionLoops() > 0 ||
      op.getNumLoops() == 0)
    return std::nullopt;
  AffineMap written = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!written.isPermutation())
    return std::nullopt;
  unsigned inner = written.getDimPosition(written.getNumResults() - 1);
  bool isWide =
      llvm::all_of(op->getOpOperands(),
                   [&](OpOperand &operand) {
                     return isVectorOrSame(op, operand, inner);
                   }) &&
      llvm::all_of(op.getBody()->without_terminator(),
                   [&](Operation &inBody) { return canWiden(inBody, inner); });
  int64_t extent = op.getStaticLoopRanges()[inner];
  if (!isWide || extent == 1 || ShapedType::isDynamic(extent))
    return std::nullopt;
  return ElementwiseBody(op, inner);
}

SmallVector<Value> ElementwiseBody::getIvs(ArrayRef<Value> subscripts) const {
  linalg::GenericOp generic = op;
  AffineMap written =
      generic.getMatchingIndexingMap(generic.getDpsInitOperand(0));
  return applyPermutationMap(inversePermutation(written), subscripts);
}

SmallVector<Value> ElementwiseBody::getSubscripts(OpOperand &operand,
                                                  ArrayRef<Value> ivs) const {
  linalg::GenericOp generic = op;
  SmallVector<Value> result;
  for (AffineExpr expr : generic.getMatchingIndexingMap(&operand).getResults())
    result.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
  return result;
}

void ElementwiseBody::emitScalars(OpBuilder &builder, ArrayRef<Value> ivs) {
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (argument.use_empty() ||
        op.getMatchingIndexingMap(&operand).isFunctionOfDim(inner))
      continue;
    Value value = operand.get();
    if (isa<MemRefType>(value.getType()))
      value = memref::LoadOp::create(builder, op.getLoc(), value,
                                     getSubscripts(operand, ivs));
    scalars.map(argument, value);
  }
  for (Operation &inBody : op.getBody()->without_terminator()) {
    auto isScalar = [&](Value value) {
      return scalars.contains(value) || value.getParentBlock() != op.getBody();
    };
    if (auto index = dyn_cast<linalg::IndexOp>(inBody))
      scalars.map(index.getResult(), ivs[index.getDim()]);
    else if (llvm::all_of(inBody.getOperands(), isScalar))
      builder.clone(inBody, scalars);
  }
}

static Value toVector(OpBuilder &builder, Value value, int64_t lanes) {
  if (isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(
      builder, value.getLoc(), VectorType::get(lanes, value.getType()), value);
}

/// Emits an op of the body that has a vector among its operands.
static void widen(OpBuilder &builder, Operation &scalar, IRMapping &mapping,
                  int64_t lanes) {
  OpBuilder::InsertionGuard guard(builder);
  Operation *copy = builder.clone(scalar, mapping);
  builder.setInsertionPoint(copy);
  for (OpOperand &operand : copy->getOpOperands())
    operand.set(toVector(builder, operand.get(), lanes));
  for (Value result : copy->getResults())
    result.setType(VectorType::get(lanes, result.getType()));
}

SmallVector<Value> ElementwiseBody::emitVectors(OpBuilder &builder,
                                                ArrayRef<Value> ivs,
                                                int64_t lanes) const {
  linalg::GenericOp generic = op;
  IRMapping mapping = scalars;
  for (OpOperand &operand : generic->getOpOperands()) {
    BlockArgument argument = generic.getMatchingBlockArgument(&operand);
    if (argument.use_empty() || mapping.contains(argument))
      continue;
    auto type = VectorType::get(lanes, argument.getType());
    mapping.map(argument, vector::LoadOp::create(builder, generic.getLoc(),
                                                 type, operand.get(),
                                                 getSubscripts(operand, ivs)));
  }
  for (Operation &inBody : generic.getBody()->without_terminator())
    if (llvm::any_of(inBody.getResults(),
                     [&](Value result) { return !mapping.contains(result); }))
      widen(builder, inBody, mapping, lanes);
  return llvm::map_to_vector(
      generic.getBody()->getTerminator()->getOperands(), [&](Value value) {
        return toVector(builder, mapping.lookupOrDefault(value), lanes);
      });
}
