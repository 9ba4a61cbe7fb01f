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

  double flops() const { return contracted + elementwise; }
  /// In units of a contraction's operation. An operation by itself loads and
  /// stores what it works on, which takes about as long as three of those.
  double time() const { return contracted + 3 * elementwise; }
};

/// The cost of `op`'s token region, or of its chunk region for each token.
FormCost measureToken(RecurrenceOp op);
FormCost measureChunk(RecurrenceOp op);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_FORMCOST_H
