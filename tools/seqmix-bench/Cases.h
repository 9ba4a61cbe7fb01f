//===- Cases.h - what is measured -------------------------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_BENCH_CASES_H
#define SEQMIX_TOOLS_SEQMIX_BENCH_CASES_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace seqmix {

/// A mixer or model with its sizes.
struct Case {
  std::string name;
  std::string source; ///< a .sqm file, relative to the repository
  std::string entry;
  std::vector<std::pair<std::string, std::string>> defines;
  int64_t length;              ///< tokens of a prefill
  std::string weights = "f32"; ///< what projections' weights are kept in
  /// A parameter of which a token reads one row, by its name in the checkpoint.
  std::string table = "";
  /// Tokens that attention looks back at, at most; 0: no such limit.
  int64_t window = 0;

  /// Of the operations that the compiler counts for a token, those of the
  /// average token: it counts a whole window, which the first do not find.
  double shareOfWork() const;
};

/// One mixer of each class at a fixed shape.
std::vector<Case> listMixers();
/// Projections, and a model of a hundred million parameters, by what weights
/// are kept in.
std::vector<Case> listDense();
/// Whole models, small enough for long sequences.
std::vector<Case> listModels();

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_BENCH_CASES_H
