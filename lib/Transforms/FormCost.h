//===- FormCost.h - what a form costs for each token ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_FORMCOST_H
#define SEQMIX_LIB_TRANSFORMS_FORMCOST_H

#include "dialect/SeqmixOps.h"

namespace mlir {
namespace seqmix {

/// What one token of one sequence costs in some form, counted from its program.
struct FormCost {
  /// Floating-point operations in contractions, which run from registers: two
  /// for each product that is summed.
  double contracted = 0;
  /// All others. They run at the speed of the nearest memory.
  double elementwise = 0;
  /// Bytes of states, read and written, and of the token itself.
  double bytes = 0;

  /// In units of a contraction's operation. An operation by itself loads and
  /// stores what it works on; it is taken to cost as much as three of those.
  ///
  /// The three is an estimate for a machine with many threads, and not right
  /// for one: with 16 heads of 64 by 64, T = 2048, chunks of 16 were measured
  /// at 0.7 to 1.0 of the step's speed on one AVX2 thread, 1.0 to 1.6 on two,
  /// since the step's loops are fused by the backend and chunks are divided
  /// over threads.
  double time() const { return contracted + 3 * elementwise; }
};

/// The cost of `op`'s token region, or of its chunk region for each token.
FormCost measureToken(RecurrenceOp op);
FormCost measureChunk(RecurrenceOp op);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_FORMCOST_H
