//===- CudaDevice.h - a card and its memory -------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_CUDADEVICE_H
#define SEQMIX_RUNTIME_SRC_CUDADEVICE_H

#include "runtime/src/CudaDriver.h"

#include <memory>

namespace seqmix {

/// A card, by its primary context, which this process's other users of the card
/// share: their streams and memory are ours and ours theirs.
class CudaDevice {
public:
  CudaDevice() = default;
  ~CudaDevice();
  CudaDevice(const CudaDevice &) = delete;
  CudaDevice &operator=(const CudaDevice &) = delete;

  /// Loads the driver and retains the context of card `index`. NO_DEVICE.
  Status open(int index);

  /// Bytes at an address that compiled code accepts. OUT_OF_MEMORY, saying that
  /// `purpose` needed it and how much there is.
  Status allocate(uint64_t bytes, const char *purpose,
                  cuda::Address &address) const;
  void free(cuda::Address address) const;

  const CudaDriver &driver() const { return Driver; }
  cuda::Context context() const { return Context; }

  int index() const { return Index; }
  const std::string &name() const { return Name; }
  int driverVersion() const { return DriverVersion; }
  int capability() const { return Capability; } // 10 * major + minor
  uint64_t totalMemory() const { return TotalMemory; }

private:
  Status readFacts();

  CudaDriver Driver;
  cuda::Context Context = nullptr;
  cuda::Device Card = 0;
  int Index = 0;
  std::string Name;
  int DriverVersion = 0;
  int Capability = 0;
  uint64_t TotalMemory = 0;
};

/// Makes a device's context the calling thread's while this lives, so that any
/// thread may call the runtime, and its own context is there again after.
class CudaScope {
public:
  explicit CudaScope(const CudaDevice &device);
  ~CudaScope();
  CudaScope(const CudaScope &) = delete;
  CudaScope &operator=(const CudaScope &) = delete;

private:
  const CudaDriver &Driver;
  bool Pushed;
};

/// Owned bytes on a device. The address is a multiple of `alignment`.
class CudaMemory {
public:
  static constexpr uint64_t alignment = 256;

  CudaMemory() = default;
  ~CudaMemory();
  CudaMemory(const CudaMemory &) = delete;
  CudaMemory &operator=(const CudaMemory &) = delete;

  /// Makes room for `bytes`, once, as CudaDevice::allocate.
  Status allocate(std::shared_ptr<const CudaDevice> device, uint64_t bytes,
                  const char *purpose);

  cuda::Address address() const { return Address; }

  /// `bytes` rounded up to the alignment; saturates.
  static uint64_t roundUp(uint64_t bytes);

private:
  std::shared_ptr<const CudaDevice> Device;
  cuda::Address Address = 0;
};

/// Addresses on the device, as the interface of models has them.
inline void *toPointer(cuda::Address address) {
  return reinterpret_cast<void *>(static_cast<uintptr_t>(address));
}
inline cuda::Address toAddress(const void *pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_CUDADEVICE_H
