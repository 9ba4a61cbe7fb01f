//===- ContractionBlocks.cpp - blocks of sums of products -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ContractionBlocks.h"
#include "lib/Conversion/ContractionProducts.h"
#include "lib/Conversion/SumLanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::seqmix;

namespace {
/// Bits of vectors that come with 32 registers rather than 16 (AVX-512).
constexpr int64_t kWideVectorBits = 512;

/// Vectors of sums that are kept at a time. As many multiplications can be
/// under way at once, and there are registers for them and what they multiply.
constexpr int64_t kSums = 8, kWideSums = 16;

/// Rows of a block that has both rows and columns.
constexpr int64_t kRows = 4;

/// Emits the loops of contractions that add to the same output in turn.
class BlockEmitter {
public:
  /// `last` is the last of `contractions`.
  BlockEmitter(ArrayRef<Contraction> contractions, Contraction last,
               const ContractionStart &start, int64_t vectorBits);

  void run();

private:
  void emitBlocks();
  void emitBlock(int64_t rows, int64_t columns);
  void emitDots(ArrayRef<Sum> sums);
  void storeDots(ArrayRef<Sum> sums, Value dots);
  void emitColumns(ArrayRef<Sum> sums);
  void forBlocks(std::optional<unsigned> loop, int64_t size,
                 function_ref<void(int64_t)> body);
  void follow(ContractionProducts &products);
  Value begin(const Sum &sum);
  Value zero(Type type) {
    return arith::ConstantOp::create(builder, loc, type,
                                     builder.getZeroAttr(type));
  }
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  /// The last contraction, whose loops the blocks are.
  ContractionProducts &last() { return chain.back(); }

  const ContractionStart &start;
  OpBuilder builder;
  Location loc;
  SmallVector<ContractionProducts, 0> chain;
  Blocking blocking; ///< of the last
  OpOperand &out;
  Type element;
  int64_t lanes, mostSums;
};
} // namespace

/// The loop of each axis of the output.
static SmallVector<unsigned> getLoops(linalg::GenericOp op) {
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  return llvm::map_to_vector(map.getResults(), [](AffineExpr expr) {
    return cast<AffineDimExpr>(expr).getPosition();
  });
}

bool seqmix::haveSameBlocks(Contraction a, Contraction b) {
  if (a.op.getDpsInits()[0] != b.op.getDpsInits()[0] || a.blocking.isDot ||
      b.blocking.isDot)
    return false;
  for (auto [ofA, ofB] : llvm::zip_equal(getLoops(a.op), getLoops(b.op)))
    if ((a.blocking.vectors == ofA) != (b.blocking.vectors == ofB) ||
        (a.blocking.rows == ofA) != (b.blocking.rows == ofB) ||
        (a.blocking.columns == ofA) != (b.blocking.columns == ofB))
      return false;
  return true;
}

BlockEmitter::BlockEmitter(ArrayRef<Contraction> contractions, Contraction last,
                           const ContractionStart &start, int64_t vectorBits)
    : start(start), builder(last.op), loc(last.op.getLoc()),
      blocking(last.blocking), out(*last.op.getDpsInitOperand(0)),
      element(getElementTypeOrSelf(out.get().getType())),
      lanes(vectorBits / element.getIntOrFloatBitWidth()),
      mostSums(vectorBits >= kWideVectorBits ? kWideSums : kSums) {
  for (const Contraction &contraction : contractions)
    chain.emplace_back(contraction.op, contraction.blocking, builder);
}

/// Takes the outer loops of a contraction to where those of the last one are.
void BlockEmitter::follow(ContractionProducts &products) {
  for (auto [loop, ofLast] :
       llvm::zip_equal(getLoops(products.getOp()), getLoops(last().getOp())))
    products.getIv(loop) = last().getIv(ofLast);
}

/// What the products are added to.
Value BlockEmitter::begin(const Sum &sum) {
  if (start.isZero)
    return zero(sum.type);
  if (!start.value)
    return last().load(out, sum);
  ElementwiseBody value = *start.value;
  SmallVector<Value> at = value.getIvs(last().getSubscripts(out, sum));
  value.emitScalars(builder, at);
  return value.emitVectors(builder, at, sum.type.getNumElements())[0];
}

/// Sums that lie next to each other in the output.
void BlockEmitter::emitColumns(ArrayRef<Sum> sums) {
  SmallVector<Value> values;
  for (const Sum &sum : sums)
    values.push_back(begin(sum));
  for (ContractionProducts &products : chain) {
    follow(products);
    products.beginBlock(sums);
    values = products.reduce(
        products.getReductions(), values,
        [&](ValueRange soFar) { return products.add(sums, soFar); });
  }
  for (auto [sum, value] : llvm::zip_equal(sums, values))
    vector::StoreOp::create(builder, loc, value, out.get(),
                            last().getSubscripts(out, sum));
}

