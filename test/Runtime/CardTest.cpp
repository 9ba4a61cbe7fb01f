//===- CardTest.cpp - on a card, where there is one -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the fake driver cannot show: that the real one takes what it is given.
// The model's kernels are PTX (fake_ptx.h), rounded as on the CPU, so answers
// are equal to the bit. Without a card these tests are skipped.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CublasLt.h"
#include "runtime/src/CudaDevice.h"
#include "test/Runtime/Fixtures.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

#include <gtest/gtest.h>
#include <seqmix/device.h>

using namespace seqmix;
using namespace seqmix::test;

#define OPEN_OR_SKIP(model, piece)                                             \
  ModelPtr model = openFakeOnCard(piece);                                      \
  if (!model)                                                                  \
  GTEST_SKIP() << "this machine has no card"

TEST(CardTest, AnswersAreThoseOfTheCpu) {
  for (int64_t batch : {1, 3})
    for (int64_t piece : {0, 1, 192}) {
      OPEN_OR_SKIP(model, piece);
      std::vector<int32_t> tokens = someTokens(batch * 401);
      SessionPtr expected = createSession(openFake(), batch);
      SessionPtr session = createSession(model, batch);
      EXPECT_EQ(save(session), save(expected));
      EXPECT_EQ(prefill(session, tokens), prefill(expected, tokens));
      EXPECT_EQ(save(session), save(expected));
      EXPECT_EQ(seqmix_session_step_graphs(session.get()), 1);
      EXPECT_EQ(seqmix_session_step_kernels(session.get()), 2);
      tokens = someTokens(batch * 30, 2);
      EXPECT_EQ(stepThrough(session, tokens), prefill(expected, tokens));
      EXPECT_EQ(save(session), save(expected));
      seqmix_session_reset(session.get());
      seqmix_session_reset(expected.get());
      EXPECT_EQ(save(session), save(expected));
    }
}

TEST(CardTest, BuffersOnTheCard) {
  OPEN_OR_SKIP(model, 16);
  const int64_t batch = 3, length = 50;
  std::vector<int32_t> tokens = someTokens(batch * length);
  DeviceMemory in(model, tokens.size() * 4);
  DeviceMemory out(model, tokens.size() * vocabulary * 4);
  in.write(tokens);
  SessionPtr session = createSession(model, batch);
  EXPECT_EQ(seqmix_prefill_tokens(session.get(), in.at<int32_t>(), length,
                                  out.at<float>(), nullptr),
            SEQMIX_OK);
  EXPECT_EQ(seqmix_session_synchronize(session.get(), nullptr), SEQMIX_OK);
  EXPECT_EQ(out.read<float>(tokens.size() * vocabulary),
            prefill(createSession(openFake(), batch), tokens));
}

TEST(CardTest, StatesMoveAndFork) {
  OPEN_OR_SKIP(model, 0);
  ModelPtr cpu = openFake();
  SessionPtr session = createSession(model, 2);
  prefill(session, someTokens(2 * 17));
  std::vector<int32_t> then = someTokens(2 * 9, 2);
  seqmix_session *forked, *moved;
  ASSERT_EQ(seqmix_session_fork(session.get(), &forked, nullptr), SEQMIX_OK);
  ASSERT_EQ(seqmix_session_fork_to(session.get(), cpu.get(), &moved, nullptr),
            SEQMIX_OK);
  SessionPtr fork(forked), onCpu(moved);
  std::vector<float> expected = prefill(session, then);
  EXPECT_EQ(prefill(fork, then), expected);
  EXPECT_EQ(prefill(onCpu, then), expected);
}

