//===- SumLanes.cpp - sums over the lanes of many vectors -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One vector at a time, a sum over n lanes takes log n shuffles and additions,
// of which each leaves half of the lanes unused. Two at a time, halves of both
// fill one: n sums take n - 1 additions, and twice as many shuffles.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/SumLanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

/// The halves, which are `half` lanes wide, of all parts of both vectors, those
/// that come first in their part or second, side by side.
static Value takeHalves(OpBuilder &builder, Location loc, Value a, Value b,
                        int64_t half, bool isSecond) {
  int64_t lanes = cast<VectorType>(a.getType()).getNumElements();
  SmallVector<int64_t> mask;
  for (int64_t part = 0; part < 2 * lanes; part += 2 * half)
    for (int64_t lane = 0; lane < half; ++lane)
      mask.push_back(part + (isSecond ? half : 0) + lane);
  return vector::ShuffleOp::create(builder, loc, a, b, mask);
}

Value seqmix::sumLanes(OpBuilder &builder, Location loc, ValueRange vectors) {
  SmallVector<Value> level(vectors);
  for (int64_t half = level.size() / 2; half > 0; half /= 2) {
    SmallVector<Value> next;
    for (size_t i = 0; i < level.size(); i += 2) {
      Value a = level[i], b = level[i + 1];
      next.push_back(arith::AddFOp::create(
          builder, loc, takeHalves(builder, loc, a, b, half, false),
          takeHalves(builder, loc, a, b, half, true)));
    }
    level = next;
  }
  return level.front();
}
