//===- CpuDevice.cpp - what the host lends to compiled CPU code -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The bridge between the C table that compiled code calls and the runtime's
// thread pool and kernels, and the one place that decides how many threads
// there are.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CpuDevice.h"

#include "runtime/src/CpuLevel.h"

#ifdef SEQMIX_HAVE_DENSE_KERNELS
#include "runtime/kernels/DenseKernels.h"
#endif

#include <algorithm>
#include <cstdlib>
#include <thread>

#include <sched.h>

using namespace seqmix;

static constexpr int maxThreads = 1024;

static void hostParallelFor(void *context, int64_t count, int64_t cost,
                            ThreadPool::Body body, void *arg) {
  static_cast<ThreadPool *>(context)->parallelFor(count, cost, body, arg);
}

#ifdef SEQMIX_HAVE_DENSE_KERNELS
/// The best kernels for this processor, or for what SEQMIX_CPU_LEVEL makes of
/// it; who opens a model is told of a value that is none.
static DenseLevel chooseDenseLevel() {
  uint32_t level;
  (void)chooseCpuLevel(level);
  DenseLevel most = level >= 4   ? DenseLevel::Avx512
                    : level == 3 ? DenseLevel::Avx2
                                 : DenseLevel::Baseline;
  return std::min(most, bestDenseLevel());
}

template <DenseLevel level>
static int64_t hostMatmul(void *, const seqmix_abi_matmul *product) {
  return denseMatmul(*product, level);
}
#endif

CpuDevice::CpuDevice(int threads, [[maybe_unused]] bool lendsProducts)
    : Pool(threads), Host{} {
  Host.size = sizeof(Host);
  Host.context = &Pool;
  Host.parallel_for = hostParallelFor;
#ifdef SEQMIX_HAVE_DENSE_KERNELS
  if (!lendsProducts)
    return;
  DenseLevel level = chooseDenseLevel();
  Host.matmul = level == DenseLevel::Avx512 ? hostMatmul<DenseLevel::Avx512>
                : level == DenseLevel::Avx2 ? hostMatmul<DenseLevel::Avx2>
                                            : hostMatmul<DenseLevel::Baseline>;
  MatmulName = std::string("Halide kernels (") + denseLevelName(level) + ")";
#endif
}

/// Processors that this process may run on, which containers and `taskset` make
/// fewer than the machine has.
static int availableProcessors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return std::max(CPU_COUNT(&set), 1);
  return std::max<int>(std::thread::hardware_concurrency(), 1);
}

Status CpuDevice::chooseThreads(int requested, int &threads) {
  if (requested < 0 || requested > maxThreads)
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "the number of threads is %d when it should be from 1 "
                         "to %d, or 0 to choose",
                         requested, maxThreads);
  threads = requested;
  const char *text = std::getenv("SEQMIX_THREADS");
  if (threads == 0 && text && *text) {
    char *end;
    long value = std::strtol(text, &end, 10);
    if (*end || value < 1 || value > maxThreads)
      return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                           "SEQMIX_THREADS is '%.32s' when it should be a "
                           "number from 1 to %d",
                           text, maxThreads);
    threads = static_cast<int>(value);
  }
  if (threads == 0)
    threads = std::min(availableProcessors(), maxThreads);
  return Status();
}
