//===- Args.h - the command line of seqmix-run ----------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_ARGS_H
#define SEQMIX_TOOLS_SEQMIX_RUN_ARGS_H

#include <cstdint>
#include <string>
#include <vector>

namespace seqmix {

/// Where a model runs.
struct Device {
  bool isCuda = false;
  int index = 0; // of the card
};

/// What the user asked for. Members hold their defaults until an option sets
/// them.
struct Args {
  std::string model;
  std::string command; // "check", "generate", "bench", "info" or "quantize"
  std::string recording;
  std::string output; // of quantize
  std::vector<std::string> weights;
  int threads = 0;
  Device device;
  bool ownMatmul = false;
  int64_t piece = 0; // tokens at once; 0: the runtime's choice
  bool json = false;

  double tolerance = 2e-4;
  bool hasReference = false;
  Device reference;          // its outputs are expected, not the recorded ones
  double waysTolerance = -1; // negative: chosen by the model's precision

  std::string prompt;
  std::vector<int32_t> promptIds;
  bool hasPrompt = false;
  bool hasPromptIds = false;
  int64_t count = 64;
  double temperature = 0;
  int64_t topK = 0;
  uint64_t seed = 1;
  bool ids = false;
  bool stats = false;
  std::string loadState;
  std::string saveState;

  int64_t batch = 1;
  int64_t length = 512;
};

/// Reads the command line. Options may stand before or after the command.
/// Prints the help and exits with 0 if it is asked for; fails with a sentence
/// on anything that is not understood or does not belong to the command.
Args parseArgs(int argc, char **argv);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_ARGS_H
