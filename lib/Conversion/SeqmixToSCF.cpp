//===- SeqmixToSCF.cpp - the reference lowering ---------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A mixer means: for each sequence, for each token in order, apply the
// one-token form. This file writes exactly that, for whatever answers
// MixerOpInterface, and the same for a chunk at a time if the mixer says how.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/SeqmixToSCF.h"

#include "lib/Conversion/GatherParts.h"
#include "lib/Conversion/Passes.h"
#include "lib/Conversion/StatePlaces.h"

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

/// The slice of a tensor at the given leading indices, all of it otherwise; of
/// the axis of the last index `length` elements, if that is not zero.
struct LeadingSlice {
  SmallVector<OpFoldResult> offsets, sizes, strides;
  SmallVector<int64_t> shape; ///< without the axes of one index

  LeadingSlice(OpBuilder &builder, RankedTensorType type, ValueRange indices,
               int64_t length = 0) {
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      int64_t depth = indices.size();
      bool isIndexed = axis < depth, isRange = length && axis == depth - 1;
      int64_t extent = isRange ? length : isIndexed ? 1 : type.getDimSize(axis);
      if (isRange || !isIndexed)
        shape.push_back(extent);
      offsets.push_back(isIndexed ? OpFoldResult(indices[axis])
                                  : builder.getIndexAttr(0));
      sizes.push_back(builder.getIndexAttr(extent));
      strides.push_back(builder.getIndexAttr(1));
    }
  }
};
} // namespace

static Value extractAt(OpBuilder &builder, Location loc, Value tensor,
                       ValueRange indices, int64_t length = 0) {
  auto type = cast<RankedTensorType>(tensor.getType());
  LeadingSlice slice(builder, type, indices, length);
  auto taken = RankedTensorType::get(slice.shape, type.getElementType());
  return tensor::ExtractSliceOp::create(
      builder, loc, taken, tensor, slice.offsets, slice.sizes, slice.strides);
}

static Value insertAt(OpBuilder &builder, Location loc, Value value,
                      Value tensor, ValueRange indices, int64_t length = 0) {
  LeadingSlice slice(builder, cast<RankedTensorType>(tensor.getType()), indices,
                     length);
  return tensor::InsertSliceOp::create(
      builder, loc, value, tensor, slice.offsets, slice.sizes, slice.strides);
}

/// A loop over tokens of sequence `b`: takes and yields the outputs, then the
/// states of that sequence. With a `chunk` it takes so many tokens a turn.
static scf::ForOp buildTokenLoop(OpBuilder &builder, MixerOpInterface mixer,
                                 Value b, Value begin, Value end,
                                 ValueRange carried, int64_t chunk) {
  Location loc = mixer.getLoc();
  Value stride =
      arith::ConstantIndexOp::create(builder, loc, chunk ? chunk : 1);
  size_t numStates = mixer.getStateOperands().size();
  auto body = [&](OpBuilder &builder, Location loc, Value step,
                  ValueRange carried) {
    Value t = step;
    if (mixer.isReversed()) {
      Value last = arith::SubIOp::create(builder, loc, end, stride);
      t = arith::SubIOp::create(builder, loc, last, step);
    }
    ValueRange outputs = carried.drop_back(numStates);
    ValueRange old = carried.take_back(numStates);
    SmallVector<Value> tokens;
    for (Value sequence : mixer.getSequenceOperands()) {
      tokens.push_back(extractAt(builder, loc, sequence, {b, t}, chunk));
    }
    SmallVector<Value> invariants = mixer.getInvariantOperands();
    SmallVector<Value> results =
        chunk ? mixer.buildChunk(builder, loc, tokens, invariants, old)
              : mixer.buildStep(builder, loc, tokens, invariants, old);
    if (chunk)
      gatherParts(builder, mixer, tokens, old);
    ArrayRef<Value> values(results);
    SmallVector<Value> yielded;
    for (auto [value, into] :
         llvm::zip_equal(values.drop_back(numStates), outputs))
      yielded.push_back(insertAt(builder, loc, value, into, {b, t}, chunk));
    separateStates(builder, loc, MutableArrayRef(results).take_back(numStates),
                   old);
    // The state stays where it is, whatever computes the next one.
    for (auto [value, into] : llvm::zip_equal(values.take_back(numStates), old))
      yielded.push_back(bufferization::MaterializeInDestinationOp::create(
                            builder, loc, into.getType(), value, into)
                            .getResult());
    scf::YieldOp::create(builder, loc, yielded);
  };
  return scf::ForOp::create(builder, loc, begin, end, stride, carried, body);
}

