//===- CudaDriver.h - the CUDA driver, found at run time ------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_CUDADRIVER_H
#define SEQMIX_RUNTIME_SRC_CUDADRIVER_H

#include "runtime/src/Status.h"

#include <cstddef>
#include <cstdint>

namespace seqmix {

/// The driver's types and numbers, as far as they are used here.
namespace cuda {
using Result = int;
using Device = int;
using Address = unsigned long long;
using Context = struct OpaqueContext *;
using Module = struct OpaqueModule *;
using Function = struct OpaqueFunction *;
using Stream = struct OpaqueStream *;
using Event = struct OpaqueEvent *;
using Graph = struct OpaqueGraph *;
using GraphExec = struct OpaqueGraphExec *;

constexpr Result success = 0;
constexpr Result outOfMemory = 2;

constexpr int deviceCapabilityMajor = 75;
constexpr int deviceCapabilityMinor = 76;

constexpr int pointerMemoryType = 2;
constexpr unsigned memoryOfHost = 1;
constexpr unsigned memoryOfDevice = 2;

constexpr int jitErrorLog = 5;
constexpr int jitErrorLogBytes = 6;

constexpr int functionStaticSharedBytes = 1;
constexpr int functionLocalBytes = 3;
constexpr int functionRegisters = 4;
constexpr int functionMaxDynamicSharedBytes = 8;

constexpr unsigned streamNonBlocking = 1;
constexpr unsigned eventDisableTiming = 2;
constexpr int captureRelaxed = 2;
} // namespace cuda

/// The functions of the driver: one member each. There is no other way to it in
/// the runtime, and no header or library of a toolkit.
struct CudaDriver {
  /// Opens libcuda.so.1, or what the environment variable SEQMIX_CUDA_DRIVER
  /// names, finds every function and initializes the driver. NO_DEVICE, saying
  /// what is missing.
  Status load();

  /// The name of an error, such as "CUDA_ERROR_OUT_OF_MEMORY".
  std::string errorName(cuda::Result result) const;

  /// Success, or that `what`, such as "copying to the device", failed.
  Status check(cuda::Result result, const char *what) const;

#define SEQMIX_CUDA_SYMBOL(member, symbol, signature)                          \
  using member##_signature = cuda::Result signature;                           \
  member##_signature *member = nullptr;
  // The signatures in the list name the types of the namespace above.
  using Result = cuda::Result;
  using Device = cuda::Device;
  using Address = cuda::Address;
  using Context = cuda::Context;
  using Module = cuda::Module;
  using Function = cuda::Function;
  using Stream = cuda::Stream;
  using Event = cuda::Event;
  using Graph = cuda::Graph;
  using GraphExec = cuda::GraphExec;
#include "runtime/src/CudaDriver.def"
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_CUDADRIVER_H
