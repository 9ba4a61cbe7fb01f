//===- DivideRecurrences.cpp - one part of a recurrence for each thread ---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tokens of a sequence follow each other, but heads, channels or value
// columns do not need each other. A recurrence is divided along one such axis:
// each part runs its whole sequence by itself, on its slices of the operands,
// and its state stays in the nearest cache. Without states, tokens do not need
// each other either, and each part has its share of them.
//
// With states, shares of the tokens could be composed: what a share does to any
// state, then the states between shares, then each share again from its state.
// Most shares would be computed twice, once without outputs, so two threads
// would gain little; and since results are the same for any number of threads,
// one would have to do all of it as well. It is not done.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/DivideMixer.h"
#include "lib/Conversion/Passes.h"
#include "lib/Conversion/RecurrencePart.h"
#include "lib/Conversion/SeqmixToSCF.h"
#include "lib/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/PassManager.h"

#include <numeric>

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_DIVIDERECURRENCES
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct DivideRecurrences
    : public seqmix::impl::DivideRecurrencesBase<DivideRecurrences> {
  using DivideRecurrencesBase::DivideRecurrencesBase;
  void runOnOperation() override;
};

/// Bytes of state that one token must move to be worth several threads.
constexpr int64_t kLeastStepBytes = 1 << 20;

/// Parts of the tokens of what has no states: enough for threads, whose number
/// must make no difference.
constexpr int64_t kTokenParts = 16;
} // namespace

/// Where a part begins in the divided axis of a value, and what it has of it.
static Value sliceOf(OpBuilder &builder, RecurrencePart &part, Value whole,
                     Value like, Value index) {
  std::optional<unsigned> divided = part.axisOf(like);
  if (!divided)
    return whole;
  Location loc = whole.getLoc();
  RankedTensorType type = part.typeOf(like);
  Value extent =
      arith::ConstantIndexOp::create(builder, loc, type.getDimSize(*divided));
  Value begin = arith::MulIOp::create(builder, loc, index, extent);
  SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)),
      strides(type.getRank(), builder.getIndexAttr(1)), sizes;
  offsets[*divided] = begin;
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    sizes.push_back(
        type.isDynamicDim(axis)
            ? OpFoldResult(
                  tensor::DimOp::create(builder, loc, whole, axis).getResult())
            : builder.getIndexAttr(type.getDimSize(axis)));
  return tensor::ExtractSliceOp::create(builder, loc, type, whole, offsets,
                                        sizes, strides);
}

/// One turn of the loop over parts: computes part `index` of the results into
/// its slices of `whole`.
static void buildTurn(OpBuilder &builder, RecurrenceOp op, RecurrencePart &part,
                      Value index, ValueRange whole) {
  size_t numOutputs = op.getOutputs().size(), numStates = op.getStates().size();
  SmallVector<Value> operands, slices;
  for (Value operand : op->getOperands().drop_back(numStates))
    operands.push_back(sliceOf(builder, part, operand, operand, index));
  for (auto [value, result] : llvm::zip_equal(whole, op->getResults()))
    slices.push_back(sliceOf(builder, part, value, result, index));
  ArrayRef<Value> outputs = ArrayRef(slices).take_front(numOutputs);
  ArrayRef<Value> states = ArrayRef(slices).take_back(numStates);
  llvm::append_range(operands, states);
  RecurrenceOp small = part.build(builder, operands);
  SmallVector<Value> computed =
      buildMixerLoops(builder, small, outputs, states);
  small.erase();
  auto end = scf::InParallelOp::create(builder, op.getLoc());
  builder.setInsertionPointToStart(end.getBody());
  for (auto [value, into, slice] : llvm::zip_equal(computed, whole, slices)) {
    auto taken = slice.getDefiningOp<tensor::ExtractSliceOp>();
    tensor::ParallelInsertSliceOp::create(
        builder, op.getLoc(), value, into, taken.getMixedOffsets(),
        taken.getMixedSizes(), taken.getMixedStrides());
  }
}

static void divide(RecurrenceOp op, RecurrencePart &part) {
  OpBuilder builder(op);
  SmallVector<Value> shared = buildEmptyOutputs(builder, op);
  llvm::append_range(shared, op.getStates());
  SmallVector<OpFoldResult> bound = {builder.getIndexAttr(part.getCount())};
  auto loop = scf::ForallOp::create(
      builder, op.getLoc(), bound, shared, std::nullopt,
      [&](OpBuilder &inner, Location, ValueRange arguments) {
        buildTurn(inner, op, part, arguments[0], arguments.drop_front());
      });
  op->replaceAllUsesWith(loop.getResults());
  op.erase();
}

