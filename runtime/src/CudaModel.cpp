//===- CudaModel.cpp - a model on a card ----------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The driver compiles the module's PTX for the card, and keeps what it made in
// a cache of its own. Everything that a model needs of the card is loaded here,
// so that sessions find it.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CudaModel.h"

#include "runtime/src/CudaSession.h"
#include "runtime/src/ModelLibrary.h"

#include <cstring>

using namespace seqmix;

/// Dynamic shared memory of a block that needs no asking for.
static constexpr uint32_t freeSharedBytes = 48 << 10;

CudaModel::~CudaModel() {
  if (!Module)
    return;
  CudaScope scope(*Device);
  Matmul.reset(); // which has things in the context too
  Device->driver().moduleUnload(Module);
}

Status CudaModel::open(const seqmix_model_options &options) {
  auto device = std::make_shared<CudaDevice>();
  if (Status status = device->open(options.device_index); !status.ok())
    return status;
  Device = std::move(device);
  CudaScope scope(*Device);
  if (Status status = checkCapability(); !status.ok())
    return status;
  if (Status status = loadModule(); !status.ok())
    return status;
  if (options.no_vendor_matmul)
    MatmulName = "own kernels: as asked for";
  else
    Matmul = CublasLt::open(MatmulName);
  return Status();
}

Status CudaModel::checkCapability() const {
  int has = Device->capability(), needs = static_cast<int>(Target.capability);
  if (Target.exact_capability ? has == needs : has >= needs)
    return Status();
  return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                       "the model was compiled for %s but the card %s has "
                       "compute capability %d.%d",
                       Target.name, Device->name().c_str(), has / 10, has % 10);
}

Status CudaModel::loadModule() {
  const CudaDriver &driver = Device->driver();
  char log[2048] = "";
  int options[] = {cuda::jitErrorLog, cuda::jitErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  cuda::Result result =
      driver.moduleLoad(&Module, Target.module, 2, options, values);
  if (result == cuda::outOfMemory)
    return driver.check(result, "loading the model's code");
  if (result != cuda::success) {
    log[sizeof(log) - 1] = '\0';
    log[std::strcspn(log, "\n")] = '\0';
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "the CUDA driver cannot load the code for %s on %s: "
                         "%s%s%s",
                         Target.name, Device->name().c_str(),
                         driver.errorName(result).c_str(), *log ? ": " : "",
                         log);
  }
  for (uint32_t i = 0; i != Target.num_kernels; ++i)
    if (Status status = findKernel(Target.kernels[i]); !status.ok())
      return status;
  return Status();
}

Status CudaModel::findKernel(const seqmix_abi_kernel &kernel) {
  const CudaDriver &driver = Device->driver();
  cuda::Function function = nullptr;
  cuda::Result result =
      driver.moduleGetFunction(&function, Module, kernel.name);
  if (result == cuda::success && kernel.shared_bytes > freeSharedBytes)
    result = driver.functionSetAttribute(
        function, cuda::functionMaxDynamicSharedBytes, kernel.shared_bytes);
  // Asking also makes the driver load a kernel that it would load when it is
  // first launched, which may be while a graph is being captured.
  int registers;
  if (result == cuda::success)
    result = driver.functionGetAttribute(&registers, cuda::functionRegisters,
                                         function);
  if (result != cuda::success)
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "kernel '%s' of %s cannot be had on %s: %s",
                         kernel.name, Target.name, Device->name().c_str(),
                         driver.errorName(result).c_str());
  Kernels.push_back(function);
  return Status();
}

Status CudaModel::upload(const seqmix_abi_model &model,
                         const void *const *values) {
  uint64_t total = 0;
  std::vector<uint64_t> offsets;
  for (uint32_t i = 0; i != model.num_params; ++i) {
    offsets.push_back(total);
    total += CudaMemory::roundUp(tensorBytes(model.params[i]));
  }
  if (Status status = Memory.allocate(Device, total, "the parameters");
      !status.ok())
    return status;
  for (uint32_t i = 0; i != model.num_params; ++i) {
    Pointers.push_back(toPointer(Memory.address() + offsets[i]));
    if (Status status = copy(const_cast<void *>(Pointers[i]), values[i],
                             tensorBytes(model.params[i]));
        !status.ok())
      return status;
  }
  return Status();
}

Status CudaModel::createSession(const Model &model, int64_t batch,
                                std::unique_ptr<DeviceSession> &session) const {
  auto created = std::make_unique<CudaSession>(model, *this, batch);
  Status status = created->create();
  session = std::move(created);
  return status;
}

void CudaModel::describe(seqmix_device_info &info) const {
  info.device = SEQMIX_CUDA;
  info.index = Device->index();
  info.name = Device->name().c_str();
  info.matmul = MatmulName.c_str();
  info.driver_version = Device->driverVersion();
  info.capability = Device->capability();
  info.memory_bytes = Device->totalMemory();
}

void CudaModel::describeKernel(uint32_t index, seqmix_kernel_info &info) const {
  CudaScope scope(*Device);
  const CudaDriver &driver = Device->driver();
  const seqmix_abi_kernel &kernel = Target.kernels[index];
  int shared = 0;
  driver.functionGetAttribute(&info.registers, cuda::functionRegisters,
                              Kernels[index]);
  driver.functionGetAttribute(&info.local_bytes, cuda::functionLocalBytes,
                              Kernels[index]);
  driver.functionGetAttribute(&shared, cuda::functionStaticSharedBytes,
                              Kernels[index]);
  info.shared_bytes = shared + static_cast<int32_t>(kernel.shared_bytes);
}

Status CudaModel::allocate(size_t bytes, void *&memory) const {
  cuda::Address address;
  Status status = Device->allocate(bytes, "a buffer", address);
  memory = toPointer(address);
  return status;
}

void CudaModel::release(void *memory) const { Device->free(toAddress(memory)); }

Status CudaModel::copy(void *target, const void *source, size_t bytes) const {
  if (bytes == 0)
    return Status();
  CudaScope scope(*Device);
  const CudaDriver &driver = Device->driver();
  cuda::Result result =
      driver.memcpyAny(toAddress(target), toAddress(source), bytes);
  // A copy within the device returns before it is done.
  if (result == cuda::success)
    result = driver.streamSynchronize(nullptr);
  return driver.check(result, "copying to or from the device");
}
