//===- TokenLifter.h - a token's operations for a chunk of tokens ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_TOKENLIFTER_H
#define SEQMIX_LIB_TRANSFORMS_TOKENLIFTER_H

#include "dialect/SeqmixOps.h"

#include "mlir/IR/IRMapping.h"

namespace mlir {
namespace seqmix {

/// Builds, on demand, the operations of a recurrence's token region for all
/// tokens of a chunk: each of a value's tokens at an index of a new first axis.
/// Only what differs from token to token gets that axis. The values with which
/// it begins (the tokens, and what the states are for each token) are set by
/// the caller; nothing is built for a value that depends on a state that was
/// not set.
class TokenLifter {
public:
  TokenLifter(OpBuilder &builder, int64_t length)
      : builder(builder), length(length) {}

  /// Says what a value is for the chunk; `varies`: it has the axis of tokens.
  void set(Value token, Value chunk, bool varies);
  /// A value of the token's program for the chunk, with the axis of tokens if
  /// `varies(value)`. Fails where an operation on the way cannot be lifted.
  FailureOr<Value> lift(Value value);
  /// The same with the axis of tokens in any case.
  FailureOr<Value> liftFully(Value value);
  bool varies(Value value) const { return varying.contains(value); }

private:
  FailureOr<Value> liftOp(Operation *op);
  FailureOr<Value> liftElementwise(Operation *op);
  FailureOr<Value> liftStructured(Operation *op);
  FailureOr<Value> liftShape(Operation *op);
  Value repeat(Value value);
  Value emptyLike(Value token);
  RankedTensorType chunkType(Value token);

  OpBuilder &builder;
  int64_t length;
  IRMapping lifted;
  DenseSet<Value> varying;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_TOKENLIFTER_H
