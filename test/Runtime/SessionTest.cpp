//===- SessionTest.cpp - feeding tokens -----------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// However tokens arrive, in one piece, in pieces that the runtime cuts, one by
// one, aligned or not, the answers are equal: fake_model.c computes each
// sequence in order, so they are equal to the bit. A refused call changes
// nothing.
//
//===----------------------------------------------------------------------===//

#include "test/Runtime/Fixtures.h"

#include <atomic>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

using namespace seqmix::test;

TEST(SessionTest, CutPrefillsAndStepsAreTheSame) {
  for (int64_t batch : {1, 2, 3}) {
    ModelPtr whole = openFake("fake_model", 1 << 20);
    std::vector<int32_t> tokens = someTokens(batch * 401);
    SessionPtr reference = createSession(whole, batch);
    std::vector<float> expected = prefill(reference, tokens);
    for (int64_t piece : {0, 1, 7, 64, 200, 512, 1203}) {
      ModelPtr model = openFake("fake_model", piece);
      SessionPtr session = createSession(model, batch);
      EXPECT_EQ(prefill(session, tokens), expected) << batch << " " << piece;
      EXPECT_EQ(save(session), save(reference)) << batch << " " << piece;
    }
    SessionPtr session = createSession(whole, batch);
    EXPECT_EQ(stepThrough(session, tokens), expected);
    EXPECT_EQ(save(session), save(reference));
  }
}

TEST(SessionTest, TwoPrefillsAreOne) {
  ModelPtr model = openFake();
  std::vector<int32_t> tokens = someTokens(53);
  std::vector<float> expected = prefill(createSession(model), tokens);
  for (size_t cut : {0, 1, 21, 52, 53}) {
    SessionPtr session = createSession(model);
    std::vector<float> logits =
        prefill(session, {tokens.begin(), tokens.begin() + cut});
    std::vector<float> rest =
        prefill(session, {tokens.begin() + cut, tokens.end()});
    logits.insert(logits.end(), rest.begin(), rest.end());
    EXPECT_EQ(logits, expected) << cut;
  }
}

TEST(SessionTest, NoTokensChangeNothing) {
  ModelPtr model = openFake();
  SessionPtr session = createSession(model, 2);
  std::vector<char> before = save(session);
  EXPECT_EQ(seqmix_prefill_tokens(session.get(), nullptr, 0, nullptr, nullptr),
            SEQMIX_OK);
  EXPECT_EQ(save(session), before);
  EXPECT_EQ(seqmix_session_tokens_seen(session.get(), 0), 0);
}

TEST(SessionTest, AlignmentDoesNotMatter) {
  ModelPtr model = openFake();
  std::vector<int32_t> tokens = someTokens(33);
  std::vector<float> expected = prefill(createSession(model), tokens);
  alignas(64) static int32_t in[33 + 16];
  alignas(64) static float out[33 * vocabulary + 16];
  for (int offset : {0, 1, 5}) {
    SessionPtr session = createSession(model);
    std::copy(tokens.begin(), tokens.end(), in + offset);
    ASSERT_EQ(seqmix_prefill_tokens(session.get(), in + offset, 33,
                                    out + offset, nullptr),
              SEQMIX_OK);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), out + offset));
  }
}

TEST(SessionTest, AlignedBuffersInPiecesAreUsedInPlace) {
  ModelPtr model = openFake("fake_model", 16);
  std::vector<int32_t> tokens = someTokens(40);
  std::vector<float> expected = prefill(createSession(model), tokens);
  alignas(64) int32_t in[40];
  alignas(64) static float out[40 * vocabulary];
  std::copy(tokens.begin(), tokens.end(), in);
  ASSERT_EQ(
      seqmix_prefill_tokens(createSession(model).get(), in, 40, out, nullptr),
      SEQMIX_OK);
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), out));
}