/// Sums over whole vectors and, apart, over the elements that are left.
void BlockEmitter::emitDots(ArrayRef<Sum> sums) {
  int64_t extent = last().getExtent(blocking.vectors), rest = extent % lanes;
  SmallVector<Sum> whole(sums), atEnd(sums);
  for (Sum &sum : atEnd)
    sum.type = VectorType::get(std::max<int64_t>(rest, 1), element);
  SmallVector<Value> values;
  for (const Sum &sum : llvm::concat<Sum>(whole, atEnd))
    values.push_back(zero(sum.type));
  SmallVector<unsigned> outer(last().getReductions());
  llvm::erase(outer, blocking.vectors);
  last().beginBlock(sums);
  values = last().reduce(outer, values, [&](ValueRange soFar) {
    OpBuilder::InsertionGuard guard(builder);
    auto loop =
        scf::ForOp::create(builder, loc, constant(0), constant(extent - rest),
                           constant(lanes), soFar.take_front(sums.size()));
    last().getIv(blocking.vectors) = loop.getInductionVar();
    builder.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(builder, loc,
                         last().add(whole, loop.getRegionIterArgs()));
    builder.setInsertionPointAfter(loop);
    SmallVector<Value> next(loop.getResults());
    last().getIv(blocking.vectors) = constant(extent - rest);
    ValueRange soFarAtEnd = soFar.drop_front(sums.size());
    llvm::append_range(next, rest ? last().add(atEnd, soFarAtEnd)
                                  : SmallVector<Value>(soFarAtEnd));
    return next;
  });
  if (rest == 0 && static_cast<int64_t>(sums.size()) == lanes)
    return storeDots(
        sums, sumLanes(builder, loc, ValueRange(values).take_front(lanes)));
  auto add = [&](Value vector, Value to) -> Value {
    return vector::ReductionOp::create(builder, loc, vector::CombiningKind::ADD,
                                       vector, to,
                                       arith::FastMathFlags::reassoc);
  };
  for (auto [index, sum] : llvm::enumerate(sums)) {
    SmallVector<Value> at = last().getSubscripts(out, sum);
    Value value =
        start.isZero
            ? zero(element)
            : memref::LoadOp::create(builder, loc, out.get(), at).getResult();
    if (extent != rest)
      value = add(values[index], value);
    if (rest)
      value = add(values[sums.size() + index], value);
    memref::StoreOp::create(builder, loc, value, out.get(), at);
  }
}

/// Stores all dot products of a block, which are the lanes of `dots`: rows of
/// it at once where they lie side by side.
void BlockEmitter::storeDots(ArrayRef<Sum> sums, Value dots) {
  AffineMap map = last().getOp().getMatchingIndexingMap(&out);
  bool isSideBySide =
      blocking.columns && map.getNumResults() > 0 &&
      map.getDimPosition(map.getNumResults() - 1) == *blocking.columns &&
      cast<MemRefType>(out.get().getType()).isLastDimUnitStride();
  for (size_t first = 0; first < sums.size();) {
    size_t end = first + 1;
    while (isSideBySide && end < sums.size() &&
           sums[end].row == sums[first].row)
      ++end;
    auto type = VectorType::get(end - first, element);
    Value row = vector::ExtractStridedSliceOp::create(
        builder, loc, dots, ArrayRef<int64_t>{static_cast<int64_t>(first)},
        type.getShape(), ArrayRef<int64_t>{1});
    SmallVector<Value> at = last().getSubscripts(out, sums[first]);
    if (!start.isZero)
      row = arith::AddFOp::create(
          builder, loc, row,
          vector::LoadOp::create(builder, loc, type, out.get(), at));
    vector::StoreOp::create(builder, loc, row, out.get(), at);
    first = end;
  }
}

void BlockEmitter::emitBlock(int64_t rows, int64_t columns) {
  SmallVector<Sum> sums;
  int64_t step = blocking.isDot ? 1 : lanes;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; column += step) {
      int64_t width =
          blocking.isDot ? lanes : std::min(lanes, columns - column);
      sums.push_back({row, column, VectorType::get(width, element)});
    }
  blocking.isDot ? emitDots(sums) : emitColumns(sums);
}

/// A loop over whole blocks of `size`, then what is left; `body` is told how
/// large a block is.
void BlockEmitter::forBlocks(std::optional<unsigned> loop, int64_t size,
                             function_ref<void(int64_t)> body) {
  if (!loop)
    return body(1);
  int64_t rest = last().getExtent(*loop) % size,
          end = last().getExtent(*loop) - rest;
  if (end) {
    OpBuilder::InsertionGuard guard(builder);
    auto nest = scf::ForOp::create(builder, loc, constant(0), constant(end),
                                   constant(size));
    last().getIv(*loop) = nest.getInductionVar();
    builder.setInsertionPointToStart(nest.getBody());
    body(size);
  }
  if (rest) {
    last().getIv(*loop) = constant(end);
    body(rest);
  }
}

void BlockEmitter::emitBlocks() {
  int64_t rows = blocking.rows ? last().getExtent(*blocking.rows) : 1;
  int64_t columns = blocking.columns ? last().getExtent(*blocking.columns) : 1;
  int64_t step = blocking.isDot ? 1 : lanes;
  int64_t across =
      std::min(mostSums / std::min(kRows, rows), (columns + step - 1) / step);
  int64_t down = std::min(mostSums / across, rows);
  // What all rows multiply stays in the cache while they pass.
  forBlocks(blocking.columns, across * step, [&](int64_t width) {
    forBlocks(blocking.rows, down,
              [&](int64_t height) { emitBlock(height, width); });
  });
}

void BlockEmitter::run() {
  SmallVector<unsigned> parallel;
  last().getOp().getParallelDims(parallel);
  OpBuilder::InsertionGuard guard(builder);
  for (unsigned loop : parallel) {
    if (loop == blocking.rows || loop == blocking.columns)
      continue;
    auto nest =
        scf::ForOp::create(builder, loc, constant(0),
                           constant(last().getExtent(loop)), constant(1));
    last().getIv(loop) = nest.getInductionVar();
    builder.setInsertionPointToStart(nest.getBody());
  }
  emitBlocks();
}

void seqmix::lowerToBlocks(ArrayRef<Contraction> chain,
                           const ContractionStart &start, int64_t vectorBits) {
  BlockEmitter(chain, chain.back(), start, vectorBits).run();
}
