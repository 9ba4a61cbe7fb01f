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

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <seqmix/device.h>

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
  // Elsewhere than where it was built a test may be told where they are.
  const char *folder = std::getenv("SEQMIX_FAKE_MODELS");
  return std::string(folder ? folder : SEQMIX_FAKE_MODELS) + "/" + name + ".so";
}

/// Opens a fake model with its weights.
static ModelPtr openWith(const std::string &name,
                         const seqmix_model_options &options) {
  TemporaryFolder folder;
  std::string weights =
      folder.write("w.safetensors", safetensorsBytes(fakeWeights()));
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

ModelPtr seqmix::test::openFake(const std::string &name, int64_t pieceTokens,
                                int threads) {
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.piece_tokens = pieceTokens;
  options.threads = threads;
  return openWith(name, options);
}

/// Where the runtime finds the driver in these tests.
static std::string useFakeDriver() {
  std::string path = fakePath("fake_cuda");
  setenv("SEQMIX_CUDA_DRIVER", path.c_str(), 1);
  return path;
}

ModelPtr seqmix::test::openFakeOnCuda(const std::string &name,
                                      int64_t pieceTokens) {
  useFakeDriver();
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.piece_tokens = pieceTokens;
  options.device = SEQMIX_CUDA;
  options.no_vendor_matmul = 1;
  return openWith(name, options);
}

ModelPtr seqmix::test::openFakeOnCard(int64_t pieceTokens) {
  unsetenv("SEQMIX_CUDA_DRIVER");
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.piece_tokens = pieceTokens;
  options.device = SEQMIX_CUDA;
  seqmix_model *model;
  seqmix_status status = seqmix_model_open(fakePath("fake_both").c_str(),
                                           nullptr, &options, &model, nullptr);
  seqmix_model_close(model);
  return status == SEQMIX_ERROR_NO_DEVICE ? nullptr
                                          : openWith("fake_both", options);
}

void *seqmix::test::cudaSymbol(const char *name) {
  static void *driver = dlopen(useFakeDriver().c_str(), RTLD_NOW);
  return dlsym(driver, name);
}

int64_t seqmix::test::cudaCount(const char *what) {
  auto count = reinterpret_cast<int64_t (*)(const char *)>(
      cudaSymbol("fake_cuda_count"));
  return count(what);
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
  EXPECT_EQ(seqmix_session_synchronize(session.get(), &error), SEQMIX_OK)
      << error.message;
  return logits;
}

std::vector<float>
seqmix::test::stepThrough(const SessionPtr &session,
                          const std::vector<int32_t> &tokens) {
  int64_t batch = seqmix_session_batch(session.get());
  int64_t length = tokens.size() / batch;
  std::vector<float> logits(tokens.size() * vocabulary);
  std::vector<float> row(batch * vocabulary);
  std::vector<int32_t> column(batch);
  for (int64_t t = 0; t != length; ++t) {
    for (int64_t b = 0; b != batch; ++b)
      column[b] = tokens[b * length + t];
    EXPECT_EQ(
        seqmix_step_tokens(session.get(), column.data(), row.data(), nullptr),
        SEQMIX_OK);
    EXPECT_EQ(seqmix_session_synchronize(session.get(), nullptr), SEQMIX_OK);
    for (int64_t b = 0; b != batch; ++b)
      std::copy_n(&row[b * vocabulary], vocabulary,
                  &logits[(b * length + t) * vocabulary]);
  }
  return logits;
}

DeviceMemory::DeviceMemory(const ModelPtr &model, size_t bytes) : Model(model) {
  seqmix_error error;
  EXPECT_EQ(seqmix_device_alloc(model.get(), bytes, &Memory, &error), SEQMIX_OK)
      << error.message;
}

DeviceMemory::~DeviceMemory() { seqmix_device_free(Model.get(), Memory); }

void DeviceMemory::copy(void *target, const void *source, size_t bytes) {
  EXPECT_EQ(seqmix_device_copy(Model.get(), target, source, bytes, nullptr),
            SEQMIX_OK);
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
