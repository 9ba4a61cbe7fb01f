//===- GatherParts.cpp - what lies far apart, in one piece ----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rows of a part are often a power of two apart, so that they share a few
// sets of the nearest cache, and what is read again is no longer there.
//
// Of attention's tiles only the values are copied, which sums run across; keys
// are gone through row by row. 16 heads of 64, 2048 tokens, window 512, one
// thread: 59 instead of 73 ms with vectors of 256 bits; with 512, where a row
// is taken at once, 50 instead of 48.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/GatherParts.h"

#include "lib/Conversion/StatePlaces.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

/// Whether every element is read once, by an op that does so in order.
static bool isReadOnce(Value tokens) {
  if (!tokens.hasOneUse())
    return false;
  OpOperand &use = *tokens.getUses().begin();
  auto generic = dyn_cast<linalg::GenericOp>(use.getOwner());
  return generic ? generic.getMatchingIndexingMap(&use).isPermutation()
                 : use.getOwner()->hasTrait<OpTrait::Elementwise>();
}

/// Whether `operand`, of a mixer, is a part of what lies in memory beside it:
/// what the part has of each of the first `leading` axes' indices lies apart.
static bool isPart(Value operand, int64_t leading) {
  auto slice = operand.getDefiningOp<tensor::ExtractSliceOp>();
  return slice && slice.getType().getShape().drop_front(leading) !=
                      slice.getSourceType().getShape().drop_front(leading);
}

/// Whether sums run across the rows of `piece`, so that all of it is read for
/// every row of the result.
static bool isSummedAcross(Value piece) {
  return llvm::any_of(piece.getUses(), [](OpOperand &use) {
    auto op = dyn_cast<linalg::LinalgOp>(use.getOwner());
    if (!op || op.getNumReductionLoops() == 0)
      return false;
    AffineMap map = op.getMatchingIndexingMap(&use);
    auto along = map.getNumResults()
                     ? dyn_cast<AffineDimExpr>(map.getResults().back())
                     : nullptr;
    return along && op.getIteratorTypesArray()[along.getPosition()] ==
                        utils::IteratorType::parallel;
  });
}

/// Has all that read `part` read a copy of it, if an element is read often.
static void gather(OpBuilder &builder, Location loc, Value part) {
  if (isReadOnce(part))
    return;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(part);
  Value copy = copyOf(builder, loc, part);
  part.replaceAllUsesExcept(copy, copy.getDefiningOp());
}

void seqmix::gatherParts(OpBuilder &builder, MixerOpInterface mixer,
                         ArrayRef<Value> tokens, ValueRange states) {
  Location loc = mixer.getLoc();
  for (auto [sequence, taken] :
       llvm::zip_equal(mixer.getSequenceOperands(), tokens))
    if (isPart(sequence, 2))
      gather(builder, loc, taken);
  for (auto [whole, state] :
       llvm::zip_equal(mixer.getStateOperands(), states)) {
    if (!isPart(whole, 2))
      continue;
    for (Operation *user : llvm::to_vector(state.getUsers())) {
      auto piece = dyn_cast<tensor::ExtractSliceOp>(user);
      if (piece && piece.getType().hasStaticShape() &&
          piece->getParentOp() != state.getParentBlock()->getParentOp() &&
          isSummedAcross(piece))
        gather(builder, loc, piece);
    }
  }
}
