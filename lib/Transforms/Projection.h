//===- Projection.h - contractions that are matrix products ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_PROJECTION_H
#define SEQMIX_LIB_TRANSFORMS_PROJECTION_H

#include "dialect/SeqmixOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir {
namespace seqmix {

/// Whether a contraction with these maps of its two factors and of its sum is
/// `[batch, time, K] * [N, K]`.
bool isProjection(AffineMap input, AffineMap weight, AffineMap output);

/// Replaces every contraction `[batch, time, K] * [N, K]` of an entry point by
/// a `matmul`. Its operands then lie in memory as they are: where one would be
/// part of another value, or of another type than the product wants, an op that
/// copies it is added. Values that the entry returns are made to lie in memory
/// in the same way.
void formProjections(EntryOp entry);

/// The same in a function on the CPU, where any rows can be read in place, and
/// inputs are of f32 whatever the weights are: only they are widened on the
/// way.
void formProjections(func::FuncOp function);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_PROJECTION_H
