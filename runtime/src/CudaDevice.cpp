//===- CudaDevice.cpp - a card and its memory -----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The primary context is the one that the CUDA run-time library, and with it
// every framework, uses; a pointer or a stream of theirs means the same here.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CudaDevice.h"

#include <cinttypes>

using namespace seqmix;

CudaDevice::~CudaDevice() {
  if (Context)
    Driver.primaryContextRelease(Card);
}

Status CudaDevice::open(int index) {
  if (Status status = Driver.load(); !status.ok())
    return status;
  int count = 0;
  if (Status status = Driver.check(Driver.deviceGetCount(&count),
                                   "counting the CUDA devices");
      !status.ok())
    return status;
  if (count == 0)
    return Status::error(SEQMIX_ERROR_NO_DEVICE,
                         "there is a CUDA driver but no CUDA device");
  if (index < 0 || index >= count)
    return Status::error(SEQMIX_ERROR_NO_DEVICE,
                         "there is no CUDA device %d: this machine has %d",
                         index, count);
  Index = index;
  if (Status status =
          Driver.check(Driver.deviceGet(&Card, index), "finding the device");
      !status.ok())
    return status;
  if (Status status = readFacts(); !status.ok())
    return status;
  return Driver.check(Driver.primaryContextRetain(&Context, Card),
                      "opening the device's context");
}

Status CudaDevice::readFacts() {
  char name[256] = "";
  int major = 0, minor = 0;
  size_t bytes = 0;
  for (cuda::Result result :
       {Driver.driverGetVersion(&DriverVersion),
        Driver.deviceGetName(name, sizeof(name), Card),
        Driver.deviceGetAttribute(&major, cuda::deviceCapabilityMajor, Card),
        Driver.deviceGetAttribute(&minor, cuda::deviceCapabilityMinor, Card),
        Driver.deviceTotalMem(&bytes, Card)})
    if (Status status = Driver.check(result, "asking for the device's facts");
        !status.ok())
      return status;
  Name = name;
  Capability = 10 * major + minor;
  TotalMemory = bytes;
  return Status();
}

CudaScope::CudaScope(const CudaDevice &device)
    : Driver(device.driver()),
      Pushed(Driver.contextPush(device.context()) == cuda::success) {}

CudaScope::~CudaScope() {
  cuda::Context ours;
  if (Pushed)
    Driver.contextPop(&ours);
}

uint64_t CudaMemory::roundUp(uint64_t bytes) {
  return bytes > UINT64_MAX - alignment
             ? UINT64_MAX
             : (bytes + alignment - 1) / alignment * alignment;
}

Status CudaDevice::allocate(uint64_t bytes, const char *purpose,
                            cuda::Address &address) const {
  CudaScope scope(*this);
  address = 0;
  cuda::Result result = Driver.memAlloc(&address, bytes ? bytes : 1);
  if (result != cuda::outOfMemory)
    return Driver.check(result, "allocating memory on the device");
  size_t free = 0, total = 0;
  Driver.memGetInfo(&free, &total);
  return Status::error(SEQMIX_ERROR_OUT_OF_MEMORY,
                       "cannot allocate %" PRIu64 " bytes on %s for %s: %zu of "
                       "its %zu bytes are free",
                       bytes, Name.c_str(), purpose, free, total);
}

void CudaDevice::free(cuda::Address address) const {
  CudaScope scope(*this);
  Driver.memFree(address);
}

CudaMemory::~CudaMemory() {
  if (Address)
    Device->free(Address);
}

Status CudaMemory::allocate(std::shared_ptr<const CudaDevice> device,
                            uint64_t bytes, const char *purpose) {
  Device = std::move(device);
  return Device->allocate(bytes, purpose, Address);
}
