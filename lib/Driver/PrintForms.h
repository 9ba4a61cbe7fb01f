//===- PrintForms.h - derived programs for people -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_PRINTFORMS_H
#define SEQMIX_LIB_DRIVER_PRINTFORMS_H

#include "mlir/IR/BuiltinOps.h"

namespace mlir {
namespace seqmix {

/// Prints, for a module after the phase `forms`, each recurrence of the source
/// once: the lines that it was written in, where they can be read, and the
/// programs of a token and of a chunk in index notation, each value with its
/// shape.
void printForms(ModuleOp module, raw_ostream &os);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_PRINTFORMS_H
