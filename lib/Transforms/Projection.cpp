//===- Projection.cpp - contractions that are matrix products -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Projection.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::seqmix;

namespace {
/// A contraction that is a projection.
struct Projection {
  linalg::GenericOp op;
  OpOperand *input, *weight;
};
} // namespace

static Value stripWidening(Value value) {
  while (auto widening = value.getDefiningOp<arith::ExtFOp>())
    value = widening.getIn();
  return value;
}

/// Whether the body is `out + left * right`, up to order and widening.
static bool isMultiplyAdd(linalg::GenericOp op) {
  Block *body = op.getBody();
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  Value out = body->getArgument(2);
  Value other = add.getLhs() == out ? add.getRhs() : add.getLhs();
  auto product = other.getDefiningOp<arith::MulFOp>();
  if (!product || (add.getLhs() != out && add.getRhs() != out))
    return false;
  Value left = stripWidening(product.getLhs());
  Value right = stripWidening(product.getRhs());
  Value first = body->getArgument(0), second = body->getArgument(1);
  return (left == first && right == second) ||
         (left == second && right == first);
}

static bool isZero(Value value) {
  if (auto fill = value.getDefiningOp<linalg::GenericOp>();
      fill && fill.getNumDpsInputs() == 0)
    value = fill.getBody()->getTerminator()->getOperand(0);
  return matchPattern(value, m_AnyZeroFloat());
}

bool seqmix::isProjection(AffineMap input, AffineMap weight, AffineMap output) {
  return input.getNumDims() == 4 && input.getNumResults() == 3 &&
         weight.getNumResults() == 2 && output.getNumResults() == 3 &&
         input.getResult(0) == output.getResult(0) &&
         input.getResult(1) == output.getResult(1) &&
         input.getResult(2) == weight.getResult(1) &&
         output.getResult(2) == weight.getResult(0);
}

static std::optional<Projection> findProjection(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() != 1 || !isMultiplyAdd(op) ||
      !isZero(op.getDpsInits()[0]))
    return std::nullopt;
  OpOperand *input = op.getDpsInputOperand(0);
  OpOperand *weight = op.getDpsInputOperand(1);
  auto isStatic = [](OpOperand *operand) {
    return cast<RankedTensorType>(operand->get().getType()).hasStaticShape();
  };
  if (isStatic(input))
    std::swap(input, weight);
  auto type = cast<RankedTensorType>(weight->get().getType());
  if (isStatic(input) || !type.hasStaticShape() ||
      !isProjection(op.getMatchingIndexingMap(input),
                    op.getMatchingIndexingMap(weight),
                    op.getIndexingMapsArray()[2]) ||
      !cast<RankedTensorType>(op.getResultTypes()[0]).getElementType().isF32())
    return std::nullopt;
  return Projection{op, input, weight};
}

/// Whether the value lies in memory in the order of its elements: it is not
/// part of another, and not a constant.
static bool liesInMemory(Value value) {
  while (value.getDefiningOp<tensor::ExpandShapeOp>() ||
         value.getDefiningOp<tensor::CollapseShapeOp>())
    value = value.getDefiningOp()->getOperand(0);
  Operation *op = value.getDefiningOp();
  if (auto generic = dyn_cast_or_null<linalg::GenericOp>(op))
    return generic.getNumDpsInputs() > 0;
  return !op ||
         !isa<tensor::ExtractSliceOp, arith::ConstantOp, tensor::EmptyOp>(op);
}

/// A copy of `value` with elements of type `element`, wider or narrower.
static Value copyAs(OpBuilder &builder, Location loc, Value value,
                    Type element) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<OpFoldResult> extents =
      tensor::getMixedSizes(builder, loc, value);
  Value empty = tensor::EmptyOp::create(builder, loc, extents, element);
  SmallVector<AffineMap> maps(2,
                              builder.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> loops(type.getRank(),
                                         utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, TypeRange{empty.getType()}, ValueRange{value},
             ValueRange{empty}, maps, loops,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Value copied = args[0];
               if (element.getIntOrFloatBitWidth() <
                   copied.getType().getIntOrFloatBitWidth())
                 copied = arith::TruncFOp::create(b, loc, element, copied);
               else if (element != copied.getType())
                 copied = arith::ExtFOp::create(b, loc, element, copied);
               linalg::YieldOp::create(b, loc, copied);
             })
      .getResult(0);
}

