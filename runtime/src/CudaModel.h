//===- CudaModel.h - a model on a card ------------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_CUDAMODEL_H
#define SEQMIX_RUNTIME_SRC_CUDAMODEL_H

#include "runtime/src/CublasLt.h"
#include "runtime/src/CudaDevice.h"
#include "runtime/src/DeviceModel.h"

#include <vector>

namespace seqmix {

/// The target's module, loaded, and the parameters in the card's memory.
class CudaModel : public DeviceModel {
public:
  /// `target` is the model's table of its CUDA code and outlives this.
  explicit CudaModel(const seqmix_abi_target &target) : Target(target) {}
  ~CudaModel() override;

  /// Opens the card, checks that the code is for it, and loads the code.
  /// NO_DEVICE, INCOMPATIBLE, OUT_OF_MEMORY.
  Status open(const seqmix_model_options &options);

  /// Copies the parameters to the card. Once. OUT_OF_MEMORY.
  Status upload(const seqmix_abi_model &model, const void *const *values);

  const seqmix_abi_target &target() const { return Target; }
  const std::shared_ptr<const CudaDevice> &device() const { return Device; }
  cuda::Function kernel(uint32_t index) const { return Kernels[index]; }
  const void *const *parameters() const { return Pointers.data(); }

  /// The vendor's matrix product, or null.
  CublasLt *matmul() const { return Matmul.get(); }

  Status createSession(const Model &model, int64_t batch,
                       std::unique_ptr<DeviceSession> &session) const override;
  int threads() const override { return 1; }
  void describe(seqmix_device_info &info) const override;
  void describeKernel(uint32_t index, seqmix_kernel_info &info) const override;
  Status allocate(size_t bytes, void *&memory) const override;
  void release(void *memory) const override;
  Status copy(void *target, const void *source, size_t bytes) const override;

private:
  Status checkCapability() const;
  Status loadModule();
  Status findKernel(const seqmix_abi_kernel &kernel);

  const seqmix_abi_target &Target;
  std::shared_ptr<const CudaDevice> Device;
  cuda::Module Module = nullptr;
  std::vector<cuda::Function> Kernels;
  CudaMemory Memory;
  std::vector<const void *> Pointers;
  std::unique_ptr<CublasLt> Matmul;
  std::string MatmulName; // what is used, and why
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_CUDAMODEL_H
