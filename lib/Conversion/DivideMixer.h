//===- DivideMixer.h - parts of an op that says where they are --*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_DIVIDEMIXER_H
#define SEQMIX_LIB_CONVERSION_DIVIDEMIXER_H

#include "dialect/SeqmixOps.h"

namespace mlir {
namespace seqmix {

/// Replaces `op` by a parallel loop over `parts` of it, each lowered as by
/// `convert-seqmix-to-scf`. `axes`: as of getDividedAxes, of extents that are
/// multiples of `parts`.
void divideMixer(MixerOpInterface op, ArrayRef<std::optional<unsigned>> axes,
                 int64_t parts);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_DIVIDEMIXER_H