TEST(SessionTest, UnwantedOutputs) {
  ModelPtr model = openFake("fake_model", 8);
  std::vector<int32_t> tokens = someTokens(30);
  SessionPtr with = createSession(model), without = createSession(model);
  prefill(with, tokens);
  EXPECT_EQ(
      seqmix_prefill_tokens(without.get(), tokens.data(), 30, nullptr, nullptr),
      SEQMIX_OK);
  const void *inputs[] = {tokens.data()};
  EXPECT_EQ(seqmix_step(with.get(), inputs, nullptr, nullptr), SEQMIX_OK);
  EXPECT_EQ(seqmix_step(without.get(), inputs, nullptr, nullptr), SEQMIX_OK);
  EXPECT_EQ(save(with), save(without));
}

TEST(SessionTest, TokensOutsideTheVocabulary) {
  ModelPtr model = openFake();
  SessionPtr session = createSession(model, 2);
  prefill(session, someTokens(10));
  std::vector<char> before = save(session);
  std::vector<int32_t> tokens = {1, 2, 3, 4, 300, 5};
  seqmix_error error;
  EXPECT_EQ(
      seqmix_prefill_tokens(session.get(), tokens.data(), 3, nullptr, &error),
      SEQMIX_ERROR_OUT_OF_RANGE);
  EXPECT_STREQ(error.message, "input 'token' at index 1 of sequence 1 is 300, "
                              "outside the limit [0, 256)");
  tokens = {-1, 0};
  EXPECT_EQ(seqmix_step_tokens(session.get(), tokens.data(), nullptr, &error),
            SEQMIX_ERROR_OUT_OF_RANGE);
  EXPECT_EQ(save(session), before);
}

TEST(SessionTest, RefusedCallsChangeNothing) {
  for (int64_t piece : {0, 4}) { // the refusal is in the only, or third piece
    ModelPtr model = openFake("fake_model", piece);
    SessionPtr session = createSession(model);
    prefill(session, someTokens(5));
    std::vector<char> before = save(session);
    std::vector<int32_t> tokens = someTokens(20, 2);
    tokens[10] = refusedToken;
    seqmix_error error;
    EXPECT_EQ(seqmix_prefill_tokens(session.get(), tokens.data(), 20, nullptr,
                                    &error),
              SEQMIX_ERROR_INTERNAL);
    EXPECT_NE(std::string(error.message).find("with code 7"), std::string::npos)
        << error.message;
    EXPECT_EQ(save(session), before);
    tokens[10] = 0;
    EXPECT_EQ(prefill(session, tokens).size(), 20u * vocabulary);
  }
}

TEST(SessionTest, MaximumLength) {
  ModelPtr model = openFake("fake_short");
  SessionPtr session = createSession(model);
  prefill(session, someTokens(8));
  std::vector<int32_t> tokens = someTokens(3);
  seqmix_error error;
  EXPECT_EQ(
      seqmix_prefill_tokens(session.get(), tokens.data(), 3, nullptr, &error),
      SEQMIX_ERROR_OUT_OF_RANGE);
  EXPECT_STREQ(error.message, "3 more tokens after 8 are more than the 10 that "
                              "model 'fake' can see");
  EXPECT_EQ(seqmix_session_tokens_seen(session.get(), 0), 8);
  prefill(session, someTokens(2));
  EXPECT_EQ(seqmix_step_tokens(session.get(), tokens.data(), nullptr, &error),
            SEQMIX_ERROR_OUT_OF_RANGE);
  seqmix_session_reset(session.get());
  EXPECT_EQ(seqmix_step_tokens(session.get(), tokens.data(), nullptr, &error),
            SEQMIX_OK);
}

