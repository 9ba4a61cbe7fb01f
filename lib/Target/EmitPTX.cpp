//===- EmitPTX.cpp - a GPU's code as text ---------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitPTX.h"

#include "lib/Target/EmitObject.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir::seqmix;
using llvm::Expected;
using llvm::StringRef;

extern "C" {
void LLVMInitializeNVPTXTarget();
void LLVMInitializeNVPTXTargetInfo();
void LLVMInitializeNVPTXTargetMC();
void LLVMInitializeNVPTXAsmPrinter();
}

/// bf16 matrix units and asynchronous copies.
static constexpr uint32_t leastCapability = 80;

/// PTX 8.0, which drivers read since CUDA 12.0 (525.60).
static constexpr const char *ptxVersion = "+ptx80";

static const llvm::Triple &getTriple() {
  static const llvm::Triple triple("nvptx64-nvidia-cuda");
  return triple;
}

static Expected<const llvm::Target *> findTarget() {
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(getTriple(), error);
  if (!target)
    return llvm::createStringError("no code generator for %s: %s",
                                   getTriple().str().c_str(), error.c_str());
  return target;
}

Expected<GpuArchitecture> GpuArchitecture::parse(StringRef name) {
  GpuArchitecture result{name.str(), 0, false};
  StringRef number = name;
  bool isName = number.consume_front("sm_");
  result.isExact = number.consume_back("a");
  if (!isName || number.getAsInteger(10, result.capability))
    return llvm::createStringError(
        "'%s' is not a GPU architecture; for example sm_80, or sm_90a",
        result.name.c_str());
  if (result.capability < leastCapability)
    return llvm::createStringError(
        "'%s' is older than sm_80, the first with matrix units for bf16",
        result.name.c_str());
  auto target = findTarget();
  if (!target)
    return target.takeError();
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      (*target)->createMCSubtargetInfo(getTriple(), "", ""));
  if (!known->isCPUStringValid(name))
    return llvm::createStringError(
        "'%s' is not a GPU architecture that this compiler knows; for example "
        "sm_80, or sm_90a",
        result.name.c_str());
  return result;
}

static Expected<std::unique_ptr<llvm::TargetMachine>>
createMachine(const GpuArchitecture &architecture) {
  auto target = findTarget();
  if (!target)
    return target.takeError();
  return std::unique_ptr<llvm::TargetMachine>((*target)->createTargetMachine(
      getTriple(), architecture.name, ptxVersion, llvm::TargetOptions(),
      std::nullopt, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

/// A function that is only declared would be looked for when a driver loads the
/// PTX, and would not be found.
static llvm::Error checkComplete(const llvm::Module &module) {
  for (const llvm::Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic())
      return llvm::createStringError(
          "the GPU has no function '%s', which its code calls",
          function.getName().str().c_str());
  return llvm::Error::success();
}

Expected<std::string>
mlir::seqmix::emitPTX(llvm::Module &module,
                      const GpuArchitecture &architecture) {
  auto machine = createMachine(architecture);
  if (!machine)
    return machine.takeError();
  optimize(module, **machine);
  if (llvm::Error error = checkComplete(module))
    return error;
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr,
                                      llvm::CodeGenFileType::AssemblyFile))
    return llvm::createStringError("this target cannot emit PTX");
  passes.run(module);
  return std::string(text);
}
