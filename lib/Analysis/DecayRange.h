//===- DecayRange.h - how large a value can be ----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_ANALYSIS_DECAYRANGE_H
#define SEQMIX_LIB_ANALYSIS_DECAYRANGE_H

#include "lib/Analysis/RecurrenceStructure.h"

#include <limits>

namespace mlir {
namespace seqmix {

/// The numbers from `low` to `high`, both included; infinite if not known.
struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  bool isDecay() const { return low >= 0 && high <= 1; }
};

/// The range of all elements of a value of real numbers, in exact arithmetic,
/// for any inputs and parameters that are numbers. Follows values through
/// elementwise operations, reshapes and broadcasts, from a recurrence's region
/// to its operands, and knows that x - max(x, y) is not positive. What it does
/// not know is unbounded.
Interval computeRange(Value value);

/// The range of a group's transition, off-diagonal terms aside.
Interval computeDecayRange(const StateGroup &group);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_ANALYSIS_DECAYRANGE_H
