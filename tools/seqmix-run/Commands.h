//===- Commands.h - what seqmix-run can do --------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_COMMANDS_H
#define SEQMIX_TOOLS_SEQMIX_RUN_COMMANDS_H

#include "tools/seqmix-run/Args.h"

namespace seqmix {

/// Each runs one command, prints its result to stdout and returns the exit
/// status of the program; what a user can cause ends the program with `fail`.

/// Feeds recorded inputs in three ways and compares with recorded outputs.
int runCheck(const Args &args);

/// Continues a prompt.
int runGenerate(const Args &args);

/// Measures tokens per second.
int runBench(const Args &args);

/// Lists what is in the model.
int runInfo(const Args &args);

/// Writes a checkpoint whose weights are of eight bits where the model's are.
int runQuantize(const Args &args);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_COMMANDS_H
