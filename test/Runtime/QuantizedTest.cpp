//===- QuantizedTest.cpp - weights of eight bits --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding is compared with the definition, computed the slow way, and with
// numbers that were worked out by hand where the definition is easy to miss.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Quantized.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

using namespace seqmix;

namespace {
struct Rounded {
  std::vector<int8_t> values;
  std::vector<float> scales;
  int64_t done;
};
} // namespace

static Rounded quantize(const std::vector<float> &weights, int64_t group) {
  Rounded rounded;
  rounded.values.resize(weights.size(), 99);
  rounded.scales.resize(weights.size() / group, -1.0f);
  rounded.done =
      quantizeGroups(ElementType::F32, weights.data(), weights.size(), group,
                     rounded.values.data(), rounded.scales.data());
  return rounded;
}

static std::vector<float> dequantize(const Rounded &rounded, int64_t group) {
  std::vector<float> weights(rounded.values.size());
  dequantizeGroups(rounded.values.data(), rounded.scales.data(), weights.size(),
                   group, ElementType::F32, weights.data());
  return weights;
}

TEST(QuantizedTest, GroupsComeFromShapes) {
  auto group = [](std::vector<int64_t> weight, std::vector<int64_t> scales) {
    return groupSize(weight.data(), weight.size(), scales.data(),
                     scales.size());
  };
  EXPECT_EQ(group({4, 64}, {4, 2}), 32);
  EXPECT_EQ(group({1, 96}, {1, 3}), 32);
  EXPECT_EQ(group({4, 64}, {4, 1}), 64);
  EXPECT_EQ(group({4, 7}, {4, 7}), 1);
  EXPECT_EQ(group({4, 64}, {4, 3}), 0);
  EXPECT_EQ(group({4, 64}, {5, 2}), 0);
  EXPECT_EQ(group({4, 64}, {4, 128}), 0);
  EXPECT_EQ(group({4, 64}, {4, 0}), 0);
  EXPECT_EQ(group({4, 0}, {4, 2}), 0);
  EXPECT_EQ(group({64}, {2}), 0);
  EXPECT_EQ(group({4, 64}, {4}), 0);
  EXPECT_EQ(group({2, 4, 64}, {2, 4, 2}), 0);
  EXPECT_EQ(scaleName("a.weight"), "a.weight_scale");
}

TEST(QuantizedTest, RoundsByTheDefinition) {
  std::mt19937 generator(3);
  std::normal_distribution<float> normal;
  // One row or several, one group in a row or an odd number, groups of one.
  for (auto [rows, columns, group] : {std::tuple<int, int, int>{1, 32, 32},
                                      {3, 96, 32},
                                      {1, 5, 5},
                                      {7, 9, 3},
                                      {2, 4, 1},
                                      {5, 160, 32}}) {
    std::vector<float> weights(rows * columns);
    for (float &weight : weights)
      weight = 0.02f * normal(generator);
    Rounded rounded = quantize(weights, group);
    ASSERT_EQ(rounded.done, rows * columns);
    std::vector<float> back = dequantize(rounded, group);
    for (size_t i = 0; i != weights.size(); ++i) {
      const float *first = &weights[i / group * group];
      float magnitude = 0;
      for (int k = 0; k != group; ++k)
        magnitude = std::max(magnitude, std::abs(first[k]));
      double scale = rounded.scales[i / group];
      ASSERT_EQ(rounded.scales[i / group], float(magnitude / 127.0));
      ASSERT_EQ(rounded.values[i], std::nearbyint(weights[i] / scale));
      ASSERT_EQ(back[i], float(rounded.values[i] * scale));
      ASSERT_LE(std::abs(back[i] - weights[i]), scale / 2 * 1.000001);
    }
  }
}

TEST(QuantizedTest, HalvesGoToEven) {
  Rounded rounded = quantize({127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f,
                              126.5f, std::nextafterf(0.5f, 1.0f)},
                             9);
  EXPECT_EQ(rounded.scales, std::vector<float>({1}));
  EXPECT_EQ(rounded.values,
            std::vector<int8_t>({127, 0, 2, 2, 0, -2, -2, 126, 1}));
}

TEST(QuantizedTest, SignsAndZeros) {
  Rounded rounded = quantize({-254, 127, 0, 0, 3e38f, 1, -3e38f, -0.0f}, 2);
  EXPECT_EQ(rounded.scales,
            std::vector<float>({2, 0, float(double(3e38f) / 127),
                                float(double(3e38f) / 127)}));
  EXPECT_EQ(rounded.values,
            std::vector<int8_t>({-127, 64, 0, 0, 127, 0, -127, 0}));
  EXPECT_EQ(dequantize(rounded, 2)[2], 0);
}

TEST(QuantizedTest, TheSmallestNumbers) {
  float tiniest = std::numeric_limits<float>::denorm_min();
  // A scale of nothing, one that is rounded down by a third, and one that is
  // rounded up.
  Rounded rounded = quantize(
      {tiniest, 63 * tiniest, 190 * tiniest, -tiniest, -191 * tiniest, tiniest},
      2);
  EXPECT_EQ(rounded.scales, std::vector<float>({0, tiniest, 2 * tiniest}));
  EXPECT_EQ(rounded.values, std::vector<int8_t>({0, 0, 127, -1, -96, 0}));
  for (float back : dequantize(rounded, 2))
    EXPECT_TRUE(std::isfinite(back));
}

TEST(QuantizedTest, StopsAtWhatIsNotFinite) {
  for (float bad : {NAN, -NAN, HUGE_VALF, -HUGE_VALF}) {
    std::vector<float> weights(12, 1.0f);
    weights[7] = bad;
    EXPECT_EQ(quantize(weights, 4).done, 7);
  }
  std::vector<double> wide = {1, 1e39};
  int8_t values[2];
  float scale;
  EXPECT_EQ(quantizeGroups(ElementType::F64, wide.data(), 2, 2, values, &scale),
            1);
}

TEST(QuantizedTest, AnyFloatsInAndOut) {
  std::vector<double> weights = {1, -0.5, 0.25, 127.0 / 64};
  for (ElementType type : {ElementType::F64, ElementType::F32, ElementType::F16,
                           ElementType::BF16}) {
    // One byte off, as in a file.
    std::vector<char> bytes(4 * 8 + 1), back(4 * 8 + 1),
        units(sizeof(float) + 1);
    convertFloats(ElementType::F64, weights.data(), type, &bytes[1], 4);
    int8_t values[4];
    float scale;
    ASSERT_EQ(quantizeGroups(type, &bytes[1], 4, 4, values, &scale), 4);
    EXPECT_EQ(scale, 1.0f / 64);
    EXPECT_EQ(std::vector<int8_t>(values, values + 4),
              std::vector<int8_t>({64, -32, 16, 127}));
    std::copy_n(reinterpret_cast<char *>(&scale), sizeof(scale), &units[1]);
    dequantizeGroups(values, &units[1], 4, 4, type, &back[1]);
    EXPECT_EQ(back, bytes) << elementTypeName(type);
  }
}
