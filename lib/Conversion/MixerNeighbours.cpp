//===- MixerNeighbours.cpp - ops around a recurrence, token by token ------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/MixerNeighbours.h"

#include "lib/Conversion/TokenOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;
using linalg::GenericOp;

//===----------------------------------------------------------------------===//
// What may move
//===----------------------------------------------------------------------===//

/// Without states there is no loop over tokens that must be, and an op may be
/// better off in another.
bool MixerNeighbours::canMove(Operation *each) {
  return isByToken(each) && each->getBlock() == op->getBlock() &&
         !(op.getStates().empty() && followsProduct(each));
}

bool MixerNeighbours::isOnlyReader(Operation *writer) {
  return llvm::all_of(writer->getUsers(), [&](Operation *user) {
    return user == op || moved.contains(user);
  });
}

void MixerNeighbours::addWriters(SmallVector<Value> values) {
  for (bool isChanged = true; isChanged;) {
    isChanged = false;
    for (size_t i = 0; i < values.size(); ++i) { // grows
      Operation *writer = values[i].getDefiningOp();
      if (!canMove(writer) || moved.contains(writer) ||
          !(isFill(writer) || isOnlyReader(writer)))
        continue;
      moved.insert(writer);
      llvm::append_range(values, listSequences(writer));
      isChanged = true;
    }
  }
  dropMoves();
}

void MixerNeighbours::addWriters(Value sequence) {
  addWriters(SmallVector<Value>{sequence});
}

void MixerNeighbours::addWriters() {
  SmallVector<Value> values(op.getSequences());
  for (Operation *reader : moved)
    llvm::append_range(values, listSequences(reader));
  addWriters(values);
}

void MixerNeighbours::addReaders() {
  llvm::SmallDenseSet<Value> reached(op.getOutputs().begin(),
                                     op.getOutputs().end());
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    if (!canMove(next) || llvm::none_of(listSequences(next), [&](Value v) {
          return reached.contains(v);
        }))
      continue;
    moved.insert(next);
    reached.insert(next->getResult(0));
  }
  SmallVector<Operation *> fills; // that sums begin with
  for (Operation *reader : moved)
    for (Value sequence : listSequences(reader))
      if (Operation *writer = sequence.getDefiningOp();
          isByToken(writer) && isFill(writer))
        fills.push_back(writer);
  moved.insert(fills.begin(), fills.end());
  dropMoves();
}

/// Leaves what only moves elements where it is, if no arithmetic moves past it.
void MixerNeighbours::dropMoves() {
  auto isInside = [&](Operation *each) {
    return each && (each == op || moved.contains(each));
  };
  auto isLast = [&](Operation *each) {
    if (isa<GenericOp>(each))
      return false;
    bool isRead = llvm::any_of(each->getUsers(), isInside);
    bool isMade = llvm::any_of(listSequences(each), [&](Value sequence) {
      return isInside(sequence.getDefiningOp());
    });
    // An insertion is a copy where it is left.
    return !isa<tensor::InsertSliceOp>(each) && !(isRead && isMade);
  };
  while (moved.remove_if(isLast))
    ;
}

