//===- ElementTypeTest.cpp - conversions between float formats ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every 16-bit pattern goes to wider types and back unchanged, and what lies
// between two patterns goes to the nearer one, or the even one.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ElementType.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

using namespace seqmix;

static double widen(ElementType type, uint16_t bits) {
  double value;
  convertFloats(type, &bits, ElementType::F64, &value, 1);
  return value;
}

static uint16_t narrow(ElementType type, double value) {
  uint16_t bits;
  convertFloats(ElementType::F64, &value, type, &bits, 1);
  return bits;
}

TEST(ElementTypeTest, KnownHalves) {
  EXPECT_EQ(widen(ElementType::F16, 0x3c00), 1.0);
  EXPECT_EQ(widen(ElementType::F16, 0xc000), -2.0);
  EXPECT_EQ(widen(ElementType::F16, 0x7bff), 65504.0);
  EXPECT_EQ(widen(ElementType::F16, 0x0001), std::ldexp(1.0, -24));
  EXPECT_EQ(widen(ElementType::F16, 0x03ff), std::ldexp(1023.0, -24));
  EXPECT_EQ(widen(ElementType::F16, 0x7c00), HUGE_VAL);
  EXPECT_TRUE(std::isnan(widen(ElementType::F16, 0x7e01)));
  EXPECT_TRUE(std::signbit(widen(ElementType::F16, 0x8000)));
}

TEST(ElementTypeTest, KnownBfloats) {
  EXPECT_EQ(widen(ElementType::BF16, 0x3f80), 1.0);
  EXPECT_EQ(widen(ElementType::BF16, 0x0001), std::ldexp(1.0, -133));
  EXPECT_EQ(widen(ElementType::BF16, 0xff80), -HUGE_VAL);
  EXPECT_TRUE(std::isnan(widen(ElementType::BF16, 0x7fc0)));
}

TEST(ElementTypeTest, EveryPatternComesBack) {
  for (ElementType type : {ElementType::F16, ElementType::BF16}) {
    for (uint32_t bits = 0; bits != 0x10000; ++bits) {
      double value = widen(type, static_cast<uint16_t>(bits));
      uint16_t back = narrow(type, value);
      auto pattern = static_cast<uint16_t>(bits);
      float single;
      convertFloats(type, &pattern, ElementType::F32, &single, 1);
      if (std::isnan(value)) {
        ASSERT_TRUE(std::isnan(widen(type, back)) && std::isnan(single));
        continue;
      }
      ASSERT_EQ(back, bits) << elementTypeName(type);
      ASSERT_EQ(static_cast<double>(single), value);
    }
  }
}

TEST(ElementTypeTest, RoundsToNearestEven) {
  for (ElementType type : {ElementType::F16, ElementType::BF16}) {
    uint16_t infinity = type == ElementType::F16 ? 0x7c00 : 0x7f80;
    for (uint16_t bits = 0; bits + 1 < infinity; ++bits) {
      double low = widen(type, bits), high = widen(type, bits + 1);
      double middle = (low + high) / 2;
      ASSERT_EQ(narrow(type, middle), bits % 2 ? bits + 1 : bits);
      ASSERT_EQ(narrow(type, std::nextafter(middle, low)), bits);
      ASSERT_EQ(narrow(type, std::nextafter(middle, high)), bits + 1);
    }
    EXPECT_EQ(narrow(type, 1e300), infinity);
    EXPECT_EQ(narrow(type, -1e300), infinity | 0x8000);
    EXPECT_EQ(narrow(type, -1e-300), 0x8000);
    EXPECT_EQ(narrow(type, std::numeric_limits<double>::denorm_min()), 0);
  }
  EXPECT_EQ(narrow(ElementType::F16, 65520.0), 0x7c00);
  EXPECT_EQ(narrow(ElementType::F16, 65519.9), 0x7bff);
}

TEST(ElementTypeTest, DoubleToSingleKeepsExtremes) {
  std::vector<double> wide = {1e300, -1e300, NAN, 1e-40, 0.1};
  std::vector<float> single(wide.size());
  convertFloats(ElementType::F64, wide.data(), ElementType::F32, single.data(),
                wide.size());
  EXPECT_EQ(single[0], HUGE_VALF);
  EXPECT_EQ(single[1], -HUGE_VALF);
  EXPECT_TRUE(std::isnan(single[2]));
  EXPECT_EQ(single[3], 1e-40f);
  EXPECT_EQ(single[4], 0.1f);
}

TEST(ElementTypeTest, Shapes) {
  int64_t product;
  int64_t small[] = {2, 3}, empty[] = {INT64_MAX, 0, INT64_MAX};
  int64_t large[] = {INT64_MAX, 2}, negative[] = {2, -1};
  EXPECT_TRUE(shapeProduct(small, 2, 4, product) && product == 24);
  EXPECT_TRUE(shapeProduct(empty, 3, 4, product) && product == 0);
  EXPECT_TRUE(shapeProduct(nullptr, 0, 4, product) && product == 4);
  EXPECT_FALSE(shapeProduct(large, 2, 4, product));
  EXPECT_FALSE(shapeProduct(negative, 2, 4, product));
  EXPECT_EQ(shapeString(small, 2), "[2, 3]");
}