/// All tokens of sequence `b`: whole chunks, if the mixer takes them, then one
/// token after the other.
static ValueRange buildSequence(OpBuilder &builder, MixerOpInterface mixer,
                                Value b, Value length,
                                SmallVector<Value> carried) {
  Location loc = mixer.getLoc();
  Value begin = arith::ConstantIndexOp::create(builder, loc, 0);
  if (int64_t chunk = mixer.getChunkLength()) {
    Value size = arith::ConstantIndexOp::create(builder, loc, chunk);
    Value rest = arith::RemUIOp::create(builder, loc, length, size);
    Value end = arith::SubIOp::create(builder, loc, length, rest);
    scf::ForOp chunks =
        buildTokenLoop(builder, mixer, b, begin, end, carried, chunk);
    carried = SmallVector<Value>(chunks.getResults());
    begin = end;
  }
  return buildTokenLoop(builder, mixer, b, begin, length, carried, 0)
      .getResults();
}

/// How many sequences there are, and tokens in each.
static std::pair<Value, Value> measure(OpBuilder &builder,
                                       MixerOpInterface mixer) {
  Location loc = mixer.getLoc();
  Value first = mixer.getSequenceOperands().front();
  // Of a slice it is what the slice says, and not the entry's length.
  Value batch = builder.createOrFold<tensor::DimOp>(loc, first, 0);
  Value length =
      builder.createOrFold<tensor::DimOp>(loc, first, mixer.getSequenceAxis());
  return {batch, length};
}

SmallVector<Value> seqmix::buildMixerLoops(OpBuilder &builder,
                                           MixerOpInterface mixer,
                                           ValueRange outputs,
                                           ValueRange states) {
  Location loc = mixer.getLoc();
  Value batch, length;
  std::tie(batch, length) = measure(builder, mixer);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  SmallVector<Value> carried(outputs);
  llvm::append_range(carried, states);
  size_t numOutputs = outputs.size();
  auto loop = scf::ForOp::create(
      builder, loc, zero, batch, one, carried,
      [&](OpBuilder &builder, Location loc, Value b, ValueRange carried) {
        ValueRange all = carried.drop_front(numOutputs);
        SmallVector<Value> values(carried.take_front(numOutputs));
        for (Value state : all)
          values.push_back(extractAt(builder, loc, state, b));
        ValueRange last = buildSequence(builder, mixer, b, length, values);
        SmallVector<Value> yielded(last.take_front(numOutputs));
        for (auto [state, into] :
             llvm::zip_equal(last.drop_front(numOutputs), all))
          yielded.push_back(insertAt(builder, loc, state, into, b));
        scf::YieldOp::create(builder, loc, yielded);
      });
  return loop.getResults();
}

SmallVector<Value> seqmix::buildEmptyOutputs(OpBuilder &builder,
                                             MixerOpInterface mixer) {
  Location loc = mixer.getLoc();
  auto [batch, length] = measure(builder, mixer);
  SmallVector<Value> outputs;
  for (Value result : mixer.getSequenceResults()) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<OpFoldResult> shape = {batch, length};
    for (int64_t extent : type.getShape().drop_front(2))
      shape.push_back(builder.getIndexAttr(extent));
    Value empty =
        tensor::EmptyOp::create(builder, loc, shape, type.getElementType());
    if (empty.getType() != type)
      empty = tensor::CastOp::create(builder, loc, type, empty);
    outputs.push_back(empty);
  }
  return outputs;
}

static LogicalResult lowerMixer(MixerOpInterface mixer,
                                RewriterBase &rewriter) {
  SmallVector<Value> values =
      buildMixerLoops(rewriter, mixer, buildEmptyOutputs(rewriter, mixer),
                      mixer.getStateOperands());
  SmallVector<Value> results = mixer.getSequenceResults();
  llvm::append_range(results, mixer.getStateResults());
  for (auto [old, value] : llvm::zip_equal(results, values))
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
