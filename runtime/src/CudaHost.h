//===- CudaHost.h - what the host lends to code of a card -----*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_CUDAHOST_H
#define SEQMIX_RUNTIME_SRC_CUDAHOST_H

#include "runtime/src/CudaModel.h"

namespace seqmix {

/// The host table over a stream: puts what an entry point asks for on it, in
/// order, and remembers the first thing that failed. One for each session.
class CudaHost {
public:
  explicit CudaHost(const CudaModel &model);

  /// What compiled code is handed. It points to this, which does not move.
  const seqmix_abi_host &table() const { return Table; }

  /// Memory for the vendor's matrix product, of its workspaceBytes.
  void setMatmulWorkspace(cuda::Address address) { Workspace = address; }

  /// Enqueues on `stream` from now on, with nothing failed and counted so far.
  void begin(cuda::Stream stream);

  /// What failed first since `begin`.
  const Status &status() const { return Failed; }

  /// Kernels launched since `begin`; a product of the vendor's counts as one.
  int64_t kernels() const { return Launched; }

private:
  static void launch(void *context, int64_t kernel, int64_t blocks,
                     const uint64_t *arguments);
  static void copy(void *context, void *target, const void *source,
                   int64_t bytes);
  static int64_t matmul(void *context, const seqmix_abi_matmul *product);

  Status launchKernel(int64_t kernel, int64_t blocks,
                      const uint64_t *arguments);

  const CudaModel &Model;
  seqmix_abi_host Table;
  cuda::Stream Stream = nullptr;
  cuda::Address Workspace = 0;
  std::vector<void *> Arguments; // as long as the longest list
  Status Failed;
  int64_t Launched = 0;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_CUDAHOST_H
