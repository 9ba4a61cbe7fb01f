//===- StateTest.cpp - saving, restoring and forking ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A saved state continues exactly where it was taken, and nothing else is taken
// for one.
//
//===----------------------------------------------------------------------===//

#include "test/Runtime/Fixtures.h"

#include <cstring>

#include <gtest/gtest.h>

using namespace seqmix::test;

static std::string restoreError(const SessionPtr &session,
                                const std::vector<char> &saved,
                                seqmix_status code) {
  std::vector<char> before = save(session);
  seqmix_error error;
  EXPECT_EQ(
      seqmix_state_restore(session.get(), saved.data(), saved.size(), &error),
      code);
  EXPECT_EQ(save(session), before);
  return error.message;
}

TEST(StateTest, RestoreContinues) {
  ModelPtr model = openFake();
  SessionPtr session = createSession(model, 3);
  prefill(session, someTokens(3 * 17));
  std::vector<char> saved = save(session);
  std::vector<float> expected = prefill(session, someTokens(3 * 9, 2));

  SessionPtr other = createSession(model, 3);
  prefill(other, someTokens(3 * 5, 3));
  ASSERT_EQ(
      seqmix_state_restore(other.get(), saved.data(), saved.size(), nullptr),
      SEQMIX_OK);
  EXPECT_EQ(seqmix_session_tokens_seen(other.get(), 2), 17);
  EXPECT_EQ(prefill(other, someTokens(3 * 9, 2)), expected);
  EXPECT_EQ(save(other), save(session));
}

TEST(StateTest, ResetIsTheBeginning) {
  ModelPtr model = openFake();
  SessionPtr session = createSession(model, 2);
  std::vector<char> beginning = save(session);
  prefill(session, someTokens(10));
  EXPECT_NE(save(session), beginning);
  seqmix_session_reset(session.get());
  EXPECT_EQ(save(session), beginning);
}

TEST(StateTest, ForksAreIndependent) {
  ModelPtr model = openFake("fake_model", 4);
  SessionPtr session = createSession(model);
  prefill(session, someTokens(11));
  seqmix_session *forked;
  ASSERT_EQ(seqmix_session_fork(session.get(), &forked, nullptr), SEQMIX_OK);
  SessionPtr fork(forked);
  EXPECT_EQ(save(fork), save(session));
  std::vector<char> before = save(session);
  std::vector<float> logits = prefill(fork, someTokens(9, 2));
  EXPECT_EQ(save(session), before);
  EXPECT_EQ(prefill(session, someTokens(9, 2)), logits);
}

TEST(StateTest, OneSequenceMovesBetweenBatches) {
  ModelPtr model = openFake();
  SessionPtr three = createSession(model, 3);
  prefill(three, someTokens(3 * 6));
  std::vector<char> one(seqmix_state_size_sequence(three.get()));
  ASSERT_EQ(seqmix_state_save_sequence(three.get(), 1, one.data(), one.size(),
                                       nullptr),
            SEQMIX_OK);

  SessionPtr alone = createSession(model);
  EXPECT_EQ(one.size(), seqmix_state_size(alone.get()));
  ASSERT_EQ(seqmix_state_restore(alone.get(), one.data(), one.size(), nullptr),
            SEQMIX_OK);
  SessionPtr two = createSession(model, 2);
  ASSERT_EQ(seqmix_state_restore_sequence(two.get(), 1, one.data(), one.size(),
                                          nullptr),
            SEQMIX_OK);
  EXPECT_EQ(seqmix_session_tokens_seen(two.get(), 0), 0);
  EXPECT_EQ(seqmix_session_tokens_seen(two.get(), 1), 6);
  EXPECT_EQ(seqmix_session_tokens_seen(two.get(), 2), -1);

  std::vector<int32_t> next = {5, 9, 7};
  std::vector<float> a(3 * vocabulary), b(vocabulary), c(2 * vocabulary);
  seqmix_step_tokens(three.get(), next.data(), a.data(), nullptr);
  seqmix_step_tokens(alone.get(), &next[1], b.data(), nullptr);
  seqmix_step_tokens(two.get(), next.data(), c.data(), nullptr);
  EXPECT_TRUE(std::equal(b.begin(), b.end(), a.begin() + vocabulary));
  EXPECT_TRUE(std::equal(b.begin(), b.end(), c.begin() + vocabulary));

  seqmix_error error;
  EXPECT_EQ(
      seqmix_state_save_sequence(two.get(), 2, one.data(), one.size(), &error),
      SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "there is no sequence 2 in a batch of 2");
}

