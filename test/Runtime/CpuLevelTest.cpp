//===- CpuLevelTest.cpp - code for several levels of processors -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The best code that the processor runs is taken, and code beyond it never is.
// The environment variable makes any processor a lesser one.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CpuLevel.h"
#include "test/Runtime/Fixtures.h"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include <seqmix/device.h>

using namespace seqmix;
using namespace seqmix::test;

namespace {
class CpuLevelTest : public testing::Test {
protected:
  void TearDown() override { unsetenv("SEQMIX_CPU_LEVEL"); }

  static void lowerTo(const char *level) {
    setenv("SEQMIX_CPU_LEVEL", level, 1);
  }

  /// Of the code that is chosen of a hand-written model.
  static std::string chosen(const char *name) {
    ModelPtr model = openFake(name);
    seqmix_device_info info;
    seqmix_model_device(model.get(), &info);
    return info.target;
  }

  static std::string refusal(const char *name, seqmix_status code) {
    seqmix_model *model;
    seqmix_error error;
    EXPECT_EQ(seqmix_model_open(fakePath(name).c_str(), nullptr, nullptr,
                                &model, &error),
              code);
    return error.message;
  }
};
} // namespace

TEST_F(CpuLevelTest, IsLoweredAndNeverRaised) {
  uint32_t most = detectCpuLevel(), level = 9;
#ifdef __x86_64__
  EXPECT_GE(most, 1u);
  EXPECT_LE(most, maxCpuLevel);
#else
  EXPECT_EQ(most, 0u);
#endif
  EXPECT_TRUE(chooseCpuLevel(level).ok());
  EXPECT_EQ(level, most);
  lowerTo("");
  EXPECT_TRUE(chooseCpuLevel(level).ok());
  EXPECT_EQ(level, most);
  for (uint32_t asked = 1; asked <= maxCpuLevel; ++asked) {
    lowerTo(std::to_string(asked).c_str());
    EXPECT_TRUE(chooseCpuLevel(level).ok());
    EXPECT_EQ(level, std::min(asked, most));
  }
}

TEST_F(CpuLevelTest, WrongLevelsAreRefused) {
  for (const char *text :
       {"0", "5", "-1", "v3", "3 ", "99999999999999999999"}) {
    lowerTo(text);
    EXPECT_EQ(refusal("fake_model", SEQMIX_ERROR_INVALID_ARGUMENT),
              "SEQMIX_CPU_LEVEL is '" + std::string(text) +
                  "' when it should be a number from 1 to 4");
  }
}

TEST_F(CpuLevelTest, CodeForAnyProcessorIsTakenOnAny) {
  for (const char *level : {"1", "2", "3", "4"}) {
    lowerTo(level);
    EXPECT_EQ(chosen("fake_model"), "any");
  }
}

TEST_F(CpuLevelTest, TheBestThatRunsIsTaken) {
  if (detectCpuLevel() < 3)
    GTEST_SKIP() << "this processor has " << cpuLevelName(detectCpuLevel());
  EXPECT_EQ(chosen("fake_levels"), "third");
  lowerTo("3");
  EXPECT_EQ(chosen("fake_levels"), "third");
  lowerTo("2");
  EXPECT_EQ(chosen("fake_levels"), "second");
  lowerTo("1");
  EXPECT_EQ(chosen("fake_levels"), "any");
}

TEST_F(CpuLevelTest, WhatIsBeyondIsRefused) {
  if (detectCpuLevel() < 2)
    GTEST_SKIP() << "this processor has " << cpuLevelName(detectCpuLevel());
  lowerTo("1");
  EXPECT_EQ(refusal("fake_high", SEQMIX_ERROR_INCOMPATIBLE),
            "model 'fake' has code for x86-64-v2 but this processor has "
            "x86-64 by SEQMIX_CPU_LEVEL");
}

TEST_F(CpuLevelTest, TargetsAreListed) {
  lowerTo("1");
  ModelPtr model = openFake("fake_levels");
  ASSERT_EQ(seqmix_model_target_count(model.get()), 3u);
  seqmix_target_info info;
  ASSERT_EQ(seqmix_model_target(model.get(), 0, &info), SEQMIX_OK);
  EXPECT_STREQ(info.name, "any");
  EXPECT_EQ(info.capability, 0);
  EXPECT_EQ(info.is_chosen, 1);
  ASSERT_EQ(seqmix_model_target(model.get(), 2, &info), SEQMIX_OK);
  EXPECT_STREQ(info.name, "third");
  EXPECT_EQ(info.device, SEQMIX_CPU);
  EXPECT_EQ(info.capability, 3);
  EXPECT_EQ(info.is_chosen, 0);
  EXPECT_EQ(seqmix_model_target(model.get(), 3, &info),
            SEQMIX_ERROR_OUT_OF_RANGE);
}
