//===- AttentionChunk.cpp - a chunk of tokens attends to a window ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tokens of a chunk attend to the cache as it was, a tile of slots at a time,
// and then to each other. Between tiles each keeps the largest score, m, the
// sum of exponentials, l, and the weighted sum of values, all relative to m
// (Milakov and Gimelshein 2018; Rabe and Staats 2021):
//
//     m' = max(m, max of s);  p = exp(s - m');  f = exp(m - m')
//     l' = f l + sum of p;    a' = f a + sum of p v
//
// so no scores but a tile's exist, and slots never written are not visited.
// The tokens are the last axis of all scores: everything runs along memory.
//
//===----------------------------------------------------------------------===//

#include "dialect/LoopBuilder.h"
#include "dialect/SeqmixOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace mlir::seqmix;

namespace {
/// Slots that are attended to at a time, at most.
constexpr int64_t kTile = 64;

/// What a tensor's axes are: heads are groups that share keys and values.
enum Loop : unsigned { group, head, slot, token, keyColumn, column };

constexpr unsigned kEach[] = {group, head, token};
constexpr unsigned kScored[] = {group, head, slot, token};
constexpr unsigned kProduct[] = {group, head, slot, token, keyColumn};
constexpr unsigned kQuery[] = {group, head, keyColumn, token};
constexpr unsigned kKeys[] = {slot, group, keyColumn};
constexpr unsigned kValues[] = {slot, group, column};
constexpr unsigned kSum[] = {group, head, token, column};
constexpr unsigned kWeighted[] = {group, head, token, column, slot};
constexpr unsigned kOutput[] = {token, group, head, column};
constexpr unsigned kInput[] = {token, group, head, keyColumn};
constexpr unsigned kToken[] = {token};

/// The running softmax of all tokens.
struct Softmax {
  Value top;   ///< m, by kEach
  Value total; ///< l, by kEach
  Value sum;   ///< a, by kSum
};

/// Builds the chunk's program.
class ChunkBuilder {
public:
  ChunkBuilder(OpBuilder &builder, WindowAttentionOp op, Location loc,
               ValueRange tokens, ValueRange states, int64_t count);

  SmallVector<Value> build();

private:
  /// What of the cache, or of the chunk, is attended to at a time.
  struct Tile {
    Value keys, values;
    Value begin; ///< slot of the first, an index
    Value first; ///< slot that has not been attended to before
    bool isCache;
  };

  void prepare();
  Value scoresOf(const Tile &tile);
  Value isVisible(ImplicitLocOpBuilder &in, const Tile &tile, Value lane);
  Softmax attend(const Softmax &before, const Tile &tile);
  Softmax attendToCache(const Softmax &before);
  Value finish(const Softmax &after);
  Value writeCache(Value cache, Value rows);
  Value index(int64_t n) { return arith::ConstantIndexOp::create(b, n); }

  ImplicitLocOpBuilder b;
  Value query, key, value, keys, values, count;
  Value seen;       ///< tokens before the chunk, an index
  Value written;    ///< slots that hold one
  Value transposed; ///< the scaled query, by kQuery
  Value lanes;      ///< the place of each token in the chunk, i32
  FloatType element;
  double scale;
  int64_t capacity;
  LoopBuilder loops; ///< extents; of slots, those of the tile at hand
};
} // namespace

