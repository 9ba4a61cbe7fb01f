//===- FuseMixers.cpp - what is done to each token, in the mixer's loop ---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gates, norms of a head, rotations, residuals: whatever computes a token of a
// sequence from the same token of others. Where a recurrence is the only one to
// read the result, or to be read, such an op becomes part of its regions, and
// what lies between is never written to memory. The recurrence must still have
// as many parts for threads, and none may do another's work.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/MergeMixers.h"
#include "lib/Conversion/MixerNeighbours.h"
#include "lib/Conversion/Passes.h"
#include "lib/Conversion/RecurrencePart.h"
#include "lib/Conversion/TokenOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_FUSEMIXERS
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct FuseMixers : public seqmix::impl::FuseMixersBase<FuseMixers> {
  void runOnOperation() override;
};
} // namespace

/// Bytes of a token that all parts of a recurrence read and write.
static int64_t countTraffic(RecurrenceOp op,
                            std::optional<RecurrencePart> part) {
  int64_t bytes = countTokenBytes(op.getOutputs());
  for (Value sequence : op.getSequences())
    bytes += countTokenBytes(sequence) *
             (part && !part->axisOf(sequence) ? part->getCount() : 1);
  return bytes;
}

/// Whether `fused` is better than `op` and what it has taken in: as many
/// threads can share it, and less is read and written. Without states, threads
/// share the tokens.
static bool isBetter(RecurrenceOp fused, RecurrenceOp op, int64_t bytesAround,
                     int64_t leastParts = 1) {
  if (op.getStates().empty())
    return countTraffic(fused, {}) < countTraffic(op, {}) + bytesAround;
  ParallelAxes before = ParallelAxes::compute(op),
               after = ParallelAxes::compute(fused);
  auto old = RecurrencePart::findBest(op, before),
       part = RecurrencePart::findBest(fused, after);
  return old && part && part->getCount() >= old->getCount() &&
         part->getCount() >= leastParts &&
         countTraffic(fused, part) < countTraffic(op, old) + bytesAround;
}

/// Takes the neighbours in if that is better; whether it was.
static bool fuse(RecurrenceOp &op, MixerNeighbours &neighbours) {
  if (neighbours.empty())
    return false;
  RecurrenceOp fused = neighbours.build();
  if (!fused)
    return false;
  if (!isBetter(fused, op, neighbours.countBytes())) {
    fused.erase();
    return false;
  }
  neighbours.replace(fused);
  op = fused;
  return true;
}

/// What follows the recurrence, as far as possible.
static void fuseReaders(RecurrenceOp &op) {
  MixerNeighbours readers(op);
  readers.addReaders();
  while (!readers.empty()) {
    MixerNeighbours all = readers;
    all.addWriters();
    if (fuse(op, all) || fuse(op, readers))
      return;
    readers.dropLast();
  }
}

/// What its operands are made of: all of it, or of some.
static void fuseWriters(RecurrenceOp &op) {
  MixerNeighbours all(op);
  all.addWriters();
  if (fuse(op, all))
    return;
  for (unsigned index = 0; index < op.getSequences().size();) {
    MixerNeighbours some(op);
    some.addWriters(op.getSequences()[index]);
    index += !fuse(op, some); // the next has come to its place
  }
}

/// All sequences of an entry have one batch and one time: those of its first
/// input.
static void unifyExtents(EntryOp entry) {
  Block &body = entry.getBody().front();
  if (body.getNumArguments() == 0)
    return;
  OpBuilder builder = OpBuilder::atBlockBegin(&body);
  Value extents[2];
  for (int64_t axis : {0, 1})
    extents[axis] = tensor::DimOp::create(builder, entry.getLoc(),
                                          body.getArgument(0), axis);
  entry.walk([&](tensor::DimOp dim) {
    std::optional<int64_t> axis = dim.getConstantIndex();
    if (axis && *axis < 2 && isSequence(dim.getSource()) &&
        dim.getResult() != extents[*axis]) {
      dim.replaceAllUsesWith(extents[*axis]);
      dim.erase();
    }
  });
}

/// Puts a merged recurrence in the place of the reader, and of the writer's
/// states.
static void replaceMerged(RecurrenceOp writer, RecurrenceOp reader,
                          RecurrenceOp merged) {
  ResultRange results = merged->getResults();
  reader->replaceAllUsesWith(results.take_front(reader->getNumResults()));
  reader.erase();
  writer.getFinalStates().replaceAllUsesWith(
      results.take_back(writer.getStates().size()));
}

/// Recurrences that only this one reads, such as short convolutions; those that
/// are gone then are added to `erased`.
static void fuseMixers(RecurrenceOp &op,
                       llvm::SmallDenseSet<Operation *> &erased) {
  for (unsigned index = 0; index < op.getSequences().size();) {
    auto writer = op.getSequences()[index++].getDefiningOp<RecurrenceOp>();
    if (!writer || !canMerge(writer, op))
      continue;
    ParallelAxes axes = ParallelAxes::compute(writer);
    auto part = RecurrencePart::findBest(writer, axes);
    RecurrenceOp merged = merge(writer, op);
    if (!isBetter(merged, op, countTraffic(writer, part),
                  part ? part->getCount() : 1)) {
      merged.erase();
      continue;
    }
    replaceMerged(writer, op, merged);
    erased.insert(writer);
    writer.erase();
    op = merged;
    index = 0;
  }
}

