//===- Ceilings.cpp - what the machine can do -----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-bench/Ceilings.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include <sys/mman.h>

using namespace seqmix;

/// Far more than caches hold.
static constexpr size_t memoryBytes = size_t(256) << 20;
static constexpr size_t hugePage = size_t(2) << 20;
/// Multiply-adds that are under way at once: latency times units, and no more
/// than there are registers for.
static constexpr int chains = 12;
static constexpr int64_t turns = 1 << 22;

double seqmix::medianOf(std::vector<double> measured) {
  auto middle = measured.begin() + measured.size() / 2;
  std::nth_element(measured.begin(), middle, measured.end());
  return *middle;
}

/// Calls `body` with 0 .. threads - 1, each on a thread of its own.
static void onThreads(int threads, const std::function<void(int)> &body) {
  std::vector<std::thread> others;
  for (int part = 1; part < threads; ++part)
    others.emplace_back(body, part);
  body(0);
  for (std::thread &other : others)
    other.join();
}

/// As the runtime's own buffers are: in huge pages, where there are any.
static char *allocate(int value) {
  auto *memory = static_cast<char *>(std::aligned_alloc(hugePage, memoryBytes));
  if (!memory)
    std::abort(); // as operator new does without exceptions
#ifdef MADV_HUGEPAGE
  (void)madvise(memory, memoryBytes, MADV_HUGEPAGE);
#endif
  std::memset(memory, value, memoryBytes);
  return memory;
}

Machine::Machine(int threads)
    : threads(threads), from(allocate(1)), to(allocate(2)) {}

double Machine::copy() {
  size_t share = memoryBytes / threads;
  onThreads(threads, [&](int part) {
    std::memcpy(to.get() + part * share, from.get() + part * share, share);
  });
  return 2.0 * static_cast<double>(memoryBytes);
}

/// Each thread reads several runs side by side, which is faster than one.
double Machine::read() {
  using Line = uint64_t __attribute__((vector_size(64)));
  constexpr size_t runs = 8, lines = 4;
  size_t share = memoryBytes / threads / runs;
  onThreads(threads, [&](int part) {
    Line sums[lines] = {};
    const char *begin = from.get() + part * runs * share;
    for (size_t at = 0; at + sizeof(sums) <= share; at += sizeof(sums))
      for (size_t run = 0; run != runs; ++run) {
        Line read[lines];
        std::memcpy(read, begin + run * share + at, sizeof(read));
        for (size_t i = 0; i != lines; ++i)
          sums[i] ^= read[i];
      }
    benchmark::DoNotOptimize(sums);
  });
  return static_cast<double>(memoryBytes);
}

namespace {
template <int bytes> struct VectorOf {
  using type = float __attribute__((vector_size(bytes)));
};
} // namespace

/// One thread's share; inlined into functions for each kind of processor.
template <int bytes>
[[gnu::always_inline]] static inline double multiplyAddWith() {
  using Vector = typename VectorOf<bytes>::type;
  Vector sums[chains];
  for (int i = 0; i != chains; ++i)
    sums[i] = Vector{} + static_cast<float>(i);
  Vector factor = Vector{} + 0.999f, term = Vector{} + 0.001f;
  benchmark::DoNotOptimize(factor);
  for (int64_t turn = 0; turn != turns; ++turn)
#pragma clang loop unroll(full)
    for (int i = 0; i != chains; ++i)
      sums[i] = sums[i] * factor + term;
  for (Vector &sum : sums)
    benchmark::DoNotOptimize(sum);
  return 2.0 * chains * static_cast<double>(turns * bytes / sizeof(float));
}

#ifdef __x86_64__
[[gnu::target("avx512f")]] static double multiplyAdd512() {
  return multiplyAddWith<64>();
}
[[gnu::target("avx2,fma")]] static double multiplyAdd256() {
  return multiplyAddWith<32>();
}
static double multiplyAddWidest() {
  if (__builtin_cpu_supports("avx512f"))
    return multiplyAdd512();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return multiplyAdd256();
  return multiplyAddWith<16>();
}
#else
static double multiplyAddWidest() { return multiplyAddWith<16>(); }
#endif

double Machine::multiplyAdd() {
  std::vector<double> done(threads);
  onThreads(threads, [&](int part) { done[part] = multiplyAddWidest(); });
  double all = 0;
  for (double one : done)
    all += one;
  return all;
}

/// What `work` does in a second in the median of a few turns, as measurements
/// count it.
static double rateOf(const std::function<double()> &work) {
  using Clock = std::chrono::steady_clock;
  using Seconds = std::chrono::duration<double>;
  constexpr Seconds enough(0.05);
  std::vector<double> rates;
  Clock::time_point begin = Clock::now();
  for (Clock::time_point now = begin, last; now - begin < enough;) {
    last = now;
    double done = work();
    now = Clock::now();
    rates.push_back(done / Seconds(now - last).count());
  }
  return medianOf(std::move(rates));
}

Rates Machine::measure() {
  return {rateOf([&] { return copy(); }), rateOf([&] { return read(); }),
          rateOf([&] { return multiplyAdd(); })};
}
