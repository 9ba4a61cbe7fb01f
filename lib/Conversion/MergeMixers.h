//===- MergeMixers.h - two recurrences in one loop --------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_MERGEMIXERS_H
#define SEQMIX_LIB_CONVERSION_MERGEMIXERS_H

#include "dialect/SeqmixOps.h"

namespace mlir {
namespace seqmix {

/// Whether `writer` can run in the loop of `reader`: no one else reads what it
/// computes for each token, and they take as many tokens at once.
bool canMerge(RecurrenceOp writer, RecurrenceOp reader);

/// Builds the recurrence of both, beside `reader`: the reader's outputs, and
/// the states of the reader, then those of the writer.
RecurrenceOp merge(RecurrenceOp writer, RecurrenceOp reader);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_MERGEMIXERS_H
