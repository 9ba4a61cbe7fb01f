//===- DeviceApi.cpp - the C interface of devices -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a model's device is, and memory on it. Null checks and handles; the
// devices are CpuModel and CudaModel.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Boundary.h"

#include <seqmix/device.h>

using namespace seqmix;

seqmix_status seqmix_model_device(const seqmix_model *model,
                                  seqmix_device_info *info) {
  if (!model || !info)
    return SEQMIX_ERROR_INVALID_ARGUMENT;
  *info = {};
  info->target = model->shared->target().name;
  model->shared->device().describe(*info);
  return SEQMIX_OK;
}

size_t seqmix_model_target_count(const seqmix_model *model) {
  return model->shared->abi().num_targets;
}

seqmix_status seqmix_model_target(const seqmix_model *model, size_t index,
                                  seqmix_target_info *info) {
  if (!model || !info)
    return SEQMIX_ERROR_INVALID_ARGUMENT;
  *info = {};
  if (index >= seqmix_model_target_count(model))
    return SEQMIX_ERROR_OUT_OF_RANGE;
  const seqmix_abi_target &target = model->shared->abi().targets[index];
  info->device = target.device == SEQMIX_ABI_CUDA ? SEQMIX_CUDA : SEQMIX_CPU;
  info->name = target.name;
  info->capability = static_cast<int32_t>(target.capability);
  info->is_chosen = &target == &model->shared->target();
  return SEQMIX_OK;
}

size_t seqmix_model_kernel_count(const seqmix_model *model) {
  return model->shared->target().num_kernels;
}

seqmix_status seqmix_model_kernel(const seqmix_model *model, size_t index,
                                  seqmix_kernel_info *info) {
  if (!model || !info)
    return SEQMIX_ERROR_INVALID_ARGUMENT;
  *info = {};
  if (index >= seqmix_model_kernel_count(model))
    return SEQMIX_ERROR_OUT_OF_RANGE;
  const seqmix_abi_kernel &kernel = model->shared->target().kernels[index];
  info->name = kernel.name;
  info->threads = static_cast<int32_t>(kernel.threads);
  model->shared->device().describeKernel(static_cast<uint32_t>(index), *info);
  return SEQMIX_OK;
}

seqmix_status seqmix_device_alloc(const seqmix_model *model, size_t bytes,
                                  void **memory, seqmix_error *error) {
  if (memory)
    *memory = nullptr;
  return atBoundary(error, [&] {
    if (!model || !memory)
      return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT, "%s is null",
                           model ? "memory" : "model");
    return model->shared->device().allocate(bytes, *memory);
  });
}

void seqmix_device_free(const seqmix_model *model, void *memory) {
  if (model && memory)
    model->shared->device().release(memory);
}

seqmix_status seqmix_device_copy(const seqmix_model *model, void *target,
                                 const void *source, size_t bytes,
                                 seqmix_error *error) {
  return atBoundary(error, [&] {
    if (!model || (bytes && (!target || !source)))
      return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                           "model, target or source is null");
    return bytes ? model->shared->device().copy(target, source, bytes)
                 : Status();
  });
}
