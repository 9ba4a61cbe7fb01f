//===- ThreadPoolTest.cpp - parallel loops --------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever its length, its nesting and its neighbours, a loop covers its range
// exactly once and what it wrote is there when it returns.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ThreadPool.h"
#include "runtime/src/CpuDevice.h"

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

using namespace seqmix;

namespace {
/// A loop body with state, as compiled code would pass it.
template <typename Function> struct Loop {
  Function function;
  static void body(void *arg, int64_t begin, int64_t end) {
    static_cast<Loop *>(arg)->function(begin, end);
  }
};
} // namespace

template <typename Function>
static void loop(ThreadPool &pool, int64_t count, int64_t cost,
                 Function function) {
  Loop<Function> arg{function};
  pool.parallelFor(count, cost, Loop<Function>::body, &arg);
}

static void expectCoverage(ThreadPool &pool, int64_t count, int64_t cost) {
  std::vector<int> hits(count);
  loop(pool, count, cost, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i != end; ++i)
      ++hits[i];
  });
  for (int64_t i = 0; i != count; ++i)
    ASSERT_EQ(hits[i], 1) << "iteration " << i << " of " << count;
}

TEST(ThreadPoolTest, CoversEveryRange) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (int64_t count : {0, 1, 2, 3, 7, 64, 1000, 4097})
      for (int64_t cost : {int64_t(-1), int64_t(0), int64_t(1), int64_t(1000),
                           int64_t(1) << 40, INT64_MAX})
        expectCoverage(pool, count, cost);
  }
}

TEST(ThreadPoolTest, ManyShortLoops) {
  ThreadPool pool(4);
  for (int i = 0; i != 3000; ++i)
    expectCoverage(pool, 17, 10000);
}

TEST(ThreadPoolTest, SleepsAndWakes) {
  ThreadPool pool(3);
  for (int i = 0; i != 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    expectCoverage(pool, 100, 10000);
  }
}

TEST(ThreadPoolTest, NestedLoopsRunInline) {
  ThreadPool pool(4);
  std::atomic<int64_t> total{0};
  loop(pool, 50, 100000, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i != end; ++i)
      loop(pool, 20, 100000,
           [&](int64_t b, int64_t e) { total.fetch_add(e - b); });
  });
  EXPECT_EQ(total, 1000);
}

TEST(ThreadPoolTest, ConcurrentCallers) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  for (int i = 0; i != 4; ++i)
    callers.emplace_back([&pool] {
      for (int j = 0; j != 300; ++j)
        expectCoverage(pool, 40, 5000);
    });
  for (std::thread &caller : callers)
    caller.join();
}

TEST(ThreadPoolTest, HugeCountOfShortIterations) {
  ThreadPool pool(2);
  std::atomic<int64_t> total{0};
  loop(pool, INT64_MAX, 1,
       [&](int64_t begin, int64_t end) { total.fetch_add(end - begin); });
  EXPECT_EQ(total, INT64_MAX);
}

TEST(CpuDeviceTest, ChoosesThreads) {
  int threads = 0;
  EXPECT_TRUE(CpuDevice::chooseThreads(3, threads).ok());
  EXPECT_EQ(threads, 3);
  EXPECT_FALSE(CpuDevice::chooseThreads(-1, threads).ok());
  EXPECT_FALSE(CpuDevice::chooseThreads(1 << 20, threads).ok());

  setenv("SEQMIX_THREADS", "5", 1);
  EXPECT_TRUE(CpuDevice::chooseThreads(0, threads).ok());
  EXPECT_EQ(threads, 5);
  EXPECT_TRUE(CpuDevice::chooseThreads(2, threads).ok());
  EXPECT_EQ(threads, 2);
  setenv("SEQMIX_THREADS", "many", 1);
  Status status = CpuDevice::chooseThreads(0, threads);
  EXPECT_EQ(status.message(), "SEQMIX_THREADS is 'many' when it should be a "
                              "number from 1 to 1024");
  unsetenv("SEQMIX_THREADS");
  EXPECT_TRUE(CpuDevice::chooseThreads(0, threads).ok());
  EXPECT_GE(threads, 1);
}
