//===- ThreadPool.cpp - parallel loops over persistent threads ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A loop is published behind a gate. Workers that see the gate open pass it and
// take chunks from a shared counter until none is left. The caller takes chunks
// too, closes the gate when they are gone, and waits only for the workers that
// are inside: a worker that is slow to wake finds the gate closed and is waited
// for by nobody, so a short loop never costs a wake-up.
//
// An empty loop takes 0.1 microseconds for two threads on two processors of an
// x86-64 machine if the last loop was less than 20 microseconds ago, and up to
// 8 if the other thread sleeps; for eight threads there 0.1 to 0.3.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ThreadPool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

using namespace seqmix;

/// A loop of fewer scalar operations runs on its caller: about ten
/// microseconds, what it takes to wake a sleeping thread.
static constexpr int64_t minLoopCost = 32768;

/// A chunk has at least so many, so that taking it costs nothing in comparison.
static constexpr int64_t minChunkCost = 4096;

/// Chunks per thread: enough to even out threads of different speed.
static constexpr int64_t chunksPerThread = 4;

/// Looks that a waiting thread takes before it goes to sleep: some tens of
/// microseconds, which bridges the gaps between the loops of one model step.
static constexpr int spinLimit = 2000;

/// After so many looks it lets others run. A worker that woke on the processor
/// of its caller would else keep it from going on until the worker sleeps.
static constexpr int looksPerYield = 32;

/// Gate: this bit while the loop is open, and below it the workers inside.
static constexpr uint32_t gateOpen = 1u << 31;

struct ThreadPool::Impl {
  // The loop. Written only while the gate is closed and empty.
  Body body = nullptr;
  void *arg = nullptr;
  int64_t count = 0;
  int64_t grain = 1;

  std::atomic<bool> busy{false};
  alignas(64) std::atomic<int64_t> nextChunk{0};
  alignas(64) std::atomic<uint32_t> gate{0};
  alignas(64) std::atomic<uint64_t> generation{0};
  std::atomic<int> sleepers{0};
  std::atomic<bool> stopping{false};

  std::mutex mutex;
  std::condition_variable wake;   // workers: a new generation, or stopping
  std::condition_variable finish; // the caller: the last worker left
  std::vector<std::thread> workers;

  void takeChunks();
  bool pass();
  void leave();
  void awaitGeneration(uint64_t seen);
  void work();
  void run(int64_t loopCount, int64_t loopGrain, Body loopBody, void *loopArg);
  void stop();
};

static void pauseCpu(int spin) {
  if (spin % looksPerYield == looksPerYield - 1)
    return std::this_thread::yield();
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void ThreadPool::Impl::takeChunks() {
  int64_t chunks = (count - 1) / grain + 1;
  for (;;) {
    int64_t chunk = nextChunk.fetch_add(1, std::memory_order_relaxed);
    if (chunk >= chunks)
      return;
    int64_t begin = chunk * grain;
    body(arg, begin, begin + std::min(grain, count - begin));
  }
}

/// Enters an open gate. Once inside, the loop's members stay as they are.
bool ThreadPool::Impl::pass() {
  uint32_t seen = gate.load(std::memory_order_relaxed);
  while (seen & gateOpen)
    if (gate.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire,
                                   std::memory_order_relaxed))
      return true;
  return false;
}

/// Leaves the gate, and tells a caller that may be asleep if it was the last.
void ThreadPool::Impl::leave() {
  if (gate.fetch_sub(1, std::memory_order_release) != 1)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  finish.notify_one();
}

void ThreadPool::Impl::awaitGeneration(uint64_t seen) {
  for (int spin = 0; spin != spinLimit; ++spin) {
    if (generation.load(std::memory_order_acquire) != seen)
      return;
    pauseCpu(spin);
  }
  std::unique_lock<std::mutex> lock(mutex);
  sleepers.fetch_add(1); // before the look at generation, as in run()
  wake.wait(lock, [&] { return generation.load() != seen; });
  sleepers.fetch_sub(1);
}

void ThreadPool::Impl::work() {
  for (uint64_t seen = 0; !stopping.load();) {
    awaitGeneration(seen);
    seen = generation.load(std::memory_order_acquire);
    if (!pass())
      continue;
    takeChunks();
    leave();
  }
}

void ThreadPool::Impl::run(int64_t loopCount, int64_t loopGrain, Body loopBody,
                           void *loopArg) {
  count = loopCount;
  grain = loopGrain;
  body = loopBody;
  arg = loopArg;
  nextChunk.store(0, std::memory_order_relaxed);
  gate.store(gateOpen, std::memory_order_release);
  generation.fetch_add(1); // before the look at sleepers, as they do
  if (sleepers.load() > 0) {
    std::lock_guard<std::mutex> lock(mutex);
    wake.notify_all();
  }
  takeChunks();

  gate.fetch_and(~gateOpen, std::memory_order_relaxed);
  for (int spin = 0; spin != spinLimit; ++spin) {
    if (gate.load(std::memory_order_acquire) == 0)
      return;
    pauseCpu(spin);
  }
  std::unique_lock<std::mutex> lock(mutex);
  finish.wait(lock, [&] { return gate.load(std::memory_order_acquire) == 0; });
}

void ThreadPool::Impl::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping.store(true);
    generation.fetch_add(1);
    wake.notify_all();
  }
  for (std::thread &worker : workers)
    worker.join();
}

ThreadPool::ThreadPool(int threads) : Shared(std::make_unique<Impl>()) {
  Shared->workers.reserve(std::max(threads - 1, 0));
  try {
    for (int i = 1; i < threads; ++i)
      Shared->workers.emplace_back([impl = Shared.get()] { impl->work(); });
  } catch (const std::system_error &) {
    // The loops run on the threads there are.
  }
}

ThreadPool::~ThreadPool() { Shared->stop(); }

int ThreadPool::threads() const {
  return static_cast<int>(Shared->workers.size()) + 1;
}

void ThreadPool::parallelFor(int64_t count, int64_t cost, Body body,
                             void *arg) {
  if (count <= 0)
    return;
  cost = std::max<int64_t>(cost, 1);
  int64_t total;
  bool isShort =
      !__builtin_mul_overflow(count, cost, &total) && total < minLoopCost;
  if (isShort || count == 1 || threads() == 1 ||
      Shared->busy.exchange(true, std::memory_order_acquire)) {
    body(arg, 0, count);
    return;
  }
  int64_t grain = std::max(
      {int64_t(1), minChunkCost / cost, count / (threads() * chunksPerThread)});
  Shared->run(count, grain, body, arg);
  Shared->busy.store(false, std::memory_order_release);
}
