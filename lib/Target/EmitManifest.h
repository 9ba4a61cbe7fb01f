//===- EmitManifest.h - the tables a compiled model carries ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TARGET_EMITMANIFEST_H
#define SEQMIX_LIB_TARGET_EMITMANIFEST_H

#include "llvm/ADT/StringRef.h"

namespace llvm {
class Module;
} // namespace llvm

namespace mlir {
namespace seqmix {
struct ModelInterface;

/// Adds to `module`, which defines `<entry>` and `<entry>_workspace` for every
/// entry point of `interface`, the tables of model_abi.h and the function that
/// hands them out, and makes that function the only exported symbol.
/// `producer` is a line about compiler and target, for people.
void emitManifest(llvm::Module &module, const ModelInterface &interface,
                  llvm::StringRef producer);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TARGET_EMITMANIFEST_H
