//===- Processor.cpp - the processors that code is for --------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the words of a command line to LLVM's target machines, and what is to be
// known of these before there is LLVM IR.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/Processor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace mlir::seqmix;
using llvm::Expected;
using llvm::StringRef;
using llvm::Triple;
using Machine = std::unique_ptr<llvm::TargetMachine>;

namespace {
/// A level of x86-64, and what it adds to the one below (the psABI's table).
struct Level {
  const char *name;
  const char *features;
};
} // namespace

static constexpr Level kLevels[] = {
    {"x86-64", ""},
    {"x86-64-v2", "+cx16,+popcnt,+sahf,+sse3,+sse4.1,+sse4.2,+ssse3"},
    {"x86-64-v3", "+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+xsave"},
    {"x86-64-v4", "+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"},
};
static constexpr const char *kBaseline = kLevels[0].name;

static Triple getHostTriple() {
  return Triple(llvm::sys::getDefaultTargetTriple());
}

bool mlir::seqmix::isOfThisMachine(const Triple &triple) {
  return triple.getArch() == getHostTriple().getArch();
}

static StringRef getBaseline(const Triple &triple) {
  return triple.isX86() ? kBaseline : "generic";
}

static Expected<Triple> parseTriple(StringRef text) {
  if (text.empty())
    return getHostTriple();
  Triple triple(Triple::normalize(text));
  bool isKnown =
      triple.getArch() == Triple::x86_64 || triple.getArch() == Triple::aarch64;
  bool isLinux = triple.isOSLinux() && !triple.isMusl() && !triple.isAndroid();
  if (!isKnown || !isLinux || triple.isX32())
    return llvm::createStringError(
        "this compiler generates code for x86_64 and aarch64 with Linux and "
        "the GNU C library, not for '%s'",
        text.str().c_str());
  return triple;
}

static Expected<const llvm::Target *> findTarget(const Triple &triple) {
  llvm::InitializeAllTargetInfos();
  llvm::InitializeAllTargets();
  llvm::InitializeAllTargetMCs();
  llvm::InitializeAllAsmPrinters();
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::createStringError("no code generator for %s: %s",
                                   triple.str().c_str(), error.c_str());
  return target;
}

/// LLVM would only warn of a processor it does not know.
static bool isProcessor(StringRef name, const llvm::Target &target,
                        const Triple &triple) {
  if (triple.isX86())
    return llvm::X86::parseArchX86(name, /*Only64Bit=*/true) !=
           llvm::X86::CK_None;
  std::unique_ptr<llvm::MCSubtargetInfo> known(
      target.createMCSubtargetInfo(triple, "", ""));
  return known->isCPUStringValid(name);
}

/// The features of the processor that this runs on.
static std::string getHostFeatures() {
  llvm::SubtargetFeatures features;
  for (const auto &[name, enabled] : llvm::sys::getHostCPUFeatures())
    features.AddFeature(name, enabled);
  return features.getString();
}

static Expected<Machine> createTargetMachine(const Triple &triple,
                                             StringRef march) {
  auto target = findTarget(triple);
  if (!target)
    return target.takeError();
  std::string arch = triple.getArchName().str();
  const char *example = triple.isX86() ? "x86-64-v3" : "neoverse-v1";
  bool isHost = isOfThisMachine(triple), isNative = march == "native";
  if (isNative && !isHost)
    return llvm::createStringError(
        "'native' is the processor of this machine, which is no %s; for "
        "example %s, or portable",
        arch.c_str(), example);
  StringRef cpu = isNative ? llvm::sys::getHostCPUName() : march;
  if (!isProcessor(cpu, **target, triple))
    return llvm::createStringError(
        "'%s' is not a processor of %s; for example %s, or %s",
        cpu.str().c_str(), arch.c_str(), example,
        isHost ? "native" : "portable");
  // LLVM tunes the level for the first processors that had it, which slowed
  // down while they used their widest vectors.
  std::string features = isNative             ? getHostFeatures()
                         : cpu == "x86-64-v4" ? "-prefer-256-bit"
                                              : "";
  return Machine((*target)->createTargetMachine(
      triple, cpu, features, llvm::TargetOptions(), llvm::Reloc::PIC_,
      std::nullopt, llvm::CodeGenOptLevel::Default));
}

