//===- DeriveStep.cpp - derive the step entry point from prefill ----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Decoding is prefilling one token. The step entry is a clone of prefill that
// takes a length of one; where the entry is bound to its caller the length
// becomes a constant, and every loop over time folds.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_DERIVESTEP
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct DeriveStep : public seqmix::impl::DeriveStepBase<DeriveStep> {
  void runOnOperation() override;
};
} // namespace

void DeriveStep::runOnOperation() {
  ModelOp model = getOperation();
  if (model.lookupSymbol("step"))
    return;
  auto prefill = model.lookupSymbol<EntryOp>("prefill");
  if (!prefill) {
    model.emitError("model @")
        << model.getSymName() << " has no entry point @prefill to derive from";
    return signalPassFailure();
  }
  OpBuilder builder(model.getContext());
  builder.setInsertionPointAfter(prefill);
  auto step = cast<EntryOp>(builder.clone(*prefill));
  step.setSymName("step");
  step.setLength(1);
  // One token is less than any chunk.
  step.walk([](MixerOpInterface mixer) { mixer.takeChunks(0); });
}
