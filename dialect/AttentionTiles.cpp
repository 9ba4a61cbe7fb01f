//===- AttentionTiles.cpp - softmax carried over tiles of slots -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/AttentionTiles.h"
#include "dialect/Verification.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace mlir::seqmix;

/// Slots that are attended to at a time, at most.
static constexpr int64_t kTile = 64;

/// The number below all others that is no infinity, from which there is no
/// difference to one.
static double lowestOf(FloatType type) {
  return -APFloat::getLargest(type.getFloatSemantics()).convertToDouble();
}

AttentionTiles::AttentionTiles(ImplicitLocOpBuilder &b, WindowAttentionOp op,
                               Value query, std::optional<int64_t> length)
    : b(b), element(cast<FloatType>(getElementTypeOrSelf(query))),
      length(length), loops(b, element) {
  ArrayRef<int64_t> keys = shapeOf(op.getKeys()),
                    values = shapeOf(op.getValues());
  capacity = keys[1];
  loops.setExtent(group, keys[2]);
  loops.setExtent(head, shapeOf(query).drop_back().back() / keys[2]);
  loops.setExtent(token, length.value_or(1));
  loops.setExtent(keyColumn, keys[3]);
  loops.setExtent(column, values[3]);
  prepare(query, op.getScale().convertToDouble());
  softmax = {loops.fill(each(), lowestOf(element)), loops.fill(each(), 0),
             loops.fill(sums(), 0)};
}

AttentionTiles::Axes
AttentionTiles::loopsOf(std::initializer_list<Loop> all) const {
  Axes result(all.begin(), all.end());
  if (!length)
    llvm::erase(result, token);
  return result;
}

static SmallVector<Value> addProduct(ImplicitLocOpBuilder &in, ValueRange x) {
  Value product = arith::MulFOp::create(in, x[0], x[1]);
  return {arith::AddFOp::create(in, x[2], product)};
}

static SmallVector<Value> multiply(ImplicitLocOpBuilder &in, ValueRange x) {
  return {arith::MulFOp::create(in, x[1], x[0])};
}

