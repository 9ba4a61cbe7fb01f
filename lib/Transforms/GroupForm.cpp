//===- GroupForm.cpp - a group's formulas for a chunk of tokens -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/GroupForm.h"

using namespace mlir;
using namespace mlir::seqmix;

GroupForm::GroupForm(OpBuilder &builder, RecurrenceOp op,
                     const StateGroup &group,
                     const RecurrenceStructure &structure, TokenLifter &lifter,
                     ArrayRef<Value> oldStates, int64_t length)
    : op(op), group(group), structure(structure), lifter(lifter),
      tensors(builder, op.getLoc(), *group.algebra, group.semiring,
              getElementTypeOrSelf(oldStates.front().getType())),
      oldStates(oldStates), length(length), time(tensors.addAxis(length)) {
  tensors.setOrder(withTime(group.axes));
}

SmallVector<Axis, 6> GroupForm::withTime(ArrayRef<Axis> axes) const {
  SmallVector<Axis, 6> result = {time};
  llvm::append_range(result, axes);
  return result;
}

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

Named GroupForm::evaluate(const Factor &factor) {
  FailureOr<Value> value = lifter.lift(factor.value);
  if (failed(value)) {
    isImpossible = true;
    return Named();
  }
  Named result = lifter.varies(factor.value)
                     ? tensors.name(*value, withTime(factor.axes))
                     : tensors.name(*value, factor.axes);
  switch (factor.kind) {
  case Factor::itself:
    return result;
  case Factor::reciprocal:
    return tensors.reciprocal(result);
  case Factor::isTrue:
    return tensors.mask(result, /*opposite=*/false);
  case Factor::isFalse:
    return tensors.mask(result, /*opposite=*/true);
  }
  llvm_unreachable("a kind of factor");
}

Named GroupForm::product(ArrayRef<Factor> factors, double scale) {
  Named result;
  for (const Factor &factor : factors)
    result = tensors.multiply(result, evaluate(factor));
  result.scale *= scale;
  return result;
}

/// A term without its variable: `kept` and time are what it may depend on.
/// What is summed over is summed before it meets the other factors.
Named GroupForm::evaluate(const Term &term, ArrayRef<Axis> kept) {
  SmallVector<Factor> summed, others;
  for (const Factor &factor : term.factors) {
    bool isSummed = llvm::any_of(factor.axes, [&](Axis axis) {
      return !llvm::is_contained(kept, axis);
    });
    (isSummed ? summed : others).push_back(factor);
  }
  Named rest = product(others, term.scale);
  if (summed.empty())
    return rest;
  Named last = evaluate(summed.pop_back_val());
  Named sum = tensors.contract(product(summed, 1), last, withTime(kept));
  return tensors.multiply(sum, rest);
}

/// The terms that have no variable.
MaybeNamed GroupForm::sum(ArrayRef<Term> terms, ArrayRef<Axis> kept) {
  MaybeNamed result;
  for (const Term &term : terms)
    if (!term.variable)
      tensors.accumulate(result, evaluate(term, kept));
  return result;
}

/// By token: [time, axes of the decay]; the identity stays without a value.
GroupForm::Matrix GroupForm::evaluateTransition() {
  Matrix result;
  for (auto &row : group.transition) {
    Row &values = result.emplace_back();
    for (ArrayRef<Term> terms : row) {
      MaybeNamed &value = values.emplace_back();
      for (const Term &term : terms)
        tensors.accumulate(value, product(term.factors, term.scale));
      if (value && !value->isOne() && !value->has(time))
        value = tensors.broadcast(*value, withTime(value->axes));
      if (value)
        value = tensors.widen(*value);
    }
  }
  return result;
}

GroupForm::Matrix GroupForm::multiply(const Matrix &a, const Matrix &b) {
  Matrix result;
  for (const Row &row : a) {
    Row &values = result.emplace_back();
    for (unsigned q = 0; q < b.front().size(); ++q) {
      MaybeNamed &value = values.emplace_back();
      for (auto [k, factor] : llvm::enumerate(row))
        tensors.accumulate(value, tensors.multiply(factor, b[k][q]));
    }
  }
  return result;
}

Named GroupForm::oldState(unsigned p) {
  return tensors.name(oldStates[p], group.axes);
}

void GroupForm::setFinal(const MaybeNamed &state) {
  Named value = state ? *state : tensors.fill(tensors.zero(), group.axes);
  finals.push_back(tensors.unname(value, group.axes));
}

//===----------------------------------------------------------------------===//
// Halves
//===----------------------------------------------------------------------===//

/// The chunk as pairs of halves of `size` tokens.
GroupForm::Halves GroupForm::halve(int64_t size) {
  return {tensors.addAxis(length / (2 * size)), tensors.addAxis(2),
          tensors.addAxis(size), size};
}

/// The last token of every first half.
Named GroupForm::lastOf(const Named &x, const Halves &halves) {
  Named half = tensors.at(x, halves.half, 0);
  return halves.size == 1 ? half
                          : tensors.at(half, halves.inside, halves.size - 1);
}

/// One half of each pair of what is split, of anything else all.
MaybeNamed GroupForm::halfOf(const MaybeNamed &x, const Halves &halves,
                             int64_t half) {
  return x && x->has(halves.half) ? tensors.at(*x, halves.half, half) : x;
}

/// `x` (over the split tokens) with one half of each pair as `by` has it, which
/// is of that half alone; what is absent is zero.
MaybeNamed GroupForm::replaceHalf(const MaybeNamed &x, const MaybeNamed &by,
                                  const Halves &halves, int64_t half) {
  if (!x && !by)
    return std::nullopt;
  Named zero = tensors.fill(tensors.zero(), {});
  SmallVector<Axis, 6> axes(halves.parts());
  for (const MaybeNamed &side : {x, by})
    for (Axis axis : side ? ArrayRef<Axis>(side->axes) : ArrayRef<Axis>())
      if (!llvm::is_contained(axes, axis))
        axes.push_back(axis);
  auto [whole, part] = tensors.alike(x ? *x : zero, by ? *by : zero);
  return tensors.insert(part, tensors.broadcast(whole, axes), {}, {halves.half},
                        {half});
}

/// `x` (over the split tokens) with one half of each pair multiplied by
/// `factor`, where it is.
Named GroupForm::scaleHalf(const Named &x, const Named &factor,
                           const Halves &halves, int64_t half) {
  SmallVector<Axis, 6> axes(halves.parts());
  for (const Named *side : {&x, &factor})
    for (Axis axis : side->axes)
      if (!llvm::is_contained(axes, axis))
        axes.push_back(axis);
  // The product of a number of the state's type and a wide one is of the
  // former.
  Named whole = x.value ? x : tensors.alike(x, factor).first;
  return tensors.scaleAt(tensors.broadcast(whole, axes), halves.half, half,
                         factor);
}
