//===- TokenBuilder.h - small tensor algebra for one-token forms ----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_DIALECT_TOKENBUILDER_H
#define SEQMIX_DIALECT_TOKENBUILDER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir {
namespace seqmix {

/// Builds the ops that one-token forms are made of, on statically shaped
/// tensors: upstream `arith`, `math`, `linalg`, `tensor`.
class TokenBuilder {
public:
  TokenBuilder(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  /// A tensor of `shape` filled with `value`.
  Value splat(ArrayRef<int64_t> shape, Type element, double value);

  /// `x` with its axes placed at the axes of `shape` that are not in `added`
  /// (ascending); `added` are the new ones.
  Value broadcast(Value x, ArrayRef<int64_t> shape, ArrayRef<int64_t> added);

  /// The sum, or the maximum, of `x` over its axes `axes` (ascending).
  Value sum(Value x, ArrayRef<int64_t> axes);
  Value maximum(Value x, ArrayRef<int64_t> axes);

  /// Elementwise arithmetic on equal types.
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value div(Value a, Value b);
  Value exp(Value x);

  /// `x` with unit extents inserted or removed so that it has `shape`.
  Value reshape(Value x, ArrayRef<int64_t> shape);

  OpBuilder &builder;
  Location loc;

private:
  Value reduce(Value x, ArrayRef<int64_t> axes, double init, bool isSum);
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_DIALECT_TOKENBUILDER_H
