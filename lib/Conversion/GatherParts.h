//===- GatherParts.h - what lies far apart, in one piece --------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_GATHERPARTS_H
#define SEQMIX_LIB_CONVERSION_GATHERPARTS_H

#include "dialect/SeqmixOps.h"

namespace mlir {
namespace seqmix {

/// Copies the `tokens` of a chunk of `mixer`, and what sums run across of the
/// old `states` that the chunk goes through in a loop, where they are parts of
/// larger ones: they lie far apart, at distances that caches dislike.
void gatherParts(OpBuilder &builder, MixerOpInterface mixer,
                 ArrayRef<Value> tokens, ValueRange states);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_GATHERPARTS_H
