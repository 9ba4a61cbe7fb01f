//===- Progress.h - a line that says how far we are -----------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_PROGRESS_H
#define SEQMIX_TOOLS_SEQMIX_RUN_PROGRESS_H

#include <chrono>
#include <cstdint>
#include <string>

namespace seqmix {

/// Rewrites one line on stderr while something takes longer than two seconds;
/// silent when stderr is not a terminal. The line goes away with the object.
class Progress {
public:
  Progress();
  ~Progress();

  /// Says that `done` of `total` units of `what` are finished.
  void update(const std::string &what, int64_t done, int64_t total);

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point Started;
  Clock::time_point Printed;
  bool Enabled;
  bool Visible = false;
};

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_PROGRESS_H
