//===- AttentionOps.cpp - softmax attention over a window -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "dialect/TokenBuilder.h"
#include "dialect/Verification.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

#include <limits>

using namespace mlir;
using namespace mlir::seqmix;

SmallVector<Value> WindowAttentionOp::getSequenceOperands() {
  return {getQuery(), getKey(), getValue()};
}
SmallVector<Value> WindowAttentionOp::getInvariantOperands() { return {}; }
SmallVector<Value> WindowAttentionOp::getStateOperands() {
  return {getKeys(), getValues(), getCount()};
}
SmallVector<Value> WindowAttentionOp::getSequenceResults() {
  return {getOutput()};
}
SmallVector<Value> WindowAttentionOp::getStateResults() {
  return {getFinalKeys(), getFinalValues(), getFinalCount()};
}

/// `cache` [C, ...] with `token` [...] written to `slot`.
static Value writeSlot(OpBuilder &builder, Location loc, Value cache,
                       Value token, Value slot) {
  ArrayRef<int64_t> shape = shapeOf(cache);
  SmallVector<OpFoldResult> offsets(shape.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(shape.size(), builder.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes;
  for (int64_t extent : shape)
    sizes.push_back(builder.getIndexAttr(extent));
  offsets[0] = slot;
  sizes[0] = builder.getIndexAttr(1);
  return tensor::InsertSliceOp::create(builder, loc, token, cache, offsets,
                                       sizes, strides);
}

/// Scores [C, H]: x where the slot has been written, minus infinity elsewhere.
static Value maskUnwritten(OpBuilder &builder, Location loc, Value x,
                           Value written) {
  auto type = cast<RankedTensorType>(x.getType());
  AffineMap identity = builder.getMultiDimIdentityMap(2);
  SmallVector<utils::IteratorType> parallel(2, utils::IteratorType::parallel);
  Value out = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                      type.getElementType());
  return linalg::GenericOp::create(
             builder, loc, TypeRange{type}, ValueRange{x}, ValueRange{out},
             {identity, identity}, parallel,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Value slot = linalg::IndexOp::create(b, loc, 0);
               Value isWritten = arith::CmpIOp::create(
                   b, loc, arith::CmpIPredicate::slt, slot, written);
               Value nothing = arith::ConstantOp::create(
                   b, loc,
                   b.getFloatAttr(type.getElementType(),
                                  -std::numeric_limits<double>::infinity()));
               Value kept =
                   arith::SelectOp::create(b, loc, isWritten, args[0], nothing);
               linalg::YieldOp::create(b, loc, kept);
             })
      ->getResult(0);
}

SmallVector<Value> WindowAttentionOp::buildToken(OpBuilder &builder,
                                                 Location loc,
                                                 ValueRange tokens,
                                                 ValueRange invariants,
                                                 ValueRange states) {
  TokenBuilder b(builder, loc);
  Type element = getElementTypeOrSelf(tokens[0]);
  int64_t heads = shapeOf(tokens[0])[0], width = shapeOf(tokens[0])[1];
  int64_t capacity = shapeOf(states[0])[0], groups = shapeOf(states[0])[1];
  int64_t valueWidth = shapeOf(states[1])[2], sharing = heads / groups;

  Value count =
      tensor::ExtractOp::create(builder, loc, states[2], ValueRange{});
  auto constant = [&](int64_t n) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI64IntegerAttr(n));
  };
  Value slot = arith::IndexCastOp::create(
      builder, loc, builder.getIndexType(),
      arith::RemSIOp::create(builder, loc, count, constant(capacity)));
  Value nextCount = arith::AddIOp::create(builder, loc, count, constant(1));
  Value written = arith::IndexCastOp::create(
      builder, loc, builder.getIndexType(),
      arith::MinSIOp::create(builder, loc, nextCount, constant(capacity)));

  Value keys = writeSlot(builder, loc, states[0], tokens[1], slot);
  Value values = writeSlot(builder, loc, states[1], tokens[2], slot);
  SmallVector<int64_t> keyShape = {capacity, groups, sharing, width};
  SmallVector<int64_t> valueShape = {capacity, groups, sharing, valueWidth};
  Value query = b.reshape(tokens[0], {groups, sharing, width});
  Value products = b.mul(b.broadcast(query, keyShape, {0}),
                         b.broadcast(keys, keyShape, {2}));
  Value scores = b.reshape(b.sum(products, {3}), {capacity, heads});
  scores = b.mul(scores, b.splat({capacity, heads}, element,
                                 getScale().convertToDouble()));
  scores = maskUnwritten(builder, loc, scores, written);
  Value top = b.broadcast(b.maximum(scores, {0}), {capacity, heads}, {0});
  Value weights = b.exp(b.sub(scores, top));
  Value total = b.broadcast(b.sum(weights, {0}), {capacity, heads}, {0});
  weights = b.reshape(b.div(weights, total), {capacity, groups, sharing});
  Value weighted = b.mul(b.broadcast(weights, valueShape, {3}),
                         b.broadcast(values, valueShape, {2}));
  Value output = b.reshape(b.sum(weighted, {0}), {heads, valueWidth});
  Value finalCount = tensor::FromElementsOp::create(
      builder, loc, cast<RankedTensorType>(states[2].getType()), nextCount);
  return {output, keys, values, finalCount};
}

LogicalResult WindowAttentionOp::verify() {
  ArrayRef<int64_t> q = shapeOf(getQuery()), k = shapeOf(getKey()),
                    v = shapeOf(getValue()), ks = shapeOf(getKeys()),
                    vs = shapeOf(getValues()), out = shapeOf(getOutput());
  // window_attention_c1
  if (q.size() != 4 || k.size() != 4 || v.size() != 4 || q[3] != k[3] ||
      k[2] != v[2] || k[2] == 0 || q[2] % k[2] != 0)
    return emitOpError("expects query [batch, time, H, K], key [.., G, K] and "
                       "value [.., G, V], where G divides H: ")
           << getQuery().getType() << ", " << getKey().getType() << " and "
           << getValue().getType();
  // window_attention_c2
  if (ks.size() != 4 || vs.size() != 4 || ks[1] != vs[1] || ks[1] < 1 ||
      ks.drop_front(2) != k.drop_front(2) ||
      vs.drop_front(2) != v.drop_front(2))
    return emitOpError("expects caches [batch, C, G, K] and [batch, C, G, V] "
                       "of one positive capacity C: ")
           << getKeys().getType() << " and " << getValues().getType();
  // window_attention_c3
  if (shapeOf(getCount()).size() != 1 ||
      !getElementTypeOrSelf(getCount()).isInteger(64))
    return emitOpError("expects a count [batch] of i64, not ")
           << getCount().getType();
  // window_attention_c4
  if (out.size() != 4 || out[2] != q[2] || out[3] != v[3])
    return emitOpError("expects an output [batch, time, ")
           << q[2] << ", " << v[3] << "], not " << getOutput().getType();
  // window_attention_c5
  if (failed(verifyOneFloatType(*this, {getQuery(), getKey(), getValue(),
                                        getKeys(), getValues(), getOutput()})))
    return failure();
  // window_attention_c6
  if (failed(verifyChunk(*this, getChunkSize())))
    return failure();
  return verifyLeadingAxes(*this,
                           {getQuery(), getKey(), getValue(), getOutput()},
                           {getKeys(), getValues(), getCount()});
}
