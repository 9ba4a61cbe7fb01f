//===- NormalSource.h - normally distributed numbers ------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_NORMALSOURCE_H
#define SEQMIX_LIB_DRIVER_NORMALSOURCE_H

#include <cmath>
#include <cstdint>
#include <random>

namespace mlir {
namespace seqmix {

/// Normally distributed numbers, the same for a seed with every standard
/// library; `std::normal_distribution` is neither that nor quick. By the polar
/// method (Marsaglia and Bray 1964). One thread at a time.
class NormalSource {
public:
  explicit NormalSource(uint64_t seed) : generator(seed) {}

  /// With mean 0 and deviation 1.
  double next() {
    if (hasSpare) {
      hasSpare = false;
      return spare;
    }
    double x, y, square;
    do {
      x = uniform();
      y = uniform();
      square = x * x + y * y;
    } while (square >= 1 || square == 0);
    double factor = std::sqrt(-2 * std::log(square) / square);
    spare = y * factor;
    hasSpare = true;
    return x * factor;
  }

  /// 64 random bits.
  uint64_t bits() { return generator(); }

private:
  /// In [-1, 1).
  double uniform() {
    return static_cast<double>(generator() >> 11) * 0x1p-52 - 1;
  }

  std::mt19937_64 generator;
  double spare = 0;
  bool hasSpare = false;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_NORMALSOURCE_H
