//===- EmitObject.cpp - machine code for one x86-64 level -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitObject.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace mlir::seqmix;
using llvm::Expected;
using llvm::StringRef;

/// The features of the processor that this runs on.
static std::string getHostFeatures() {
  llvm::SubtargetFeatures features;
  for (const auto &[name, enabled] : llvm::sys::getHostCPUFeatures())
    features.AddFeature(name, enabled);
  return features.getString();
}

Expected<std::unique_ptr<llvm::TargetMachine>>
mlir::seqmix::createTargetMachine(StringRef march) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::createStringError("no code generator for %s: %s",
                                   triple.str().c_str(), error.c_str());
  bool isNative = march == "native";
  std::string cpu = isNative ? llvm::sys::getHostCPUName().str() : march.str();
  // LLVM would only warn of a processor it does not know.
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      target->createMCSubtargetInfo(triple, "", ""));
  bool isValid = triple.isX86()
                     ? llvm::X86::parseArchX86(cpu, /*Only64Bit=*/true) !=
                           llvm::X86::CK_None
                     : known->isCPUStringValid(cpu);
  if (!isValid)
    return llvm::createStringError(
        "'%s' is not a processor of %s; for example x86-64-v3, or native",
        cpu.c_str(), triple.getArchName().str().c_str());
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, cpu, isNative ? getHostFeatures() : "", llvm::TargetOptions(),
      llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Default));
  return machine;
}

int64_t mlir::seqmix::getVectorBits(const llvm::TargetMachine &machine) {
  const llvm::MCSubtargetInfo &has = *machine.getMCSubtargetInfo();
  // Some processors slow down while they use their widest vectors.
  bool isWide = machine.getTargetTriple().isX86() &&
                has.checkFeatures("+avx512f") &&
                !has.checkFeatures("+prefer-256-bit");
  return isWide ? 512 : 256;
}

void mlir::seqmix::optimize(llvm::Module &module,
                            llvm::TargetMachine &machine) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  for (llvm::Function &function : module) {
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
  }
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  // Loops here are long or vectorised; unrolling them only makes code to read.
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

Expected<llvm::SmallVector<char, 0>>
mlir::seqmix::emitObject(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError("this target cannot emit object files");
  passes.run(module);
  return object;
}
