//===- MarkTriangles.cpp - products with triangles of zeros ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A token reads no token after it, so half of a chunk's scores are zeros. They
// are where nothing has been inserted into a tensor of zeros: what is known of
// an element follows from where it comes from, bit by bit, for any program.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/Triangle.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_MARKTRIANGLES
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

/// Elements of a tensor that is looked into. Chunks are small, and weights are
/// not made of zeros.
static constexpr int64_t kMostElements = 1 << 16;

/// Operations between an element and the zero it is.
static constexpr unsigned kMostSteps = 256;

namespace {
/// Which elements of tensors are zeros for certain, in the order of memory.
class Zeros {
public:
  /// Empty if none is.
  const llvm::BitVector &of(Value value);

private:
  llvm::BitVector find(Operation *op, int64_t size);

  DenseMap<Value, llvm::BitVector> known;
  unsigned steps = 0;
};

struct MarkTriangles : public seqmix::impl::MarkTrianglesBase<MarkTriangles> {
  void runOnOperation() override;
};
} // namespace

/// Calls `visit` with the place in the part, and that in the whole, of each
/// element of a part of static extents. Axes that the part drops have one.
static void forEach(OffsetSizeAndStrideOpInterface part,
                    ArrayRef<int64_t> whole,
                    function_ref<void(int64_t, int64_t)> visit) {
  ArrayRef<int64_t> sizes = part.getStaticSizes();
  SmallVector<int64_t> inPart = computeStrides(sizes);
  SmallVector<int64_t> inWhole = computeStrides(whole);
  for (int64_t i = 0, end = computeProduct(sizes); i < end; ++i) {
    int64_t at = 0;
    for (auto [index, offset, stride, step] :
         llvm::zip_equal(delinearize(i, inPart), part.getStaticOffsets(),
                         part.getStaticStrides(), inWhole))
      at += (offset + index * stride) * step;
    visit(i, at);
  }
}

static bool isStatic(OffsetSizeAndStrideOpInterface part) {
  return llvm::none_of(llvm::concat<const int64_t>(part.getStaticOffsets(),
                                                   part.getStaticSizes(),
                                                   part.getStaticStrides()),
                       ShapedType::isDynamic);
}

static bool isZero(Value value) {
  return matchPattern(value, m_AnyZeroFloat());
}

/// What `op`, which has one result of `size` elements, says of them.
llvm::BitVector Zeros::find(Operation *op, int64_t size) {
  using Result = llvm::BitVector;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](linalg::GenericOp fill) {
        bool fills = fill.getNumDpsInputs() == 0 &&
                     isZero(fill.getBody()->getTerminator()->getOperand(0));
        return fills ? Result(size, true) : Result();
      })
      .Case([&](linalg::FillOp fill) {
        return isZero(fill.getInputs()[0]) ? Result(size, true) : Result();
      })
      .Case([&](arith::ConstantOp constant) {
        return isZero(constant) ? Result(size, true) : Result();
      })
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
          [&](auto reshape) { return of(reshape.getSrc()); })
      .Case([&](tensor::ExtractSliceOp slice) {
        const Result &whole = of(slice.getSource());
        if (whole.empty() || !isStatic(slice))
          return Result();
        Result result(size);
        forEach(slice, slice.getSourceType().getShape(),
                [&](int64_t i, int64_t at) { result[i] = whole[at]; });
        return result;
      })
      .Case([&](tensor::InsertSliceOp insert) {
        Result result = of(insert.getDest());
        if (result.empty() || !isStatic(insert))
          return Result();
        Result part = of(insert.getSource());
        forEach(insert, insert.getDestType().getShape(),
                [&](int64_t i, int64_t at) {
                  result[at] = !part.empty() && part[i];
                });
        return result;
      })
      .Default([](Operation *) { return Result(); });
}

const llvm::BitVector &Zeros::of(Value value) {
  static const llvm::BitVector kNone;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  Operation *op = value.getDefiningOp();
  if (!type || !type.hasStaticShape() || !op || op->getNumResults() != 1 ||
      type.getNumElements() > kMostElements || steps == kMostSteps)
    return kNone;
  if (auto found = known.find(value); found != known.end())
    return found->second;
  ++steps;
  llvm::BitVector zeros = find(op, type.getNumElements());
  --steps;
  if (zeros.none())
    zeros.clear();
  return known[value] = std::move(zeros);
}

/// Whether an operand is zero wherever `column` is larger than `row`, and that
/// is anywhere. Both are loops of the op that go along axes of the operand.
static bool isTriangle(linalg::GenericOp op, OpOperand &operand,
                       const llvm::BitVector &zeros, unsigned row,
                       unsigned column) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  auto find = [&](unsigned loop) {
    return map.getResultPosition(getAffineDimExpr(loop, op.getContext()));
  };
  std::optional<unsigned> down = find(row), across = find(column);
  if (!down || !across)
    return false;
  SmallVector<int64_t> strides = computeStrides(op.getShape(&operand));
  bool isAnywhere = false;
  for (int64_t i = 0, end = zeros.size(); i < end; ++i) {
    SmallVector<int64_t> at = delinearize(i, strides);
    bool isAfter = at[*across] > at[*down];
    if (isAfter && !zeros[i])
      return false;
    isAnywhere |= isAfter;
  }
  return isAnywhere;
}

static constexpr llvm::StringLiteral kTriangle = "seqmix.triangle";

std::optional<Triangle> seqmix::getTriangle(linalg::GenericOp op) {
  auto loops = op->getAttrOfType<DenseI64ArrayAttr>(kTriangle);
  auto isA = [&](int64_t loop, utils::IteratorType type) {
    return loop >= 0 && loop < op.getNumLoops() &&
           op.getIteratorTypesArray()[loop] == type;
  };
  if (!loops || loops.size() != 2 ||
      !isA(loops[0], utils::IteratorType::parallel) ||
      !isA(loops[1], utils::IteratorType::reduction))
    return std::nullopt;
  return Triangle{static_cast<unsigned>(loops[0]),
                  static_cast<unsigned>(loops[1])};
}

void seqmix::setTriangle(linalg::GenericOp op, Triangle triangle) {
  op->setAttr(kTriangle, DenseI64ArrayAttr::get(
                             op.getContext(), {triangle.row, triangle.column}));
}

static void mark(linalg::GenericOp op, Zeros &known) {
  SmallVector<unsigned> rows, columns;
  op.getParallelDims(rows);
  op.getReductionDims(columns);
  if (columns.empty() || op->getNumResults() != 1)
    return;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    const llvm::BitVector &zeros = known.of(operand->get());
    if (zeros.empty() || !map.isProjectedPermutation())
      continue;
    for (unsigned row : rows)
      for (unsigned column : columns)
        if (isTriangle(op, *operand, zeros, row, column))
          return setTriangle(op, {row, column});
  }
}

void MarkTriangles::runOnOperation() {
  Zeros known;
  getOperation()->walk([&](linalg::GenericOp op) { mark(op, known); });
}
