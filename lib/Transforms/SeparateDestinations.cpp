//===- SeparateDestinations.cpp - a destination for every op --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_SEPARATEDESTINATIONS
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct SeparateDestinations
    : public seqmix::impl::SeparateDestinationsBase<SeparateDestinations> {
  void runOnOperation() override;
};
} // namespace

/// An op that writes one number everywhere, whatever was there.
static bool isFill(linalg::GenericOp op) {
  return op.getNumDpsInputs() == 0 && op.getNumDpsInits() == 1 &&
         op.getNumReductionLoops() == 0 &&
         op.getBody()->without_terminator().empty() &&
         op.getRegionOutputArgs().front().use_empty() &&
         op.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>();
}

/// Whether what is used is written over.
static bool isDestination(OpOperand &use) {
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(use.getOwner()))
    return use == insert.getDestMutable();
  auto structured = dyn_cast<linalg::LinalgOp>(use.getOwner());
  return structured && structured.isDpsInit(&use);
}

/// A destination seen in another shape.
static bool isReshapedEmpty(Operation *op) {
  return isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op) &&
         op->getOperand(0).getDefiningOp<tensor::EmptyOp>();
}

/// Gives every use of an op as a destination a copy of the op, next to it.
static void separate(Operation *op) {
  for (OpOperand &use : llvm::make_early_inc_range(op->getUses()))
    if (isa<tensor::EmptyOp>(op) || isReshapedEmpty(op) || isDestination(use)) {
      OpBuilder builder(use.getOwner());
      use.set(builder.clone(*op)->getResult(0));
    }
  if (op->use_empty())
    op->erase();
}

void SeparateDestinations::runOnOperation() {
  SmallVector<Operation *> fills, reshaped, empties;
  getOperation()->walk([&](linalg::GenericOp op) {
    if (isFill(op))
      fills.push_back(op);
  });
  llvm::for_each(fills, separate);
  getOperation()->walk([&](Operation *op) {
    if (isReshapedEmpty(op) && !op->hasOneUse())
      reshaped.push_back(op);
  });
  llvm::for_each(reshaped, separate);
  getOperation()->walk([&](tensor::EmptyOp empty) {
    if (!empty->hasOneUse())
      empties.push_back(empty);
  });
  llvm::for_each(empties, separate);
}
