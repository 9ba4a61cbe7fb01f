//===- Passes.h - passes that keep the dialect ----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_PASSES_H
#define SEQMIX_LIB_TRANSFORMS_PASSES_H

#include "dialect/SeqmixOps.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace mlir {
namespace seqmix {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Transforms/Passes.h.inc"

/// Adds the passes after which all arithmetic on tensors is `linalg.generic`,
/// fused where that repeats nothing. With `keepInvariants`, what a recurrence
/// computes from its invariants alone stays apart, for who lowers it to a loop.
void addStructuredPasses(OpPassManager &pm, bool keepInvariants = false);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_PASSES_H
