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
  void runOnOperation() override;
};
} // namespace

RecurrenceOp seqmix::expandMixer(MixerOpInterface mixer) {
  OpBuilder builder(mixer);
  Location loc = mixer.getLoc();
  SmallVector<Value> results = mixer.getSequenceResults();
  auto recurrence = RecurrenceOp::create(
      builder, loc, TypeRange(ValueRange(results)), mixer.getSequenceOperands(),
      mixer.getInvariantOperands(), mixer.getStateOperands(),
      ArrayRef<StringRef>());
  builder.setInsertionPointToStart(&recurrence.getToken().front());
  auto values = [](Block::BlockArgListType arguments) {
    return SmallVector<Value>(arguments.begin(), arguments.end());
  };
  SmallVector<Value> yielded =
      mixer.buildToken(builder, loc, values(recurrence.getTokenArguments()),
                       values(recurrence.getInvariantArguments()),
                       values(recurrence.getStateArguments()));
  YieldOp::create(builder, loc, yielded);
  llvm::append_range(results, mixer.getStateResults());
  for (auto [old, value] : llvm::zip_equal(results, recurrence.getResults()))
    old.replaceAllUsesWith(value);
  mixer.erase();
  return recurrence;
}

void ExpandMixers::runOnOperation() {
  SmallVector<MixerOpInterface> mixers;
  getOperation()->walk([&](MixerOpInterface mixer) {
    if (!isa<RecurrenceOp>(mixer) && !mixer.isReversed())
      mixers.push_back(mixer);
  });
  for (MixerOpInterface mixer : mixers)
    expandMixer(mixer);
}