TEST(CardTest, CallsCanBeCaptured) {
  OPEN_OR_SKIP(model, 8);
  CudaDevice device;
  ASSERT_TRUE(device.open(0).ok());
  const CudaDriver &driver = device.driver();
  CudaScope scope(device);
  cuda::Stream stream;
  ASSERT_EQ(driver.streamCreate(&stream, cuda::streamNonBlocking), 0);
  SessionPtr session = createSession(model), expected = createSession(model);
  DeviceMemory tokens(model, 20 * 4), logits(model, 20 * vocabulary * 4);
  ASSERT_EQ(seqmix_session_set_stream(session.get(), stream, nullptr),
            SEQMIX_OK);
  constexpr int global = 0; // the strictest way to capture
  ASSERT_EQ(driver.streamBeginCapture(stream, global), 0);
  std::vector<int32_t> pageable(1);
  EXPECT_EQ(
      seqmix_step_tokens(session.get(), pageable.data(), nullptr, nullptr),
      SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(seqmix_prefill_tokens(session.get(), tokens.at<int32_t>(), 19,
                                  logits.at<float>(), nullptr),
            SEQMIX_OK);
  EXPECT_EQ(seqmix_step_tokens(session.get(), tokens.at<int32_t>(19),
                               logits.at<float>(19 * vocabulary), nullptr),
            SEQMIX_OK);
  cuda::Graph graph;
  cuda::GraphExec exec;
  ASSERT_EQ(driver.streamEndCapture(stream, &graph), 0);
  ASSERT_EQ(driver.graphInstantiate(&exec, graph, 0), 0);
  for (uint32_t seed : {1, 2}) {
    tokens.write(someTokens(20, seed));
    ASSERT_EQ(driver.graphLaunch(exec, stream), 0);
    ASSERT_EQ(driver.streamSynchronize(stream), 0);
    EXPECT_EQ(logits.read<float>(20 * vocabulary),
              prefill(expected, someTokens(20, seed)));
  }
  driver.graphExecDestroy(exec);
  driver.graphDestroy(graph);
  ASSERT_EQ(seqmix_session_set_stream(session.get(), nullptr, nullptr),
            SEQMIX_OK);
  driver.streamDestroy(stream);
}

/// Values from -1 to 1 that are exact in bf16.
static std::vector<float> someValues(size_t count, uint32_t seed) {
  std::vector<float> values(count);
  for (size_t i = 0; i != count; ++i) {
    seed = seed * 1664525 + 1013904223;
    values[i] =
        static_cast<float>(static_cast<int32_t>(seed >> 24) - 128) / 128;
  }
  return values;
}

static std::vector<uint16_t> toBf16(const std::vector<float> &values) {
  std::vector<uint16_t> halves;
  for (float value : values) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    halves.push_back(static_cast<uint16_t>(bits >> 16));
  }
  return halves;
}

TEST(CardTest, ProductsOfTheVendor) {
  OPEN_OR_SKIP(model, 0);
  unsetenv("SEQMIX_CUBLASLT");
  CudaDevice device;
  ASSERT_TRUE(device.open(0).ok());
  CudaScope scope(device);
  std::string name;
  std::unique_ptr<CublasLt> library = CublasLt::open(name);
  if (!library)
    GTEST_SKIP() << name;
  const int64_t m = 70, n = 96, k = 520;
  DeviceMemory a(model, m * k * 4), b(model, n * k * 4), c(model, m * n * 4);
  DeviceMemory workspace(model, CublasLt::workspaceBytes);
  for (uint32_t type : {SEQMIX_ABI_F32, SEQMIX_ABI_BF16}) {
    std::vector<float> left = someValues(m * k, 1),
                       right = someValues(n * k, 2);
    // More digits than TF32 has, which must not be what f32 is multiplied in.
    for (float &value : left)
      value *= type == SEQMIX_ABI_F32 ? 1.0f + 0x1p-12f : 1.0f;
    if (type == SEQMIX_ABI_F32) {
      a.write(left);
      b.write(right);
    } else {
      a.write(toBf16(left));
      b.write(toBf16(right));
    }
    seqmix_abi_matmul product = {};
    product.m = m;
    product.n = n;
    product.k = k;
    product.a_dtype = product.b_dtype = type;
    product.c_dtype = SEQMIX_ABI_F32;
    product.a = a.at<char>();
    product.b = b.at<char>();
    product.c = c.at<char>();
    product.a_stride = product.b_stride = k;
    product.c_stride = n;
    auto scratch = toAddress(workspace.at<char>());
    ASSERT_TRUE(library->multiply(product, scratch, nullptr)) << name;
    ASSERT_EQ(device.driver().streamSynchronize(nullptr), 0);
    std::vector<float> result = c.read<float>(m * n);
    for (int64_t i = 0; i != m; ++i)
      for (int64_t j = 0; j != n; ++j) {
        double sum = 0;
        for (int64_t l = 0; l != k; ++l)
          sum += double(left[i * k + l]) * right[j * k + l];
        ASSERT_NEAR(result[i * n + j], sum, 2e-4) << type << " " << i;
      }
  }
}
