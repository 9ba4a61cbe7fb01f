//===- Recording.h - recorded inputs and outputs --------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_RECORDING_H
#define SEQMIX_TOOLS_SEQMIX_RUN_RECORDING_H

#include "tools/seqmix-run/Handles.h"

namespace seqmix {

/// What a model was once given and what it answered.
struct Recording {
  int64_t batch = 0;
  int64_t length = 0; // T
  /// [input][batch, T, shape...] in the model's types.
  std::vector<std::vector<char>> inputs;
  /// [output][batch, T, shape...]; empty for outputs that were not recorded.
  std::vector<std::vector<double>> outputs;
  /// [batch, greedyLength]: the likeliest tokens after the inputs.
  std::vector<int64_t> greedy;
  int64_t greedyLength = 0;

  /// Whether there is anything to compare with.
  bool hasExpectations() const;
};

/// Reads the recording at `path`, whose tensors are named as the model's inputs
/// and outputs; a token model's may also be named tokens and logits, and come
/// with greedy. Ends the program with a sentence if something is missing or
/// does not fit the model.
Recording readRecording(const std::string &path, const ModelHandle &model);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_RECORDING_H
