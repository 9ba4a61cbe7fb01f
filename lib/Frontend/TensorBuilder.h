//===- TensorBuilder.h - tensors with named axes --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_TENSORBUILDER_H
#define SEQMIX_FRONTEND_TENSORBUILDER_H

#include "lib/Frontend/Value.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::seqmix::sqm {

/// Builds upstream ops on tensors with named axes. It trusts its caller: axes
/// and sizes are checked before.
class TensorBuilder {
public:
  TensorBuilder(MLIRContext *context, FloatType type)
      : b(context), type(type), loc(b.getUnknownLoc()) {}

  using BinaryFn = Value (*)(OpBuilder &, Location, Value, Value);
  using UnaryFn = Value (*)(OpBuilder &, Location, Value);

  /// The type with these axes, of `element` or the model's float type.
  RankedTensorType typeOf(ArrayRef<Axis> axes, bool isSequence,
                          Type element = {}) const;
  /// A state's type: batch, then the axes.
  RankedTensorType stateType(ArrayRef<Axis> axes, Type element = {}) const;

  Tensor constant(double value, ArrayRef<Axis> axes, bool isSequence);
  /// 0, 1, 2, ... along the axis.
  Tensor iota(const Axis &axis);
  Tensor unary(UnaryFn fn, const Tensor &x);
  /// Operands have the same axes.
  Tensor binary(BinaryFn fn, const Tensor &a, const Tensor &b);
  /// Gives `x` these axes, in this order, and makes it a sequence if asked.
  Tensor broadcast(const Tensor &x, ArrayRef<Axis> axes, bool isSequence);
  /// Combines the axes at `positions` (ascending) with `fn`, from `init`.
  Tensor reduce(BinaryFn fn, double init, const Tensor &x,
                ArrayRef<int64_t> positions);
  /// Contracts. Each axis of the operands and the result is a numbered
  /// dimension; those of no result are summed over.
  Tensor contract(const Tensor &a, ArrayRef<unsigned> aDims, const Tensor &b,
                  ArrayRef<unsigned> bDims, ArrayRef<Axis> axes,
                  ArrayRef<unsigned> dims);
  /// Splits the axis at `position` into several.
  Tensor split(const Tensor &x, unsigned position, ArrayRef<Axis> parts);
  /// Merges `count` axes from `position` on into one.
  Tensor merge(const Tensor &x, unsigned position, unsigned count,
               const Axis &merged);
  /// The part of `size` elements at `offset` of the axis at `position`.
  Tensor slice(const Tensor &x, unsigned position, int64_t offset,
               const Axis &part);
  /// Parts of the same axes, one after the other along `position`.
  Tensor join(ArrayRef<Tensor> parts, unsigned position, const Axis &joined);
  /// Rows of `table` by the integers in `tokens`.
  Tensor gather(const Tensor &tokens, const Tensor &table);
  /// Drops axes of size one: `value` has the wanted axes and ones.
  Value dropOnes(Value value, ArrayRef<Axis> axes);

  OpBuilder b;
  FloatType type;
  /// Where the ops being built come from.
  Location loc;
  /// Extents of the sequences of the entry being built.
  Value batch, time;

private:
  Value empty(ArrayRef<Axis> axes, bool isSequence);
  Tensor transpose(const Tensor &x, ArrayRef<Axis> order);
  SmallVector<OpFoldResult> extents(ArrayRef<Axis> axes, bool isSequence);
};

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_TENSORBUILDER_H