/// The part `index` of all tokens: where it begins, and how many they are.
/// Chunks stay whole.
static std::pair<Value, Value>
shareTokens(ImplicitLocOpBuilder &b, Value length, int64_t chunk, Value index) {
  auto constant = [&](int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  };
  Value size = constant(std::max<int64_t>(chunk, 1));
  Value chunks = arith::DivUIOp::create(b, length, size);
  auto beginOf = [&](Value part) {
    Value before = arith::DivUIOp::create(
        b, arith::MulIOp::create(b, part, chunks), constant(kTokenParts));
    return arith::MulIOp::create(b, before, size).getResult();
  };
  Value begin = beginOf(index);
  Value next = arith::AddIOp::create(b, index, constant(1));
  Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, next,
                                       constant(kTokenParts));
  Value end = arith::SelectOp::create(b, isLast, length, beginOf(next));
  return {begin, arith::SubIOp::create(b, end, begin)};
}

/// Tokens `begin` and on of a sequence.
static Value sliceTokens(ImplicitLocOpBuilder &b, Value sequence, Value begin,
                         Value count) {
  auto type = cast<RankedTensorType>(sequence.getType());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)),
      strides(type.getRank(), b.getIndexAttr(1)),
      sizes = tensor::getMixedSizes(b, b.getLoc(), sequence);
  offsets[1] = begin;
  sizes[1] = count;
  return tensor::ExtractSliceOp::create(b, type, sequence, offsets, sizes,
                                        strides);
}

/// Divides what has no states along its tokens.
static void divideTokens(RecurrenceOp op) {
  OpBuilder builder(op);
  SmallVector<Value> outputs = buildEmptyOutputs(builder, op);
  Value length =
      tensor::DimOp::create(builder, op.getLoc(), op.getSequences()[0], 1);
  auto body = [&](OpBuilder &inner, Location loc, ValueRange arguments) {
    ImplicitLocOpBuilder b(loc, inner);
    auto [begin, count] =
        shareTokens(b, length, op.getChunkLength(), arguments[0]);
    auto part = cast<RecurrenceOp>(b.clone(*op));
    b.setInsertionPoint(part);
    for (OpOperand &operand : part.getSequencesMutable())
      operand.set(sliceTokens(b, operand.get(), begin, count));
    SmallVector<Value> slices;
    for (Value output : arguments.drop_front())
      slices.push_back(sliceTokens(b, output, begin, count));
    SmallVector<Value> computed = buildMixerLoops(b, part, slices, {});
    b.setInsertionPointAfter(part);
    part.erase();
    auto end = scf::InParallelOp::create(b, loc);
    b.setInsertionPointToStart(end.getBody());
    for (auto [value, into, slice] :
         llvm::zip_equal(computed, arguments.drop_front(), slices)) {
      auto taken = slice.getDefiningOp<tensor::ExtractSliceOp>();
      tensor::ParallelInsertSliceOp::create(
          b, value, into, taken.getMixedOffsets(), taken.getMixedSizes(),
          taken.getMixedStrides());
    }
  };
  SmallVector<OpFoldResult> bound = {builder.getIndexAttr(kTokenParts)};
  auto loop = scf::ForallOp::create(builder, op.getLoc(), bound, outputs,
                                    std::nullopt, body);
  op->replaceAllUsesWith(loop.getResults());
  op.erase();
}

/// Divides along the best class, if there is one.
static void divideIfPossible(RecurrenceOp op) {
  ParallelAxes axes = ParallelAxes::compute(op);
  if (std::optional<RecurrencePart> part = RecurrencePart::findBest(op, axes))
    divide(op, *part);
}

/// Divides an op that says itself how.
static void divideAsTold(MixerOpInterface op) {
  SmallVector<std::optional<unsigned>> axes = op.getDividedAxes();
  int64_t most = 0;
  for (auto [index, axis] : llvm::enumerate(axes))
    if (axis && index < op->getNumOperands())
      most =
          std::gcd(most, cast<RankedTensorType>(op->getOperand(index).getType())
                             .getDimSize(*axis));
  if (int64_t parts = chooseParts(op, most); parts > 1)
    divideMixer(op, axes, parts);
}

/// Whether there is enough to do for several threads: many tokens, or one with
/// a large state.
static bool isWorthDividing(MixerOpInterface op) {
  auto type =
      cast<RankedTensorType>(op.getSequenceOperands().front().getType());
  return type.getDimSize(op.getSequenceAxis()) != 1 ||
         countStateBytes(op) >= kLeastStepBytes;
}

void DivideRecurrences::runOnOperation() {
  OpPassManager structured(RecurrenceOp::getOperationName());
  addStructuredPasses(structured, /*keepInvariants=*/true);
  SmallVector<RecurrenceOp> found;
  getOperation()->walk([&](RecurrenceOp op) {
    if (op.getChunkLength() || (steps && isWorthDividing(op)))
      found.push_back(op);
  });
  SmallVector<MixerOpInterface> told;
  getOperation()->walk([&](MixerOpInterface op) {
    if ((op.getChunkLength() || (steps && isWorthDividing(op))) &&
        !op.getDividedAxes().empty())
      told.push_back(op);
  });
  llvm::for_each(told, divideAsTold);
  for (RecurrenceOp op : found) {
    if (failed(runPipeline(structured, op)))
      return signalPassFailure();
    if (op.getStates().empty())
      divideTokens(op);
    else
      divideIfPossible(op);
  }
}
