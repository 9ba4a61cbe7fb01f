//===- Feeding.h - ways to feed the same tokens ---------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_FEEDING_H
#define SEQMIX_TOOLS_SEQMIX_RUN_FEEDING_H

#include "tools/seqmix-run/Progress.h"
#include "tools/seqmix-run/Recording.h"

namespace seqmix {

/// A way to feed a recording: the lengths of its pieces, in order.
struct Feeding {
  const char *name;
  std::vector<int64_t> pieces;
  bool bySteps; // each piece is one token and goes through `step`
};

/// In one piece, in two uneven pieces, and step by step.
std::vector<Feeding> allFeedings(int64_t length);

/// What the model answered.
struct Answer {
  /// [output][batch, T, shape...].
  std::vector<std::vector<double>> outputs;
  /// [batch, greedyLength]; -1 where a logit was NaN.
  std::vector<int64_t> greedy;
};

/// Feeds the recording's inputs to a new session and then, for as many tokens
/// as it has greedy ones, the likeliest token of each sequence.
Answer feed(const ModelHandle &model, const Recording &recording,
            const Feeding &feeding, Progress &progress);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_FEEDING_H
