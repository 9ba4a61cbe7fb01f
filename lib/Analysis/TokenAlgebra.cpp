//===- TokenAlgebra.cpp - a token's values as sums of products ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TokenAlgebra.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::seqmix;

/// A sum of more terms than this is one value to the formulas it is part of.
static constexpr size_t kMostTerms = 8;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

StringRef seqmix::stringify(Semiring semiring) {
  switch (semiring) {
  case Semiring::plusTimes:
    return "(+, *)";
  case Semiring::maxPlus:
    return "(max, +)";
  case Semiring::minPlus:
    return "(min, +)";
  }
  llvm_unreachable("a semiring");
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
// What an operation means in a semiring
//===----------------------------------------------------------------------===//

namespace {
enum class Meaning { other, sum, difference, product, quotient, negation };
}

static Meaning meaningOf(Operation *op, Semiring semiring) {
  if (semiring == Semiring::plusTimes) {
    if (isa<arith::AddFOp, arith::AddIOp>(op))
      return Meaning::sum;
    if (isa<arith::SubFOp, arith::SubIOp>(op))
      return Meaning::difference;
    if (isa<arith::MulFOp, arith::MulIOp>(op))
      return Meaning::product;
    if (isa<arith::DivFOp>(op))
      return Meaning::quotient;
    return isa<arith::NegFOp>(op) ? Meaning::negation : Meaning::other;
  }
  bool isMax = semiring == Semiring::maxPlus;
  if (isMax ? isa<arith::MaximumFOp, arith::MaxNumFOp>(op)
            : isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    return Meaning::sum;
  if (isa<arith::AddFOp>(op))
    return Meaning::product;
  return isa<arith::SubFOp>(op) ? Meaning::quotient : Meaning::other;
}

/// Whether `op` reduces by the semiring's addition, from its zero.
static bool isSummation(linalg::ReduceOp op, Semiring semiring) {
  if (op.getInputs().size() != 1)
    return false;
  Block &body = op.getCombiner().front();
  if (body.getOperations().size() != 2 ||
      meaningOf(&body.front(), semiring) != Meaning::sum)
    return false;
  FloatAttr zero;
  DenseElementsAttr init;
  if (!matchPattern(op.getInits()[0], m_Constant(&init)) || !init.isSplat())
    return false;
  zero = dyn_cast<FloatAttr>(init.getSplatValue<Attribute>());
  if (!zero)
    return false;
  if (semiring == Semiring::plusTimes)
    return zero.getValue().isZero();
  return zero.getValue().isInfinity() &&
         zero.getValue().isNegative() == (semiring == Semiring::maxPlus);
}

static std::optional<double> getSplat(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return std::nullopt;
  auto number = dyn_cast<FloatAttr>(elements.getSplatValue<Attribute>());
  return number ? std::optional(number.getValueAsDouble()) : std::nullopt;
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

/// The axes of a broadcast's input, from those of its result.
static SmallVector<Axis, 4> inputAxes(linalg::BroadcastOp op,
                                      ArrayRef<Axis> axes) {
  SmallVector<Axis, 4> kept;
  for (auto [position, axis] : llvm::enumerate(axes))
    if (!llvm::is_contained(op.getDimensions(), static_cast<int64_t>(position)))
      kept.push_back(axis);
  return kept;
}

Term TokenAlgebra::factorise(Value plain, ArrayRef<Axis> axes) {
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
      isNumber) {
    Term first = factorise(def->getOperand(0), axes);
    if (isa<arith::MulFOp, arith::MulIOp>(def))
      return product(first, factorise(def->getOperand(1), axes));
    if (isa<arith::NegFOp>(def)) {
      first.scale = -first.scale;
      return first;
    }
    Term second = factorise(def->getOperand(1), axes);
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
    return factorise(broadcast.getInput(), inputAxes(broadcast, axes));
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
    return addPlain(broadcast.getInput(), inputAxes(broadcast, axes), sign, to);
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
    conditionAxes = inputAxes(broadcast, axes);
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
    Affine result = formOf(broadcast.getInput(), inputAxes(broadcast, axes));
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
  for (int64_t extent : shapeOf(op.getResult(0))) {
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
  SmallVector<Axis, 4> kept;
  for (auto [position, axis] : llvm::enumerate(result.axes))
    if (!llvm::is_contained(reduce.getDimensions(),
                            static_cast<int64_t>(position)))
      kept.push_back(axis);
  result.axes = kept;
  return result;
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

const Read *TokenAlgebra::findRead(Value value) const {
  auto it =
      llvm::find_if(reads, [&](const Read &r) { return r.value == value; });
  return it == reads.end() ? nullptr : &*it;
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
