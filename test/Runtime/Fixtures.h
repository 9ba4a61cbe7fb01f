//===- Fixtures.h - files and models for the runtime's tests --*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TEST_RUNTIME_FIXTURES_H
#define SEQMIX_TEST_RUNTIME_FIXTURES_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <seqmix/seqmix.h>

namespace seqmix::test {

constexpr int64_t vocabulary = 256; // of fake_model.c
constexpr int64_t channels = 4;
constexpr int32_t refusedToken = 251;

/// A folder that goes away with the object.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();

  /// Writes a file of these bytes and returns its path.
  std::string write(const std::string &name, const std::string &bytes) const;
  std::string path(const std::string &name) const { return Path + "/" + name; }

private:
  std::string Path;
};

/// The bytes of a safetensors file with this header, padded with blanks so that
/// the data begin at a multiple of `alignment`.
std::string safetensorsBytes(std::string header, const std::string &data,
                             size_t alignment = 1);

/// A tensor to be written.
struct NamedTensor {
  std::string name;
  std::string type;
  std::vector<int64_t> shape;
  std::string data;
};

/// The bytes of a safetensors file of these tensors, in this order.
std::string safetensorsBytes(const std::vector<NamedTensor> &tensors,
                             size_t alignment = 1);

/// The bytes of an array.
template <typename T> std::string bytesOf(const std::vector<T> &values) {
  return std::string(reinterpret_cast<const char *>(values.data()),
                     values.size() * sizeof(T));
}

/// Weights of fake_model.c in F32, the same every time.
std::vector<NamedTensor> fakeWeights();

/// Path of a hand-written model, such as "fake_model".
std::string fakePath(const std::string &name);

struct Release {
  void operator()(seqmix_model *model) const { seqmix_model_close(model); }
  void operator()(seqmix_session *session) const {
    seqmix_session_destroy(session);
  }
};
using ModelPtr = std::unique_ptr<seqmix_model, Release>;
using SessionPtr = std::unique_ptr<seqmix_session, Release>;

/// Opens a hand-written model with fakeWeights (none for "fake_general").
/// `pieceTokens` and `threads` 0 mean the defaults. A failure fails the test.
ModelPtr openFake(const std::string &name = "fake_model",
                  int64_t pieceTokens = 0, int threads = 0);

/// The same on the card of fake_cuda.c.
ModelPtr openFakeOnCuda(const std::string &name = "fake_both",
                        int64_t pieceTokens = 0);

/// The same on a card of this machine; null if it has none.
ModelPtr openFakeOnCard(int64_t pieceTokens = 0);

/// A number that fake_cuda.c counts: "allocations", "live", "launches",
/// "graph_launches", "waits" or "objects".
int64_t cudaCount(const char *what);

/// A function of fake_cuda.c.
void *cudaSymbol(const char *name);

/// A session, or a failed test.
SessionPtr createSession(const ModelPtr &model, int64_t batch = 1);

/// `count` tokens that fake_model.c accepts.
std::vector<int32_t> someTokens(int64_t count, uint32_t seed = 1);

/// Logits of a prefill that must succeed.
std::vector<float> prefill(const SessionPtr &session,
                           const std::vector<int32_t> &tokens);

/// Logits of stepping through tokens [batch, length].
std::vector<float> stepThrough(const SessionPtr &session,
                               const std::vector<int32_t> &tokens);

/// Memory on a model's device.
class DeviceMemory {
public:
  DeviceMemory(const ModelPtr &model, size_t bytes);
  ~DeviceMemory();

  template <typename T> T *at(size_t index = 0) {
    return static_cast<T *>(Memory) + index;
  }
  template <typename T> void write(const std::vector<T> &values) {
    copy(Memory, values.data(), values.size() * sizeof(T));
  }
  template <typename T> std::vector<T> read(size_t count) {
    std::vector<T> values(count);
    copy(values.data(), Memory, count * sizeof(T));
    return values;
  }

private:
  void copy(void *target, const void *source, size_t bytes);

  const ModelPtr &Model;
  void *Memory = nullptr;
};

/// The saved state of a session.
std::vector<char> save(const SessionPtr &session);

} // namespace seqmix::test

#endif // SEQMIX_TEST_RUNTIME_FIXTURES_H
