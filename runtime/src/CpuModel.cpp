//===- CpuModel.cpp - a model on the processor ----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory "of the device" is the program's own, so that a program written for a
// card runs without one.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CpuModel.h"

#include "runtime/src/CpuSession.h"

#include <cstdlib>
#include <cstring>

using namespace seqmix;

Status CpuModel::createSession(const Model &model, int64_t batch,
                               std::unique_ptr<DeviceSession> &session) const {
  auto created = std::make_unique<CpuSession>(model, *this);
  Status status = created->create(batch);
  session = std::move(created);
  return status;
}

void CpuModel::describe(seqmix_device_info &info) const {
  info.device = SEQMIX_CPU;
  info.name = "cpu";
  info.matmul = Device.matmulName();
}

void CpuModel::describeKernel(uint32_t, seqmix_kernel_info &) const {}

Status CpuModel::allocate(size_t bytes, void *&memory) const {
  AlignedBuffer buffer;
  if (Status status = buffer.reserve(bytes, "a buffer"); !status.ok())
    return status;
  memory = buffer.release();
  return Status();
}

void CpuModel::release(void *memory) const { std::free(memory); }

Status CpuModel::copy(void *target, const void *source, size_t bytes) const {
  std::memmove(target, source, bytes);
  return Status();
}
