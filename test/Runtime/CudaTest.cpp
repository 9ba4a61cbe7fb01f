//===- CudaTest.cpp - sessions on a card ----------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The card is fake_cuda.c, whose kernels are the same C code as the CPU's: what
// a session answers on either is equal to the bit. That leaves what the runtime
// does: staging, pieces, graphs, streams, states that move.
//
//===----------------------------------------------------------------------===//

#include "test/Runtime/Fixtures.h"

#include <atomic>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>
#include <seqmix/device.h>

using namespace seqmix::test;

TEST(CudaTest, AnswersAreThoseOfTheCpu) {
  for (const char *name : {"fake_both", "fake_cuda_only"})
    for (int64_t batch : {1, 3})
      for (int64_t piece : {0, 1, 7, 192, 1203}) {
        std::vector<int32_t> tokens = someTokens(batch * 401);
        ModelPtr cpu = openFake(), cuda = openFakeOnCuda(name, piece);
        SessionPtr expected = createSession(cpu, batch);
        SessionPtr session = createSession(cuda, batch);
        EXPECT_EQ(save(session), save(expected));
        EXPECT_EQ(prefill(session, tokens), prefill(expected, tokens))
            << batch << " " << piece;
        EXPECT_EQ(save(session), save(expected));
      }
}

TEST(CudaTest, StepsAreOneGraph) {
  ModelPtr cpu = openFake(), cuda = openFakeOnCuda();
  for (int64_t batch : {1, 3}) {
    SessionPtr expected = createSession(cpu, batch);
    SessionPtr session = createSession(cuda, batch);
    EXPECT_EQ(seqmix_session_step_graphs(session.get()), 1);
    EXPECT_EQ(seqmix_session_step_kernels(session.get()), 2);
    std::vector<int32_t> tokens = someTokens(batch * 21);
    int64_t launches = cudaCount("launches");
    int64_t graphs = cudaCount("graph_launches");
    EXPECT_EQ(stepThrough(session, tokens), prefill(expected, tokens));
    EXPECT_EQ(cudaCount("launches"), launches);
    EXPECT_EQ(cudaCount("graph_launches"), graphs + 21);
    EXPECT_EQ(save(session), save(expected));
  }
}

TEST(CudaTest, WithoutGraphsStepsAreTheSame) {
  setenv("FAKE_CUDA_NO_CAPTURE", "1", 1);
  ModelPtr cpu = openFake(), cuda = openFakeOnCuda();
  SessionPtr session = createSession(cuda, 2);
  EXPECT_EQ(seqmix_session_step_graphs(session.get()), 0);
  std::vector<int32_t> tokens = someTokens(2 * 9);
  EXPECT_EQ(stepThrough(session, tokens),
            prefill(createSession(cpu, 2), tokens));
  EXPECT_EQ(seqmix_session_step_kernels(session.get()), 2);
  unsetenv("FAKE_CUDA_NO_CAPTURE");
}

TEST(CudaTest, InDouble) {
  setenv("SEQMIX_CUDA_DRIVER", fakePath("fake_cuda").c_str(), 1);
  ModelPtr cpu = openFake("fake_double");
  ModelPtr cuda = openFakeOnCuda("fake_both_double");
  SessionPtr session = createSession(cuda), expected = createSession(cpu);
  EXPECT_EQ(save(session), save(expected)); // states begin as 0.5
  std::vector<int32_t> tokens = someTokens(30);
  for (const SessionPtr *each : {&session, &expected})
    EXPECT_EQ(
        seqmix_prefill_tokens(each->get(), tokens.data(), 30, nullptr, nullptr),
        SEQMIX_OK);
  EXPECT_EQ(save(session), save(expected));
}

TEST(CudaTest, CallsOnlyEnqueue) {
  ModelPtr model = openFakeOnCuda("fake_both", 16);
  SessionPtr session = createSession(model, 2);
  DeviceMemory tokens(model, 2 * 50 * 4),
      logits(model, 2 * 50 * vocabulary * 4);
  tokens.write(someTokens(2 * 50));
  int64_t allocations = cudaCount("allocations"), waits = cudaCount("waits");
  int64_t objects = cudaCount("objects");
  for (int i = 0; i != 3; ++i) {
    EXPECT_EQ(seqmix_prefill_tokens(session.get(), tokens.at<int32_t>(), 50,
                                    logits.at<float>(), nullptr),
              SEQMIX_OK);
    EXPECT_EQ(seqmix_step_tokens(session.get(), tokens.at<int32_t>(),
                                 logits.at<float>(), nullptr),
              SEQMIX_OK);
    seqmix_session_reset(session.get());
  }
  EXPECT_EQ(cudaCount("allocations"), allocations);
  EXPECT_EQ(cudaCount("waits"), waits);
  EXPECT_EQ(cudaCount("objects"), objects);
}

