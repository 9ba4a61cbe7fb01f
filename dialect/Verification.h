//===- Verification.h - checks that several ops share ---------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_DIALECT_VERIFICATION_H
#define SEQMIX_DIALECT_VERIFICATION_H

#include "mlir/IR/Operation.h"

namespace mlir {
namespace seqmix {

/// Checks that all sequences agree in batch (axis 0) and time (axis 1), and
/// that the states have their batch. Emits an error on `op` otherwise.
LogicalResult verifyLeadingAxes(Operation *op, ValueRange sequences,
                                ValueRange states);

/// Checks that all values have one element type, a float.
LogicalResult verifyOneFloatType(Operation *op, ValueRange values);

/// Checks that a chunk, if there is one, has at least one token.
LogicalResult verifyChunk(Operation *op, std::optional<uint64_t> length);

/// The extents of a ranked tensor value.
ArrayRef<int64_t> shapeOf(Value value);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_DIALECT_VERIFICATION_H
