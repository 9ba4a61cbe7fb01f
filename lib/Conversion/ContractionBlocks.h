//===- ContractionBlocks.h - blocks of sums of products ---------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_CONTRACTIONBLOCKS_H
#define SEQMIX_LIB_CONVERSION_CONTRACTIONBLOCKS_H

#include "lib/Conversion/ContractionBlocking.h"
#include "lib/Conversion/ElementwiseBody.h"

namespace mlir {
namespace seqmix {

/// An op that adds products, and how it is blocked.
struct Contraction {
  linalg::GenericOp op;
  Blocking blocking;
};

/// What products are added to: zero, or what an elementwise op computes, or
/// else what is in the output.
struct ContractionStart {
  bool isZero = false;
  std::optional<ElementwiseBody> value; ///< not for dot products
};

/// Whether two contractions add to the same output, and the same blocks of it
/// suit both.
bool haveSameBlocks(Contraction a, Contraction b);

/// Emits, before the last of `chain`, the loops of contractions of the same
/// blocks that add to one output in turn. Blocks of that are kept in vectors of
/// `vectorBits` while the reductions run, so no input may be the output's
/// memory: what contractions sum over is not, or it would have been copied.
void lowerToBlocks(ArrayRef<Contraction> chain, const ContractionStart &start,
                   int64_t vectorBits);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_CONTRACTIONBLOCKS_H