/// A table of targets could not tell them apart.
static llvm::Error refuseBoth(const llvm::TargetMachine &a,
                              const llvm::TargetMachine &b) {
  std::string both =
      ("'" + a.getTargetCPU() + "' and '" + b.getTargetCPU() + "'").str();
  if (uint32_t level = getLevel(a))
    return llvm::createStringError(
        "%s are both of the level %s, for which an artifact has code once",
        both.c_str(), kLevels[level - 1].name);
  return llvm::createStringError(
      "%s are processors of %s, for which an artifact has code once",
      both.c_str(), a.getTargetTriple().getArchName().str().c_str());
}

/// Adds the machine for one processor at its place in the order.
static llvm::Error addMachine(std::vector<Machine> &machines,
                              const Triple &triple, StringRef march) {
  auto machine = createTargetMachine(triple, march);
  if (!machine)
    return machine.takeError();
  uint32_t level = getLevel(**machine);
  auto place = llvm::find_if(machines, [&](const Machine &other) {
    return getLevel(*other) <= level;
  });
  if (place != machines.end() && getLevel(**place) == level)
    return refuseBoth(**place, **machine);
  machines.insert(place, std::move(*machine));
  return llvm::Error::success();
}

/// The names that a word of the command line stands for.
static llvm::SmallVector<StringRef> expand(StringRef march,
                                           const Triple &triple) {
  if (march != "portable")
    return {march};
  if (triple.isX86())
    return {"x86-64-v4", "x86-64-v3", kBaseline};
  return {getBaseline(triple)};
}

Expected<std::vector<Machine>>
mlir::seqmix::createTargetMachines(StringRef text,
                                   llvm::ArrayRef<std::string> march) {
  auto triple = parseTriple(text);
  if (!triple)
    return triple.takeError();
  std::vector<std::string> words = march.vec();
  if (words.empty())
    words.push_back(isOfThisMachine(*triple) ? "native" : "portable");
  std::vector<Machine> machines;
  for (StringRef word : words)
    for (StringRef name : expand(word, *triple))
      if (llvm::Error error = addMachine(machines, *triple, name))
        return error;
  return machines;
}

Expected<Machine> mlir::seqmix::createBaselineMachine(StringRef text) {
  auto triple = parseTriple(text);
  if (!triple)
    return triple.takeError();
  return createTargetMachine(*triple, getBaseline(*triple));
}

static bool has(const llvm::TargetMachine &machine, StringRef features) {
  return machine.getMCSubtargetInfo()->checkFeatures(features.str());
}

uint32_t mlir::seqmix::getLevel(const llvm::TargetMachine &machine) {
  if (!machine.getTargetTriple().isX86())
    return 0;
  uint32_t level = 1;
  for (const Level &next : llvm::drop_begin(kLevels)) {
    if (!has(machine, next.features))
      break;
    ++level;
  }
  return level;
}

int64_t mlir::seqmix::getVectorBits(const llvm::TargetMachine &machine) {
  if (!machine.getTargetTriple().isX86())
    return 128;
  // Some processors slow down while they use their widest vectors.
  if (has(machine, "+avx512f") && !has(machine, "+prefer-256-bit"))
    return 512;
  return has(machine, "+avx") ? 256 : 128;
}

bool mlir::seqmix::hasFusedMultiplyAdd(const llvm::TargetMachine &machine) {
  return !machine.getTargetTriple().isX86() || has(machine, "+fma");
}

bool mlir::seqmix::hasBf16Conversion(const llvm::TargetMachine &machine) {
  return !machine.getTargetTriple().isX86() || has(machine, "+avx512bf16") ||
         has(machine, "+avxneconvert");
}
