//===- TokenLifter.cpp - a token's operations for a chunk of tokens -------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/TokenLifter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::seqmix;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Groups of axes after a new first axis.
static SmallVector<ReassociationIndices>
shift(ArrayRef<ReassociationIndices> groups) {
  SmallVector<ReassociationIndices> result = {{0}};
  for (const ReassociationIndices &group : groups) {
    result.emplace_back();
    for (int64_t axis : group)
      result.back().push_back(axis + 1);
  }
  return result;
}

void TokenLifter::set(Value token, Value chunk, bool varies) {
  lifted.map(token, chunk);
  if (varies)
    varying.insert(token);
}

RankedTensorType TokenLifter::chunkType(Value token) {
  SmallVector<int64_t> shape = {length};
  llvm::append_range(shape, typeOf(token).getShape());
  return RankedTensorType::get(shape, typeOf(token).getElementType());
}

Value TokenLifter::emptyLike(Value token) {
  RankedTensorType type = chunkType(token);
  return tensor::EmptyOp::create(builder, token.getLoc(), type.getShape(),
                                 type.getElementType());
}

/// The same value at every token.
Value TokenLifter::repeat(Value value) {
  Location loc = value.getLoc();
  DenseElementsAttr elements;
  if (matchPattern(value, m_Constant(&elements)) && elements.isSplat())
    return arith::ConstantOp::create(builder, loc,
                                     elements.resizeSplat(chunkType(value)));
  return linalg::BroadcastOp::create(builder, loc, value, emptyLike(value),
                                     ArrayRef<int64_t>{0})
      ->getResult(0);
}

FailureOr<Value> TokenLifter::liftFully(Value value) {
  FailureOr<Value> result = lift(value);
  if (failed(result) || varies(value))
    return result;
  return repeat(*result);
}

/// One of the operations that do the same to each element.
FailureOr<Value> TokenLifter::liftElementwise(Operation *op) {
  IRMapping operands;
  for (Value operand : op->getOperands()) {
    if (!isa<RankedTensorType>(operand.getType()))
      return failure();
    FailureOr<Value> chunk = liftFully(operand);
    if (failed(chunk))
      return failure();
    operands.map(operand, *chunk);
  }
  Operation *clone = builder.clone(*op, operands);
  clone->getResult(0).setType(chunkType(op->getResult(0)));
  return clone->getResult(0);
}

/// A linalg op with indexing maps: one more parallel loop, over the tokens.
FailureOr<Value> TokenLifter::liftStructured(Operation *op) {
  auto structured = cast<linalg::LinalgOp>(op);
  if (op->getNumResults() != 1)
    return failure();
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  IRMapping mapping;
  for (Value value : captured) {
    FailureOr<Value> outside = lift(value);
    if (failed(outside) || varies(value))
      return failure();
    mapping.map(value, *outside);
  }
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputs;
  AffineExpr token = builder.getAffineDimExpr(0);
  auto addMap = [&](OpOperand &operand, bool hasTokens) {
    AffineMap map = structured.getMatchingIndexingMap(&operand).shiftDims(1);
    maps.push_back(hasTokens ? map.insertResult(token, 0) : map);
  };
  for (OpOperand *input : structured.getDpsInputOperands()) {
    FailureOr<Value> chunk = lift(input->get());
    if (failed(chunk))
      return failure();
    inputs.push_back(*chunk);
    addMap(*input, varies(input->get()));
  }
  OpOperand &out = structured.getDpsInitsMutable()[0];
  Value init = emptyLike(op->getResult(0));
  if (structured.payloadUsesValueFromOperand(&out)) {
    FailureOr<Value> chunk = liftFully(out.get());
    if (failed(chunk))
      return failure();
    init = *chunk;
  }
  addMap(out, true);
  SmallVector<utils::IteratorType> kinds = {utils::IteratorType::parallel};
  llvm::append_range(kinds, structured.getIteratorTypesArray());
  auto result = linalg::GenericOp::create(builder, op->getLoc(),
                                          TypeRange{init.getType()}, inputs,
                                          ValueRange{init}, maps, kinds);
  structured->getRegion(0).cloneInto(&result.getRegion(), mapping);
  result.walk([&](linalg::IndexOp index) {
    if (index->getParentOp() == result)
      index.setDim(index.getDim() + 1);
  });
  return result.getResult(0);
}

