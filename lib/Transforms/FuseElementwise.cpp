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
#include "mlir/Transforms/RegionUtils.h"

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
  llvm::SetVector<Value> needed;
  needed.insert(value);
  for (size_t next = 0; next != needed.size(); ++next) {
    Value at = needed[next];
    auto recurrence =
        dyn_cast<RecurrenceOp>(at.getParentBlock()->getParentOp());
    if (!recurrence)
      return false;
    if (Operation *op = at.getDefiningOp()) {
      needed.insert(op->operand_begin(), op->operand_end());
      getUsedValuesDefinedAbove(op->getRegions(), needed);
      continue;
    }
    size_t place = cast<BlockArgument>(at).getArgNumber();
    size_t before = recurrence.getSequences().size();
    if (place < before || place - before >= recurrence.getInvariants().size())
      return false;
  }
  return true;
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
