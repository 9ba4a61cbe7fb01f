//===- RetentionOp.cpp - decayed rank-one memory --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "dialect/TokenBuilder.h"
#include "dialect/Verification.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::seqmix;

SmallVector<Value> RetentionOp::getSequenceOperands() {
  SmallVector<Value> operands = {getQuery(), getKey(), getValue()};
  if (getDecay())
    operands.push_back(getDecay());
  return operands;
}
SmallVector<Value> RetentionOp::getInvariantOperands() {
  SmallVector<Value> operands;
  for (Value v : {getConstantDecay(), getBonus()})
    if (v)
      operands.push_back(v);
  return operands;
}
SmallVector<Value> RetentionOp::getStateOperands() { return {getState()}; }
SmallVector<Value> RetentionOp::getSequenceResults() { return {getOutput()}; }
SmallVector<Value> RetentionOp::getStateResults() { return {getFinalState()}; }

SmallVector<Value> RetentionOp::buildToken(OpBuilder &builder, Location loc,
                                           ValueRange tokens,
                                           ValueRange invariants,
                                           ValueRange states) {
  TokenBuilder b(builder, loc);
  Value q = tokens[0], k = tokens[1], v = tokens[2], old = states[0];
  ArrayRef<int64_t> shape = cast<RankedTensorType>(old.getType()).getShape();
  Value update = b.mul(b.broadcast(k, shape, {2}), b.broadcast(v, shape, {1}));
  Value kept = old;
  Value decay = getDecay()           ? tokens[3]
                : getConstantDecay() ? invariants[0]
                                     : Value();
  if (decay) {
    // The decay's axes are the first of [H, K, V].
    SmallVector<int64_t> added;
    for (int64_t axis = cast<RankedTensorType>(decay.getType()).getRank();
         axis < 3; ++axis)
      added.push_back(axis);
    kept = b.mul(b.broadcast(decay, shape, added), old);
  }
  Value next = b.add(kept, update);
  Value read = next;
  if (getBonus()) {
    Value bonus = b.broadcast(invariants.back(), shape, {2});
    read = b.add(old, b.mul(bonus, update));
  }
  Value output = b.sum(b.mul(b.broadcast(q, shape, {2}), read), {1});
  return {output, next};
}

LogicalResult RetentionOp::verify() {
  ArrayRef<int64_t> q = shapeOf(getQuery()), v = shapeOf(getValue());
  // retention_c1
  if (q.size() != 4 || v.size() != 4 || q[2] != v[2])
    return emitOpError("expects query and value [batch, time, H, K] and "
                       "[batch, time, H, V] with the same heads: ")
           << getQuery().getType() << " and " << getValue().getType();
  // retention_c2
  SmallVector<int64_t> memory = {q[2], q[3], v[3]};
  if (getTokenStateType(getState().getType()).getShape() !=
      ArrayRef<int64_t>(memory))
    return emitOpError("expects a state [batch, ")
           << memory[0] << ", " << memory[1] << ", " << memory[2] << "], not "
           << getState().getType();
  // retention_c3, retention_c4
  if (getDecay() && getConstantDecay())
    return emitOpError("expects decay or constant_decay, not both");
  auto isPrefix = [&](ArrayRef<int64_t> decay) {
    return decay == ArrayRef<int64_t>(memory).take_front(decay.size()) &&
           decay.size() <= 2;
  };
  if (getDecay() && !isPrefix(shapeOf(getDecay()).drop_front(2)))
    return emitOpError("expects decay over no axis, [H] or [H, K], not ")
           << getDecay().getType();
  if (getConstantDecay() && !isPrefix(shapeOf(getConstantDecay())))
    return emitOpError("expects constant_decay over no axis, [H] or [H, K], "
                       "not ")
           << getConstantDecay().getType();
  // retention_c5
  if (getBonus() &&
      shapeOf(getBonus()) != ArrayRef<int64_t>(memory).take_front(2))
    return emitOpError("expects bonus [H, K], not ") << getBonus().getType();
  // retention_c6
  if (failed(verifyOneFloatType(*this, getOperands())))
    return failure();
  SmallVector<Value> sequences = getSequenceOperands();
  return verifyLeadingAxes(*this, sequences, getState());
}
