//===- Verification.cpp - checks that several ops share -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Verification.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::seqmix;

ArrayRef<int64_t> seqmix::shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

LogicalResult seqmix::verifyLeadingAxes(Operation *op, ValueRange sequences,
                                        ValueRange states) {
  auto agree = [](Value a, Value b, unsigned axis) {
    return succeeded(verifyCompatibleShape(shapeOf(a).slice(axis, 1),
                                           shapeOf(b).slice(axis, 1)));
  };
  Value first = sequences.front();
  for (Value sequence : sequences.drop_front())
    for (auto [axis, name] : {std::pair(0, "batch"), std::pair(1, "length")})
      if (!agree(first, sequence, axis))
        return op->emitOpError("expects sequences of one ")
               << name << ": " << first.getType() << " and "
               << sequence.getType();
  for (Value state : states)
    if (!agree(first, state, 0))
      return op->emitOpError("expects sequences and states of one batch: ")
             << first.getType() << " and " << state.getType();
  return success();
}

LogicalResult seqmix::verifyChunk(Operation *op,
                                  std::optional<uint64_t> length) {
  if (length && static_cast<int64_t>(*length) < 1)
    return op->emitOpError("expects a chunk of at least one token, not ")
           << static_cast<int64_t>(*length);
  return success();
}

LogicalResult seqmix::verifyOneFloatType(Operation *op, ValueRange values) {
  Type element = getElementTypeOrSelf(values.front());
  for (Value value : values)
    if (getElementTypeOrSelf(value) != element || !isa<FloatType>(element))
      return op->emitOpError("expects one float element type: ")
             << values.front().getType() << " and " << value.getType();
  return success();
}