ChunkBuilder::ChunkBuilder(OpBuilder &builder, WindowAttentionOp op,
                           Location loc, ValueRange tokens, ValueRange states,
                           int64_t length)
    : b(loc, builder), query(tokens[0]), key(tokens[1]), value(tokens[2]),
      keys(states[0]), values(states[1]),
      element(cast<FloatType>(getElementTypeOrSelf(tokens[0]))),
      scale(op.getScale().convertToDouble()), loops(b, element) {
  auto cache = cast<RankedTensorType>(keys.getType());
  capacity = cache.getDimSize(0);
  loops.setExtent(group, cache.getDimSize(1));
  loops.setExtent(head, cast<RankedTensorType>(query.getType()).getDimSize(1) /
                            loops.extentOf(group));
  loops.setExtent(token, length);
  loops.setExtent(keyColumn, cache.getDimSize(2));
  loops.setExtent(column,
                  cast<RankedTensorType>(values.getType()).getDimSize(2));
  count = tensor::ExtractOp::create(b, states[2], ValueRange());
  Value most = arith::ConstantOp::create(b, b.getI64IntegerAttr(capacity));
  seen = arith::IndexCastOp::create(b, b.getIndexType(), count);
  written = arith::IndexCastOp::create(b, b.getIndexType(),
                                       arith::MinSIOp::create(b, count, most));
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
// The program
//===----------------------------------------------------------------------===//

/// What all tiles need.
void ChunkBuilder::prepare() {
  auto type = RankedTensorType::get(loops.shapeOf(kInput), element);
  Value split = tensor::ExpandShapeOp::create(
      b, type, query, ArrayRef<ReassociationIndices>{{0}, {1, 2}, {3}});
  transposed =
      loops
          .compute(kQuery, kQuery, {{split, kInput}}, loops.empty(kQuery),
                   [&](ImplicitLocOpBuilder &in,
                       ValueRange x) -> SmallVector<Value> {
                     Value factor = arith::ConstantOp::create(
                         in, in.getFloatAttr(element, scale));
                     return {arith::MulFOp::create(in, x[0], factor)};
                   })
          .front();
  Value places =
      tensor::EmptyOp::create(b, loops.shapeOf(kToken), b.getI32Type());
  lanes =
      loops
          .compute(
              kToken, kToken, {}, places,
              [](ImplicitLocOpBuilder &in, ValueRange) -> SmallVector<Value> {
                Value lane = linalg::IndexOp::create(in, 0);
                return {arith::IndexCastOp::create(in, in.getI32Type(), lane)};
              })
          .front();
}

/// Whether the token `lane` of the chunk sees the slot that a loop over kScored
/// is at.
Value ChunkBuilder::isVisible(ImplicitLocOpBuilder &in, const Tile &tile,
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
  Value own = linalg::IndexOp::create(in, llvm::find(kScored, slot) -
                                              std::begin(kScored));
  if (!tile.isCache) { // tokens own .. own + capacity - 1
    Value last = arith::AddIOp::create(in, own, number(capacity));
    return arith::AndIOp::create(
        in, compare(arith::CmpIPredicate::sge, lane, narrow(own)),
        compare(arith::CmpIPredicate::slt, lane, narrow(last)));
  }
  // The slot's token is `age` before the chunk's first; a token has it in its
  // window if fewer than the capacity are from there to itself.
  Value at = arith::AddIOp::create(in, tile.begin, own);
  Value newest = arith::SubIOp::create(in, seen, number(1));
  Value age = arith::RemUIOp::create(in, arith::SubIOp::create(in, newest, at),
                                     number(capacity));
  Value isNew = arith::AndIOp::create(
      in, compare(arith::CmpIPredicate::sge, at, tile.first),
      compare(arith::CmpIPredicate::slt, at, written));
  Value visible = arith::SubIOp::create(in, number(capacity - 1), age);
  visible = arith::SelectOp::create(in, isNew, visible, number(0));
  return compare(arith::CmpIPredicate::slt, lane, narrow(visible));
}

/// By kScored; minus infinity where a token does not see a slot.
Value ChunkBuilder::scoresOf(const Tile &tile) {
  Value scores = loops
                     .compute(kProduct, kScored,
                              {{tile.keys, kKeys}, {transposed, kQuery}},
                              loops.fill(kScored, 0), addProduct)
                     .front();
  return loops
      .compute(
          kScored, kScored, {{lanes, kToken}}, scores,
          [&](ImplicitLocOpBuilder &in, ValueRange x) -> SmallVector<Value> {
            double infinity = std::numeric_limits<double>::infinity();
            Value nothing = arith::ConstantOp::create(
                in, in.getFloatAttr(element, -infinity));
            return {arith::SelectOp::create(in, isVisible(in, tile, x[0]), x[1],
                                            nothing)};
          })
      .front();
}

/// The number below all others that is no infinity, from which there is no
/// difference to one.
static double lowestOf(FloatType type) {
  return -APFloat::getLargest(type.getFloatSemantics()).convertToDouble();
}

Softmax ChunkBuilder::attend(const Softmax &before, const Tile &tile) {
  loops.setExtent(slot,
                  cast<RankedTensorType>(tile.keys.getType()).getDimSize(0));
  Value scores = scoresOf(tile);
  auto larger = [](ImplicitLocOpBuilder &in,
                   ValueRange x) -> SmallVector<Value> {
    return {arith::MaximumFOp::create(in, x[1], x[0])};
  };
  Value top = loops
                  .compute(kScored, kEach, {{scores, kScored}},
                           loops.fill(kEach, lowestOf(element)), larger)
                  .front();
  // m is written over as f is computed from what it was.
  SmallVector<Value> moved = loops.compute(
      kEach, kEach, {{top, kEach}}, {before.top, loops.empty(kEach)},
      [](ImplicitLocOpBuilder &in, ValueRange x) -> SmallVector<Value> {
        Value now = arith::MaximumFOp::create(in, x[1], x[0]);
        return {now, exponential(in, x[1], now)};
      });
  Value factor = moved[1];
  Value weights = loops
                      .compute(kScored, kScored, {{moved[0], kEach}}, scores,
                               [](ImplicitLocOpBuilder &in,
                                  ValueRange x) -> SmallVector<Value> {
                                 return {exponential(in, x[1], x[0])};
                               })
                      .front();
  Value total =
      loops.compute(kEach, kEach, {{factor, kEach}}, before.total, multiply)
          .front();
  total = loops
              .compute(kScored, kEach, {{weights, kScored}}, total,
                       [](ImplicitLocOpBuilder &in,
                          ValueRange x) -> SmallVector<Value> {
                         return {arith::AddFOp::create(in, x[1], x[0])};
                       })
              .front();
  Value sum = loops.compute(kSum, kSum, {{factor, kEach}}, before.sum, multiply)
                  .front();
  sum = loops
            .compute(kWeighted, kSum,
                     {{weights, kScored}, {tile.values, kValues}}, sum,
                     addProduct)
            .front();
  return {moved[0], total, sum};
}

/// Tile after tile of what has been written; the last one begins earlier if it
/// would not fit.
Softmax ChunkBuilder::attendToCache(const Softmax &before) {
  int64_t size = std::min(kTile, capacity);
  auto loop =
      scf::ForOp::create(b, index(0), written, index(size),
                         ValueRange{before.top, before.total, before.sum});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value first = loop.getInductionVar();
  Value begin = arith::MinUIOp::create(b, first, index(capacity - size));
  auto take = [&](Value cache, unsigned last) -> Value {
    auto type = RankedTensorType::get(
        {size, loops.extentOf(group), loops.extentOf(last)}, element);
    SmallVector<OpFoldResult> offsets(3, b.getIndexAttr(0)),
        strides(3, b.getIndexAttr(1)), sizes;
    offsets[0] = begin;
    for (int64_t extent : type.getShape())
      sizes.push_back(b.getIndexAttr(extent));
    return tensor::ExtractSliceOp::create(b, type, cache, offsets, sizes,
                                          strides);
  };
  ValueRange carried = loop.getRegionIterArgs();
  Softmax after = attend({carried[0], carried[1], carried[2]},
                         {take(keys, keyColumn), take(values, column), begin,
                          first, /*isCache=*/true});
  scf::YieldOp::create(b, ValueRange{after.top, after.total, after.sum});
  return {loop.getResult(0), loop.getResult(1), loop.getResult(2)};
}

/// The outputs, [token, heads, column].
Value ChunkBuilder::finish(const Softmax &after) {
  Value output =
      loops
          .compute(
              kOutput, kOutput, {{after.sum, kSum}, {after.total, kEach}},
              loops.empty(kOutput),
              [](ImplicitLocOpBuilder &in, ValueRange x) -> SmallVector<Value> {
                return {arith::DivFOp::create(in, x[0], x[1])};
              })
          .front();
  auto type = RankedTensorType::get(
      {loops.extentOf(token), loops.extentOf(group) * loops.extentOf(head),
       loops.extentOf(column)},
      element);
  return tensor::CollapseShapeOp::create(
      b, type, output, ArrayRef<ReassociationIndices>{{0}, {1, 2}, {3}});
}

/// `cache` with the chunk's `rows` in their slots, one after the other: the
/// ring may end among them.
Value ChunkBuilder::writeCache(Value cache, Value rows) {
  auto type = cast<RankedTensorType>(rows.getType());
  SmallVector<OpFoldResult> sizes = {b.getIndexAttr(1)},
                            strides(3, b.getIndexAttr(1));
  for (int64_t extent : type.getShape().drop_front())
    sizes.push_back(b.getIndexAttr(extent));
  for (int64_t i = 0; i < type.getDimSize(0); ++i) {
    SmallVector<OpFoldResult> from(3, b.getIndexAttr(0)), to(from);
    from[0] = b.getIndexAttr(i);
    Value at = arith::AddIOp::create(b, seen, index(i));
    to[0] = arith::RemUIOp::create(b, at, index(capacity)).getResult();
    Value row = tensor::ExtractSliceOp::create(b, rows, from, sizes, strides);
    cache = tensor::InsertSliceOp::create(b, row, cache, to, sizes, strides);
  }
  return cache;
}

SmallVector<Value> ChunkBuilder::build() {
  prepare();
  Softmax softmax = {loops.fill(kEach, lowestOf(element)), loops.fill(kEach, 0),
                     loops.fill(kSum, 0)};
  softmax = attendToCache(softmax);
  softmax = attend(softmax, {key, value, index(0), index(0), false});
  Value length =
      arith::ConstantOp::create(b, b.getI64IntegerAttr(loops.extentOf(token)));
  Value next = arith::AddIOp::create(b, count, length);
  Value output = finish(softmax);
  return {output, writeCache(keys, key), writeCache(values, value),
          tensor::FromElementsOp::create(
              b, RankedTensorType::get({}, b.getI64Type()), next)};
}

SmallVector<Value> WindowAttentionOp::buildChunk(OpBuilder &builder,
                                                 Location loc,
                                                 ValueRange tokens,
                                                 ValueRange invariants,
                                                 ValueRange states) {
  return ChunkBuilder(builder, *this, loc, tokens, states, getChunkLength())
      .build();
}