/// Ops that only move elements.
FailureOr<Value> TokenLifter::liftShape(Operation *op) {
  Location loc = op->getLoc();
  auto place = [&](ArrayRef<OpFoldResult> values, int64_t first) {
    SmallVector<OpFoldResult> all = {builder.getIndexAttr(first)};
    llvm::append_range(all, values);
    return all;
  };
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    if (!isa<RankedTensorType>(operand.getType()))
      return failure(); // a place that is only known at run time
    bool isEmpty = operand.getDefiningOp<tensor::EmptyOp>();
    FailureOr<Value> chunk =
        isEmpty ? FailureOr<Value>(emptyLike(operand)) : liftFully(operand);
    if (failed(chunk))
      return failure();
    operands.push_back(*chunk);
  }
  RankedTensorType type = chunkType(op->getResult(0));
  return llvm::TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case([&](tensor::ExpandShapeOp expand) -> FailureOr<Value> {
        return tensor::ExpandShapeOp::create(
                   builder, loc, type, operands[0],
                   shift(expand.getReassociationIndices()))
            .getResult();
      })
      .Case([&](tensor::CollapseShapeOp collapse) -> FailureOr<Value> {
        return tensor::CollapseShapeOp::create(
                   builder, loc, type, operands[0],
                   shift(collapse.getReassociationIndices()))
            .getResult();
      })
      .Case([&](tensor::ExtractSliceOp slice) -> FailureOr<Value> {
        return tensor::ExtractSliceOp::create(
                   builder, loc, type, operands[0],
                   place(slice.getMixedOffsets(), 0),
                   place(slice.getMixedSizes(), length),
                   place(slice.getMixedStrides(), 1))
            .getResult();
      })
      .Case([&](tensor::InsertSliceOp slice) -> FailureOr<Value> {
        return tensor::InsertSliceOp::create(
                   builder, loc, operands[0], operands[1],
                   place(slice.getMixedOffsets(), 0),
                   place(slice.getMixedSizes(), length),
                   place(slice.getMixedStrides(), 1))
            .getResult();
      })
      .Case([&](tensor::ConcatOp concat) -> FailureOr<Value> {
        return tensor::ConcatOp::create(builder, loc, type, concat.getDim() + 1,
                                        operands)
            .getResult();
      })
      .Default([](Operation *) { return failure(); });
}

FailureOr<Value> TokenLifter::liftOp(Operation *op) {
  if (op->getNumResults() == 1 &&
      isa<RankedTensorType>(op->getResult(0).getType())) {
    if (op->hasTrait<OpTrait::Elementwise>())
      return liftElementwise(op);
    if (isa<linalg::LinalgOp>(op))
      return liftStructured(op);
    return liftShape(op);
  }
  return failure();
}

FailureOr<Value> TokenLifter::lift(Value value) {
  if (Value known = lifted.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  if (!op)
    return failure();
  SetVector<Value> used(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  bool isVarying = false;
  for (Value operand : used) {
    if (operand.getDefiningOp<tensor::EmptyOp>())
      continue;
    if (failed(lift(operand)))
      return failure();
    isVarying |= varies(operand);
  }
  if (!isVarying) {
    for (Value operand : used)
      (void)lift(operand);
    Operation *clone = builder.clone(*op, lifted);
    lifted.map(op->getResults(), clone->getResults());
    return lifted.lookup(value);
  }
  FailureOr<Value> result = liftOp(op);
  if (failed(result))
    return failure();
  set(value, *result, /*varies=*/true);
  return result;
}
