//===- VerifyMixer.h - a mixer's forms against its meaning ----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_VERIFYMIXER_H
#define SEQMIX_LIB_DRIVER_VERIFYMIXER_H

#include "lib/Driver/Regimes.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <optional>

namespace mlir {
namespace seqmix {

/// One form of a mixer in one precision, and what came of it.
struct FormReport {
  std::string form; ///< "step", "scan", "chunkwise"
  bool f64 = false;
  std::string recurrenceClass; ///< as the pass says; may be empty
  std::optional<double> bound; ///< none for what is only compared with
  /// Whether the bound stands however ill conditioned a run is.
  bool isStrict = false;
  std::string library; ///< the compiled mixer
  double error = 0;    ///< the worst, in `getUnit()`
  /// What an f32 form must be expected to err by, there: what step does, or
  /// what the last digits of the inputs make of the reference.
  double unavoidable = 0;
  std::string where; ///< tensor, length, regime
  bool hasFailed = false;

  const char *getUnit() const { return f64 ? "relative" : "roundings"; }
};

/// Runs that say nothing of a form.
struct SkippedRuns {
  std::string regime, reason; ///< the first reason
  int64_t skipped = 0, all = 0;
};

/// A mixer with all that is tried, and what came of it.
struct MixerReport {
  std::string place, kind;
  int64_t count = 1;               ///< of the mixers like this
  std::vector<std::string> states; ///< "S [2, 16, 32] f32"
  std::string obstacle;            ///< why it was not tried; else empty
  std::string failure;             ///< of the mixer as such; else empty
  Spread spread;                   ///< of normal inputs
  std::vector<std::string> signs;  ///< "g < 0", of tensors that have one
  /// The forms that differ, f32 step first.
  std::vector<FormReport> forms;
  std::vector<SkippedRuns> skips;

  bool hasFailed() const;
};

/// The compiled f64 reference of a mixer, and what its runs need.
struct MixerSetup {
  std::string reference;       ///< library
  std::string probe, probeF64; ///< libraries; empty: no states
  std::string weights;         ///< a file to write parameters to
  std::vector<double> inits;   ///< of the states
  /// For a state that is a mantissa, which of the states is its exponent.
  std::vector<std::optional<size_t>> exponents;
  std::vector<int64_t> lengths;
  int64_t batch = 2;
  uint64_t seed = 1;
};

/// Runs all forms of `report` in all regimes at all lengths and fills it in.
/// Calls `progress` with the name of each regime. Fails only if something
/// cannot be run.
llvm::Error verifyMixer(const MixerSetup &setup, MixerReport &report,
                        llvm::function_ref<void(llvm::StringRef)> progress);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_VERIFYMIXER_H
