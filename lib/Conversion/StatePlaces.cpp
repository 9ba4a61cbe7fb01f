//===- StatePlaces.cpp - where the next states are computed ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A state is most of what a turn of the loop over tokens touches, so the next
// one is computed over it, wherever nothing is left that reads the old one.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/StatePlaces.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

/// Whether an op reads `old`, if at all, where it writes its result, and, if it
/// writes there more than once, as what it adds to.
static bool keepsPlaces(Operation *op, Value old) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic->getNumResults() != 1)
    return false;
  AffineMap written = generic.getIndexingMapsArray().back();
  return llvm::all_of(generic->getOpOperands(), [&](OpOperand &operand) {
    return operand.get() != old ||
           (generic.getMatchingIndexingMap(&operand) == written &&
            (generic.getNumReductionLoops() == 0 ||
             generic.isDpsInit(&operand)));
  });
}

/// The op that writes first where `next` is computed: sums of what is not `old`
/// are added to its result in its place.
static Operation *findFirstWriter(Value old, Value next) {
  Operation *writer = next.getDefiningOp();
  while (auto generic = dyn_cast_or_null<linalg::GenericOp>(writer)) {
    if (generic.getNumReductionLoops() == 0 || generic->getNumResults() != 1 ||
        llvm::is_contained(generic->getOperands(), old))
      break;
    Value sum = generic.getDpsInits()[0];
    if (!sum.hasOneUse() || sum.getParentBlock() != generic->getBlock())
      break;
    writer = sum.getDefiningOp();
  }
  return writer;
}

/// Whether `next` may be computed over `old`: each element of what is first
/// written there depends on the same element of `old` at most, and whatever
/// else is made from `old` is made before.
static bool mayOverwrite(Value old, Value next) {
  Operation *first = findFirstWriter(old, next);
  if (!first || !(first->hasTrait<OpTrait::Elementwise>() ||
                  isa<tensor::InsertSliceOp>(first) || keepsPlaces(first, old)))
    return false;
  SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.inclusive = true;
  options.omitBlockArguments = true;
  if (failed(getBackwardSlice(first, &slice, options)))
    return false;
  return llvm::all_of(old.getUsers(), [&](Operation *user) {
    Operation *here = first->getBlock()->findAncestorOpInBlock(*user);
    return slice.contains(user) || (here && here->isBeforeInBlock(first));
  });
}

/// Gives what is computed for `next` memory of its own from the start, if that
/// is known not to be an old state's: a copy less.
static bool computeApart(OpBuilder &builder, Value next) {
  auto generic = next.getDefiningOp<linalg::GenericOp>();
  while (generic && generic->getNumResults() == 1) {
    OpOperand &init = generic.getDpsInitsMutable()[0];
    if (auto empty = init.get().getDefiningOp<tensor::EmptyOp>()) {
      if (!empty.getType().hasStaticShape())
        return false;
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(generic);
      init.set(bufferization::AllocTensorOp::create(
          builder, generic.getLoc(), empty.getType(), /*dynamicSizes=*/{}));
      return true;
    }
    if (!init.get().hasOneUse())
      return false;
    generic = init.get().getDefiningOp<linalg::GenericOp>();
  }
  return false;
}

Value seqmix::copyOf(OpBuilder &builder, Location loc, Value value) {
  return bufferization::AllocTensorOp::create(
      builder, loc, cast<RankedTensorType>(value.getType()),
      /*dynamicSizes=*/ValueRange(), /*copy=*/value);
}

void seqmix::separateStates(OpBuilder &builder, Location loc,
                            MutableArrayRef<Value> next, ValueRange old) {
  for (auto [index, value] : llvm::enumerate(next))
    if (value != old[index] && !mayOverwrite(old[index], value) &&
        !computeApart(builder, value))
      value = copyOf(builder, loc, value);
}
