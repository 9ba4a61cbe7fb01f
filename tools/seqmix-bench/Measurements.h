//===- Measurements.h - what to run, and how long ---------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_BENCH_MEASUREMENTS_H
#define SEQMIX_TOOLS_SEQMIX_BENCH_MEASUREMENTS_H

#include "tools/seqmix-bench/Program.h"
#include "tools/seqmix-bench/Report.h"

namespace seqmix {

struct Plan {
  Making making;
  double seconds = 1;       ///< at least, of each measurement
  int64_t longest = 131072; ///< tokens that a model is given at most
};

/// Registers the ceilings, then all cases. `report` and `plan` outlive them.
void registerAll(const Plan &plan, Report &report);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_BENCH_MEASUREMENTS_H