TEST(CudaTest, BuffersOnTheCard) {
  for (int64_t batch : {1, 3})
    for (int64_t piece : {0, 16, 51})
      for (size_t offset : {0, 1, 16}) { // aligned for compiled code, or not
        const int64_t length = 50;
        ModelPtr model = openFakeOnCuda("fake_both", piece);
        std::vector<int32_t> tokens(offset, 0);
        std::vector<int32_t> some = someTokens(batch * length);
        tokens.insert(tokens.end(), some.begin(), some.end());
        size_t count = batch * length * vocabulary;
        DeviceMemory in(model, tokens.size() * 4);
        DeviceMemory out(model, (offset + count) * 4);
        in.write(tokens);
        SessionPtr session = createSession(model, batch);
        EXPECT_EQ(seqmix_prefill_tokens(session.get(), in.at<int32_t>(offset),
                                        length, out.at<float>(offset), nullptr),
                  SEQMIX_OK);
        EXPECT_EQ(seqmix_session_synchronize(session.get(), nullptr),
                  SEQMIX_OK);
        std::vector<float> logits = out.read<float>(offset + count);
        logits.erase(logits.begin(), logits.begin() + offset);
        EXPECT_EQ(logits, prefill(createSession(openFake(), batch), some))
            << batch << " " << piece << " " << offset;
      }
}

TEST(CudaTest, TokensOnTheCpuAreChecked) {
  ModelPtr model = openFakeOnCuda();
  SessionPtr session = createSession(model);
  std::vector<int32_t> tokens = {1, 300};
  std::vector<char> before = save(session);
  EXPECT_EQ(
      seqmix_prefill_tokens(session.get(), tokens.data(), 2, nullptr, nullptr),
      SEQMIX_ERROR_OUT_OF_RANGE);
  EXPECT_EQ(save(session), before);
  DeviceMemory in(model, 8);
  in.write(tokens);
  EXPECT_EQ(seqmix_prefill_tokens(session.get(), in.at<int32_t>(), 2, nullptr,
                                  nullptr),
            SEQMIX_OK);
}

TEST(CudaTest, StatesMoveBetweenDevices) {
  ModelPtr cpu = openFake(), cuda = openFakeOnCuda();
  std::vector<int32_t> first = someTokens(3 * 17), then = someTokens(3 * 9, 2);
  SessionPtr reference = createSession(cpu, 3);
  prefill(reference, first);
  std::vector<float> expected = prefill(reference, then);
  for (bool toCpu : {true, false}) {
    SessionPtr from = createSession(toCpu ? cuda : cpu, 3);
    SessionPtr to = createSession(toCpu ? cpu : cuda, 3);
    prefill(from, first);
    std::vector<char> saved = save(from);
    ASSERT_EQ(
        seqmix_state_restore(to.get(), saved.data(), saved.size(), nullptr),
        SEQMIX_OK);
    EXPECT_EQ(seqmix_session_tokens_seen(to.get(), 1), 17);
    EXPECT_EQ(prefill(to, then), expected);

    seqmix_session *forked;
    seqmix_error error;
    ASSERT_EQ(seqmix_session_fork_to(from.get(), (toCpu ? cpu : cuda).get(),
                                     &forked, &error),
              SEQMIX_OK)
        << error.message;
    SessionPtr fork(forked);
    EXPECT_EQ(prefill(fork, then), expected);
    EXPECT_EQ(prefill(from, then), expected);
  }
  ModelPtr other = openFake("fake_other");
  seqmix_session *forked;
  EXPECT_EQ(
      seqmix_session_fork_to(reference.get(), other.get(), &forked, nullptr),
      SEQMIX_ERROR_INCOMPATIBLE);
  EXPECT_EQ(forked, nullptr);
}

