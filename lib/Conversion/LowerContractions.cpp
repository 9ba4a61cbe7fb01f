//===- LowerContractions.cpp - sums of products in registers --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A chunk of tokens is mostly small matrix products. A block of the output is
// kept in vector registers while the reduction runs, so that each vector that
// is loaded serves several products. Blocks at the edges are smaller, with
// vectors of as many lanes as are left.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ContractionBlocking.h"
#include "lib/Conversion/Passes.h"
#include "lib/Conversion/SumLanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_LOWERCONTRACTIONS
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct LowerContractions
    : public seqmix::impl::LowerContractionsBase<LowerContractions> {
  using LowerContractionsBase::LowerContractionsBase;
  void runOnOperation() override;
};

/// Bits of vectors that come with 32 registers rather than 16 (AVX-512).
constexpr int64_t kWideVectorBits = 512;

/// Vectors of sums that are kept at a time. As many multiplications can be
/// under way at once, and there are registers for them and what they multiply.
constexpr int64_t kSums = 8, kWideSums = 16;

/// Rows of a block that has both rows and columns.
constexpr int64_t kRows = 4;

/// Products that are summed on their own before they join a longer sum. Its
/// error then grows with the root of how many there are in a piece, and of how
/// many pieces (Blanchard, Higham and Mary 2020), for little more work.
constexpr int64_t kPiece = 16;

/// One vector of sums: where in the block it lies, and its type.
struct Sum {
  int64_t row, column;
  VectorType type;
};

/// Emits the loops of one op.
class BlockEmitter {
public:
  /// With `isFromZero` what is in the output is not added to.
  BlockEmitter(linalg::GenericOp op, const Blocking &blocking, bool isFromZero,
               int64_t vectorBits)
      : op(op), blocking(blocking), isFromZero(isFromZero), builder(op),
        loc(op.getLoc()), extents(op.getStaticLoopRanges()),
        ivs(op.getNumLoops()) {
    element = cast<MemRefType>(op.getDpsInits()[0].getType()).getElementType();
    lanes = vectorBits / element.getIntOrFloatBitWidth();
    mostSums = vectorBits >= kWideVectorBits ? kWideSums : kSums;
    op.getReductionDims(reductions);
  }

  void run();

private:
  void emitBlocks();
  void emitBlock(int64_t rows, int64_t columns);
  void emitDots(ArrayRef<Sum> sums);
  void storeDots(ArrayRef<Sum> sums, Value dots);
  void emitColumns(ArrayRef<Sum> sums);
  void forBlocks(std::optional<unsigned> loop, int64_t size,
                 function_ref<void(int64_t)> body);
  SmallVector<Value>
  loopOver(unsigned loop, Value begin, Value end, int64_t step, ValueRange sums,
           function_ref<SmallVector<Value>(ValueRange)> body);
  SmallVector<Value> reduce(ArrayRef<unsigned> loops, ValueRange sums,
                            function_ref<SmallVector<Value>(ValueRange)> body);
  SmallVector<Value> addProducts(ArrayRef<Sum> sums, ValueRange soFar);
  SmallVector<Value> subscripts(OpOperand &operand, const Sum &sum);
  Value load(OpOperand &operand, const Sum &sum);
  Value zero(Type type) {
    return arith::ConstantOp::create(builder, loc, type,
                                     builder.getZeroAttr(type));
  }
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  linalg::GenericOp op;
  const Blocking &blocking;
  bool isFromZero;
  OpBuilder builder;
  Location loc;
  SmallVector<int64_t> extents;
  SmallVector<Value> ivs; ///< of a blocked loop, where the block begins
  SmallVector<unsigned> reductions;
  Type element;
  int64_t lanes, mostSums;
};
} // namespace

static bool has(linalg::GenericOp op, OpOperand &operand, unsigned loop) {
  return op.getMatchingIndexingMap(&operand).isFunctionOfDim(loop);
}

