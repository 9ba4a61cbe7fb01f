//===- LinkShared.h - from object to shared library -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TARGET_LINKSHARED_H
#define SEQMIX_LIB_TARGET_LINKSHARED_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace llvm {
class Triple;
} // namespace llvm

namespace mlir {
namespace seqmix {

/// Links `object`, which is for `triple`, into the shared library `path`, which
/// then needs only libc and libm. No compiler driver and no linker need be
/// installed; for another architecture than this machine's, no libraries
/// either, and whether they have what is called is then not checked. Overwrites
/// `path` only if linking succeeds. Call from one thread at a time.
llvm::Error linkShared(llvm::ArrayRef<char> object, llvm::StringRef path,
                       const llvm::Triple &triple);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TARGET_LINKSHARED_H
