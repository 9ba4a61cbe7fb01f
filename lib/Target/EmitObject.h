//===- EmitObject.h - from LLVM IR to machine code ------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TARGET_EMITOBJECT_H
#define SEQMIX_LIB_TARGET_EMITOBJECT_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir {
namespace seqmix {

/// Optimises `module` in place for `machine`, whose processor its functions are
/// marked with.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

/// Position-independent code of an optimised module, an object file or
/// assembly. Functions that are marked with a processor are compiled for that,
/// others for `machine`.
llvm::Expected<llvm::SmallVector<char, 0>>
emitCode(llvm::Module &module, llvm::TargetMachine &machine,
         llvm::CodeGenFileType kind);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TARGET_EMITOBJECT_H
