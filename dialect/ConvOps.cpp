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

/// `x` with an axis of one before all others.
static Value asRow(TokenBuilder &b, Value x) {
  SmallVector<int64_t> shape = {1};
  llvm::append_range(shape, shapeOf(x));
  return b.reshape(x, shape);
}

/// Of the first axis `count` from `begin` on.
static Value takeRows(TokenBuilder &b, Value x, int64_t begin, int64_t count) {
  SmallVector<int64_t> shape(shapeOf(x));
  shape[0] = count;
  SmallVector<OpFoldResult> offsets(shape.size(), b.builder.getIndexAttr(0)),
      strides(shape.size(), b.builder.getIndexAttr(1)), sizes;
  offsets[0] = b.builder.getIndexAttr(begin);
  for (int64_t extent : shape)
    sizes.push_back(b.builder.getIndexAttr(extent));
  return tensor::ExtractSliceOp::create(
      b.builder, b.loc, RankedTensorType::get(shape, getElementTypeOrSelf(x)),
      x, offsets, sizes, strides);
}

static Value joinRows(TokenBuilder &b, Value first, Value second) {
  return tensor::ConcatOp::create(b.builder, b.loc, /*dim=*/0,
                                  ValueRange{first, second});
}

/// The weight with its taps, its last axis, as the first.
static Value tapsOf(TokenBuilder &b, Value weight) {
  ArrayRef<int64_t> shape = shapeOf(weight);
  int64_t rank = static_cast<int64_t>(shape.size());
  SmallVector<int64_t> permutation = {rank - 1}, first = {shape.back()};
  for (int64_t axis = 0; axis + 1 < rank; ++axis) {
    permutation.push_back(axis);
    first.push_back(shape[axis]);
  }
  Value empty = tensor::EmptyOp::create(b.builder, b.loc, first,
                                        getElementTypeOrSelf(weight));
  return linalg::TransposeOp::create(b.builder, b.loc, weight, empty,
                                     permutation)
      ->getResult(0);
}

SmallVector<Value> ConvOp::buildToken(OpBuilder &builder, Location loc,
                                      ValueRange tokens, ValueRange invariants,
                                      ValueRange states) {
  TokenBuilder b(builder, loc);
  // The window of W tokens, then all of it but the oldest.
  Value window = joinRows(b, states[0], asRow(b, tokens[0]));
  Value next = takeRows(b, window, 1, shapeOf(states[0])[0]);
  Value output = b.sum(b.mul(tapsOf(b, invariants[0]), window), {0});
  if (getBias())
    output = b.add(output, invariants[1]);
  return {output, next};
}

/// One term of the sum after the other, each for all tokens.
SmallVector<Value> ConvOp::buildChunk(OpBuilder &builder, Location loc,
                                      ValueRange tokens, ValueRange invariants,
                                      ValueRange states) {
  TokenBuilder b(builder, loc);
  ArrayRef<int64_t> shape = shapeOf(tokens[0]);
  Value window = joinRows(b, states[0], tokens[0]);
  Value taps = tapsOf(b, invariants[0]), output;
  int64_t numTaps = shapeOf(taps)[0];
  for (int64_t tap = 0; tap < numTaps; ++tap) {
    Value factor = b.broadcast(
        b.reshape(takeRows(b, taps, tap, 1), shape.drop_front()), shape, {0});
    Value term = b.mul(factor, takeRows(b, window, tap, shape[0]));
    output = output ? b.add(output, term) : term;
  }
  if (getBias())
    output = b.add(output, b.broadcast(invariants[1], shape, {0}));
  return {output, takeRows(b, window, shape[0], numTaps - 1)};
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
  // conv_c5
  if (failed(verifyChunk(*this, getChunkSize())))
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

SmallVector<Value> ShiftOp::buildChunk(OpBuilder &builder, Location loc,
                                       ValueRange tokens, ValueRange,
                                       ValueRange states) {
  TokenBuilder b(builder, loc);
  int64_t last = shapeOf(tokens[0])[0] - 1;
  Value output = asRow(b, states[0]);
  if (last > 0)
    output = joinRows(b, output, takeRows(b, tokens[0], 0, last));
  return {output,
          b.reshape(takeRows(b, tokens[0], last, 1), shapeOf(states[0]))};
}

LogicalResult ShiftOp::verify() {
  // shift_c1
  if (getTokenType(getInput().getType()) !=
      getTokenStateType(getPrevious().getType()))
    return emitOpError("expects an input and a state of the same tokens: ")
           << getInput().getType() << " and " << getPrevious().getType();
  // shift_c2
  if (failed(verifyChunk(*this, getChunkSize())))
    return failure();
  return verifyLeadingAxes(*this, getInput(), getPrevious());
}
