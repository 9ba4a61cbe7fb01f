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
  /// The three is an estimate. With 16 heads of 64 by 64, 2048 tokens and one
  /// thread (AVX-512), chunks of 8, 16 and 32 were measured at 0.52, 0.54 and
  /// 0.62 of the step's time, where this says 0.33, 0.34 and 0.38: the step's
  /// loops are fused, and its state is kept near.
  double time() const { return contracted + 3 * elementwise; }
};

/// The cost of `op`'s token region, or of its chunk region for each token.
FormCost measureToken(RecurrenceOp op);
FormCost measureChunk(RecurrenceOp op);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_FORMCOST_H
