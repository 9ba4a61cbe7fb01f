//===- LoopBuilder.h - ops over loops that have numbers ---------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_DIALECT_LOOPBUILDER_H
#define SEQMIX_DIALECT_LOOPBUILDER_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir {
namespace seqmix {

/// Loops by number, in the order of a tensor's axes or of a nest.
using Loops = ArrayRef<unsigned>;

/// Builds `linalg.generic` ops on tensors whose axes are loops of known
/// extents: where upstream's maps count the loops of one op, numbers here mean
/// the same loop in all of them.
class LoopBuilder {
public:
  using Operands = ArrayRef<std::pair<Value, Loops>>;
  /// Given the numbers of the operands and those that results are written over,
  /// builds those of the results.
  using Body = llvm::function_ref<SmallVector<Value>(ImplicitLocOpBuilder &,
                                                     ValueRange)>;

  /// Floating-point tensors are of `element`. `b` outlives the builder.
  LoopBuilder(ImplicitLocOpBuilder &b, FloatType element)
      : b(b), element(element) {}

  /// What a loop's extent is from now on.
  void setExtent(unsigned loop, int64_t extent);
  int64_t extentOf(unsigned loop) const { return extents[loop]; }

  SmallVector<int64_t> shapeOf(Loops loops) const;
  Value empty(Loops loops);
  Value fill(Loops loops, double number);
  /// One op on all points of `order`. Results, by `result`, are computed from
  /// what is in `into`, and written over it; other loops are summed over.
  SmallVector<Value> compute(Loops order, Loops result, Operands in,
                             ValueRange into, Body body);

private:
  ImplicitLocOpBuilder &b;
  FloatType element;
  SmallVector<int64_t> extents;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_DIALECT_LOOPBUILDER_H