TEST(CudaTest, ForksAreIndependent) {
  ModelPtr model = openFakeOnCuda();
  SessionPtr session = createSession(model, 2);
  prefill(session, someTokens(2 * 11));
  seqmix_session *forked;
  ASSERT_EQ(seqmix_session_fork(session.get(), &forked, nullptr), SEQMIX_OK);
  SessionPtr fork(forked);
  EXPECT_EQ(save(fork), save(session));
  std::vector<char> before = save(session);
  std::vector<float> logits = prefill(fork, someTokens(2 * 9, 2));
  EXPECT_EQ(save(session), before);
  EXPECT_EQ(prefill(session, someTokens(2 * 9, 2)), logits);
}

TEST(CudaTest, OneSequenceOfABatchMoves) {
  ModelPtr cpu = openFake(), cuda = openFakeOnCuda();
  SessionPtr three = createSession(cuda, 3), alone = createSession(cpu);
  prefill(three, someTokens(3 * 6));
  std::vector<char> one(seqmix_state_size_sequence(three.get()));
  ASSERT_EQ(seqmix_state_save_sequence(three.get(), 1, one.data(), one.size(),
                                       nullptr),
            SEQMIX_OK);
  ASSERT_EQ(seqmix_state_restore(alone.get(), one.data(), one.size(), nullptr),
            SEQMIX_OK);
  EXPECT_EQ(save(alone), one);
  std::vector<char> before = save(three);
  ASSERT_EQ(seqmix_state_restore_sequence(three.get(), 1, one.data(),
                                          one.size(), nullptr),
            SEQMIX_OK);
  EXPECT_EQ(save(three), before);
}

TEST(CudaTest, ThreadsShareAModel) {
  ModelPtr model = openFakeOnCuda();
  std::vector<int32_t> tokens = someTokens(2 * 60);
  std::vector<float> expected = prefill(createSession(model, 2), tokens);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i != 3; ++i)
    threads.emplace_back(
        [&] { wrong += prefill(createSession(model, 2), tokens) != expected; });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(CudaTest, NothingIsLeftBehind) {
  int64_t live = cudaCount("live"), objects = cudaCount("objects");
  ModelPtr model = openFakeOnCuda();
  SessionPtr session = createSession(model, 2);
  model.reset();
  prefill(session, someTokens(2 * 5));
  EXPECT_EQ(cudaCount("live"), live + 2); // parameters, session
  session.reset();
  EXPECT_EQ(cudaCount("live"), live);
  EXPECT_EQ(cudaCount("objects"), objects);
}

TEST(CudaTest, DescribesItself) {
  ModelPtr model = openFakeOnCuda(), cpu = openFake();
  seqmix_device_info device;
  ASSERT_EQ(seqmix_model_device(model.get(), &device), SEQMIX_OK);
  EXPECT_EQ(device.device, SEQMIX_CUDA);
  EXPECT_STREQ(device.name, "Fake Card 0");
  EXPECT_STREQ(device.target, "sm_80");
  EXPECT_STREQ(device.matmul, "own kernels: as asked for");
  EXPECT_EQ(device.driver_version, 12040);
  EXPECT_EQ(device.capability, 80);
  EXPECT_EQ(seqmix_model_threads(model.get()), 1);
  EXPECT_EQ(seqmix_model_kernel_count(model.get()), 2u);
  seqmix_kernel_info kernel;
  ASSERT_EQ(seqmix_model_kernel(model.get(), 0, &kernel), SEQMIX_OK);
  EXPECT_STREQ(kernel.name, "fake_run");
  EXPECT_EQ(kernel.threads, 256);
  EXPECT_EQ(kernel.registers, 32);
  EXPECT_EQ(kernel.shared_bytes, (64 << 10) + 1024);
  EXPECT_EQ(seqmix_model_kernel(model.get(), 2, &kernel),
            SEQMIX_ERROR_OUT_OF_RANGE);
  ASSERT_EQ(seqmix_model_device(cpu.get(), &device), SEQMIX_OK);
  EXPECT_STREQ(device.name, "cpu");
  EXPECT_EQ(seqmix_model_kernel_count(cpu.get()), 0u);
  DeviceMemory buffer(cpu, 12);
  std::vector<int32_t> values = {1, 2, 3};
  buffer.write(values);
  EXPECT_EQ(buffer.read<int32_t>(3), values);
}
