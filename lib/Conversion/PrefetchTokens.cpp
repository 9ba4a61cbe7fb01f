//===- PrefetchTokens.cpp - the next token comes while this one is taken --===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A part of the channels has a piece of each token, one after the other but not
// adjacent: at the end of every piece the processor must find out anew what
// comes. Where a vector of a long piece is loaded, that of the next token is
// asked for. On an x86-64 machine with AVX-512, two parts of an elementwise
// scan of 2560 channels take 4 ms instead of 5, if the second cache is what is
// asked to have it; nothing is gained by asking the first.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_PREFETCHTOKENS
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct PrefetchTokens
    : public seqmix::impl::PrefetchTokensBase<PrefetchTokens> {
  void runOnOperation() override;
};

/// Bytes of a token's piece from which on the processor does not foresee enough
/// of the next one's.
constexpr int64_t kLongPiece = 2048;

/// The second cache.
constexpr unsigned kLocality = 2;
} // namespace

/// The axis of tokens of a view of one token, in a loop over them, whose pieces
/// are long.
static std::optional<unsigned> findTokenAxis(memref::SubViewOp view,
                                             scf::ForOp loop) {
  MemRefType type = view.getType();
  if (!type.hasStaticShape() || !type.isLastDimUnitStride() ||
      !type.getElementType().isIntOrFloat() || !view.hasUnitStride() ||
      type.getNumElements() * type.getElementTypeBitWidth() < 8 * kLongPiece)
    return std::nullopt;
  auto offsets = view.getMixedOffsets();
  auto *time = llvm::find_if(offsets, [&](OpFoldResult offset) {
    return offset == OpFoldResult(loop.getInductionVar());
  });
  unsigned axis = time - offsets.begin();
  // The first axis is that of sequences.
  if (time == offsets.end() || axis == 0 || !view.getDroppedDims()[axis])
    return std::nullopt;
  return axis;
}

/// Whether a load gives something else in every turn of the loops around it,
/// inside of `outer`.
static bool loadsOnce(vector::LoadOp load, scf::ForOp outer) {
  auto around = load->getParentOfType<scf::ForOp>();
  for (; around && around != outer;
       around = around->getParentOfType<scf::ForOp>())
    if (!llvm::is_contained(load.getIndices(), around.getInductionVar()))
      return false;
  return around == outer;
}

/// Asks, where a vector of a token is loaded, for that of the next token.
static void prefetchNext(vector::LoadOp load, memref::SubViewOp view,
                         unsigned tokens, Value step) {
  OpBuilder builder(load);
  Location loc = load.getLoc();
  SmallVector<Value> indices;
  llvm::SmallBitVector dropped = view.getDroppedDims();
  auto inView = load.getIndices().begin();
  for (auto [axis, offset] : llvm::enumerate(view.getMixedOffsets())) {
    Value index = getValueOrCreateConstantIndexOp(builder, loc, offset);
    Value more = axis == tokens ? step : dropped[axis] ? Value() : *inView++;
    indices.push_back(
        more ? arith::AddIOp::create(builder, loc, index, more).getResult()
             : index);
  }
  memref::PrefetchOp::create(builder, loc, view.getSource(), indices,
                             /*isWrite=*/false, kLocality,
                             /*isDataCache=*/true);
}

static void prefetchTokens(scf::ForOp loop) {
  for (auto view : loop.getOps<memref::SubViewOp>()) {
    std::optional<unsigned> axis = findTokenAxis(view, loop);
    if (!axis)
      continue;
    for (Operation *user : view->getUsers())
      if (auto load = dyn_cast<vector::LoadOp>(user);
          load && loadsOnce(load, loop))
        prefetchNext(load, view, *axis, loop.getStep());
  }
}

void PrefetchTokens::runOnOperation() { getOperation()->walk(prefetchTokens); }
