//===- TokenAlgebra.cpp - a token's values as sums of products ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TokenAlgebra.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::seqmix;

/// A sum of more terms than this is one value to the formulas it is part of.
static constexpr size_t kMostTerms = 8;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

Affine seqmix::renameAxes(Affine form, llvm::function_ref<Axis(Axis)> rename) {
  auto all = [&](SmallVectorImpl<Axis> &axes) {
    for (Axis &axis : axes)
      axis = rename(axis);
  };
  all(form.axes);
  for (Term &term : form.terms) {
    all(term.variableAxes);
    for (Factor &factor : term.factors)
      all(factor.axes);
  }
  return form;
}

//===----------------------------------------------------------------------===//
// Plain values
//===----------------------------------------------------------------------===//

Axis TokenAlgebra::addAxis(int64_t extent) {
  extents.push_back(extent);
  return extents.size() - 1;
}

SmallVector<Axis, 4> TokenAlgebra::addAxes(Value value) {
  SmallVector<Axis, 4> axes;
  for (int64_t extent : shapeOf(value))
    axes.push_back(addAxis(extent));
  return axes;
}

SmallVector<Axis, 4> seqmix::withoutAxes(ArrayRef<Axis> axes,
                                         ArrayRef<int64_t> positions) {
  SmallVector<Axis, 4> kept;
  for (auto [position, axis] : llvm::enumerate(axes))
    if (!llvm::is_contained(positions, static_cast<int64_t>(position)))
      kept.push_back(axis);
  return kept;
}

SmallVector<Axis, 4> seqmix::axesOfInput(linalg::BroadcastOp op,
                                         ArrayRef<Axis> axes) {
  return withoutAxes(axes, op.getDimensions());
}

Term TokenAlgebra::factorise(Value plain, ArrayRef<Axis> axes, unsigned depth) {
  // A square of squares has as many factors as two to their number.
  constexpr unsigned kDeepest = 8;
  bool isNumber = semiring == Semiring::plusTimes;
  Operation *def = plain.getDefiningOp();
  if (std::optional<double> splat = getSplat(plain); splat && isNumber) {
    Term term;
    term.scale = *splat;
    return term;
  }
  auto product = [](Term a, const Term &b) {
    a.scale *= b.scale;
    llvm::append_range(a.factors, b.factors);
    return a;
  };
  if (def &&
      isa<arith::MulFOp, arith::MulIOp, arith::DivFOp, arith::NegFOp>(def) &&
      isNumber && depth < kDeepest) {
    Term first = factorise(def->getOperand(0), axes, depth + 1);
    if (isa<arith::MulFOp, arith::MulIOp>(def))
      return product(first, factorise(def->getOperand(1), axes, depth + 1));
    if (isa<arith::NegFOp>(def)) {
      first.scale = -first.scale;
      return first;
    }
    Term second = factorise(def->getOperand(1), axes, depth + 1);
    bool isInvertible = second.factors.size() <= 1 &&
                        llvm::all_of(second.factors, [](const Factor &f) {
                          return f.kind == Factor::itself;
                        });
    if (isInvertible && second.scale != 0) {
      second.scale = 1 / second.scale;
      for (Factor &factor : second.factors)
        factor.kind = Factor::reciprocal;
      return product(first, second);
    }
  }
  if (auto broadcast = dyn_cast_or_null<linalg::BroadcastOp>(def))
    return factorise(broadcast.getInput(), axesOfInput(broadcast, axes), depth);
  Term term;
  term.factors.push_back({plain, Factor::itself, llvm::to_vector<4>(axes)});
  return term;
}

/// Adds a plain value to a formula, as the sum that it is if that is short.
void TokenAlgebra::addPlain(Value plain, ArrayRef<Axis> axes, double sign,
                            Affine &to) {
  Operation *def = plain.getDefiningOp();
  Meaning meaning = def ? meaningOf(def, semiring) : Meaning::other;
  if (auto broadcast = dyn_cast_or_null<linalg::BroadcastOp>(def))
    return addPlain(broadcast.getInput(), axesOfInput(broadcast, axes), sign,
                    to);
  bool isSum = meaning == Meaning::sum || meaning == Meaning::difference;
  if (isSum && to.terms.size() + 2 <= kMostTerms) {
    addPlain(def->getOperand(0), axes, sign, to);
    bool isLess = meaning == Meaning::difference;
    return addPlain(def->getOperand(1), axes, isLess ? -sign : sign, to);
  }
  Term term = factorise(plain, axes);
  term.scale *= sign;
  to.terms.push_back(std::move(term));
}

