//===- TokenAlgebraRules.cpp - what operations do to formulas -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TokenAlgebra.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

/// A select by a plain truth value: each side where it is taken.
FailureOr<Affine> TokenAlgebra::select(Operation &op) {
  auto choice = cast<arith::SelectOp>(op);
  Value condition = choice.getCondition();
  if (depends(condition) || !isa<RankedTensorType>(condition.getType()) ||
      semiring != Semiring::plusTimes)
    return failure();
  SmallVector<Axis, 4> axes = addAxes(op.getResult(0));
  SmallVector<Axis, 4> conditionAxes(axes);
  if (auto broadcast = condition.getDefiningOp<linalg::BroadcastOp>()) {
    condition = broadcast.getInput();
    conditionAxes = axesOfInput(broadcast, axes);
  }
  Affine result;
  result.axes = axes;
  for (bool side : {true, false}) {
    Term mask;
    mask.factors.push_back(
        {condition, side ? Factor::isTrue : Factor::isFalse, conditionAxes});
    Value value = side ? choice.getTrueValue() : choice.getFalseValue();
    llvm::append_range(result.terms, multiply(formOf(value, axes), mask).terms);
  }
  return result;
}

FailureOr<Affine> TokenAlgebra::visitElementwise(Operation &op) {
  if (isa<arith::SelectOp>(op))
    return select(op);
  Meaning meaning = meaningOf(&op, semiring);
  if (meaning == Meaning::other)
    return failure();
  SmallVector<Axis, 4> axes = addAxes(op.getResult(0));
  Value first = op.getOperand(0);
  if (meaning == Meaning::negation) {
    Term minus;
    minus.scale = -1;
    return multiply(formOf(first, axes), minus);
  }
  Value second = op.getOperand(1);
  if (meaning == Meaning::sum || meaning == Meaning::difference) {
    Affine result = formOf(first, axes), other = formOf(second, axes);
    for (Term &term : other.terms) {
      term.scale = meaning == Meaning::difference ? -term.scale : term.scale;
      result.terms.push_back(std::move(term));
    }
    return result;
  }
  if (depends(first) && depends(second))
    return failure();
  if (meaning == Meaning::quotient) {
    if (depends(second))
      return failure();
    Term by;
    by.factors.push_back({second, Factor::reciprocal, axes});
    return multiply(formOf(first, axes), by);
  }
  if (depends(second))
    std::swap(first, second);
  return multiply(formOf(first, axes), factorise(second, axes));
}

/// Ops that move elements: what they do to axes.
FailureOr<Affine> TokenAlgebra::visitShape(Operation &op) {
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(op)) {
    SmallVector<Axis, 4> axes = addAxes(op.getResult(0));
    Affine result = formOf(broadcast.getInput(), axesOfInput(broadcast, axes));
    result.axes = axes;
    return result;
  }
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
    SmallVector<Axis, 4> axes = addAxes(op.getResult(0));
    SmallVector<Axis, 4> before(axes.size());
    for (auto [to, from] : llvm::enumerate(transpose.getPermutation()))
      before[from] = axes[to];
    Affine result = formOf(transpose.getInput(), before);
    result.axes = axes;
    return result;
  }
  if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return failure();
  // Extents of one come and go; anything else would split or merge axes.
  auto isWide = [&](Axis axis) { return getExtent(axis) != 1; };
  Affine result = forms.lookup(op.getOperand(0));
  SmallVector<Axis, 4> wide(llvm::make_filter_range(result.axes, isWide));
  SmallVector<Axis, 4> axes;
  for (int64_t extent :
       cast<RankedTensorType>(op.getResult(0).getType()).getShape()) {
    if (extent == 1) {
      axes.push_back(addAxis(1));
      continue;
    }
    if (wide.empty() || getExtent(wide.front()) != extent)
      return failure();
    axes.push_back(wide.front());
    wide.erase(wide.begin());
  }
  if (!wide.empty())
    return failure();
  result.axes = axes;
  return result;
}

/// a * b, summed, with one of both plain.
FailureOr<Affine> TokenAlgebra::contractProduct(linalg::ContractOp op) {
  std::optional<double> init = getSplat(op.getOutputs()[0]);
  if (semiring != Semiring::plusTimes || !init || *init != 0)
    return failure();
  Value first = op.getInputs()[0], second = op.getInputs()[1];
  if (depends(first) && depends(second))
    return failure();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<Axis, 4> loops;
  for (int64_t extent :
       cast<linalg::LinalgOp>(op.getOperation()).getStaticLoopRanges())
    loops.push_back(addAxis(extent));
  auto axesOf = [&](AffineMap map) {
    SmallVector<Axis, 4> axes;
    for (AffineExpr expr : map.getResults())
      axes.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
    return axes;
  };
  if (depends(second)) {
    std::swap(first, second);
    std::swap(maps[0], maps[1]);
  }
  Affine result = multiply(formOf(first, axesOf(maps[0])),
                           factorise(second, axesOf(maps[1])));
  result.axes = axesOf(maps[2]);
  return result;
}

FailureOr<Affine> TokenAlgebra::visitContraction(Operation &op) {
  if (auto contract = dyn_cast<linalg::ContractOp>(op))
    return contractProduct(contract);
  auto reduce = dyn_cast<linalg::ReduceOp>(op);
  if (!reduce || !isSummation(reduce, semiring) ||
      !forms.contains(reduce.getInputs()[0]))
    return failure();
  Affine result = forms.lookup(reduce.getInputs()[0]);
  result.axes = withoutAxes(result.axes, reduce.getDimensions());
  return result;
}
