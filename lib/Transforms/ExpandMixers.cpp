//===- ExpandMixers.cpp - write every mixer as a recurrence ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A mixer means the recurrence over its one-token form. Passes that look into
// the token's program rather than at the op then have one op to deal with.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ExpandMixers.h"

#include "lib/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_EXPANDMIXERS
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct ExpandMixers : public seqmix::impl::ExpandMixersBase<ExpandMixers> {
  using ExpandMixersBase::ExpandMixersBase;
  void runOnOperation() override;
};
} // namespace

using BuildForm = SmallVector<Value> (MixerOpInterface::*)(OpBuilder &,
                                                           Location, ValueRange,
                                                           ValueRange,
                                                           ValueRange);

/// Fills a region of `recurrence` with one of the mixer's forms.
static void fill(RecurrenceOp recurrence, Block &block, MixerOpInterface mixer,
                 BuildForm build) {
  OpBuilder builder = OpBuilder::atBlockEnd(&block);
  auto take = [&](size_t first, size_t count) {
    return llvm::to_vector_of<Value>(block.getArguments().slice(first, count));
  };
  size_t numSequences = recurrence.getSequences().size(),
         numInvariants = recurrence.getInvariants().size();
  SmallVector<Value> yielded = (mixer.*build)(
      builder, mixer.getLoc(), take(0, numSequences),
      take(numSequences, numInvariants),
      take(numSequences + numInvariants, recurrence.getStates().size()));
  YieldOp::create(builder, mixer.getLoc(), yielded);
}

RecurrenceOp seqmix::expandMixer(MixerOpInterface mixer, bool withChunk) {
  OpBuilder builder(mixer);
  Location loc = mixer.getLoc();
  SmallVector<Value> results = mixer.getSequenceResults();
  auto recurrence = RecurrenceOp::create(
      builder, loc, TypeRange(ValueRange(results)), mixer.getSequenceOperands(),
      mixer.getInvariantOperands(), mixer.getStateOperands(),
      ArrayRef<StringRef>());
  fill(recurrence, recurrence.getToken().front(), mixer,
       &MixerOpInterface::buildToken);
  if (withChunk && mixer.getChunkLength() > 1)
    fill(recurrence, *recurrence.addChunk(mixer.getChunkLength()), mixer,
         &MixerOpInterface::buildChunk);
  llvm::append_range(results, mixer.getStateResults());
  for (auto [old, value] : llvm::zip_equal(results, recurrence.getResults()))
    old.replaceAllUsesWith(value);
  mixer.erase();
  return recurrence;
}

/// As many tokens as the next recurrence takes, with which it may be fused.
static int64_t chooseChunk(MixerOpInterface mixer) {
  for (Operation *next = mixer->getNextNode(); next; next = next->getNextNode())
    if (auto recurrence = dyn_cast<RecurrenceOp>(next);
        recurrence && recurrence.getChunkLength())
      return recurrence.getChunkLength();
  return mixer.getChunkLength();
}

void ExpandMixers::runOnOperation() {
  SmallVector<MixerOpInterface> mixers;
  getOperation()->walk([&](MixerOpInterface mixer) {
    bool isDivided = onHost && !mixer.getDividedAxes().empty();
    if (!isa<RecurrenceOp>(mixer) && !mixer.isReversed() && !isDivided)
      mixers.push_back(mixer);
  });
  for (MixerOpInterface mixer : mixers) {
    if (onHost && mixer.getChunkLength())
      mixer.takeChunks(chooseChunk(mixer));
    expandMixer(mixer, /*withChunk=*/onHost);
  }
}