//===----------------------------------------------------------------------===//
// Values that depend on the states
//===----------------------------------------------------------------------===//

/// Any value's formula, with these axes.
Affine TokenAlgebra::formOf(Value value, ArrayRef<Axis> axes) {
  auto it = forms.find(value);
  if (it == forms.end()) {
    Affine plain;
    plain.axes.assign(axes.begin(), axes.end());
    addPlain(value, axes, 1, plain);
    return plain;
  }
  DenseMap<Axis, Axis> names;
  for (auto [have, want] : llvm::zip_equal(it->second.axes, axes))
    names[have] = want;
  return renameAxes(it->second, [&](Axis axis) {
    auto name = names.find(axis);
    return name == names.end() ? axis : name->second;
  });
}

Affine TokenAlgebra::multiply(Affine form, const Term &by) {
  for (Term &term : form.terms) {
    term.scale *= by.scale;
    llvm::append_range(term.factors, by.factors);
  }
  return form;
}

void TokenAlgebra::visit(Operation &op) {
  bool isDependent =
      llvm::any_of(op.getOperands(), [&](Value v) { return depends(v); });
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op.getRegions(), captured);
  isDependent |= llvm::any_of(captured, [&](Value v) { return depends(v); });
  if (!isDependent)
    return;
  dependent.insert(op.getResults().begin(), op.getResults().end());
  if (op.getNumResults() != 1 || !captured.empty() ||
      !isa<RankedTensorType>(op.getResult(0).getType()))
    return;
  Value value = op.getResult(0);
  // Only a formula of operands that have one, or are plain, can have one.
  for (Value operand : op.getOperands())
    if (depends(operand) && !forms.contains(operand))
      return;
  if (isa<linalg::ReduceOp, linalg::ContractOp>(op)) {
    FailureOr<Affine> definition = visitContraction(op);
    if (failed(definition))
      return;
    reads.push_back({value, *definition, {}});
    Affine itself;
    itself.axes = addAxes(value);
    Term term;
    term.variable = value;
    term.variableAxes = itself.axes;
    itself.terms.push_back(term);
    forms[value] = itself;
    return;
  }
  FailureOr<Affine> form = op.hasTrait<OpTrait::Elementwise>()
                               ? visitElementwise(op)
                               : visitShape(op);
  if (succeeded(form))
    forms[value] = *form;
}

TokenAlgebra::TokenAlgebra(RecurrenceOp op, ArrayRef<unsigned> states,
                           Semiring semiring)
    : semiring(semiring) {
  for (unsigned state : states) {
    Value argument = op.getStateArguments()[state];
    dependent.insert(argument);
    Type element = getElementTypeOrSelf(argument.getType());
    if (element.isInteger(1) ||
        (!isa<FloatType>(element) && semiring != Semiring::plusTimes))
      continue;
    Affine form;
    form.axes = addAxes(argument);
    Term term;
    term.variable = argument;
    term.variableAxes = form.axes;
    form.terms.push_back(term);
    forms[argument] = form;
  }
  for (Operation &inner : op.getToken().front().without_terminator())
    visit(inner);
}

const Affine *TokenAlgebra::getForm(Value value) const {
  auto it = forms.find(value);
  return it == forms.end() ? nullptr : &it->second;
}

Operation *TokenAlgebra::findObstacle(Value value) const {
  if (!depends(value) || forms.contains(value))
    return nullptr;
  Operation *def = value.getDefiningOp();
  if (!def)
    return nullptr;
  for (Value operand : def->getOperands())
    if (Operation *earlier = findObstacle(operand))
      return earlier;
  return def;
}