SmallVector<Value> BlockEmitter::subscripts(OpOperand &operand,
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

/// A vector along memory, or the same element in all lanes.
Value BlockEmitter::load(OpOperand &operand, const Sum &sum) {
  SmallVector<Value> at = subscripts(operand, sum);
  if (has(op, operand, blocking.vectors))
    return vector::LoadOp::create(builder, loc, sum.type, operand.get(), at);
  Value scalar = memref::LoadOp::create(builder, loc, operand.get(), at);
  return vector::BroadcastOp::create(builder, loc, sum.type, scalar);
}

SmallVector<Value> BlockEmitter::addProducts(ArrayRef<Sum> sums,
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

/// A loop that carries the sums around `body`.
SmallVector<Value>
BlockEmitter::loopOver(unsigned loop, Value begin, Value end, int64_t step,
                       ValueRange sums,
                       function_ref<SmallVector<Value>(ValueRange)> body) {
  OpBuilder::InsertionGuard guard(builder);
  auto nest =
      scf::ForOp::create(builder, loc, begin, end, constant(step), sums);
  ivs[loop] = nest.getInductionVar();
  builder.setInsertionPointToStart(nest.getBody());
  scf::YieldOp::create(builder, loc, body(nest.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(nest.getResults());
}

/// Nests `loops` around `body`; the last is taken in pieces, if it is long.
SmallVector<Value>
BlockEmitter::reduce(ArrayRef<unsigned> loops, ValueRange sums,
                     function_ref<SmallVector<Value>(ValueRange)> body) {
  if (loops.empty())
    return body(sums);
  unsigned loop = loops.front();
  int64_t extent = extents[loop], whole = extent - extent % kPiece;
  if (loops.size() > 1 || extent < 2 * kPiece)
    return loopOver(loop, constant(0), constant(extent), 1, sums,
                    [&](ValueRange soFar) {
                      return reduce(loops.drop_front(), soFar, body);
                    });
  auto addPiece = [&](ValueRange before) {
    Value begin = ivs[loop];
    Value end = arith::AddIOp::create(builder, loc, begin, constant(kPiece));
    auto zeros = llvm::map_to_vector(
        before, [&](Value sum) { return zero(sum.getType()); });
    SmallVector<Value> next = loopOver(loop, begin, end, 1, zeros, body);
    for (auto [sum, piece] : llvm::zip_equal(before, next))
      piece = arith::AddFOp::create(builder, loc, sum, piece);
    return next;
  };
  SmallVector<Value> totals =
      loopOver(loop, constant(0), constant(whole), kPiece, sums, addPiece);
  if (whole == extent)
    return totals;
  return loopOver(loop, constant(whole), constant(extent), 1, totals, body);
}

/// Sums that lie next to each other in the output.
void BlockEmitter::emitColumns(ArrayRef<Sum> sums) {
  OpOperand &out = *op.getDpsInitOperand(0);
  SmallVector<Value> values;
  for (const Sum &sum : sums)
    values.push_back(isFromZero ? zero(sum.type) : load(out, sum));
  values = reduce(reductions, values,
                  [&](ValueRange soFar) { return addProducts(sums, soFar); });
  for (auto [sum, value] : llvm::zip_equal(sums, values))
    vector::StoreOp::create(builder, loc, value, out.get(),
                            subscripts(out, sum));
}

/// Sums over whole vectors and, apart, over the elements that are left.
void BlockEmitter::emitDots(ArrayRef<Sum> sums) {
  int64_t extent = extents[blocking.vectors], rest = extent % lanes;
  SmallVector<Sum> whole(sums), last(sums);
  for (Sum &sum : last)
    sum.type = VectorType::get(std::max<int64_t>(rest, 1), element);
  SmallVector<Value> values;
  for (const Sum &sum : llvm::concat<Sum>(whole, last))
    values.push_back(zero(sum.type));
  SmallVector<unsigned> outer(reductions);
  llvm::erase(outer, blocking.vectors);
  values = reduce(outer, values, [&](ValueRange soFar) {
    OpBuilder::InsertionGuard guard(builder);
    auto loop =
        scf::ForOp::create(builder, loc, constant(0), constant(extent - rest),
                           constant(lanes), soFar.take_front(sums.size()));
    ivs[blocking.vectors] = loop.getInductionVar();
    builder.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(builder, loc,
                         addProducts(whole, loop.getRegionIterArgs()));
    builder.setInsertionPointAfter(loop);
    SmallVector<Value> next(loop.getResults());
    ivs[blocking.vectors] = constant(extent - rest);
    ValueRange atEnd = soFar.drop_front(sums.size());
    llvm::append_range(next, rest ? addProducts(last, atEnd)
                                  : SmallVector<Value>(atEnd));
    return next;
  });
  if (rest == 0 && static_cast<int64_t>(sums.size()) == lanes)
    return storeDots(
        sums, sumLanes(builder, loc, ValueRange(values).take_front(lanes)));
  OpOperand &out = *op.getDpsInitOperand(0);
  auto add = [&](Value vector, Value to) -> Value {
    return vector::ReductionOp::create(builder, loc, vector::CombiningKind::ADD,
                                       vector, to,
                                       arith::FastMathFlags::reassoc);
  };
  for (auto [index, sum] : llvm::enumerate(sums)) {
    SmallVector<Value> at = subscripts(out, sum);
    Value value =
        isFromZero
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
  OpOperand &out = *op.getDpsInitOperand(0);
  AffineMap map = op.getMatchingIndexingMap(&out);
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
    SmallVector<Value> at = subscripts(out, sums[first]);
    if (!isFromZero)
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
  int64_t rest = extents[*loop] % size, end = extents[*loop] - rest;
  if (end) {
    OpBuilder::InsertionGuard guard(builder);
    auto nest = scf::ForOp::create(builder, loc, constant(0), constant(end),
                                   constant(size));
    ivs[*loop] = nest.getInductionVar();
    builder.setInsertionPointToStart(nest.getBody());
    body(size);
  }
  if (rest) {
    ivs[*loop] = constant(end);
    body(rest);
  }
}

void BlockEmitter::emitBlocks() {
  int64_t rows = blocking.rows ? extents[*blocking.rows] : 1;
  int64_t columns = blocking.columns ? extents[*blocking.columns] : 1;
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
  op.getParallelDims(parallel);
  OpBuilder::InsertionGuard guard(builder);
  for (unsigned loop : parallel) {
    if (loop == blocking.rows || loop == blocking.columns)
      continue;
    auto nest = scf::ForOp::create(builder, loc, constant(0),
                                   constant(extents[loop]), constant(1));
    ivs[loop] = nest.getInductionVar();
    builder.setInsertionPointToStart(nest.getBody());
  }
  emitBlocks();
}

/// The op that fills the output of a contraction with zeros just before it.
static linalg::GenericOp findZeros(linalg::GenericOp op) {
  Value out = op.getDpsInits()[0];
  Operation *before = op->getPrevNode();
  while (before && isPure(before))
    before = before->getPrevNode();
  auto fill = dyn_cast_or_null<linalg::GenericOp>(before);
  if (!fill || fill.getNumDpsInputs() || fill.getNumDpsInits() != 1 ||
      fill.getDpsInits()[0] != out)
    return nullptr;
  bool isZero = matchPattern(fill.getBody()->getTerminator()->getOperand(0),
                             m_PosZeroFloat());
  return isZero ? fill : nullptr;
}

void LowerContractions::runOnOperation() {
  SmallVector<linalg::GenericOp> contractions;
  getOperation().walk([&](linalg::GenericOp op) {
    // What is in no loop has tokens of its own to share among threads.
    if (!isa<func::FuncOp>(op->getParentOp()))
      contractions.push_back(op);
  });
  for (linalg::GenericOp op : contractions) {
    std::optional<Blocking> blocking = chooseBlocking(op);
    if (!blocking)
      continue;
    linalg::GenericOp zeros = findZeros(op);
    BlockEmitter(op, *blocking, zeros != nullptr, vectorBits).run();
    if (zeros)
      zeros.erase();
    op.erase();
  }
}
