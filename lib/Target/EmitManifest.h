//===- EmitManifest.h - the tables a compiled model carries ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TARGET_EMITMANIFEST_H
#define SEQMIX_LIB_TARGET_EMITMANIFEST_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class Module;
} // namespace llvm

namespace mlir {
namespace seqmix {
struct ModelInterface;

/// A kernel of a GPU's module.
struct KernelEntry {
  std::string name;
  uint32_t numArguments; ///< of eight bytes each
  uint32_t threads;      ///< of a block
  uint32_t sharedBytes;  ///< of dynamic shared memory
};

/// A model's code for one device or level of processors, whose functions on the
/// CPU are
/// `<prefix><entry>` and `<prefix><entry>_workspace`.
struct TargetEntry {
  std::string name;        ///< of the processor
  uint32_t device;         ///< SEQMIX_ABI_CPU or SEQMIX_ABI_CUDA
  std::string prefix;      ///< of its functions
  uint32_t capability = 0; ///< of a GPU; of a CPU the level of x86-64
  bool isExact = false;    ///< whether the GPU must have just that
  std::string module;      ///< PTX
  std::vector<KernelEntry> kernels;
};

/// Adds to `module`, which defines the functions of every target for every
/// entry point of `interface`, the tables of model_abi.h and the function that
/// hands them out, and makes that function the only exported symbol.
/// `producer` is a line about compiler and targets, for people.
void emitManifest(llvm::Module &module, const ModelInterface &interface,
                  llvm::ArrayRef<TargetEntry> targets,
                  llvm::StringRef producer);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TARGET_EMITMANIFEST_H
