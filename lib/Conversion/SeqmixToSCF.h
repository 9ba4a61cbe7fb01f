//===- SeqmixToSCF.h - a mixer as loops over tensors ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_SEQMIXTOSCF_H
#define SEQMIX_LIB_CONVERSION_SEQMIXTOSCF_H

#include "dialect/SeqmixOps.h"

namespace mlir {
namespace seqmix {

/// Builds the loops over batch and tokens that compute `mixer` into `outputs`
/// ([batch, time, ...]) and `states` ([batch, ...]); returns the values of both
/// afterwards. The op stays.
SmallVector<Value> buildMixerLoops(OpBuilder &builder, MixerOpInterface mixer,
                                   ValueRange outputs, ValueRange states);

/// Tensors without values for the mixer's outputs.
SmallVector<Value> buildEmptyOutputs(OpBuilder &builder,
                                     MixerOpInterface mixer);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_SEQMIXTOSCF_H
