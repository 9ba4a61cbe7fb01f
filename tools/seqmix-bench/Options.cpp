//===- Options.cpp - the command line of seqmix-bench ---------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-bench/Options.h"

#include "llvm/Support/CommandLine.h"

#include <thread>

using namespace seqmix;
namespace cl = llvm::cl;

namespace {
struct CommandLine {
  cl::OptionCategory category{"seqmix-bench options"};
  cl::opt<std::string> filter{
      "filter",
      cl::desc("Measure only what matches; ceilings are named ceiling/..."),
      cl::value_desc("regex"), cl::init("."), cl::cat(category)};
  cl::opt<double> seconds{
      "seconds", cl::desc("Time of each measurement, at least (default: 0.3)"),
      cl::init(0.3), cl::cat(category)};
  cl::opt<int> threads{
      "threads", cl::desc("Threads to compute with (default: the machine's)"),
      cl::value_desc("count"), cl::init(0), cl::cat(category)};
  cl::opt<std::string> march{
      "march",
      cl::desc("Processor to compile for, e.g. x86-64-v3; with "
               "SEQMIX_CPU_LEVEL=3 the runtime takes kernels for it, too "
               "(default: this one)"),
      cl::value_desc("name"), cl::cat(category)};
  cl::opt<int64_t> longest{
      "longest",
      cl::desc("Tokens that a model is given at most (default: 131072)"),
      cl::value_desc("tokens"), cl::init(131072), cl::cat(category)};
  cl::opt<std::string> root{"root", cl::desc("The repository"),
                            cl::value_desc("folder"), cl::init(SEQMIX_ROOT),
                            cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("Print a JSON object"),
                     cl::cat(category)};
  cl::opt<std::string> svg{"svg", cl::desc("Draw what was measured"),
                           cl::value_desc("file.svg"), cl::cat(category)};
};
} // namespace

static llvm::Expected<Options> toOptions(const CommandLine &line) {
  if (!(line.seconds > 0) || line.threads < 0 || line.longest < 1)
    return llvm::createStringError(
        "--seconds and --longest must be positive, and --threads not negative");
  int most = static_cast<int>(std::thread::hardware_concurrency());
  return Options{line.filter, line.seconds, line.threads ? line.threads : most,
                 line.march,  line.longest, line.root,
                 line.json,   line.svg};
}

llvm::Expected<Options> seqmix::parseCommandLine(int argc, char **argv) {
  // The compiler's libraries have options of their own, some by these names,
  // and lld registers its own when it is called, so these leave again.
  cl::ResetCommandLineParser();
  CommandLine line;
  cl::HideUnrelatedOptions(line.category);
  cl::ParseCommandLineOptions(
      argc, argv, "Measure mixers and models beside what the machine can do\n");
  llvm::Expected<Options> options = toOptions(line);
  cl::ResetCommandLineParser();
  return options;
}
