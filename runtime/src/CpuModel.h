//===- CpuModel.h - a model on the processor ------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_CPUMODEL_H
#define SEQMIX_RUNTIME_SRC_CPUMODEL_H

#include "runtime/src/CpuDevice.h"
#include "runtime/src/DeviceModel.h"

namespace seqmix {

/// The parameters stay where they were bound, so there is only the host table.
class CpuModel : public DeviceModel {
public:
  CpuModel(int threads, bool lendsProducts) : Device(threads, lendsProducts) {}

  const seqmix_abi_host &host() const { return Device.host(); }

  Status createSession(const Model &model, int64_t batch,
                       std::unique_ptr<DeviceSession> &session) const override;
  int threads() const override { return Device.threads(); }
  void describe(seqmix_device_info &info) const override;
  void describeKernel(uint32_t index, seqmix_kernel_info &info) const override;
  Status allocate(size_t bytes, void *&memory) const override;
  void release(void *memory) const override;
  Status copy(void *target, const void *source, size_t bytes) const override;

private:
  CpuDevice Device;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_CPUMODEL_H
