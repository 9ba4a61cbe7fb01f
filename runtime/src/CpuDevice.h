//===- CpuDevice.h - what the host lends to compiled CPU code -*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_CPUDEVICE_H
#define SEQMIX_RUNTIME_SRC_CPUDEVICE_H

#include "runtime/src/Status.h"
#include "runtime/src/ThreadPool.h"

#include <string>

#include <seqmix/model_abi.h>

namespace seqmix {

/// The processor as compiled code sees it: the host table over a thread pool.
/// Shared by all sessions of a model; any number of threads may use it.
class CpuDevice {
public:
  /// A device of `threads` threads, at least 1. It lends matrix products if it
  /// has any and `lendsProducts`; otherwise models compute their own.
  explicit CpuDevice(int threads, bool lendsProducts = true);

  const seqmix_abi_host &host() const { return Host; }
  int threads() const { return Pool.threads(); }

  /// Whose matrix products the host lends, for people.
  const char *matmulName() const { return MatmulName.c_str(); }

  /// Decides the number of threads: `requested` unless 0, then the environment
  /// variable SEQMIX_THREADS, then the processors this process may run on.
  /// INVALID_ARGUMENT if the first or second is no number from 1 to 1024.
  static Status chooseThreads(int requested, int &threads);

private:
  ThreadPool Pool;
  seqmix_abi_host Host; // its context is &Pool: a device does not move
  std::string MatmulName = "own kernels";
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_CPUDEVICE_H
