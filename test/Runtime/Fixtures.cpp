//===- Fixtures.cpp - files and models for the runtime's tests ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are written by this file and not by a library, so that a test can
// write wrong ones too.
//
//===----------------------------------------------------------------------===//

#include "test/Runtime/Fixtures.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

using namespace seqmix::test;

TemporaryFolder::TemporaryFolder() {
  std::string pattern = testing::TempDir() + "/seqmix-XXXXXX";
  Path = mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(Path); }

std::string TemporaryFolder::write(const std::string &name,
                                   const std::string &bytes) const {
  std::ofstream(path(name), std::ios::binary) << bytes;
  return path(name);
}

std::string seqmix::test::safetensorsBytes(std::string header,
                                           const std::string &data,
                                           size_t alignment) {
  while ((sizeof(uint64_t) + header.size()) % alignment)
    header += ' ';
  uint64_t size = header.size();
  std::string bytes(reinterpret_cast<const char *>(&size), sizeof(size));
  return bytes + header + data;
}

std::string
seqmix::test::safetensorsBytes(const std::vector<NamedTensor> &tensors,
                               size_t alignment) {
  std::string header = "{\"__metadata__\": {\"format\": \"pt\"}", data;
  for (const NamedTensor &tensor : tensors) {
    header += ", \"" + tensor.name + "\": {\"dtype\": \"" + tensor.type +
              "\", \"shape\": [";
    for (size_t i = 0; i != tensor.shape.size(); ++i)
      header += (i ? "," : "") + std::to_string(tensor.shape[i]);
    header += "], \"data_offsets\": [" + std::to_string(data.size());
    data += tensor.data;
    header += "," + std::to_string(data.size()) + "]}";
  }
  return safetensorsBytes(header + "}", data, alignment);
}

std::vector<NamedTensor> seqmix::test::fakeWeights() {
  std::mt19937 generator(7);
  std::vector<float> embed(vocabulary * channels), scale(channels);
  for (float &value : embed)
    value = static_cast<float>(generator() % 2001) / 1000.0f - 1.0f;
  for (float &value : scale)
    value = static_cast<float>(generator() % 1000) / 1000.0f;
  return {{"scale", "F32", {channels}, bytesOf(scale)},
          {"embed.weight", "F32", {vocabulary, channels}, bytesOf(embed)}};
}

std::string seqmix::test::fakePath(const std::string &name) {
  return std::string(SEQMIX_FAKE_MODELS) + "/" + name + ".so";
}

ModelPtr seqmix::test::openFake(const std::string &name, int64_t pieceTokens,
                                int threads) {
  TemporaryFolder folder;
  std::string weights =
      folder.write("w.safetensors", safetensorsBytes(fakeWeights()));
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.piece_tokens = pieceTokens;
  options.threads = threads;
  seqmix_model *model;
  seqmix_error error;
  EXPECT_EQ(
      seqmix_model_open(fakePath(name).c_str(),
                        name == "fake_general" ? nullptr : weights.c_str(),
                        &options, &model, &error),
      SEQMIX_OK)
      << error.message;
  return ModelPtr(model);
}

SessionPtr seqmix::test::createSession(const ModelPtr &model, int64_t batch) {
  seqmix_session *session;
  seqmix_error error;
  EXPECT_EQ(seqmix_session_create(model.get(), batch, &session, &error),
            SEQMIX_OK)
      << error.message;
  return SessionPtr(session);
}

std::vector<int32_t> seqmix::test::someTokens(int64_t count, uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<int32_t> tokens(count);
  for (int32_t &token : tokens)
    token = static_cast<int32_t>(generator() % refusedToken);
  return tokens;
}

std::vector<float> seqmix::test::prefill(const SessionPtr &session,
                                         const std::vector<int32_t> &tokens) {
  std::vector<float> logits(tokens.size() * vocabulary);
  seqmix_error error;
  EXPECT_EQ(
      seqmix_prefill_tokens(session.get(), tokens.data(),
                            tokens.size() / seqmix_session_batch(session.get()),
                            logits.data(), &error),
      SEQMIX_OK)
      << error.message;
  return logits;
}

std::vector<char> seqmix::test::save(const SessionPtr &session) {
  std::vector<char> saved(seqmix_state_size(session.get()));
  seqmix_error error;
  EXPECT_EQ(
      seqmix_state_save(session.get(), saved.data(), saved.size(), &error),
      SEQMIX_OK)
      << error.message;
  return saved;
}
