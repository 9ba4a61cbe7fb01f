//===- Passes.h - conversions out of the dialect --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_PASSES_H
#define SEQMIX_LIB_CONVERSION_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class RewritePatternSet;

namespace seqmix {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Conversion/Passes.h.inc"

/// The reference lowering of every mixer; see `convert-seqmix-to-scf`.
void populateSeqmixToSCFPatterns(RewritePatternSet &patterns);

/// Elementary functions from arithmetic; see `seqmix-expand-math`. Those of
/// vectors alone with `onlyVectors`.
void populateExpandMathPatterns(RewritePatternSet &patterns,
                                bool onlyVectors = false);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_PASSES_H