static Value exponential(ImplicitLocOpBuilder &in, Value x, Value top) {
  return math::ExpOp::create(in, arith::SubFOp::create(in, x, top));
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

/// What all tiles need.
void AttentionTiles::prepare(Value query, double scale) {
  Axes split = loopsOf({token, group, head, keyColumn});
  SmallVector<ReassociationIndices> axes = {{0, 1}, {2}};
  if (length)
    axes = {{0}, {1, 2}, {3}};
  Value heads = tensor::ExpandShapeOp::create(
      b, RankedTensorType::get(loops.shapeOf(split), element), query, axes);
  auto scaled = [&](ImplicitLocOpBuilder &in,
                    ValueRange x) -> SmallVector<Value> {
    Value factor =
        arith::ConstantOp::create(in, in.getFloatAttr(element, scale));
    return {arith::MulFOp::create(in, x[0], factor)};
  };
  scaledQuery = loops
                    .compute(queries(), queries(), {{heads, split}},
                             loops.empty(queries()), scaled)
                    .front();
  if (!length)
    return;
  auto placeOf = [](ImplicitLocOpBuilder &in,
                    ValueRange) -> SmallVector<Value> {
    Value lane = linalg::IndexOp::create(in, 0);
    return {arith::IndexCastOp::create(in, in.getI32Type(), lane)};
  };
  Value places = tensor::EmptyOp::create(b, {*length}, b.getI32Type());
  lanes = loops.compute({token}, {token}, {}, places, placeOf).front();
}

/// Whether a token, the chunk's `lane` if there is one, sees the slot that a
/// loop over scored() is at.
Value AttentionTiles::isVisible(ImplicitLocOpBuilder &in, const Tile &tile,
                                Value lane) {
  auto number = [&](int64_t n) -> Value {
    return arith::ConstantIndexOp::create(in, n);
  };
  auto compare = [&](arith::CmpIPredicate how, Value x, Value y) -> Value {
    return arith::CmpIOp::create(in, how, x, y);
  };
  auto narrow = [&](Value x) -> Value {
    return arith::IndexCastOp::create(in, in.getI32Type(), x);
  };
  Axes axes = scored();
  Value own =
      linalg::IndexOp::create(in, llvm::find(axes, slot) - axes.begin());
  if (!tile.cache) { // tokens own .. own + capacity - 1
    Value last = arith::AddIOp::create(in, own, number(capacity));
    return arith::AndIOp::create(
        in, compare(arith::CmpIPredicate::sge, lane, narrow(own)),
        compare(arith::CmpIPredicate::slt, lane, narrow(last)));
  }
  Value at = arith::AddIOp::create(in, tile.begin, own);
  Value isNew = arith::AndIOp::create(
      in, compare(arith::CmpIPredicate::sge, at, tile.first),
      compare(arith::CmpIPredicate::slt, at, tile.cache->written));
  if (!lane)
    return isNew;
  // The slot's token is `age` before the chunk's first; a token has it in its
  // window if fewer than the capacity are from there to itself.
  Value newest = arith::SubIOp::create(in, tile.cache->seen, number(1));
  Value age = arith::RemUIOp::create(in, arith::SubIOp::create(in, newest, at),
                                     number(capacity));
  Value visible = arith::SubIOp::create(in, number(capacity - 1), age);
  visible = arith::SelectOp::create(in, isNew, visible, number(0));
  return compare(arith::CmpIPredicate::slt, lane, narrow(visible));
}

/// By scored(); minus infinity where a token does not see a slot.
Value AttentionTiles::scoresOf(const Tile &tile) {
  Value scores =
      loops
          .compute(
              loopsOf({group, head, slot, token, keyColumn}), scored(),
              {{tile.keys, {slot, group, keyColumn}}, {scaledQuery, queries()}},
              loops.fill(scored(), 0), addProduct)
          .front();
  auto masked = [&](ImplicitLocOpBuilder &in,
                    ValueRange x) -> SmallVector<Value> {
    double infinity = std::numeric_limits<double>::infinity();
    Value nothing =
        arith::ConstantOp::create(in, in.getFloatAttr(element, -infinity));
    Value lane = length ? x.front() : Value();
    return {arith::SelectOp::create(in, isVisible(in, tile, lane), x.back(),
                                    nothing)};
  };
  if (!length)
    return loops.compute(scored(), scored(), {}, scores, masked).front();
  return loops.compute(scored(), scored(), {{lanes, {token}}}, scores, masked)
      .front();
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

AttentionTiles::Softmax AttentionTiles::attend(const Softmax &before,
                                               const Tile &tile) {
  loops.setExtent(slot, shapeOf(tile.keys).front());
  Value scores = scoresOf(tile);
  auto larger = [](ImplicitLocOpBuilder &in,
                   ValueRange x) -> SmallVector<Value> {
    return {arith::MaximumFOp::create(in, x[1], x[0])};
  };
  Value top = loops
                  .compute(scored(), each(), {{scores, scored()}},
                           loops.fill(each(), lowestOf(element)), larger)
                  .front();
  // m is written over as f is computed from what it was.
  SmallVector<Value> moved = loops.compute(
      each(), each(), {{top, each()}}, {before.top, loops.empty(each())},
      [](ImplicitLocOpBuilder &in, ValueRange x) -> SmallVector<Value> {
        Value now = arith::MaximumFOp::create(in, x[1], x[0]);
        return {now, exponential(in, x[1], now)};
      });
  Value factor = moved[1];
  Value weights = loops
                      .compute(scored(), scored(), {{moved[0], each()}}, scores,
                               [](ImplicitLocOpBuilder &in,
                                  ValueRange x) -> SmallVector<Value> {
                                 return {exponential(in, x[1], x[0])};
                               })
                      .front();
  // Many small numbers are lost in a large one, not in each other's sum.
  Value own =
      loops
          .compute(
              scored(), each(), {{weights, scored()}}, loops.fill(each(), 0),
              [](ImplicitLocOpBuilder &in, ValueRange x) -> SmallVector<Value> {
                return {arith::AddFOp::create(in, x[1], x[0])};
              })
          .front();
  Value total =
      loops
          .compute(
              each(), each(), {{factor, each()}, {own, each()}}, before.total,
              [](ImplicitLocOpBuilder &in, ValueRange x) -> SmallVector<Value> {
                Value kept = arith::MulFOp::create(in, x[2], x[0]);
                return {arith::AddFOp::create(in, kept, x[1])};
              })
          .front();
  Value sum =
      loops.compute(sums(), sums(), {{factor, each()}}, before.sum, multiply)
          .front();
  sum =
      loops
          .compute(loopsOf({group, head, token, column, slot}), sums(),
                   {{weights, scored()}, {tile.values, {slot, group, column}}},
                   sum, addProduct)
          .front();
  return {moved[0], total, sum};
}

/// Tile after tile of what has been written; the last one begins earlier if it
/// would not fit.
void AttentionTiles::attendToCache(const Cache &cache) {
  int64_t size = std::min(kTile, capacity);
  auto index = [&](int64_t n) -> Value {
    return arith::ConstantIndexOp::create(b, n);
  };
  auto loop =
      scf::ForOp::create(b, index(0), cache.written, index(size),
                         ValueRange{softmax.top, softmax.total, softmax.sum});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value first = loop.getInductionVar();
  Value begin = arith::MinUIOp::create(b, first, index(capacity - size));
  auto take = [&](Value slots) -> Value {
    SmallVector<int64_t> shape(shapeOf(slots));
    shape[0] = size;
    SmallVector<OpFoldResult> offsets(3, b.getIndexAttr(0)),
        strides(3, b.getIndexAttr(1)), sizes;
    offsets[0] = begin;
    for (int64_t extent : shape)
      sizes.push_back(b.getIndexAttr(extent));
    return tensor::ExtractSliceOp::create(b,
                                          RankedTensorType::get(shape, element),
                                          slots, offsets, sizes, strides);
  };
  ValueRange carried = loop.getRegionIterArgs();
  Softmax after =
      attend({carried[0], carried[1], carried[2]},
             {take(cache.keys), take(cache.values), begin, first, &cache});
  scf::YieldOp::create(b, ValueRange{after.top, after.total, after.sum});
  softmax = {loop.getResult(0), loop.getResult(1), loop.getResult(2)};
}

void AttentionTiles::attendToChunk(Value keys, Value values) {
  softmax = attend(softmax, {keys, values, {}, {}, nullptr});
}

Value AttentionTiles::finish() {
  Axes axes = loopsOf({token, group, head, column});
  auto divide = [](ImplicitLocOpBuilder &in,
                   ValueRange x) -> SmallVector<Value> {
    return {arith::DivFOp::create(in, x[0], x[1])};
  };
  Value output =
      loops
          .compute(axes, axes, {{softmax.sum, sums()}, {softmax.total, each()}},
                   loops.empty(axes), divide)
          .front();
  int64_t heads = loops.extentOf(group) * loops.extentOf(head);
  SmallVector<int64_t> shape = {heads, loops.extentOf(column)};
  SmallVector<ReassociationIndices> joined = {{0, 1}, {2}};
  if (length) {
    shape.insert(shape.begin(), *length);
    joined = {{0}, {1, 2}, {3}};
  }
  return tensor::CollapseShapeOp::create(
      b, RankedTensorType::get(shape, element), output, joined);
}
