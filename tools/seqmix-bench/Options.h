//===- Options.h - the command line of seqmix-bench -------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_BENCH_OPTIONS_H
#define SEQMIX_TOOLS_SEQMIX_BENCH_OPTIONS_H

#include "llvm/Support/Error.h"

#include <string>

namespace seqmix {

struct Options {
  std::string filter; ///< a regular expression; names match anywhere
  double seconds;     ///< at least, of each measurement
  int threads;
  std::string march; ///< to compile for; empty: this processor
  int64_t longest;   ///< tokens that a model is given at most
  std::string root;  ///< the repository
  bool json;
  std::string svg; ///< a file; empty: none
};

/// Exits for --help and for what is no option.
llvm::Expected<Options> parseCommandLine(int argc, char **argv);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_BENCH_OPTIONS_H
