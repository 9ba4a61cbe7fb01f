//===- CudaDriver.cpp - the CUDA driver, found at run time ----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A machine without a card has no driver, and a program must start there all
// the same. So the driver is opened when a model first asks for a card. It is
// never closed again, since it has threads of its own.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CudaDriver.h"

#include <cstdlib>

#include <dlfcn.h>

using namespace seqmix;

/// The library's name, which the installed driver of any version has.
static constexpr char libraryName[] = "libcuda.so.1";

Status CudaDriver::load() {
  const char *chosen = std::getenv("SEQMIX_CUDA_DRIVER");
  const char *name = chosen && *chosen ? chosen : libraryName;
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) {
    const char *reason = dlerror();
    return Status::error(SEQMIX_ERROR_NO_DEVICE,
                         "there is no CUDA driver on this machine: %s",
                         reason ? reason : name);
  }
#define SEQMIX_CUDA_SYMBOL(member, symbol, signature)                          \
  member = reinterpret_cast<member##_signature *>(dlsym(library, symbol));     \
  if (!member)                                                                 \
    return Status::error(SEQMIX_ERROR_NO_DEVICE,                               \
                         "the CUDA driver %s lacks %s: it is older than CUDA " \
                         "11.4",                                               \
                         name, symbol);
#include "runtime/src/CudaDriver.def"

  if (Result result = init(0))
    return Status::error(SEQMIX_ERROR_NO_DEVICE,
                         "the CUDA driver cannot be used: %s",
                         errorName(result).c_str());
  return Status();
}

std::string CudaDriver::errorName(Result result) const {
  const char *name = nullptr;
  if (getErrorName(result, &name) == cuda::success && name)
    return name;
  return "CUDA error " + std::to_string(result);
}

Status CudaDriver::check(Result result, const char *what) const {
  if (result == cuda::success)
    return Status();
  return Status::error(result == cuda::outOfMemory ? SEQMIX_ERROR_OUT_OF_MEMORY
                                                   : SEQMIX_ERROR_INTERNAL,
                       "%s failed: %s", what, errorName(result).c_str());
}
