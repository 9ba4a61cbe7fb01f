//===- Program.h - a case, compiled and opened ------------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_BENCH_PROGRAM_H
#define SEQMIX_TOOLS_SEQMIX_BENCH_PROGRAM_H

#include "lib/Transforms/Forms.h"
#include "tools/seqmix-bench/Cases.h"

#include "llvm/Support/Error.h"

#include <memory>

#include <seqmix/device.h>
#include <seqmix/seqmix.h>

namespace seqmix {

using mlir::seqmix::FormChoice;

/// How a program is made.
struct Making {
  std::string root;   ///< the repository
  std::string folder; ///< for what is compiled
  int threads = 0;    ///< 0: as many as the machine has
  std::string march;  ///< empty: this machine's processor
  /// Of the mixers; `step` and `reference` run on one thread.
  FormChoice form = FormChoice::automatic;
};

/// A case as an artifact in memory, with a session of one sequence, input drawn
/// at random and random weights.
class Program {
public:
  static llvm::Expected<std::unique_ptr<Program>> make(const Case &which,
                                                       const Making &making);
  ~Program();
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;

  /// Takes in so many tokens from the start.
  llvm::Error prefill(int64_t length);
  /// Takes in one more.
  llvm::Error step();

  const std::string &form() const { return Form; }
  /// Floating-point operations of a token, as the compiler counts them.
  double flops() const { return Flops; }
  /// Bytes of a token that are read or written at least: inputs and outputs.
  double tokenBytes() const { return TokenBytes; }
  double stateBytes() const;
  /// Bytes of the parameters that a token reads.
  double weightBytes() const { return WeightBytes; }
  /// Floating-point operations of a token in projections.
  double weightFlops() const { return WeightFlops; }

private:
  Program() = default;
  llvm::Error compile(const Case &which, const Making &making);
  llvm::Error open(const Case &which, const Making &making);
  llvm::Error makeBuffers(int64_t tokens);
  llvm::Error makeBuffers(seqmix_table table, int64_t tokens,
                          std::vector<void *> &pointers);

  std::string Library, Form;
  void countWeights(llvm::StringRef table);

  double Flops = 0, TokenBytes = 0, WeightBytes = 0, WeightFlops = 0;
  seqmix_model *Model = nullptr;
  seqmix_session *Session = nullptr;
  std::vector<void *> Inputs, Outputs;
};

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_BENCH_PROGRAM_H
