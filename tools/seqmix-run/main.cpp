//===- main.cpp - run compiled sequence models ----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks, runs, measures and describes models that seqmixc compiled, and makes
// checkpoints for them. It reads the command line and hands over to the
// command.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Commands.h"
#include "tools/seqmix-run/Fail.h"

#include <cstdio>
#include <exception>

using namespace seqmix;

static int runCommand(const Args &args) {
  if (args.command == "check")
    return runCheck(args);
  if (args.command == "generate")
    return runGenerate(args);
  if (args.command == "bench")
    return runBench(args);
  if (args.command == "quantize")
    return runQuantize(args);
  return runInfo(args);
}

int main(int argc, char **argv) {
  try {
    int status = runCommand(parseArgs(argc, argv));
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      fail("cannot write the result");
    return status;
  } catch (const std::bad_alloc &) {
    fail("memory ran out");
  } catch (const std::exception &fault) {
    fail("%s", fault.what());
  }
}
