//===- Import.h - from a .sqm file to the seqmix dialect ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_IMPORT_H
#define SEQMIX_FRONTEND_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <utility>
#include <vector>

namespace llvm {
class SourceMgr;
} // namespace llvm

namespace mlir::seqmix {

struct ImportOptions {
  /// Values of the entries of the config block; unknown keys and nulls are as
  /// if they were absent.
  llvm::json::Object config;
  /// Entries of the config block, or axes, set one by one; they win.
  std::vector<std::pair<std::string, std::string>> defines;
  /// Compute in f64 instead of f32.
  bool f64 = false;
  /// The mixer or model to compile; if empty, the last model or else the last
  /// mixer.
  std::string entry;
};

/// Imports the main file of `sources`. Errors are reported as diagnostics of
/// `context` at the place in the file; after one the result is null.
OwningOpRef<ModuleOp> importSqm(llvm::SourceMgr &sources,
                                const ImportOptions &options,
                                MLIRContext *context);

} // namespace mlir::seqmix

#endif // SEQMIX_FRONTEND_IMPORT_H
