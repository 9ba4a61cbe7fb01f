//===- ThreadPool.h - parallel loops over persistent threads --*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_THREADPOOL_H
#define SEQMIX_RUNTIME_SRC_THREADPOOL_H

#include <cstdint>
#include <memory>

namespace seqmix {

/// Threads that wait for loops to share. One loop runs at a time: a loop that
/// is started while another runs, from a loop body or from another thread, runs
/// on its caller alone. That keeps nesting and concurrent sessions free of
/// deadlock, and a session alone gets every thread.
class ThreadPool {
public:
  using Body = void (*)(void *arg, int64_t begin, int64_t end);

  /// Starts `threads` - 1 threads, since the caller of a loop works too; fewer
  /// if the system grants no more.
  explicit ThreadPool(int threads);
  ~ThreadPool();

  /// Threads that a loop can use, the caller included.
  int threads() const;

  /// Calls body(arg, begin, end) on disjoint ranges that cover [0, count) and
  /// returns when all are done. `cost` is about the number of scalar operations
  /// of one iteration; short loops run on the caller. What the bodies wrote is
  /// visible to the caller afterwards. Any thread may call it at any time.
  void parallelFor(int64_t count, int64_t cost, Body body, void *arg);

private:
  struct Impl;
  std::unique_ptr<Impl> Shared;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_THREADPOOL_H
