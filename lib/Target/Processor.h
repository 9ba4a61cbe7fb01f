//===- Processor.h - the processors that code is for ------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TARGET_PROCESSOR_H
#define SEQMIX_LIB_TARGET_PROCESSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
class Triple;
} // namespace llvm

namespace mlir {
namespace seqmix {

/// The target machines for the processors `march` of `triple` (empty: of this
/// machine), the most capable first. Each is a processor or level that LLVM
/// knows (`x86-64-v3`, `znver4`), `native` for the processor of this machine,
/// or `portable` for the levels x86-64, x86-64-v3 and x86-64-v4, elsewhere what
/// every processor has. None is `native`, or `portable` on another architecture
/// than this. Fails with a sentence that says what was asked for, also if two
/// are of one level.
llvm::Expected<std::vector<std::unique_ptr<llvm::TargetMachine>>>
createTargetMachines(llvm::StringRef triple, llvm::ArrayRef<std::string> march);

/// The target machine for code that every processor of `triple` runs.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createBaselineMachine(llvm::StringRef triple);

/// Whether this machine runs code for `triple`.
bool isOfThisMachine(const llvm::Triple &triple);

/// The highest level of x86-64, from 1 to 4, whose features code for `machine`
/// may use; 0 on other architectures. A processor below it does not run that
/// code. One of that level does if it has what was asked for beyond the level,
/// as by `native` or the name of a processor, which the level does not say.
uint32_t getLevel(const llvm::TargetMachine &machine);

/// The bits of the vectors that code for `machine` should compute with.
int64_t getVectorBits(const llvm::TargetMachine &machine);

/// Whether `machine` has an instruction that rounds a * b + c once.
bool hasFusedMultiplyAdd(const llvm::TargetMachine &machine);

/// Whether LLVM rounds to bf16 on `machine` without the compiler's own library,
/// which an artifact does not have.
bool hasBf16Conversion(const llvm::TargetMachine &machine);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TARGET_PROCESSOR_H
