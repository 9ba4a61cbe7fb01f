//===- SeqmixToSCF.cpp - the reference lowering ---------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A mixer means: for each sequence, for each token in order, apply the
// one-token form. This file writes exactly that, for whatever answers
// MixerOpInterface. All it decides is where a next state needs a copy so that
// storing it does not disturb what is still to be read.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Conversion/Passes.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_CONVERTSEQMIXTOSCF
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct ConvertSeqmixToSCF
    : public seqmix::impl::ConvertSeqmixToSCFBase<ConvertSeqmixToSCF> {
  void runOnOperation() override;
};

/// The slice of a tensor at the given leading indices, all of it otherwise.
struct LeadingSlice {
  SmallVector<OpFoldResult> offsets, sizes, strides;

  LeadingSlice(OpBuilder &builder, RankedTensorType type, ValueRange indices) {
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      bool isIndexed = axis < static_cast<int64_t>(indices.size());
      offsets.push_back(isIndexed ? OpFoldResult(indices[axis])
                                  : builder.getIndexAttr(0));
      sizes.push_back(
          builder.getIndexAttr(isIndexed ? 1 : type.getDimSize(axis)));
      strides.push_back(builder.getIndexAttr(1));
    }
  }
};
} // namespace

static Value extractAt(OpBuilder &builder, Location loc, Value tensor,
                       ValueRange indices) {
  auto type = cast<RankedTensorType>(tensor.getType());
  LeadingSlice slice(builder, type, indices);
  auto taken = RankedTensorType::get(type.getShape().drop_front(indices.size()),
                                     type.getElementType());
  return tensor::ExtractSliceOp::create(
      builder, loc, taken, tensor, slice.offsets, slice.sizes, slice.strides);
}

static Value insertAt(OpBuilder &builder, Location loc, Value value,
                      Value tensor, ValueRange indices) {
  LeadingSlice slice(builder, cast<RankedTensorType>(tensor.getType()),
                     indices);
  return tensor::InsertSliceOp::create(
      builder, loc, value, tensor, slice.offsets, slice.sizes, slice.strides);
}

static Value copyOf(OpBuilder &builder, Location loc, Value value) {
  return bufferization::AllocTensorOp::create(
      builder, loc, cast<RankedTensorType>(value.getType()),
      /*dynamicSizes=*/ValueRange(), /*copy=*/value);
}

/// Whether the op that computes `next` may write it over `old` as it goes:
/// each of its elements depends on the same element of `old` at most, and
/// nothing but `next` is made from `old`.
static bool mayOverwrite(Value old, Value next) {
  Operation *last = next.getDefiningOp();
  if (!last || !(last->hasTrait<OpTrait::Elementwise>() ||
                 isa<tensor::InsertSliceOp>(last)))
    return false;
  SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.inclusive = true;
  options.omitBlockArguments = true;
  if (failed(getBackwardSlice(last, &slice, options)))
    return false;
  return llvm::all_of(old.getUsers(),
                      [&](Operation *user) { return slice.contains(user); });
}

/// The next states as they can be stored one after the other: what another
/// state passes on, and what may not be computed over the old state that is
/// still read, is a copy.
static void separate(OpBuilder &builder, Location loc,
                     MutableArrayRef<Value> next, ValueRange old) {
  for (auto [index, value] : llvm::enumerate(next))
    if (value != old[index] && !mayOverwrite(old[index], value))
      value = copyOf(builder, loc, value);
}