SmallVector<Operation *> MixerNeighbours::inOrder() {
  SmallVector<Operation *> ops(moved.begin(), moved.end());
  llvm::sort(ops,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return ops;
}

int64_t MixerNeighbours::countBytes() const {
  int64_t bytes = 0;
  for (Operation *each : moved) {
    if (isa<GenericOp>(each) && !isFill(each))
      bytes += countTokenBytes(listSequences(each)) +
               countTokenBytes(each->getResult(0));
    else if (isa<tensor::InsertSliceOp>(each))
      bytes += 2 * countTokenBytes(each->getOperand(0));
  }
  return bytes;
}

void MixerNeighbours::dropLast() {
  moved.remove(inOrder().back());
  dropMoves();
}

//===----------------------------------------------------------------------===//
// The recurrence with all of them
//===----------------------------------------------------------------------===//

/// What others read of the recurrence and the ops that move.
SmallVector<Value> MixerNeighbours::listOutputs() {
  SmallVector<Value> candidates(op.getOutputs()), outputs;
  for (Operation *each : inOrder())
    candidates.push_back(each->getResult(0));
  for (Value value : candidates) {
    bool isFree = isFill(value.getDefiningOp());
    if (!isFree && llvm::any_of(value.getUsers(), [&](Operation *user) {
          return user != op && !moved.contains(user);
        }))
      outputs.push_back(value);
  }
  return outputs;
}

void MixerNeighbours::listOperands(SmallVector<Value> &sequences,
                                   SmallVector<Value> &invariants) {
  llvm::SmallSetVector<Value, 8> tokens,
      others(op.getInvariants().begin(), op.getInvariants().end());
  auto isInside = [&](Value value) {
    return value.getDefiningOp() == op || moved.contains(value.getDefiningOp());
  };
  auto add = [&](Value sequence) {
    if (!isInside(sequence))
      tokens.insert(sequence);
  };
  llvm::for_each(op.getSequences(), add);
  for (Operation *each : inOrder()) {
    llvm::for_each(listSequences(each), add);
    for (Value invariant : listInvariants(each))
      others.insert(invariant);
  }
  sequences = tokens.takeVector();
  invariants = others.takeVector();
}

/// A region of the fused op, from that of the old.
void MixerNeighbours::fill(Block &from, Block &to, unsigned numTokenAxes,
                           ValueRange operands, ValueRange outputs) {
  OpBuilder builder = OpBuilder::atBlockEnd(&to);
  int64_t length = numTokenAxes ? op.getChunkLength() : 0;
  IRMapping mapping; // from values around the ops to values of a token
  mapping.map(operands, to.getArguments());
  SmallVector<Operation *> ops = inOrder();
  auto isBefore = [&](Operation *each) { return each->isBeforeInBlock(op); };
  auto *middle = llvm::partition_point(ops, isBefore);
  for (Operation *each : llvm::make_range(ops.begin(), middle))
    emitForTokens(builder, each, length, mapping);
  auto states = to.getArguments().take_back(op.getStates().size());
  emitRegion(builder, op, from, states, mapping);
  for (Operation *each : llvm::make_range(middle, ops.end()))
    emitForTokens(builder, each, length, mapping);
  SmallVector<Value> results;
  for (Value output : outputs)
    results.push_back(mapping.lookup(output));
  for (Value state : op.getFinalStates())
    results.push_back(mapping.lookup(state));
  YieldOp::create(builder, op.getLoc(), results);
}

RecurrenceOp MixerNeighbours::build() {
  SmallVector<Value> sequences, invariants, outputs = listOutputs();
  listOperands(sequences, invariants);
  if (sequences.empty())
    return nullptr;
  SmallVector<Value> operands(sequences);
  llvm::append_range(operands, invariants);
  llvm::append_range(operands, op.getStates());
  // As early as its operands are there; what reads the results comes later.
  Operation *last = nullptr;
  for (Value operand : operands)
    if (Operation *writer = operand.getDefiningOp();
        writer && (!last || last->isBeforeInBlock(writer)))
      last = writer;
  Block *block = op->getBlock();
  auto readsEarlier = [&](Operation *user) {
    return last && user != op && !moved.contains(user) &&
           !last->isBeforeInBlock(block->findAncestorOpInBlock(*user));
  };
  SmallVector<Value> results = outputs;
  llvm::append_range(results, op.getFinalStates());
  for (Value result : results)
    if (llvm::any_of(result.getUsers(), readsEarlier))
      return nullptr;
  OpBuilder builder = OpBuilder::atBlockBegin(block);
  if (last)
    builder.setInsertionPointAfter(last);
  auto fused = RecurrenceOp::create(
      builder, op.getLoc(), ValueRange(outputs).getTypes(), sequences,
      invariants, op.getStates(), ArrayRef<StringRef>());
  for (NamedAttribute attribute : op->getDiscardableAttrs())
    fused->setDiscardableAttr(attribute.getName(), attribute.getValue());
  if (auto names = op.getStateNamesAttr())
    fused.setStateNamesAttr(names);
  fill(op.getToken().front(), fused.getToken().front(), 0, operands, outputs);
  if (int64_t length = op.getChunkLength())
    fill(op.getChunk().front(), *fused.addChunk(length), 1, operands, outputs);
  return fused;
}

void MixerNeighbours::replace(RecurrenceOp fused) {
  for (auto [old, value] : llvm::zip_equal(listOutputs(), fused.getOutputs()))
    old.replaceUsesWithIf(value, [&](OpOperand &use) {
      return use.getOwner() != op && !moved.contains(use.getOwner());
    });
  for (auto [old, state] :
       llvm::zip_equal(op.getFinalStates(), fused.getFinalStates()))
    old.replaceAllUsesWith(state);
  // Readers first.
  SmallVector<Operation *> ops = inOrder();
  ops.push_back(op);
  llvm::sort(ops,
             [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
  for (Operation *each : ops)
    if (each->use_empty())
      each->erase();
}
