//===- MergeParallelLoops.cpp - fewer, longer parallel loops --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// At the end of every parallel loop threads wait for the slowest. Loops next to
// each other that do not need each other, such as the projections of the same
// tokens to queries, keys and values, become one: its first turns are those of
// the first, and so on.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_MERGEPARALLELLOOPS
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct MergeParallelLoops
    : public seqmix::impl::MergeParallelLoopsBase<MergeParallelLoops> {
  void runOnOperation() override;
};

/// The buffers that a loop touches, but for its own.
struct Access {
  llvm::SmallDenseSet<Value> read, written;

  /// Nothing if it is not known what the loop touches, or if it writes memory
  /// of the caller's, of which other values may be views.
  static std::optional<Access> of(scf::ParallelOp loop);
  bool needs(const Access &other) const {
    return llvm::any_of(other.written, [&](Value buffer) {
      return read.contains(buffer) || written.contains(buffer);
    });
  }
};
} // namespace

/// The buffer that a value is a view of.
static Value findBuffer(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

std::optional<Access> Access::of(scf::ParallelOp loop) {
  auto effects = getEffectsRecursively(loop);
  if (!effects)
    return std::nullopt;
  Access access;
  for (const MemoryEffects::EffectInstance &effect : *effects) {
    if (!effect.getValue())
      return std::nullopt;
    Value buffer = findBuffer(effect.getValue());
    if (loop->isAncestor(buffer.getParentBlock()->getParentOp()))
      continue;
    if (isa<MemoryEffects::Read>(effect.getEffect())) {
      access.read.insert(buffer);
    } else if (isa<MemoryEffects::Write>(effect.getEffect()) &&
               buffer.getDefiningOp<memref::AllocOp>()) {
      access.written.insert(buffer);
    } else {
      return std::nullopt;
    }
  }
  return access;
}

static bool countsFromZero(scf::ParallelOp loop) {
  return loop.getNumLoops() == 1 && loop.getNumReductions() == 0 &&
         isZeroInteger(loop.getLowerBound()[0]) &&
         isOneInteger(loop.getStep()[0]);
}

/// Puts the body of `loop` where the builder is.
static void placeBody(OpBuilder &builder, scf::ParallelOp loop, Value turn) {
  IRMapping mapping;
  mapping.map(loop.getInductionVars()[0], turn);
  for (Operation &op : loop.getBody()->without_terminator())
    builder.clone(op, mapping);
}

/// One loop in place of two, the second of which is the later.
static scf::ParallelOp merge(scf::ParallelOp first, scf::ParallelOp second) {
  OpBuilder builder(second);
  Location loc = second.getLoc();
  Value turns = first.getUpperBound()[0];
  Value all =
      arith::AddIOp::create(builder, loc, turns, second.getUpperBound()[0]);
  auto merged = scf::ParallelOp::create(builder, loc, first.getLowerBound(),
                                        all, first.getStep());
  builder.setInsertionPointToStart(merged.getBody());
  Value turn = merged.getInductionVars()[0];
  Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                        turn, turns);
  auto branch = scf::IfOp::create(builder, loc, isFirst, /*withElse=*/true);
  OpBuilder inFirst = branch.getThenBodyBuilder();
  placeBody(inFirst, first, turn);
  OpBuilder inSecond = branch.getElseBodyBuilder();
  placeBody(inSecond, second,
            arith::SubIOp::create(inSecond, loc, turn, turns));
  first.erase();
  second.erase();
  return merged;
}

/// Merges the loops of a block where nothing but what computes addresses is
/// between them.
static void mergeIn(Block &block) {
  scf::ParallelOp last;
  std::optional<Access> touched;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    auto loop = dyn_cast<scf::ParallelOp>(op);
    if (!loop) {
      if (!isPure(&op) && !isa<memref::AllocOp>(op))
        last = nullptr;
      continue;
    }
    std::optional<Access> touches = Access::of(loop);
    if (!touches || !countsFromZero(loop)) {
      last = nullptr;
    } else if (last && !touches->needs(*touched) && !touched->needs(*touches)) {
      last = merge(last, loop);
      touched->read.insert_range(touches->read);
      touched->written.insert_range(touches->written);
    } else {
      last = loop;
      touched = touches;
    }
  }
}

void MergeParallelLoops::runOnOperation() {
  SmallVector<Block *> blocks;
  getOperation()->walk([&](Block *block) {
    if (!block->getParentOp()->getParentOfType<scf::ParallelOp>() &&
        !isa<scf::ParallelOp>(block->getParentOp()))
      blocks.push_back(block);
  });
  llvm::for_each(blocks, [](Block *block) { mergeIn(*block); });
}
