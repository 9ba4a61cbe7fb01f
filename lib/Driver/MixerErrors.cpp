//===- MixerErrors.cpp - how far results are from the reference -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/MixerErrors.h"

#include <cfloat>
#include <cmath>

using namespace mlir::seqmix;

/// Below, f32 has fewer digits: what is smaller counts as this.
static constexpr double smallest = FLT_MIN / rounding;
/// Exponents below are those of zero, whatever they are.
static constexpr double nothing = -1e29;

/// The largest difference to the largest number of `expected`; infinite if it
/// is no number.
static double getError(llvm::ArrayRef<double> values,
                       llvm::ArrayRef<double> expected) {
  double difference = 0, scale = smallest;
  for (auto [x, y] : llvm::zip_equal(values, expected)) {
    if (!std::isfinite(x))
      return INFINITY;
    difference = std::max(difference, std::abs(x - y));
    scale = std::max(scale, std::abs(y));
  }
  return difference / scale;
}

/// `mantissa * exp(exponent)` as a mantissa for another exponent. An exponent
/// may lack the mantissa's last axes.
static std::vector<double> rescale(llvm::ArrayRef<double> mantissa,
                                   llvm::ArrayRef<double> exponent,
                                   llvm::ArrayRef<double> other) {
  std::vector<double> scaled(mantissa);
  size_t sharing = exponent.empty() ? 1 : scaled.size() / exponent.size();
  for (auto [i, x] : llvm::enumerate(scaled)) {
    double from = exponent[i / sharing], to = other[i / sharing];
    if (x != 0 && std::max(from, to) > nothing)
      x *= std::exp(from - to);
  }
  return scaled;
}

std::vector<double>
mlir::seqmix::measureErrors(const MixerResult &result,
                            const MixerResult &expected,
                            llvm::ArrayRef<std::optional<size_t>> exponents) {
  std::vector<double> errors;
  for (auto [x, y] : llvm::zip_equal(result.outputs, expected.outputs))
    errors.push_back(getError(x, y));
  for (auto [index, y] : llvm::enumerate(expected.states)) {
    const std::vector<double> &x = result.states[index];
    std::optional<size_t> exponent = exponents[index];
    if (exponent)
      errors.push_back(getError(
          rescale(x, result.states[*exponent], expected.states[*exponent]), y));
    else
      errors.push_back(llvm::is_contained(exponents, std::optional(index))
                           ? 0
                           : getError(x, y));
  }
  return errors;
}