/// The loop over the tokens of sequence `b`: takes and yields the outputs, then
/// the states of that sequence.
static scf::ForOp buildTokenLoop(OpBuilder &builder, MixerOpInterface mixer,
                                 Value b, Value length, ValueRange outputs,
                                 ValueRange states) {
  Location loc = mixer.getLoc();
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  SmallVector<Value> carried(outputs);
  llvm::append_range(carried, states);
  auto body = [&](OpBuilder &builder, Location loc, Value step,
                  ValueRange carried) {
    Value t = step;
    if (mixer.isReversed()) {
      Value last = arith::SubIOp::create(builder, loc, length, one);
      t = arith::SubIOp::create(builder, loc, last, step);
    }
    ValueRange outputs = carried.drop_back(states.size());
    ValueRange old = carried.take_back(states.size());
    SmallVector<Value> tokens;
    for (Value sequence : mixer.getSequenceOperands())
      tokens.push_back(extractAt(builder, loc, sequence, {b, t}));
    SmallVector<Value> results = mixer.buildToken(
        builder, loc, tokens, mixer.getInvariantOperands(), old);
    ArrayRef<Value> values(results);
    SmallVector<Value> yielded;
    for (auto [value, into] :
         llvm::zip_equal(values.drop_back(old.size()), outputs))
      yielded.push_back(insertAt(builder, loc, value, into, {b, t}));
    separate(builder, loc, MutableArrayRef(results).take_back(old.size()), old);
    // The state stays where it is, whatever computes the next one.
    for (auto [value, into] :
         llvm::zip_equal(values.take_back(old.size()), old))
      yielded.push_back(bufferization::MaterializeInDestinationOp::create(
                            builder, loc, into.getType(), value, into)
                            .getResult());
    scf::YieldOp::create(builder, loc, yielded);
  };
  return scf::ForOp::create(builder, loc, zero, length, one, carried, body);
}

static LogicalResult lowerMixer(MixerOpInterface mixer,
                                RewriterBase &rewriter) {
  Location loc = mixer.getLoc();
  Value first = mixer.getSequenceOperands().front();
  Value batch = tensor::DimOp::create(rewriter, loc, first, 0);
  Value length =
      tensor::DimOp::create(rewriter, loc, first, mixer.getSequenceAxis());
  Value zero = arith::ConstantIndexOp::create(rewriter, loc, 0);
  Value one = arith::ConstantIndexOp::create(rewriter, loc, 1);

  SmallVector<Value> carried;
  for (Value result : mixer.getSequenceResults()) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<OpFoldResult> shape = {batch, length};
    for (int64_t extent : type.getShape().drop_front(2))
      shape.push_back(rewriter.getIndexAttr(extent));
    Value empty =
        tensor::EmptyOp::create(rewriter, loc, shape, type.getElementType());
    if (empty.getType() != type)
      empty = tensor::CastOp::create(rewriter, loc, type, empty);
    carried.push_back(empty);
  }
  size_t numOutputs = carried.size();
  llvm::append_range(carried, mixer.getStateOperands());

  auto loop = scf::ForOp::create(
      rewriter, loc, zero, batch, one, carried,
      [&](OpBuilder &builder, Location loc, Value b, ValueRange carried) {
        ValueRange all = carried.drop_front(numOutputs);
        SmallVector<Value> states;
        for (Value state : all)
          states.push_back(extractAt(builder, loc, state, b));
        scf::ForOp tokens = buildTokenLoop(
            builder, mixer, b, length, carried.take_front(numOutputs), states);
        SmallVector<Value> yielded(tokens.getResults().take_front(numOutputs));
        for (auto [state, into] :
             llvm::zip_equal(tokens.getResults().drop_front(numOutputs), all))
          yielded.push_back(insertAt(builder, loc, state, into, b));
        scf::YieldOp::create(builder, loc, yielded);
      });
  SmallVector<Value> results = mixer.getSequenceResults();
  llvm::append_range(results, mixer.getStateResults());
  for (auto [old, value] : llvm::zip_equal(results, loop.getResults()))
    rewriter.replaceAllUsesWith(old, value);
  rewriter.eraseOp(mixer);
  return success();
}

namespace {
struct LowerMixer : public OpInterfaceRewritePattern<MixerOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(MixerOpInterface mixer,
                                PatternRewriter &rewriter) const override {
    return lowerMixer(mixer, rewriter);
  }
};
} // namespace

void seqmix::populateSeqmixToSCFPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerMixer>(patterns.getContext());
}

void ConvertSeqmixToSCF::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  populateSeqmixToSCFPatterns(patterns);
  walkAndApplyPatterns(getOperation(), std::move(patterns));
}
