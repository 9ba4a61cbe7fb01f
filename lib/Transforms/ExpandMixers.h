//===- ExpandMixers.h - write a mixer as a recurrence ---------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_EXPANDMIXERS_H
#define SEQMIX_LIB_TRANSFORMS_EXPANDMIXERS_H

#include "dialect/SeqmixOps.h"

namespace mlir {
namespace seqmix {

/// Replaces a mixer that does not run in reverse by the recurrence over its
/// one-token form, and returns that. `withChunk` gives it the mixer's own form
/// for several tokens at once as well.
RecurrenceOp expandMixer(MixerOpInterface mixer, bool withChunk = false);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_EXPANDMIXERS_H