TEST(StateTest, RefusesWhatDoesNotBelong) {
  ModelPtr model = openFake(), other = openFake("fake_other");
  SessionPtr session = createSession(model, 2);
  prefill(session, someTokens(14));
  std::vector<char> saved = save(session);
  EXPECT_EQ(
      restoreError(createSession(other, 2), saved, SEQMIX_ERROR_INCOMPATIBLE),
      "the saved state is of another model: its identity is "
      "0000000000001234 when that of 'other' is 0000000000004321");
  EXPECT_EQ(
      restoreError(createSession(model, 3), saved, SEQMIX_ERROR_INCOMPATIBLE),
      "the saved state is of 2 sequences when it should be of 3");
  ModelPtr limited = openFake("fake_short");
  SessionPtr longer = createSession(model, 1);
  prefill(longer, someTokens(14));
  EXPECT_EQ(restoreError(createSession(limited), save(longer),
                         SEQMIX_ERROR_OUT_OF_RANGE),
            "the saved state has seen 14 tokens, but the model's maximum is "
            "10");
}

TEST(StateTest, RefusesDamage) {
  ModelPtr model = openFake();
  SessionPtr session = createSession(model);
  prefill(session, someTokens(3));
  const std::vector<char> saved = save(session);
  for (size_t size = 1; size != saved.size(); ++size) {
    std::vector<char> cut(saved.begin(), saved.begin() + size);
    EXPECT_NE(restoreError(session, cut, SEQMIX_ERROR_CORRUPT)
                  .find(size < 48 ? "are not a saved state" : "is truncated"),
              std::string::npos);
  }
  std::vector<char> longer = saved;
  longer.push_back(0);
  EXPECT_NE(restoreError(session, longer, SEQMIX_ERROR_CORRUPT)
                .find("followed by other bytes"),
            std::string::npos);
  for (size_t i = 0; i != saved.size(); ++i) {
    std::vector<char> altered = saved;
    altered[i] ^= 0x10;
    std::vector<char> before = save(session);
    seqmix_error error;
    EXPECT_NE(seqmix_state_restore(session.get(), altered.data(),
                                   altered.size(), &error),
              SEQMIX_OK)
        << "byte " << i;
    EXPECT_EQ(save(session), before);
  }
  std::vector<char> altered = saved;
  altered.back() ^= 1;
  EXPECT_EQ(restoreError(session, altered, SEQMIX_ERROR_CORRUPT),
            "the saved state was altered: its checksum does not match");
  altered = saved;
  altered[8] = 2;
  EXPECT_EQ(restoreError(session, altered, SEQMIX_ERROR_INCOMPATIBLE),
            "the saved state is of version 2, but this runtime reads version "
            "1");
}

TEST(StateTest, SmallBuffers) {
  ModelPtr model = openFake();
  SessionPtr session = createSession(model);
  std::vector<char> buffer(seqmix_state_size(session.get()) - 1);
  seqmix_error error;
  EXPECT_EQ(
      seqmix_state_save(session.get(), buffer.data(), buffer.size(), &error),
      SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message,
               "the buffer has 79 bytes when the state needs 80");
  EXPECT_EQ(seqmix_state_save(session.get(), nullptr, 0, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
}
