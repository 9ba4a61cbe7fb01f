//===- Artifact.h - from a module to files --------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_ARTIFACT_H
#define SEQMIX_LIB_DRIVER_ARTIFACT_H

#include "lib/Driver/Compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mlir {
namespace seqmix {
struct ModelInterface;

/// Generates the code that `request` asks for from a module after the phase
/// `forms`, which it lowers, and writes it where `request` says. Errors are
/// diagnostics, or go to `errors`.
LogicalResult emitArtifact(ModuleOp module, const ModelInterface &interface,
                           const CompileRequest &request, raw_ostream &out,
                           raw_ostream &errors);

/// Writes a result to the request's output file, or to `out`.
LogicalResult writeResult(const CompileRequest &request, raw_ostream &out,
                          raw_ostream &errors,
                          function_ref<void(raw_ostream &)> print);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_ARTIFACT_H
