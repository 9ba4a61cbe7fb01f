//===- ContractionProducts.cpp - what contractions add up -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ContractionProducts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::seqmix;

/// Products that are summed on their own before they join a longer sum. Its
/// error then grows with the root of how many there are in a piece, and of how
/// many pieces (Blanchard, Higham and Mary 2020), for little more work.
static constexpr int64_t kPiece = 16;

static bool has(linalg::GenericOp op, OpOperand &operand, unsigned loop) {
  return op.getMatchingIndexingMap(&operand).isFunctionOfDim(loop);
}

ContractionProducts::ContractionProducts(linalg::GenericOp op,
                                         const Blocking &blocking,
                                         OpBuilder &builder)
    : op(op), blocking(blocking), builder(builder), loc(op.getLoc()),
      extents(op.getStaticLoopRanges()), ivs(op.getNumLoops()),
      triangle(getTriangle(op)) {
  op.getReductionDims(reductions);
}

Value ContractionProducts::constant(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

SmallVector<Value> ContractionProducts::getSubscripts(OpOperand &operand,
                                                      const Sum &sum) {
  SmallVector<Value> result;
  for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    int64_t offset = loop == blocking.rows      ? sum.row
                     : loop == blocking.columns ? sum.column
                                                : 0;
    result.push_back(offset ? arith::AddIOp::create(builder, loc, ivs[loop],
                                                    constant(offset))
                            : ivs[loop]);
  }
  return result;
}

Value ContractionProducts::load(OpOperand &operand, const Sum &sum) {
  SmallVector<Value> at = getSubscripts(operand, sum);
  if (has(op, operand, blocking.vectors))
    return vector::LoadOp::create(builder, loc, sum.type, operand.get(), at);
  Value scalar = memref::LoadOp::create(builder, loc, operand.get(), at);
  return vector::BroadcastOp::create(builder, loc, sum.type, scalar);
}

SmallVector<Value> ContractionProducts::add(ArrayRef<Sum> sums,
                                            ValueRange soFar) {
  // What several sums have in common is loaded once.
  DenseMap<std::tuple<OpOperand *, int64_t, int64_t, Type>, Value> loaded;
  auto get = [&](OpOperand *operand, const Sum &sum) {
    auto share = [&](std::optional<unsigned> loop, int64_t offset) {
      return loop && has(op, *operand, *loop) ? offset : 0;
    };
    Value &value = loaded[{operand, share(blocking.rows, sum.row),
                           share(blocking.columns, sum.column), sum.type}];
    if (!value)
      value = load(*operand, sum);
    return value;
  };
  SmallVector<Value> result;
  for (auto [sum, value] : llvm::zip_equal(sums, soFar)) {
    Value a = get(op.getDpsInputOperand(0), sum);
    Value b = get(op.getDpsInputOperand(1), sum);
    result.push_back(vector::FMAOp::create(builder, loc, a, b, value));
  }
  return result;
}

void ContractionProducts::beginBlock(ArrayRef<Sum> sums) {
  rows = columns = 1;
  for (const Sum &sum : sums) {
    // The lanes of a dot product are not columns.
    int64_t width = blocking.isDot ? 1 : sum.type.getNumElements();
    rows = std::max(rows, sum.row + 1);
    columns = std::max(columns, sum.column + width);
  }
}

/// Where a loop ends for all sums of the block.
Value ContractionProducts::getEnd(unsigned loop) {
  if (!triangle || loop != triangle->column)
    return constant(extents[loop]);
  int64_t size = triangle->row == blocking.rows      ? rows
                 : triangle->row == blocking.columns ? columns
                                                     : 1;
  Value end = builder.createOrFold<arith::AddIOp>(loc, ivs[triangle->row],
                                                  constant(size));
  // There may be more rows than columns.
  return extents[triangle->row] <= extents[loop]
             ? end
             : builder.createOrFold<arith::MinSIOp>(loc, end,
                                                    constant(extents[loop]));
}

/// A loop that carries the sums around `body`.
SmallVector<Value> ContractionProducts::loopOver(unsigned loop, Value begin,
                                                 Value end, int64_t step,
                                                 ValueRange sums, Body body) {
  OpBuilder::InsertionGuard guard(builder);
  auto nest =
      scf::ForOp::create(builder, loc, begin, end, constant(step), sums);
  ivs[loop] = nest.getInductionVar();
  builder.setInsertionPointToStart(nest.getBody());
  scf::YieldOp::create(builder, loc, body(nest.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(nest.getResults());
}

SmallVector<Value> ContractionProducts::reduce(ArrayRef<unsigned> loops,
                                               ValueRange sums, Body body) {
  if (loops.empty())
    return body(sums);
  unsigned loop = loops.front();
  Value end = getEnd(loop);
  if (loops.size() > 1 || extents[loop] < 2 * kPiece)
    return loopOver(loop, constant(0), end, 1, sums, [&](ValueRange soFar) {
      return reduce(loops.drop_front(), soFar, body);
    });
  Value rest = builder.createOrFold<arith::RemUIOp>(loc, end, constant(kPiece));
  Value whole = builder.createOrFold<arith::SubIOp>(loc, end, rest);
  auto addPiece = [&](ValueRange before) {
    Value begin = ivs[loop];
    Value last = arith::AddIOp::create(builder, loc, begin, constant(kPiece));
    auto zeros = llvm::map_to_vector(before, [&](Value sum) {
      return arith::ConstantOp::create(builder, loc,
                                       builder.getZeroAttr(sum.getType()))
          .getResult();
    });
    SmallVector<Value> next = loopOver(loop, begin, last, 1, zeros, body);
    for (auto [sum, piece] : llvm::zip_equal(before, next))
      piece = arith::AddFOp::create(builder, loc, sum, piece);
    return next;
  };
  SmallVector<Value> totals =
      loopOver(loop, constant(0), whole, kPiece, sums, addPiece);
  if (isConstantIntValue(rest, 0))
    return totals;
  return loopOver(loop, whole, end, 1, totals, body);
}
