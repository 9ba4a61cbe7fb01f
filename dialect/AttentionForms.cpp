//===- AttentionForms.cpp - programs that attend to a window --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both attend to what has been written of the cache alone, tile after tile. One
// token is written first and then finds itself there; tokens of a chunk attend
// to the cache as it was, and then to each other.
//
//===----------------------------------------------------------------------===//

#include "dialect/AttentionTiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

/// `cache` with `rows` [n, ...] in their slots, one after the other from that
/// of the token number `first` on: the ring may end among them.
static Value writeCache(ImplicitLocOpBuilder &b, Value cache, Value rows,
                        Value first) {
  auto type = cast<RankedTensorType>(rows.getType());
  int64_t capacity = cast<RankedTensorType>(cache.getType()).getDimSize(0);
  SmallVector<OpFoldResult> sizes = {b.getIndexAttr(1)},
                            strides(3, b.getIndexAttr(1));
  for (int64_t extent : type.getShape().drop_front())
    sizes.push_back(b.getIndexAttr(extent));
  auto index = [&](int64_t n) -> Value {
    return arith::ConstantIndexOp::create(b, n);
  };
  for (int64_t i = 0; i < type.getDimSize(0); ++i) {
    SmallVector<OpFoldResult> from(3, b.getIndexAttr(0)), to(from);
    from[0] = b.getIndexAttr(i);
    Value at = arith::AddIOp::create(b, first, index(i));
    to[0] = arith::RemUIOp::create(b, at, index(capacity)).getResult();
    Value row = tensor::ExtractSliceOp::create(b, rows, from, sizes, strides);
    cache = tensor::InsertSliceOp::create(b, row, cache, to, sizes, strides);
  }
  return cache;
}

/// A token [...] as a chunk [1, ...].
static Value asRow(ImplicitLocOpBuilder &b, Value token) {
  auto type = cast<RankedTensorType>(token.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(shape.begin(), 1);
  return tensor::ExpandShapeOp::create(
      b, type.clone(shape), token, ArrayRef<ReassociationIndices>{{0, 1}, {2}});
}

/// The number of tokens seen, and a count state of `more` than it.
static Value takeCount(ImplicitLocOpBuilder &b, Value &count, int64_t more) {
  Value old = tensor::ExtractOp::create(b, count, ValueRange());
  Value length = arith::ConstantOp::create(b, b.getI64IntegerAttr(more));
  count = tensor::FromElementsOp::create(
      b, cast<RankedTensorType>(count.getType()),
      ValueRange{arith::AddIOp::create(b, old, length)});
  return arith::IndexCastOp::create(b, b.getIndexType(), old);
}

/// Of `keys` and `values` with `seen` tokens.
static AttentionTiles::Cache cacheOf(ImplicitLocOpBuilder &b, Value keys,
                                     Value values, Value seen) {
  int64_t slots = cast<RankedTensorType>(keys.getType()).getDimSize(0);
  Value capacity = arith::ConstantIndexOp::create(b, slots);
  return {keys, values, seen, arith::MinUIOp::create(b, seen, capacity)};
}

SmallVector<Value> WindowAttentionOp::buildStep(OpBuilder &builder,
                                                Location loc, ValueRange tokens,
                                                ValueRange invariants,
                                                ValueRange states) {
  ImplicitLocOpBuilder b(loc, builder);
  Value count = states[2], seen = takeCount(b, count, 1);
  Value keys = writeCache(b, states[0], asRow(b, tokens[1]), seen);
  Value values = writeCache(b, states[1], asRow(b, tokens[2]), seen);
  Value one = arith::ConstantIndexOp::create(b, 1);
  AttentionTiles attention(b, *this, tokens[0], std::nullopt);
  attention.attendToCache(
      cacheOf(b, keys, values, arith::AddIOp::create(b, seen, one)));
  return {attention.finish(), keys, values, count};
}

SmallVector<Value> WindowAttentionOp::buildChunk(OpBuilder &builder,
                                                 Location loc,
                                                 ValueRange tokens,
                                                 ValueRange invariants,
                                                 ValueRange states) {
  ImplicitLocOpBuilder b(loc, builder);
  Value count = states[2], seen = takeCount(b, count, getChunkLength());
  AttentionTiles attention(b, *this, tokens[0], getChunkLength());
  attention.attendToCache(cacheOf(b, states[0], states[1], seen));
  attention.attendToChunk(tokens[1], tokens[2]);
  return {attention.finish(), writeCache(b, states[0], tokens[1], seen),
          writeCache(b, states[1], tokens[2], seen), count};
}
