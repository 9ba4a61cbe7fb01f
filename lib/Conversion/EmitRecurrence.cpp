//===- EmitRecurrence.cpp - the loop over a kernel's tokens ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The states of a block are loaded once, stay in shared memory while its tokens
// pass, and are stored once. A next state is computed into the memory of the
// old one where nothing still reads that, else elsewhere and moved when the
// token is done.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TensorViews.h"
#include "lib/Conversion/KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

/// All ops that read `value` or a view of it.
static void collectReaders(Value value, SmallVectorImpl<OpOperand *> &readers) {
  for (OpOperand &use : value.getUses()) {
    Operation *op = use.getOwner();
    if (isTensorView(op))
      collectReaders(op->getResult(0), readers);
    readers.push_back(&use);
  }
}

/// Whether `next` can be computed over `old`: what computes it is the last to
/// read the old state, and each element of it needs the same element at most.
bool KernelEmitter::mayUpdateInPlace(BlockArgument old, Value next) {
  Operation *op = next.getDefiningOp();
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op);
  bool keepsPlaces = generic && generic.getNumReductionLoops() == 0 &&
                     generic->getNumResults() == 1;
  bool growsInPlace = insert && insert.getDest() == old;
  if (!keepsPlaces && !growsInPlace)
    return false;
  SmallVector<OpOperand *> readers;
  collectReaders(old, readers);
  Block *block = op->getBlock();
  for (OpOperand *use : readers) {
    Operation *reader = block->findAncestorOpInBlock(*use->getOwner());
    if (reader != op) {
      if (!reader->isBeforeInBlock(op))
        return false;
      continue;
    }
    if (growsInPlace) {
      if (use->get() != old || use->getOperandNumber() != 1)
        return false;
      continue;
    }
    // The op's own operand, read where it is written.
    bool isOperand = use->getOwner() == op && use->get() == old;
    if (!isOperand || generic.getMatchingIndexingMap(use) !=
                          generic.getIndexingMapsArray().back())
      return false;
  }
  return true;
}

LogicalResult KernelEmitter::emitToken(RecurrenceOp op,
                                       ArrayRef<DevicePlace> states) {
  Block &body = op.getToken().front();
  // Where outputs and next states are computed at once.
  for (auto [index, yielded] : llvm::enumerate(op.getYieldedOutputs())) {
    DevicePlace whole = places[op.getOutputs()[index]];
    if (yielded.getDefiningOp<linalg::GenericOp>() && yielded.hasOneUse() &&
        repeatsOf(yielded).empty())
      targets[yielded] = at(whole, {sequence, token});
  }
  for (auto [old, next, place] :
       llvm::zip_equal(op.getStateArguments(), op.getYieldedStates(), states))
    if (!targets.contains(next) && mayUpdateInPlace(old, next))
      targets[next] = place;
  if (failed(emitOps(body)))
    return failure();

  // States that others become are set aside before any is overwritten.
  SmallVector<DevicePlace> moved;
  for (auto [old, next, place] :
       llvm::zip_equal(op.getStateArguments(), op.getYieldedStates(), states)) {
    bool isDone = next == old || (targets.contains(next) &&
                                  targets[next].memory == place.memory);
    DevicePlace source = isDone ? DevicePlace() : places[next];
    bool isState = !isDone && llvm::any_of(states, [&](const DevicePlace &s) {
      return s.memory == source.memory;
    });
    if (isState) {
      DevicePlace aside = allocate(old, ~0u);
      copy(source, aside, boxOf(old));
      source = aside;
    }
    moved.push_back(source);
  }
  for (auto [index, yielded] : llvm::enumerate(op.getYieldedOutputs()))
    if (DevicePlace whole = places[op.getOutputs()[index]];
        !targets.contains(yielded) || targets[yielded].memory != whole.memory)
      copy(places[yielded], at(whole, {sequence, token}), boxOf(yielded),
           isFirstOf(yielded));
  // A next state from outside of the kernel is not divided, but its place is.
  for (auto [old, source, place] :
       llvm::zip_equal(op.getStateArguments(), moved, states))
    if (source.load)
      copy(source, place, boxOf(old));
  return success();
}

/// A loop over the tokens of the call, around the states' loading and storing.
LogicalResult KernelEmitter::emitRecurrence(RecurrenceOp op) {
  for (auto [index, output] : llvm::enumerate(op.getOutputs()))
    places[output] = outputPlace(index);
  SmallVector<DevicePlace> states;
  for (auto [argument, operand] :
       llvm::zip_equal(op.getStateArguments(), op.getStates())) {
    DevicePlace outer = at(places[operand], sequence);
    std::optional<DevicePlace> inside = allocateShared(argument, ~0u);
    // A state that is too large stays where it lies and is updated there.
    if (!inside && places[operand].memory >= 0)
      inside = outer;
    if (!inside)
      inside = allocate(argument, ~0u);
    if (inside->memory != outer.memory)
      copy(outer, *inside, boxOf(argument));
    places[argument] = *inside;
    states.push_back(*inside);
  }
  for (auto [argument, operand] :
       llvm::zip_equal(op.getInvariantArguments(), op.getInvariants()))
    places[argument] = places[operand];

  auto loop = scf::ForOp::create(b, loc, index(0), length, index(1));
  {
    OpBuilder::InsertionGuard restore(b);
    b.setInsertionPointToStart(loop.getBody());
    token = loop.getInductionVar();
    IRMapping outside = scalars;
    barrier();
    for (auto [argument, operand] :
         llvm::zip_equal(op.getTokenArguments(), op.getSequences()))
      places[argument] = at(places[operand], {sequence, token});
    if (failed(emitToken(op, states)))
      return failure();
    scalars = outside;
  }
  barrier();
  storeStates(op, states);
  return success();
}

void KernelEmitter::storeStates(RecurrenceOp op, ArrayRef<DevicePlace> states) {
  for (auto [index, argument] : llvm::enumerate(op.getStateArguments())) {
    Value final = op.getFinalStates()[index];
    if (states[index].memory == places[op.getStates()[index]].memory)
      continue;
    DevicePlace target =
        at(outputPlace(op.getOutputs().size() + index), sequence);
    copy(states[index], target, boxOf(argument), isFirstOf(final));
  }
}
