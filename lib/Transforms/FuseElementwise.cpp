//===- FuseElementwise.cpp - fuse where nothing is computed twice ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct FuseElementwise
    : public seqmix::impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override;
};
} // namespace

/// Whether `op` only moves elements: repeating it costs nothing.
static bool onlyMoves(linalg::GenericOp op) {
  return llvm::hasSingleElement(op.getBody()->getOperations());
}

/// Whether one operand, and no other, reads the elements of `value`. Asking for
/// an extent reads none.
static bool isReadOnce(Value value) {
  return llvm::count_if(value.getUses(), [](OpOperand &use) {
           return !isa<tensor::DimOp>(use.getOwner());
         }) == 1;
}

/// Whether fusing the producer of `operand` into its user repeats no
/// arithmetic.
static bool isWorthFusing(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer)
    return false;
  if (onlyMoves(producer))
    return true;
  AffineMap map = consumer.getMatchingIndexingMap(operand);
  return isReadOnce(operand->get()) && map.isPermutation();
}

void FuseElementwise::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  linalg::populateElementwiseOpsFusionPatterns(patterns, isWorthFusing);
  GreedyRewriteConfig config;
  config.setUseTopDownTraversal();
  if (failed(
          applyPatternsGreedily(getOperation(), std::move(patterns), config)))
    signalPassFailure();
}
