//===- EmitObject.h - machine code for one x86-64 level -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TARGET_EMITOBJECT_H
#define SEQMIX_LIB_TARGET_EMITOBJECT_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir {
namespace seqmix {

/// The target machine for `march`: a processor or level name that LLVM knows
/// (`x86-64-v3`, `znver4`), or `native` for the processor of this machine.
/// Fails with a sentence that says what was asked for.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(llvm::StringRef march);

/// The bits of the vectors that code for `machine` should compute with.
int64_t getVectorBits(const llvm::TargetMachine &machine);

/// Optimises `module` in place for `machine`.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

/// Position-independent object code of `module`.
llvm::Expected<llvm::SmallVector<char, 0>>
emitObject(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TARGET_EMITOBJECT_H
