//===- main.cpp - measure mixers and models, and the machine --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-bench/Measurements.h"
#include "tools/seqmix-bench/Options.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"

using namespace seqmix;

static int fail(const llvm::Twine &message) {
  llvm::errs() << "seqmix-bench: error: " << message << '\n';
  return 1;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  auto options = parseCommandLine(argc, argv);
  if (!options)
    return fail(llvm::toString(options.takeError()));
  llvm::SmallString<64> folder;
  if (std::error_code error =
          llvm::sys::fs::createUniqueDirectory("seqmix-bench", folder))
    return fail("cannot make a temporary folder: " + error.message());
  Plan plan = {
      {options->root, folder.str().str(), options->threads, options->march},
      options->seconds,
      options->longest};
  Report report(options->json);
  registerAll(plan, report);
  size_t ran = benchmark::RunSpecifiedBenchmarks(&report, options->filter);
  llvm::sys::fs::remove_directories(folder);
  if (!ran)
    return fail("nothing matches '" + options->filter + "'");
  if (options->json)
    writeJson(report, options->threads, llvm::outs());
  if (!options->svg.empty()) {
    std::error_code error;
    llvm::raw_fd_ostream out(options->svg, error);
    if (error)
      return fail("cannot write '" + options->svg + "': " + error.message());
    writeSvg(report, out);
  }
  return report.hasFailed() ? 1 : 0;
}