/// Tokens that ops on tokens alone take at once: what they read and write
/// should stay in the nearest cache.
static int64_t chooseChunk(int64_t tokenBytes) {
  constexpr int64_t most = 16, cacheBytes = 32768;
  int64_t length = most;
  while (length > 1 && length * tokenBytes > cacheBytes)
    length /= 2;
  return length;
}

/// The op as a recurrence that has no states.
static RecurrenceOp wrap(linalg::GenericOp op) {
  OpBuilder builder(op);
  SmallVector<Value> sequences = listSequences(op),
                     invariants = listInvariants(op), operands = sequences;
  auto recurrence = RecurrenceOp::create(
      builder, op.getLoc(), op->getResultTypes(), sequences, invariants,
      ValueRange(), ArrayRef<StringRef>());
  llvm::append_range(operands, invariants);
  auto fill = [&](Block &block, int64_t length) {
    OpBuilder inside = OpBuilder::atBlockEnd(&block);
    IRMapping mapping;
    mapping.map(operands, block.getArguments());
    emitForTokens(inside, op, length, mapping);
    YieldOp::create(inside, op.getLoc(), mapping.lookup(op.getResult(0)));
  };
  fill(recurrence.getToken().front(), 0);
  int64_t length = chooseChunk(countTokenBytes(sequences) +
                               countTokenBytes(op->getResults()));
  if (length > 1)
    fill(*recurrence.addChunk(length), length);
  return recurrence;
}

/// Ops on tokens alone, of which `op` is the first, in one loop; alone it stays
/// as it is.
static void fuseFrom(linalg::GenericOp op) {
  RecurrenceOp recurrence = wrap(op), alone = recurrence;
  op.getResult(0).replaceAllUsesWith(alone.getOutputs()[0]);
  fuseReaders(recurrence);
  if (recurrence == alone) {
    alone.getOutputs()[0].replaceAllUsesWith(op.getResult(0));
    alone.erase();
    return;
  }
  op.erase();
  fuseWriters(recurrence);
}

/// Ops that others may be fused with.
static SmallVector<linalg::GenericOp> findSeeds(Block &block) {
  SmallVector<linalg::GenericOp> seeds;
  for (auto op : block.getOps<linalg::GenericOp>())
    if (isByToken(op) && !isFill(op) && !followsProduct(op) &&
        !listSequences(op).empty())
      seeds.push_back(op);
  return seeds;
}

/// Computes what is made of parameters alone first, where any loop can have it.
static void hoistInvariants(Block &body) {
  llvm::SmallDenseSet<Operation *> hoisted;
  auto isHoisted = [&](Value value) {
    return hoisted.contains(value.getDefiningOp());
  };
  Operation *last = nullptr;
  for (Operation &op : llvm::make_early_inc_range(body.without_terminator())) {
    llvm::SetVector<Value> needed(op.operand_begin(), op.operand_end());
    getUsedValuesDefinedAbove(op.getRegions(), needed);
    if (isa<RecurrenceOp>(op) || !isPure(&op) ||
        !llvm::all_of(needed, isHoisted))
      continue;
    if (last)
      op.moveAfter(last);
    else
      op.moveBefore(&body, body.begin());
    last = &op;
    hoisted.insert(&op);
  }
}

/// Without the outputs that nobody reads.
static RecurrenceOp dropUnread(RecurrenceOp op) {
  if (llvm::none_of(op.getOutputs(), [](Value v) { return v.use_empty(); }))
    return op;
  MixerNeighbours none(op);
  RecurrenceOp fewer = none.build();
  if (!fewer)
    return op;
  none.replace(fewer);
  return fewer;
}

void FuseMixers::runOnOperation() {
  getOperation()->walk([&](EntryOp entry) {
    Block &body = entry.getBody().front();
    SmallVector<RecurrenceOp> found(body.getOps<RecurrenceOp>());
    for (RecurrenceOp &op : found)
      op = dropUnread(op);
    if (entry.getLength() == 1) // nothing to gain
      return;
    hoistInvariants(body);
    unifyExtents(entry);
    llvm::SmallDenseSet<Operation *> erased;
    for (RecurrenceOp op : found) {
      if (erased.contains(op))
        continue;
      fuseReaders(op);
      fuseWriters(op);
      fuseMixers(op, erased);
    }
    // Each turn leaves fewer seeds, or has seen one more that stays.
    for (size_t seen = 0;;) {
      SmallVector<linalg::GenericOp> seeds = findSeeds(body);
      if (seen >= seeds.size())
        break;
      fuseFrom(seeds[seen]);
      seen += findSeeds(body).size() == seeds.size();
    }
  });
}
