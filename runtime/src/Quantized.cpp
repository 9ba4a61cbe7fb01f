//===- Quantized.cpp - weights of eight bits ------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows are dense and made of whole groups, so that a matrix is one sequence of
// groups. Everything is computed in double, which holds an integer of eight
// bits times a scale exactly: a weight is rounded once in each direction.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Quantized.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace seqmix;

/// The largest integer: as far from zero as the smallest, so that a weight and
/// its negative are rounded alike.
static constexpr double most = 127;

static const char suffix[] = "_scale";

std::string seqmix::scaleName(const std::string &weight) {
  return weight + suffix;
}

int64_t seqmix::groupSize(const int64_t *weight, size_t weightRank,
                          const int64_t *scales, size_t scaleRank) {
  bool fits = weightRank == 2 && scaleRank == 2 && weight[0] == scales[0] &&
              weight[1] > 0 && scales[1] > 0 && weight[1] % scales[1] == 0;
  return fits ? weight[1] / scales[1] : 0;
}

/// To the nearest integer, and the even one of two: doubles this large have no
/// fraction. Unlike std::nearbyint a loop of it can be vectorized.
static double roundToEven(double value) {
  constexpr double noFraction = 0x1.8p52;
  return (value + noFraction) - noFraction;
}

/// Rounds one group, all of which is finite; returns the scale.
static float quantizeGroup(const double *weights, int64_t group,
                           double magnitude, int8_t *values) {
  auto scale = static_cast<float>(magnitude / most);
  // Beside the smallest numbers the quotient may be nothing at all, or far
  // from exact.
  if (scale == 0)
    std::memset(values, 0, group);
  else
    for (int64_t i = 0; i != group; ++i) {
      double rounded = roundToEven(weights[i] / scale);
      values[i] = static_cast<int8_t>(std::min(std::max(rounded, -most), most));
    }
  return scale;
}

int64_t seqmix::quantizeGroups(ElementType from, const void *source,
                               int64_t count, int64_t group, int8_t *values,
                               float *scales) {
  constexpr double limit = std::numeric_limits<float>::max();
  const char *in = static_cast<const char *>(source);
  std::vector<double> weights(group);
  for (int64_t begin = 0; begin != count; begin += group) {
    convertFloats(from, in + begin * elementBytes(from), ElementType::F64,
                  weights.data(), group);
    double magnitude = 0;
    for (int64_t i = 0; i != group; ++i) {
      double size = std::abs(weights[i]);
      if (!(size <= limit)) // or NaN
        return begin + i;
      magnitude = std::max(magnitude, size);
    }
    scales[begin / group] =
        quantizeGroup(weights.data(), group, magnitude, values + begin);
  }
  return count;
}

void seqmix::dequantizeGroups(const void *values, const void *scales,
                              int64_t count, int64_t group, ElementType to,
                              void *target) {
  auto *integers = static_cast<const int8_t *>(values);
  auto *scale = static_cast<const char *>(scales);
  auto *out = static_cast<char *>(target);
  std::vector<double> weights(group);
  for (int64_t begin = 0; begin != count; begin += group) {
    float unit;
    std::memcpy(&unit, scale + begin / group * sizeof(unit), sizeof(unit));
    for (int64_t i = 0; i != group; ++i)
      weights[i] = static_cast<double>(integers[begin + i]) * unit;
    convertFloats(ElementType::F64, weights.data(), to,
                  out + begin * elementBytes(to), group);
  }
}

const seqmix_abi_tensor *seqmix::findParameter(const seqmix_abi_model &model,
                                               const std::string &name) {
  for (uint32_t i = 0; i != model.num_params; ++i)
    if (name == model.params[i].name)
      return &model.params[i];
  return nullptr;
}

const seqmix_abi_tensor *seqmix::scalesOf(const seqmix_abi_model &model,
                                          const seqmix_abi_tensor &weight) {
  return weight.dtype == SEQMIX_ABI_I8
             ? findParameter(model, scaleName(weight.name))
             : nullptr;
}

const seqmix_abi_tensor *seqmix::weightOf(const seqmix_abi_model &model,
                                          const seqmix_abi_tensor &scales) {
  std::string name = scales.name;
  size_t length = std::strlen(suffix);
  if (name.size() <= length ||
      name.compare(name.size() - length, length, suffix) != 0)
    return nullptr;
  const seqmix_abi_tensor *weight =
      findParameter(model, name.substr(0, name.size() - length));
  return weight && weight->dtype == SEQMIX_ABI_I8 ? weight : nullptr;
}
