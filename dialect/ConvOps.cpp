//===- ConvOps.cpp - short convolutions and the token shift ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "dialect/TokenBuilder.h"
#include "dialect/Verification.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::seqmix;

//===----------------------------------------------------------------------===//
// ConvOp
//===----------------------------------------------------------------------===//

SmallVector<Value> ConvOp::getSequenceOperands() { return {getInput()}; }
SmallVector<Value> ConvOp::getInvariantOperands() {
  SmallVector<Value> operands = {getWeight()};
  if (getBias())
    operands.push_back(getBias());
  return operands;
}
SmallVector<Value> ConvOp::getStateOperands() { return {getHistory()}; }
SmallVector<Value> ConvOp::getSequenceResults() { return {getOutput()}; }
SmallVector<Value> ConvOp::getStateResults() { return {getFinalHistory()}; }

SmallVector<Value> ConvOp::buildToken(OpBuilder &builder, Location loc,
                                      ValueRange tokens, ValueRange invariants,
                                      ValueRange states) {
  TokenBuilder b(builder, loc);
  Value history = states[0];
  SmallVector<int64_t> one(shapeOf(history));
  one[0] = 1;
  // The window of W tokens, then all of it but the oldest.
  Value token = b.reshape(tokens[0], one);
  Value window = tensor::ConcatOp::create(builder, loc, /*dim=*/0,
                                          ValueRange{history, token});
  ArrayRef<int64_t> shape = shapeOf(window);
  SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(shape.size(), builder.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes;
  for (int64_t extent : shapeOf(history))
    sizes.push_back(builder.getIndexAttr(extent));
  offsets[0] = builder.getIndexAttr(1);
  Value next = tensor::ExtractSliceOp::create(
      builder, loc, cast<RankedTensorType>(history.getType()), window, offsets,
      sizes, strides);

  // Taps are the weight's last axis and the window's first.
  SmallVector<int64_t> permutation = {static_cast<int64_t>(shape.size()) - 1};
  for (int64_t axis = 0; axis + 1 < static_cast<int64_t>(shape.size()); ++axis)
    permutation.push_back(axis);
  Value empty = tensor::EmptyOp::create(builder, loc, shape,
                                        getElementTypeOrSelf(window));
  Value taps = linalg::TransposeOp::create(builder, loc, invariants[0], empty,
                                           permutation)
                   ->getResult(0);
  Value output = b.sum(b.mul(taps, window), {0});
  if (getBias())
    output = b.add(output, invariants[1]);
  return {output, next};
}

LogicalResult ConvOp::verify() {
  ArrayRef<int64_t> token = getTokenType(getInput().getType()).getShape();
  ArrayRef<int64_t> weight = shapeOf(getWeight());
  // conv_c1
  if (weight.size() != token.size() + 1 || weight.drop_back() != token ||
      weight.back() < 2)
    return emitOpError("expects an input [batch, time] + E and a weight E + "
                       "[W] with W >= 2: ")
           << getInput().getType() << " and " << getWeight().getType();
  // conv_c2
  ArrayRef<int64_t> history =
      getTokenStateType(getHistory().getType()).getShape();
  if (history.empty() || history[0] != weight.back() - 1 ||
      history.drop_front() != token)
    return emitOpError("expects a history of ")
           << weight.back() - 1 << " tokens: " << getHistory().getType()
           << " for " << getInput().getType();
  // conv_c3
  if (getBias() && shapeOf(getBias()) != token)
    return emitOpError("expects a bias shaped as a token: ")
           << getBias().getType() << " and " << getInput().getType();
  // conv_c4
  if (failed(verifyOneFloatType(*this, getOperands())))
    return failure();
  return verifyLeadingAxes(*this, getInput(), getHistory());
}

//===----------------------------------------------------------------------===//
// ShiftOp
//===----------------------------------------------------------------------===//

SmallVector<Value> ShiftOp::getSequenceOperands() { return {getInput()}; }
SmallVector<Value> ShiftOp::getInvariantOperands() { return {}; }
SmallVector<Value> ShiftOp::getStateOperands() { return {getPrevious()}; }
SmallVector<Value> ShiftOp::getSequenceResults() { return {getOutput()}; }
SmallVector<Value> ShiftOp::getStateResults() { return {getLast()}; }

SmallVector<Value> ShiftOp::buildToken(OpBuilder &, Location, ValueRange tokens,
                                       ValueRange, ValueRange states) {
  return {states[0], tokens[0]};
}

LogicalResult ShiftOp::verify() {
  // shift_c1
  if (getTokenType(getInput().getType()) !=
      getTokenStateType(getPrevious().getType()))
    return emitOpError("expects an input and a state of the same tokens: ")
           << getInput().getType() << " and " << getPrevious().getType();
  return verifyLeadingAxes(*this, getInput(), getPrevious());
}
