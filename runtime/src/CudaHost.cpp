//===- CudaHost.cpp - what the host lends to code of a card ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Entry points of a card's code are a list of launches with sizes computed on
// the way. They cannot fail half way, since the interface gives them no means
// to: after the first failure nothing more is enqueued, and the caller looks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CudaHost.h"

#include <algorithm>
#include <cinttypes>

using namespace seqmix;

/// Blocks that a launch may have.
static constexpr int64_t maxBlocks = INT32_MAX;

CudaHost::CudaHost(const CudaModel &model)
    : Model(model),
      Table{sizeof(seqmix_abi_host), this, nullptr, launch, copy, matmul} {
  uint32_t most = 0;
  for (uint32_t i = 0; i != model.target().num_kernels; ++i)
    most = std::max(most, model.target().kernels[i].num_arguments);
  Arguments.resize(most);
}

void CudaHost::begin(cuda::Stream stream) {
  Stream = stream;
  Failed = Status();
  Launched = 0;
}

void CudaHost::launch(void *context, int64_t kernel, int64_t blocks,
                      const uint64_t *arguments) {
  auto &host = *static_cast<CudaHost *>(context);
  if (host.Failed.ok() && blocks != 0)
    host.Failed = host.launchKernel(kernel, blocks, arguments);
}

Status CudaHost::launchKernel(int64_t kernel, int64_t blocks,
                              const uint64_t *arguments) {
  const seqmix_abi_target &target = Model.target();
  if (kernel < 0 || kernel >= target.num_kernels)
    return Status::error(SEQMIX_ERROR_INTERNAL,
                         "the model launches kernel %" PRId64
                         " of its %" PRIu32,
                         kernel, target.num_kernels);
  const seqmix_abi_kernel &entry = target.kernels[kernel];
  if (blocks < 0 || blocks > maxBlocks)
    return Status::error(SEQMIX_ERROR_INTERNAL,
                         "kernel '%s' is launched with %" PRId64
                         " blocks when %" PRId64 " is the limit",
                         entry.name, blocks, maxBlocks);
  for (uint32_t i = 0; i != entry.num_arguments; ++i)
    Arguments[i] = const_cast<uint64_t *>(&arguments[i]);
  const CudaDriver &driver = Model.device()->driver();
  cuda::Result result = driver.launchKernel(
      Model.kernel(kernel), static_cast<unsigned>(blocks), 1, 1, entry.threads,
      1, 1, entry.shared_bytes, Stream, Arguments.data(), nullptr);
  if (result != cuda::success)
    return Status::error(SEQMIX_ERROR_INTERNAL,
                         "kernel '%s' cannot be launched: %s", entry.name,
                         driver.errorName(result).c_str());
  ++Launched;
  return Status();
}

void CudaHost::copy(void *context, void *target, const void *source,
                    int64_t bytes) {
  auto &host = *static_cast<CudaHost *>(context);
  if (!host.Failed.ok() || bytes <= 0)
    return;
  const CudaDriver &driver = host.Model.device()->driver();
  host.Failed =
      driver.check(driver.memcpyOnDevice(toAddress(target), toAddress(source),
                                         bytes, host.Stream),
                   "a copy of the model's");
}

int64_t CudaHost::matmul(void *context, const seqmix_abi_matmul *product) {
  auto &host = *static_cast<CudaHost *>(context);
  CublasLt *library = host.Model.matmul();
  if (!host.Failed.ok() || !library ||
      !library->multiply(*product, host.Workspace, host.Stream))
    return 0;
  ++host.Launched;
  return 1;
}