TEST(SessionTest, ArgumentsAreChecked) {
  ModelPtr model = openFake();
  SessionPtr session = createSession(model);
  seqmix_error error;
  seqmix_session *other;
  EXPECT_EQ(seqmix_session_create(model.get(), 0, &other, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(seqmix_session_create(nullptr, 1, &other, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(seqmix_prefill_tokens(session.get(), nullptr, 2, nullptr, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "input 'token' is null");
  int32_t token = 0;
  EXPECT_EQ(seqmix_prefill_tokens(session.get(), &token, -1, nullptr, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(seqmix_prefill_tokens(nullptr, &token, 1, nullptr, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(
      seqmix_prefill_tokens(session.get(), &token, INT64_MAX, nullptr, &error),
      SEQMIX_ERROR_INVALID_ARGUMENT);
}

TEST(SessionTest, TooMuchMemoryIsSaid) {
  ModelPtr model = openFake();
  seqmix_session *session;
  seqmix_error error;
  for (int64_t batch : {int64_t(1) << 48, INT64_MAX}) {
    EXPECT_EQ(seqmix_session_create(model.get(), batch, &session, &error),
              SEQMIX_ERROR_OUT_OF_MEMORY);
    EXPECT_EQ(session, nullptr);
  }
}

TEST(SessionTest, SessionsOutliveTheirModel) {
  ModelPtr model = openFake();
  SessionPtr session = createSession(model);
  model.reset();
  EXPECT_EQ(prefill(session, someTokens(4)).size(), 4u * vocabulary);
}

TEST(SessionTest, ConcurrentSessionsShareTheThreads) {
  ModelPtr model = openFake("fake_model", 0, 3);
  EXPECT_EQ(seqmix_model_threads(model.get()), 3);
  std::vector<int32_t> tokens = someTokens(8 * 60);
  std::vector<float> expected = prefill(createSession(model, 8), tokens);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i != 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j != 4; ++j)
        wrong += prefill(createSession(model, 8), tokens) != expected;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

/// Feeds tensors to fake_general.c.
static void expectTensors(const ModelPtr &model) {
  SessionPtr session = createSession(model, 2);
  const int64_t length = 6;
  std::vector<float> x(2 * length * 3), sums(x.size()), place(2 * length);
  std::vector<int64_t> index(2 * length * 2, 1);
  for (size_t i = 0; i != x.size(); ++i)
    x[i] = static_cast<float>(i);
  const void *inputs[] = {x.data(), index.data()};
  void *outputs[] = {sums.data(), place.data()};
  seqmix_error error;
  ASSERT_EQ(seqmix_prefill(session.get(), length, inputs, outputs, &error),
            SEQMIX_OK)
      << error.message;
  ASSERT_EQ(seqmix_session_synchronize(session.get(), &error), SEQMIX_OK);
  for (int64_t b = 0; b != 2; ++b)
    for (int64_t c = 0; c != 3; ++c) {
      float total = 0;
      for (int64_t t = 0; t != length; ++t) {
        total += x[(b * length + t) * 3 + c] + 2;
        EXPECT_EQ(sums[(b * length + t) * 3 + c], total);
        EXPECT_EQ(place[b * length + t], 101 + static_cast<float>(t));
      }
    }
  ASSERT_EQ(seqmix_step(session.get(), inputs, outputs, &error), SEQMIX_OK);
  ASSERT_EQ(seqmix_session_synchronize(session.get(), &error), SEQMIX_OK);
  EXPECT_EQ(place[0], 107);

  void *second[] = {nullptr, place.data()};
  ASSERT_EQ(seqmix_step(session.get(), inputs, second, &error), SEQMIX_OK);
  ASSERT_EQ(seqmix_session_synchronize(session.get(), &error), SEQMIX_OK);
  EXPECT_EQ(place[1], 108);

  index[5] = 5;
  EXPECT_EQ(seqmix_prefill(session.get(), length, inputs, outputs, &error),
            SEQMIX_ERROR_OUT_OF_RANGE);
  EXPECT_STREQ(error.message, "input 'index' at index 2 of sequence 0 is 5, "
                              "outside the limit [0, 5)");
  EXPECT_EQ(seqmix_model_vocabulary(model.get()), 0);
  int32_t token = 0;
  EXPECT_EQ(seqmix_step_tokens(session.get(), &token, nullptr, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
}

TEST(SessionTest, TensorsOfAnyKind) {
  for (int64_t piece : {0, 1, 4}) {
    expectTensors(openFake("fake_general", piece));
    expectTensors(openFakeOnCuda("fake_general", piece));
  }
}
