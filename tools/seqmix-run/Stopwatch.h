//===- Stopwatch.h - medians of seconds -----------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_STOPWATCH_H
#define SEQMIX_TOOLS_SEQMIX_RUN_STOPWATCH_H

#include "tools/seqmix-run/Handles.h"

#include <functional>

namespace seqmix {

/// Median of the seconds that `body` takes, after one run to warm up. `what` is
/// what the progress line says is measured.
double medianSeconds(const char *what, const std::function<void()> &body);

/// Bytes read and written in a second by a copy in the memory of the model's
/// device: on the CPU by as many threads as the model uses.
double measureCopy(const ModelHandle &model);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_STOPWATCH_H
