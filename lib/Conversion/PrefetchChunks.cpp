//===- PrefetchChunks.cpp - the next chunk comes while this one is taken --===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a part of the heads has of a token is a short piece of a long row, so
// each token of a chunk lies on another page and the processor does not guess
// which piece is next. A chunk is much work: its operations ask for the next
// chunk's pieces, each for a share by its own cost, so that few are under way
// at a time and none is waited for.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_PREFETCHCHUNKS
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct PrefetchChunks
    : public seqmix::impl::PrefetchChunksBase<PrefetchChunks> {
  void runOnOperation() override;
};

constexpr int64_t kCacheLine = 64;

/// Lines that are asked for at once, at best: processors keep a dozen or two
/// under way, those of the compiled program among them.
constexpr int64_t kLinesAtOnce = 4;

/// The second cache: the first one is full of this chunk.
constexpr unsigned kReadLocality = 2, kWriteLocality = 3;

/// The tokens of one turn of a loop, in one sequence.
struct Tokens {
  memref::SubViewOp view; ///< [tokens, ...]
  int64_t count;          ///< of tokens
  int64_t lines;          ///< of cache, of a token
  bool isWritten;
};
} // namespace

/// The view as the tokens of a turn of `loop`, if the next turn's follow them.
static std::optional<Tokens> findTokens(memref::SubViewOp view,
                                        scf::ForOp loop) {
  MemRefType type = view.getType();
  if (!type.hasStaticShape() || type.getRank() < 2 ||
      !type.isLastDimUnitStride() || !type.getElementType().isIntOrFloat())
    return std::nullopt;
  auto isKnownBefore = [&](Value operand) {
    return operand == loop.getInductionVar() ||
           loop.isDefinedOutsideOfLoop(operand);
  };
  if (!llvm::all_of(view->getOperands(), isKnownBefore))
    return std::nullopt;
  auto offsets = view.getMixedOffsets();
  auto *time = llvm::find_if(offsets, [&](OpFoldResult offset) {
    return offset == OpFoldResult(loop.getInductionVar());
  });
  if (time == offsets.end())
    return std::nullopt;
  // Only axes of one index come before the tokens.
  llvm::SmallBitVector dropped = view.getDroppedDims();
  unsigned axis = time - offsets.begin();
  int64_t count = type.getDimSize(0);
  if (dropped[axis] ||
      !llvm::all_of(llvm::seq(axis), [&](unsigned i) { return dropped[i]; }) ||
      getConstantIntValue(loop.getStep()) != count || count < 2)
    return std::nullopt;
  int64_t bits = type.getElementTypeBitWidth(), lines = 1;
  for (int64_t extent : type.getShape().drop_front().drop_back())
    lines *= extent;
  lines *= llvm::divideCeil(type.getShape().back() * bits, 8 * kCacheLine);
  bool isWritten = llvm::any_of(view->getUsers(), [&](Operation *user) {
    auto vectors = dyn_cast<vector::StoreOp>(user);
    auto numbers = dyn_cast<memref::StoreOp>(user);
    return (vectors && vectors.getBase() == view.getResult()) ||
           (numbers && numbers.getMemRef() == view.getResult());
  });
  return Tokens{view, count, lines, isWritten};
}

/// Asks for one line of the tokens that follow these by a turn: the `line`-th,
/// or the last if there are not so many.
static void emitPrefetch(OpBuilder &builder, Tokens tokens, Value line) {
  Location loc = tokens.view.getLoc();
  MemRefType type = tokens.view.getType();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  int64_t perLine =
      std::max<int64_t>(kCacheLine * 8 / type.getElementTypeBitWidth(), 1);
  Value rest = arith::MinUIOp::create(
      builder, loc, line, constant(tokens.count * tokens.lines - 1));
  SmallVector<int64_t> extents(type.getShape());
  extents.back() = llvm::divideCeil(extents.back(), perLine);
  SmallVector<Value> indices(extents.size());
  for (size_t axis = extents.size() - 1; axis > 0; --axis) {
    Value extent = constant(extents[axis]);
    indices[axis] = arith::RemUIOp::create(builder, loc, rest, extent);
    rest = arith::DivUIOp::create(builder, loc, rest, extent);
  }
  indices.front() =
      arith::AddIOp::create(builder, loc, rest, constant(tokens.count));
  indices.back() =
      arith::MulIOp::create(builder, loc, indices.back(), constant(perLine));
  memref::PrefetchOp::create(
      builder, loc, tokens.view.getResult(), indices, tokens.isWritten,
      tokens.isWritten ? kWriteLocality : kReadLocality, /*isDataCache=*/true);
}

