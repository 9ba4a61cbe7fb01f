//===- Stopwatch.cpp - medians of seconds ---------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A measurement runs as often as a second allows, so that it is neither short
// nor long. The copies are of more bytes than a cache holds.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Stopwatch.h"

#include "tools/seqmix-run/DeviceFacts.h"
#include "tools/seqmix-run/Progress.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

using namespace seqmix;

using Clock = std::chrono::steady_clock;

/// A measurement is at least so many runs, and then as many as fit in the time.
static constexpr int minRuns = 5;
static constexpr int maxRuns = 1000;
static constexpr double secondsPerMeasurement = 1.0;

/// Bytes that a copy on the CPU reads, and at most on a card, where they take
/// long beside the microseconds of waiting for each copy.
static constexpr size_t copyBytesCpu = size_t(256) << 20;
static constexpr uint64_t copyBytesCard = uint64_t(2) << 30;

double seqmix::medianSeconds(const char *what,
                             const std::function<void()> &body) {
  Progress progress;
  body();
  std::vector<double> seconds;
  double total = 0;
  int runs = 0;
  for (; runs < minRuns || (total < secondsPerMeasurement && runs < maxRuns);
       ++runs) {
    progress.update(std::string("measuring ") + what, runs,
                    std::max(runs + 1, minRuns));
    Clock::time_point began = Clock::now();
    body();
    seconds.push_back(
        std::chrono::duration<double>(Clock::now() - began).count());
    total += seconds.back();
  }
  std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
  return seconds[runs / 2];
}

static double measureCopyOnCpu(int threads) {
  size_t share = copyBytesCpu / threads;
  std::vector<char> source(share * threads, 1), target(share * threads);
  auto copy = [&](int part) {
    std::memcpy(target.data() + part * share, source.data() + part * share,
                share);
  };
  double seconds = medianSeconds("memory", [&] {
    std::vector<std::thread> others;
    for (int part = 1; part < threads; ++part)
      others.emplace_back(copy, part);
    copy(0);
    for (std::thread &other : others)
      other.join();
  });
  return 2.0 * static_cast<double>(share * threads) / seconds;
}

/// An eighth of the card's memory at most, since the model is there too.
static double measureCopyOnCard(const ModelHandle &model) {
  seqmix_tensor_info bytes = {};
  bytes.bytes = std::min(copyBytesCard, deviceOf(model).memory_bytes / 8);
  DeviceBuffers buffers(model, {bytes, bytes}, 1);
  double seconds = medianSeconds(
      "memory", [&] { copyBytes(model, buffers[0], buffers[1], bytes.bytes); });
  return 2.0 * static_cast<double>(bytes.bytes) / seconds;
}

double seqmix::measureCopy(const ModelHandle &model) {
  return deviceOf(model).device == SEQMIX_CUDA
             ? measureCopyOnCard(model)
             : measureCopyOnCpu(seqmix_model_threads(model.get()));
}
