//===- Sampler.h - choose the next token ----------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_SAMPLER_H
#define SEQMIX_TOOLS_SEQMIX_RUN_SAMPLER_H

#include <cstdint>
#include <random>
#include <vector>

#include <seqmix/seqmix.h>

namespace seqmix {

/// `count` floats of any model type as doubles.
std::vector<double> widenFloats(seqmix_dtype dtype, const void *data,
                                size_t count);

/// Index of the largest value, the first of equals; -1 if one is NaN or there
/// are none.
int64_t argmax(const double *values, size_t count);

/// Draws tokens: the same seed, settings and logits give the same tokens on
/// every machine.
class Sampler {
public:
  /// `temperature` 0 takes the likeliest; `topK` 0 considers all.
  Sampler(double temperature, int64_t topK, uint64_t seed);

  /// The next token, or -1 if a logit is NaN.
  int64_t choose(const std::vector<double> &logits);

private:
  double Temperature;
  size_t TopK;
  std::mt19937_64 Generator;
};

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_SAMPLER_H