static int64_t countTurns(scf::ForOp loop) {
  std::optional<APInt> turns = loop.getStaticTripCount();
  return turns ? std::max<int64_t>(turns->getSExtValue(), 1) : 1;
}

/// What a loop costs beside others: the operations that it runs.
static double costOf(scf::ForOp loop) {
  double cost = 0;
  for (Operation &op : *loop.getBody()) {
    auto inner = dyn_cast<scf::ForOp>(op);
    cost += inner ? costOf(inner) : 1;
  }
  return cost * countTurns(loop);
}

/// Has the turns of a nest ask for about `wanted` lines from `first` on;
/// returns how many they ask for.
static int64_t emitInto(scf::ForOp nest, const Tokens &tokens, int64_t first,
                        int64_t wanted) {
  SmallVector<scf::ForOp> loops = {nest};
  int64_t turns = countTurns(nest);
  // To where turns are many enough, but not into a sum.
  while (turns * kLinesAtOnce < wanted) {
    auto inner = loops.back().getOps<scf::ForOp>();
    if (!llvm::hasSingleElement(inner) || (*inner.begin()).getNumResults())
      break;
    loops.push_back(*inner.begin());
    turns *= countTurns(loops.back());
  }
  OpBuilder builder = OpBuilder::atBlockBegin(loops.back().getBody());
  Location loc = nest.getLoc();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value turn = constant(0);
  for (scf::ForOp loop : loops) {
    Value begun = arith::SubIOp::create(builder, loc, loop.getInductionVar(),
                                        loop.getLowerBound());
    Value own = arith::DivUIOp::create(builder, loc, begun, loop.getStep());
    turn =
        arith::MulIOp::create(builder, loc, turn, constant(countTurns(loop)));
    turn = arith::AddIOp::create(builder, loc, turn, own);
  }
  int64_t each = llvm::divideCeil(wanted, turns);
  turn = arith::MulIOp::create(builder, loc, turn, constant(each));
  for (int64_t i = 0; i < each; ++i)
    emitPrefetch(
        builder, tokens,
        arith::AddIOp::create(builder, loc, turn, constant(first + i)));
  return each * turns;
}

/// Spreads the prefetches of a turn over its loops.
static void spread(ArrayRef<Tokens> all, ArrayRef<scf::ForOp> nests) {
  double cost = 0, done = 0, lines = 0, asked = 0;
  for (scf::ForOp nest : nests)
    cost += costOf(nest);
  for (const Tokens &tokens : all)
    lines += tokens.count * tokens.lines;
  const Tokens *tokens = all.begin();
  int64_t next = 0; // line of them
  for (scf::ForOp nest : nests) {
    done += costOf(nest);
    while (tokens != all.end() && asked < lines * done / cost) {
      int64_t end = tokens->count * tokens->lines;
      int64_t due = std::ceil(lines * done / cost - asked);
      int64_t emitted =
          emitInto(nest, *tokens, next, std::min(due, end - next));
      next += emitted;
      asked += std::min(emitted, end - (next - emitted));
      if (next < end)
        break;
      ++tokens;
      next = 0;
    }
  }
}

void PrefetchChunks::runOnOperation() {
  getOperation()->walk([](scf::ForOp loop) {
    SmallVector<Tokens> all;
    SmallVector<scf::ForOp> nests;
    for (Operation &op : *loop.getBody()) {
      if (auto view = dyn_cast<memref::SubViewOp>(op)) {
        if (std::optional<Tokens> tokens = findTokens(view, loop))
          all.push_back(*tokens);
      } else if (auto nest = dyn_cast<scf::ForOp>(op)) {
        nests.push_back(nest);
      }
    }
    if (all.empty() || nests.empty())
      return;
    // Every nest may ask for any of them.
    for (Tokens &tokens : all)
      tokens.view->moveBefore(&loop.getBody()->front());
    spread(all, nests);
  });
}
