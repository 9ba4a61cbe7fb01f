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
// token is done. Whole chunks of tokens come first, if the recurrence says how
// they are taken at once, and the tokens that are left after them.
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

/// Whether the op may read the state through this operand and write its result
/// over it: each element needs the same element at most.
static bool readsWhereItWrites(OpOperand &use) {
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(use.getOwner()))
    return use == insert.getDestMutable();
  auto generic = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!generic || generic->getNumResults() != 1)
    return false;
  return generic.isDpsInit(&use) || (generic.getNumReductionLoops() == 0 &&
                                     generic.getMatchingIndexingMap(&use) ==
                                         generic.getIndexingMapsArray().back());
}

/// Whether `next` can be computed over `old`: what computes it is the last to
/// read the old state.
static bool mayOverwrite(BlockArgument old, Value next) {
  Operation *op = next.getDefiningOp();
  if (!isa_and_nonnull<linalg::GenericOp, tensor::InsertSliceOp,
                       tensor::ConcatOp>(op))
    return false;
  SmallVector<OpOperand *> readers;
  collectReaders(old, readers);
  return llvm::all_of(readers, [&](OpOperand *use) {
    Operation *reader = op->getBlock()->findAncestorOpInBlock(*use->getOwner());
    if (reader != op)
      return reader->isBeforeInBlock(op);
    return use->getOwner() == op && use->get() == old &&
           readsWhereItWrites(*use);
  });
}

/// Lets `next`, and what it is grown from, be computed over `old` at `place`
/// where that is right.
void KernelEmitter::updateInPlace(BlockArgument old, Value next,
                                  const DevicePlace &place) {
  SmallVector<Value> grown = {next};
  while (Value operand = getGrownOperand(grown.back().getDefiningOp()))
    grown.push_back(operand);
  if (!mayOverwrite(old, grown.back()))
    return;
  for (Value value : grown)
    targets[value] = place;
}

/// Where the next states are that were computed elsewhere, no place for those
/// that are where they belong. States that others become are set aside, before
/// any is overwritten.
SmallVector<DevicePlace> KernelEmitter::setAside(Block &body,
                                                 ArrayRef<DevicePlace> states) {
  auto olds = body.getArguments().take_back(states.size());
  auto nexts = body.getTerminator()->getOperands().take_back(states.size());
  SmallVector<DevicePlace> moved;
  for (auto [old, next, place] : llvm::zip_equal(olds, nexts, states)) {
    bool isDone = next == old || (targets.contains(next) &&
                                  targets[next].memory == place.memory);
    DevicePlace source = isDone ? DevicePlace() : places[next];
    bool isState = !isDone && llvm::any_of(states, [&](const DevicePlace &s) {
      return s.memory == source.memory;
    });
    if (isState) {
      DevicePlace aside = allocate(old, now);
      copy(source, aside, boxOf(old));
      source = aside;
    }
    moved.push_back(source);
  }
  return moved;
}

/// One turn of a loop over tokens: a region of the recurrence, whose arguments
/// have their places. Its outputs go to those given.
LogicalResult KernelEmitter::emitTokens(Block &body,
                                        ArrayRef<DevicePlace> states,
                                        ArrayRef<DevicePlace> outputs) {
  OperandRange yielded = body.getTerminator()->getOperands();
  // Where outputs and next states are computed at once.
  for (auto [value, place] : llvm::zip(yielded, outputs))
    if (value.getDefiningOp<linalg::GenericOp>() && value.hasOneUse() &&
        repeatsOf(value).empty())
      targets[value] = place;
  for (auto [old, next, place] :
       llvm::zip_equal(body.getArguments().take_back(states.size()),
                       yielded.take_back(states.size()), states))
    if (!targets.contains(next))
      updateInPlace(old, next, place);
  if (failed(emitOps(body)))
    return failure();

  SmallVector<DevicePlace> moved = setAside(body, states);
  for (auto [value, place] : llvm::zip(yielded, outputs))
    if (!targets.contains(value) || targets[value].memory != place.memory)
      copy(places[value], place, boxOf(value), isFirstOf(value));
  // A next state from outside of the kernel is not divided, but its place is.
  for (auto [old, source, place] : llvm::zip_equal(
           body.getArguments().take_back(states.size()), moved, states))
    copy(source, place, boxOf(old));
  return success();
}

/// A loop over the tokens from `begin` to `end`: by the region that takes
/// `chunk` of them at once, or by that for one token if `chunk` is zero.
LogicalResult KernelEmitter::emitLoop(RecurrenceOp op,
                                      ArrayRef<DevicePlace> states, Value begin,
                                      Value end, int64_t chunk) {
  Block &body = chunk ? op.getChunk().front() : op.getToken().front();
  auto loop = scf::ForOp::create(b, loc, begin, end, index(chunk ? chunk : 1));
  OpBuilder::InsertionGuard restore(b);
  b.setInsertionPointToStart(loop.getBody());
  token = loop.getInductionVar();
  IRMapping outside = scalars;
  barrier();
  auto current = [&](const DevicePlace &whole) {
    return chunk ? from(at(whole, sequence), token)
                 : at(whole, {sequence, token});
  };
  auto arguments = body.getArguments();
  for (Value operand : op.getSequences()) {
    places[arguments.front()] = current(places[operand]);
    arguments = arguments.drop_front();
  }
  for (Value operand : op.getInvariants()) {
    DevicePlace place = places[operand];
    places[arguments.front()] = place;
    arguments = arguments.drop_front();
  }
  for (auto [argument, place] : llvm::zip_equal(arguments, states))
    places[argument] = place;
  SmallVector<DevicePlace> outputs;
  for (Value output : op.getOutputs())
    outputs.push_back(current(places[output]));
  if (failed(emitTokens(body, states, outputs)))
    return failure();
  scalars = outside;
  return success();
}

/// The states' loading, whole chunks of the call's tokens, if there is a region
/// for them, the remaining tokens, and the states' storing.
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
    states.push_back(*inside);
  }

  Value begin = index(0);
  if (int64_t chunk = op.getChunkLength()) {
    Value rest = arith::RemUIOp::create(b, loc, length, index(chunk));
    Value end = arith::SubIOp::create(b, loc, length, rest);
    if (failed(emitLoop(op, states, begin, end, chunk)))
      return failure();
    begin = end;
  }
  if (failed(emitLoop(op, states, begin, length, 0)))
    return failure();
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
