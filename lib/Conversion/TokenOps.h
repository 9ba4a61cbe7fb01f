//===- TokenOps.h - a token from the same token -----------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of an entry's ops, those that compute each token of a sequence, [batch, time,
// ...], from the same token of others: `linalg.generic` but for products with a
// matrix of weights, reshapes, and slices.
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_TOKENOPS_H
#define SEQMIX_LIB_CONVERSION_TOKENOPS_H

#include "dialect/SeqmixOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace mlir {
namespace seqmix {

/// [batch, time, ...], both of any extent and nothing else so.
bool isSequence(Value value);

/// Whether the op is one of these; null is not.
bool isByToken(Operation *op);
/// Whether the op reads nothing, so that its result can be had anywhere.
bool isFill(Operation *op);

/// Whether the op reads what is multiplied with a matrix of weights, and
/// nothing else does: it can run in the tiles of the product.
bool followsProduct(Operation *op);

/// The sequences that such an op reads, and what it reads that is the same for
/// all tokens, but for constants.
SmallVector<Value> listSequences(Operation *op);
SmallVector<Value> listInvariants(Operation *op);

/// Bytes of a token of sequences.
int64_t countTokenBytes(ValueRange sequences);

/// Builds what such an op does to one token, or for a `length` to so many on
/// the first axis. `mapping` has what it reads; its result is added.
void emitForTokens(OpBuilder &builder, Operation *op, int64_t length,
                   IRMapping &mapping);

/// Builds a region's body. `mapping` has the operands of `op`, but for its
/// states, which are `states`, since one value may be several; what the region
/// yields is added as the results.
void emitRegion(OpBuilder &builder, RecurrenceOp op, Block &region,
                ValueRange states, IRMapping &mapping);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_TOKENOPS_H