/// The op that computes `value`, once more, with elements widened to `element`
/// at its end; null if there is no such op.
static Value computeAs(OpBuilder &builder, Value value, Type element) {
  auto source = value.getDefiningOp<linalg::GenericOp>();
  if (!source || source.getNumResults() != 1 ||
      !source.getRegionOutputArgs()[0].use_empty() ||
      getElementTypeOrSelf(value).getIntOrFloatBitWidth() >=
          element.getIntOrFloatBitWidth())
    return nullptr;
  builder.setInsertionPointAfter(source);
  Location loc = source.getLoc();
  Value empty = tensor::EmptyOp::create(
      builder, loc,
      tensor::getMixedSizes(builder, loc, source.getDpsInits()[0]), element);
  SmallVector<Value> values(source.getInputs());
  values.push_back(empty);
  auto wider = clone(builder, source, TypeRange{empty.getType()}, values);
  Block *body = wider.getBody();
  body->getArguments().back().setType(element);
  Operation *yield = body->getTerminator();
  builder.setInsertionPoint(yield);
  yield->setOperand(
      0, arith::ExtFOp::create(builder, loc, element, yield->getOperand(0)));
  return wider.getResult(0);
}

namespace {
/// Values as projections want them, each copied once.
class Operands {
public:
  /// Copies of block arguments are made after `afterArguments`; values that do
  /// not lie in memory as they are, are copied if `areWhole`.
  Operands(Operation *afterArguments, bool areWhole)
      : areWhole(areWhole), afterArguments(afterArguments),
        builder(afterArguments->getContext()) {}

  Value get(Value value, Type element) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getElementType() == element && (!areWhole || liesInMemory(value)))
      return value;
    Value &copied = copies[{value, element}];
    if (!copied) {
      if (isa<BlockArgument>(value))
        builder.setInsertionPointAfter(afterArguments);
      else
        builder.setInsertionPointAfterValue(value);
      if (!areWhole)
        copied = computeAs(builder, value, element);
      if (!copied)
        copied = copyAs(builder, value.getLoc(), value, element);
    }
    return copied;
  }

  const bool areWhole;

private:
  Operation *afterArguments;
  OpBuilder builder;
  DenseMap<std::pair<Value, Type>, Value> copies;
};
} // namespace

static void replace(Projection projection, Operands &operands) {
  linalg::GenericOp op = projection.op;
  Value weight = projection.weight->get();
  OpBuilder builder(op);
  Type f32 = builder.getF32Type(), kept = getElementTypeOrSelf(weight);
  if (!kept.isBF16())
    kept = f32;
  Value input =
      operands.get(projection.input->get(), operands.areWhole ? kept : f32);
  weight = operands.get(weight, kept);
  Value empty = tensor::EmptyOp::create(
      builder, op.getLoc(),
      tensor::getMixedSizes(builder, op.getLoc(), op.getDpsInits()[0]),
      builder.getF32Type());
  auto matmul = MatmulOp::create(builder, op.getLoc(), op.getResultTypes()[0],
                                 input, weight, Value(), empty);
  op.getResult(0).replaceAllUsesWith(matmul.getResult());
  op.erase();
}

static void replaceAll(Block &body, Operands &operands) {
  SmallVector<Projection> projections;
  for (auto op : body.getOps<linalg::GenericOp>())
    if (std::optional<Projection> projection = findProjection(op))
      projections.push_back(*projection);
  for (Projection projection : projections)
    replace(projection, operands);
}

void seqmix::formProjections(func::FuncOp function) {
  Block &body = function.getBody().front();
  Operands operands(&body.front(), /*areWhole=*/false);
  replaceAll(body, operands);
}

void seqmix::formProjections(EntryOp entry) {
  // After the extents, which come first.
  Operands operands(*llvm::drop_begin(entry.getOps<tensor::DimOp>()).begin(),
                    /*areWhole=*/true);
  replaceAll(entry.getBody().front(), operands);
  Operation *end = entry.getBody().front().getTerminator();
  for (OpOperand &operand : end->getOpOperands())
    operand.set(
        operands.get(operand.get(), getElementTypeOrSelf(operand.get())));
  // Extents that the copies asked for.
  SmallVector<tensor::DimOp> dims(entry.getOps<tensor::DimOp>());
  for (tensor::DimOp dim : llvm::drop_begin(dims, 2)) {
    dim.replaceAllUsesWith(dims[*dim.getConstantIndex()].getResult());
    dim.erase();
  }
}
