//===- DeviceCode.cpp - from a model to the code of one device ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/DeviceCode.h"

#include "lib/Analysis/ModelInterface.h"
#include "lib/Target/EmitObject.h"
#include "lib/Target/Processor.h"
#include "runtime/include/seqmix/model_abi.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::seqmix;

LogicalResult seqmix::runPhases(ModuleOp module, Phase first, Phase last,
                                const PipelineOptions &options) {
  PassManager pm(module.getContext());
  for (const PhaseInfo &info : getPhases())
    if (info.phase >= first && info.phase <= last)
      buildPhase(pm, info.phase, options);
  return pm.run(module);
}

static FailureOr<std::unique_ptr<llvm::Module>>
translate(Operation *module, llvm::LLVMContext &context, StringRef name) {
  auto code = translateModuleToLLVMIR(module, context, name);
  if (!code)
    return module->emitError("cannot translate the module to LLVM IR");
  return code;
}

/// Optimises the functions, of which an artifact's tables need the entry points
/// alone, and gives them names of their own in the artifact. This is done
/// before there are others beside them: what one processor can do must not find
/// its way into the code for another.
static void finishHost(llvm::Module &host, const ModelInterface &interface,
                       StringRef prefix, llvm::TargetMachine &machine) {
  llvm::StringSet<> entries;
  for (const EntryPoint &entry : interface.entries) {
    entries.insert(EntryPoint::getFunction(entry.name));
    entries.insert(EntryPoint::getWorkspaceFunction(entry.name));
  }
  for (llvm::Function &function : host)
    if (!function.isDeclaration() && !entries.contains(function.getName()))
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  optimize(host, machine);
  for (llvm::Function &function : host)
    if (!function.isDeclaration())
      function.setName(prefix + function.getName());
}

FailureOr<DeviceCode> seqmix::generateCpuCode(ModuleOp module,
                                              const ModelInterface &interface,
                                              FormChoice form, StringRef prefix,
                                              llvm::TargetMachine &machine,
                                              llvm::LLVMContext &context) {
  PipelineOptions options;
  options.form = form;
  options.vectorBits = getVectorBits(machine);
  options.hasFma = hasFusedMultiplyAdd(machine);
  options.hasBf16 = hasBf16Conversion(machine);
  if (failed(runPhases(module, Phase::tensors, Phase::llvm, options)))
    return failure();
  auto host = translate(module, context, interface.name);
  if (failed(host))
    return failure();
  TargetEntry target;
  target.name = machine.getTargetCPU().str();
  target.device = SEQMIX_ABI_CPU;
  target.prefix = prefix.str();
  target.capability = getLevel(machine);
  finishHost(**host, interface, prefix, machine);
  return DeviceCode{std::move(*host), target};
}

/// The kernels in the order that launches count them in.
static std::vector<KernelEntry> listKernels(gpu::GPUModuleOp device) {
  std::vector<KernelEntry> kernels;
  for (auto kernel : device.getOps<gpu::GPUFuncOp>()) {
    auto bytes = kernel->getAttrOfType<IntegerAttr>("seqmix.shared_bytes");
    kernels.push_back({kernel.getName().str(), kernel.getNumArguments(),
                       static_cast<uint32_t>((*kernel.getKnownBlockSize())[0]),
                       bytes ? static_cast<uint32_t>(bytes.getInt()) : 0});
  }
  return kernels;
}

FailureOr<DeviceCode>
seqmix::generateCudaCode(ModuleOp module, const ModelInterface &interface,
                         const GpuArchitecture &architecture,
                         llvm::TargetMachine &machine,
                         llvm::LLVMContext &context) {
  if (failed(runPhases(module, Phase::tensors, Phase::buffers, {Device::cuda})))
    return failure();
  TargetEntry target;
  target.name = architecture.name;
  target.device = SEQMIX_ABI_CUDA;
  target.prefix = "cuda_";
  target.capability = architecture.capability;
  target.isExact = architecture.isExact;
  for (auto device : module.getOps<gpu::GPUModuleOp>())
    target.kernels = listKernels(device);
  if (failed(runPhases(module, Phase::llvm, Phase::llvm, {Device::cuda})))
    return failure();

  OwningOpRef<gpu::GPUModuleOp> device;
  for (auto op :
       llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>())) {
    op->remove();
    device = OwningOpRef<gpu::GPUModuleOp>(op);
  }
  if (device) {
    llvm::LLVMContext deviceContext;
    auto code = translate(*device, deviceContext, interface.name);
    if (failed(code))
      return failure();
    llvm::Expected<std::string> ptx = emitPTX(**code, architecture);
    if (!ptx)
      return emitError(module.getLoc(), llvm::toString(ptx.takeError()));
    target.module = *ptx;
  }
  auto host = translate(module, context, interface.name);
  if (failed(host))
    return failure();
  finishHost(**host, interface, target.prefix, machine);
  return DeviceCode{std::move(*host), target};
}
