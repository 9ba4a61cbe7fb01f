//===- CudaStreamTest.cpp - streams of the user on a card -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Streams of the user's, captured or not. What a program with a toolkit would
// call of it is called here by name.
//
//===----------------------------------------------------------------------===//

#include "test/Runtime/Fixtures.h"

#include <gtest/gtest.h>
#include <seqmix/device.h>

using namespace seqmix::test;

/// What a program with a toolkit would do with its own streams.
struct Driver {
  template <typename Function> static Function *find(const char *name) {
    return reinterpret_cast<Function *>(cudaSymbol(name));
  }
  int (*push)(void *) = find<int(void *)>("cuCtxPushCurrent_v2");
  int (*pop)(void **) = find<int(void **)>("cuCtxPopCurrent_v2");
  int (*retain)(void **,
                int) = find<int(void **, int)>("cuDevicePrimaryCtxRetain");
  int (*release)(int) = find<int(int)>("cuDevicePrimaryCtxRelease_v2");
  int (*create)(void **,
                unsigned) = find<int(void **, unsigned)>("cuStreamCreate");
  int (*destroy)(void *) = find<int(void *)>("cuStreamDestroy_v2");
  int (*begin)(void *, int) = find<int(void *, int)>("cuStreamBeginCapture_v2");
  int (*end)(void *,
             void **) = find<int(void *, void **)>("cuStreamEndCapture");
  int (*instantiate)(void **, void *, unsigned long long) =
      find<int(void **, void *, unsigned long long)>(
          "cuGraphInstantiateWithFlags");
  int (*launch)(void *, void *) = find<int(void *, void *)>("cuGraphLaunch");
  int (*allocHost)(void **,
                   size_t) = find<int(void **, size_t)>("cuMemAllocHost_v2");
  int (*freeHost)(void *) = find<int(void *)>("cuMemFreeHost");
  int (*destroyGraph)(void *) = find<int(void *)>("cuGraphDestroy");
  int (*destroyExec)(void *) = find<int(void *)>("cuGraphExecDestroy");
  void *context = nullptr, *stream = nullptr;

  Driver() {
    retain(&context, 0);
    push(context);
    create(&stream, 0);
  }
  ~Driver() {
    destroy(stream);
    pop(&context);
    release(0);
  }
};

TEST(CudaStreamTest, StreamsOfTheUser) {
  ModelPtr model = openFakeOnCuda();
  Driver driver;
  SessionPtr session = createSession(model), expected = createSession(model);
  std::vector<int32_t> tokens = someTokens(20);
  std::vector<float> logits = prefill(expected, tokens);
  ASSERT_EQ(seqmix_session_set_stream(session.get(), driver.stream, nullptr),
            SEQMIX_OK);
  EXPECT_EQ(prefill(session, tokens), logits);
  ASSERT_EQ(seqmix_session_set_stream(session.get(), nullptr, nullptr),
            SEQMIX_OK);
  EXPECT_EQ(stepThrough(session, tokens), stepThrough(expected, tokens));
  SessionPtr cpu = createSession(openFake());
  EXPECT_EQ(seqmix_session_set_stream(cpu.get(), nullptr, nullptr), SEQMIX_OK);
  EXPECT_EQ(seqmix_session_set_stream(cpu.get(), driver.stream, nullptr),
            SEQMIX_ERROR_INVALID_ARGUMENT);
}

TEST(CudaStreamTest, CallsCanBeCaptured) {
  ModelPtr model = openFakeOnCuda("fake_both", 8);
  Driver driver;
  SessionPtr session = createSession(model), expected = createSession(model);
  DeviceMemory tokens(model, 20 * 4), logits(model, 20 * vocabulary * 4);
  std::vector<char> beginning = save(session);
  ASSERT_EQ(seqmix_session_set_stream(session.get(), driver.stream, nullptr),
            SEQMIX_OK);
  ASSERT_EQ(driver.begin(driver.stream, 0), 0);
  std::vector<int32_t> pageable(20);
  seqmix_error error;
  EXPECT_EQ(seqmix_step_tokens(session.get(), pageable.data(), nullptr, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("'token' is in pageable memory"),
            std::string::npos)
      << error.message;
  EXPECT_EQ(seqmix_session_synchronize(session.get(), nullptr),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(seqmix_prefill_tokens(session.get(), tokens.at<int32_t>(), 19,
                                  logits.at<float>(), nullptr),
            SEQMIX_OK);
  EXPECT_EQ(seqmix_step_tokens(session.get(), tokens.at<int32_t>(19),
                               logits.at<float>(19 * vocabulary), nullptr),
            SEQMIX_OK);
  void *graph, *exec;
  ASSERT_EQ(driver.end(driver.stream, &graph), 0);
  EXPECT_EQ(save(session).size(), beginning.size());
  ASSERT_EQ(driver.instantiate(&exec, graph, 0), 0);
  for (uint32_t seed : {1, 2}) {
    tokens.write(someTokens(20, seed));
    ASSERT_EQ(driver.launch(exec, driver.stream), 0);
    EXPECT_EQ(logits.read<float>(20 * vocabulary),
              prefill(expected, someTokens(20, seed)));
  }
  driver.destroyExec(exec);
  driver.destroyGraph(graph);
  ASSERT_EQ(seqmix_session_set_stream(session.get(), nullptr, nullptr),
            SEQMIX_OK);
}

TEST(CudaStreamTest, PageLockedBuffersCanBeCaptured) {
  ModelPtr model = openFakeOnCuda();
  Driver driver;
  SessionPtr session = createSession(model), expected = createSession(model);
  void *token, *logits;
  ASSERT_EQ(driver.allocHost(&token, 4), 0);
  ASSERT_EQ(driver.allocHost(&logits, vocabulary * 4), 0);
  *static_cast<int32_t *>(token) = 1; // what is captured is checked now
  ASSERT_EQ(seqmix_session_set_stream(session.get(), driver.stream, nullptr),
            SEQMIX_OK);
  ASSERT_EQ(driver.begin(driver.stream, 0), 0);
  EXPECT_EQ(seqmix_step_tokens(session.get(), static_cast<int32_t *>(token),
                               logits, nullptr),
            SEQMIX_OK);
  void *graph, *exec;
  ASSERT_EQ(driver.end(driver.stream, &graph), 0);
  ASSERT_EQ(driver.instantiate(&exec, graph, 0), 0);
  for (int32_t next : {7, 99}) {
    *static_cast<int32_t *>(token) = next;
    ASSERT_EQ(driver.launch(exec, driver.stream), 0);
    const float *answer = static_cast<const float *>(logits);
    EXPECT_EQ(std::vector<float>(answer, answer + vocabulary),
              stepThrough(expected, {next}));
  }
  driver.destroyExec(exec);
  driver.destroyGraph(graph);
  seqmix_session_set_stream(session.get(), nullptr, nullptr);
  driver.freeHost(token);
  driver.freeHost(logits);
}
