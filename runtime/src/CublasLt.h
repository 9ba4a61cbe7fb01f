//===- CublasLt.h - the vendor's matrix product ---------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_CUBLASLT_H
#define SEQMIX_RUNTIME_SRC_CUBLASLT_H

#include "runtime/src/CudaDriver.h"

#include <memory>

#include <seqmix/model_abi.h>

namespace seqmix {

/// cuBLASLt, if it is on this machine. Shared by the sessions of a model; any
/// number of threads may use it.
class CublasLt {
public:
  /// Device memory that a product may use while it runs.
  static constexpr uint64_t workspaceBytes = uint64_t(32) << 20;

  /// Finds the library and opens it in the current context; null if there is
  /// none, it is too old, or the environment variable SEQMIX_CUBLASLT is 0.
  /// Another value of that variable is the library's path. `name` becomes what
  /// is used and, if it is not the library, why.
  static std::unique_ptr<CublasLt> open(std::string &name);
  ~CublasLt();

  /// Enqueues the product on `stream`. False, without having done anything, for
  /// products that the library cannot do or that others do better. The first
  /// product of its shape allocates on the host, none on the device.
  bool multiply(const seqmix_abi_matmul &product, cuda::Address workspace,
                cuda::Stream stream);

private:
  CublasLt();
  struct Impl;
  std::unique_ptr<Impl> Shared;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_CUBLASLT_H
