//===- Source.h - a file in, a module out ---------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_SOURCE_H
#define SEQMIX_LIB_DRIVER_SOURCE_H

#include "lib/Driver/Compiler.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"

namespace mlir {
namespace seqmix {
struct ImportOptions;
struct ModelInterface;

/// The source of a request, with the context of its module and the texts that
/// diagnostics point into. Both `request` and `errors` outlive it.
class Source {
public:
  Source(const CompileRequest &request, raw_ostream &errors);

  MLIRContext *getContext() { return &context; }

  /// The module as imported, verified. Null, after an error, if there is none.
  OwningOpRef<ModuleOp> read();

  /// The interface of the one model of `module`, or an error.
  FailureOr<ModelInterface> findModel(ModuleOp module);

private:
  bool isLanguage() const;
  LogicalResult readConfig(ImportOptions &options);

  const CompileRequest &request;
  raw_ostream &errors;
  MLIRContext context;
  llvm::SourceMgr texts;
  SourceMgrDiagnosticHandler diagnostics;
};

/// Takes an imported module through the phase `forms`, as `request` says.
LogicalResult deriveForms(ModuleOp module, const CompileRequest &request);

/// Writes an error of the command that has no place in a source. Fails.
LogicalResult reportError(raw_ostream &errors, const Twine &message);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_SOURCE_H
