//===- FuseElementwise.cpp - fuse where nothing is computed twice ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
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
  using FuseElementwiseBase::FuseElementwiseBase;
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

/// Whether a value in a recurrence is the same for all tokens.
static bool isInvariant(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto recurrence =
        dyn_cast<RecurrenceOp>(argument.getOwner()->getParentOp());
    size_t before = recurrence ? recurrence.getSequences().size() : 0;
    return recurrence && argument.getArgNumber() >= before &&
           argument.getArgNumber() - before < recurrence.getInvariants().size();
  }
  Operation *op = value.getDefiningOp();
  return isa<RecurrenceOp>(op->getParentOp()) &&
         llvm::all_of(op->getOperands(), isInvariant);
}

/// Whether fusing the producer of `operand` into its user repeats no
/// arithmetic.
static bool isWorthFusing(OpOperand *operand, bool keepInvariants) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer)
    return false;
  if (onlyMoves(producer))
    return true;
  // A loop would repeat it.
  if (producer->getBlock() != consumer->getBlock())
    return false;
  if (keepInvariants && isInvariant(producer.getResult(0)) &&
      !isInvariant(consumer.getResult(0)))
    return false;
  AffineMap map = consumer.getMatchingIndexingMap(operand);
  return isReadOnce(operand->get()) && map.isPermutation();
}

void FuseElementwise::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  linalg::populateElementwiseOpsFusionPatterns(
      patterns, [this](OpOperand *operand) {
        return isWorthFusing(operand, keepInvariants);
      });
  GreedyRewriteConfig config;
  config.setUseTopDownTraversal();
  if (failed(
          applyPatternsGreedily(getOperation(), std::move(patterns), config)))
    signalPassFailure();
}
