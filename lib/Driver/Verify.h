//===- Verify.h - every form of every mixer against its meaning -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_VERIFY_H
#define SEQMIX_LIB_DRIVER_VERIFY_H

#include "lib/Driver/Compiler.h"

namespace mlir {
namespace seqmix {
struct MixerReport;

struct VerifyRequest {
  CompileRequest compile; ///< the source, its configuration, the processor
  /// Tokens of the runs, each in one piece and in three.
  std::vector<int64_t> lengths = {0, 1, 2, 63, 64, 65, 127, 1000, 4097};
  uint64_t seed = 1;
  /// Roundings (2^-24 of the largest number) that an f32 form may err by. None:
  /// 64, or 256 for the class `delta`.
  std::optional<double> bound;
  bool json = false;
};

/// How a verification ends; the exit status of the command.
enum class Verdict { good = 0, exceeded = 1, error = 2 };

/// Compiles every mixer of a model's prefill alone, in every form that it
/// takes and in f32 and f64, runs all on this machine with random values, and
/// compares with one token after the other in f64. Prints a table, or a JSON
/// object, to `out`; errors, and on a terminal progress, to `errors`.
Verdict verifyMixers(const VerifyRequest &request, llvm::raw_ostream &out,
                     llvm::raw_ostream &errors);

/// Prints what came of it.
void printReports(llvm::StringRef model, const VerifyRequest &request,
                  llvm::ArrayRef<MixerReport> mixers, llvm::raw_ostream &out);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_VERIFY_H
