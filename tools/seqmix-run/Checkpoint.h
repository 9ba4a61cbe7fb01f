//===- Checkpoint.h - a checkpoint's tensors and a model's ----*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_CHECKPOINT_H
#define SEQMIX_TOOLS_SEQMIX_RUN_CHECKPOINT_H

#include "tools/seqmix-run/Args.h"

#include <string>
#include <vector>

namespace seqmix {

/// The names that only one side has, each in its own order.
struct CheckpointNames {
  std::vector<std::string> missing; // parameters that no file has
  std::vector<std::string> unused;  // tensors that are no parameter
};

/// Compares the model that the arguments name with their weights, by name
/// alone. Ends the program with a sentence if one of the files cannot be read.
CheckpointNames compareNames(const Args &args);

/// The names in quotes, with commas between.
std::string listNames(const std::vector<std::string> &names);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_CHECKPOINT_H
