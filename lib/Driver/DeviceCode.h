//===- DeviceCode.h - from a model to the code of one device --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_DEVICECODE_H
#define SEQMIX_LIB_DRIVER_DEVICECODE_H

#include "lib/Driver/Compiler.h"
#include "lib/Target/EmitManifest.h"

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir {
namespace seqmix {

/// What a device needs of an artifact: functions on the CPU, optimised for the
/// processors that they are for, and an entry of the artifact's table of
/// targets.
struct DeviceCode {
  std::unique_ptr<llvm::Module> host;
  TargetEntry target;
};

/// Adds the passes that lead from one phase's result to another's.
LogicalResult runPhases(ModuleOp module, Phase first, Phase last,
                        const PipelineOptions &options);

/// Generates the code for a CPU from a module after the phase `forms`, which it
/// lowers; `form` was asked for there. `prefix` begins the names of the
/// functions. Reports errors as diagnostics.
FailureOr<DeviceCode> generateCpuCode(ModuleOp module,
                                      const ModelInterface &interface,
                                      FormChoice form, llvm::StringRef prefix,
                                      llvm::TargetMachine &machine,
                                      llvm::LLVMContext &context);

/// The same for a GPU; `machine` is for the functions on the CPU.
FailureOr<DeviceCode> generateCudaCode(ModuleOp module,
                                       const ModelInterface &interface,
                                       const GpuArchitecture &architecture,
                                       llvm::TargetMachine &machine,
                                       llvm::LLVMContext &context);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_DEVICECODE_H
