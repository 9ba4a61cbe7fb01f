//===- ScaledValue.cpp - numbers as mantissa times exponential ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ScaledValue.h"

#include "dialect/Verification.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::seqmix;

//===----------------------------------------------------------------------===//
// Exponent
//===----------------------------------------------------------------------===//

/// Whether two lists hold the same terms, each as often.
static bool sameTerms(ArrayRef<ExponentTerm> a, ArrayRef<ExponentTerm> b) {
  return a.size() == b.size() && llvm::all_of(a, [&](const ExponentTerm &term) {
           return llvm::count(a, term) == llvm::count(b, term);
         });
}

bool Exponent::operator==(const Exponent &other) const {
  return sameTerms(plus, other.plus) && sameTerms(minus, other.minus);
}

SmallVector<int64_t> Exponent::getAxes() const {
  SmallVector<int64_t> axes;
  for (const auto &terms : {plus, minus})
    for (const ExponentTerm &term : terms)
      llvm::append_range(axes, term.axes);
  llvm::sort(axes);
  axes.erase(llvm::unique(axes), axes.end());
  return axes;
}

Exponent Exponent::rename(function_ref<int64_t(int64_t)> to) const {
  Exponent result = *this;
  for (auto *terms : {&result.plus, &result.minus})
    for (ExponentTerm &term : *terms)
      for (int64_t &axis : term.axes)
        axis = to(axis);
  return result;
}

/// Removes terms that are both added and subtracted.
static Exponent cancel(Exponent e) {
  for (auto *it = e.plus.begin(); it != e.plus.end();) {
    auto *match = llvm::find(e.minus, *it);
    if (match == e.minus.end()) {
      ++it;
      continue;
    }
    e.minus.erase(match);
    it = e.plus.erase(it);
  }
  return e;
}

Exponent seqmix::operator+(const Exponent &a, const Exponent &b) {
  Exponent sum = a;
  llvm::append_range(sum.plus, b.plus);
  llvm::append_range(sum.minus, b.minus);
  return cancel(sum);
}

Exponent seqmix::operator-(const Exponent &a, const Exponent &b) {
  return a + Exponent{b.minus, b.plus};
}

//===----------------------------------------------------------------------===//
// ScaledArithmetic
//===----------------------------------------------------------------------===//

const ScaledArithmetic::Maximum *
ScaledArithmetic::findMaximum(Value tensor) const {
  auto it = llvm::find_if(maxima,
                          [&](const Maximum &m) { return m.tensor == tensor; });
  return it == maxima.end() ? nullptr : &*it;
}

SmallVector<int64_t>
ScaledArithmetic::shapeOver(ArrayRef<int64_t> axes,
                            const Exponent &exponent) const {
  SmallVector<int64_t> shape(axes.size(), 1);
  for (const auto &terms : {exponent.plus, exponent.minus})
    for (const ExponentTerm &term : terms)
      for (auto [axis, extent] : llvm::zip(term.axes, shapeOf(term.tensor)))
        shape[llvm::find(axes, axis) - axes.begin()] = extent;
  return shape;
}

/// `tensor`, whose axes are `from`, as a tensor over `axes`.
static Value spread(TokenBuilder &b, Value tensor, ArrayRef<int64_t> from,
                    ArrayRef<int64_t> axes, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> added;
  for (auto [index, axis] : llvm::enumerate(axes))
    if (!llvm::is_contained(from, axis))
      added.push_back(index);
  return b.broadcast(tensor, shape, added);
}

Value ScaledArithmetic::evaluate(const Exponent &exponent,
                                 ArrayRef<int64_t> axes,
                                 ArrayRef<int64_t> shape) {
  SmallVector<int64_t> extents =
      llvm::map_to_vector(axes, [&](int64_t axis) { return shape[axis]; });
  auto over = [&](const ExponentTerm &term) {
    return spread(b, term.tensor, term.axes, axes, extents);
  };
  // Large terms meet first: what is left of `state - maximum`, both possibly
  // huge, is small and exact where it matters, and the smaller terms that
  // follow are not rounded away.
  auto rank = [&](const ExponentTerm &x) {
    return findMaximum(x.tensor) ? Magnitude::carried : magnitude(x.tensor);
  };
  auto ordered = [&](ArrayRef<ExponentTerm> terms) {
    SmallVector<ExponentTerm> result;
    for (Magnitude kind :
         {Magnitude::carried, Magnitude::token, Magnitude::invariant})
      llvm::copy_if(terms, std::back_inserter(result),
                    [&](const ExponentTerm &x) { return rank(x) == kind; });
    return result;
  };
  SmallVector<ExponentTerm> plus = ordered(exponent.plus);
  ArrayRef<ExponentTerm> rest = plus;
  Value sum;
  if (!rest.empty() && rank(rest.front()) != Magnitude::invariant) {
    sum = over(rest.front());
    rest = rest.drop_front();
  }
  if (!sum)
    sum = b.splat(extents, element, 0.0);
  for (const ExponentTerm &term : ordered(exponent.minus))
    sum = b.sub(sum, over(term));
  for (const ExponentTerm &term : rest)
    sum = b.add(sum, over(term));
  return sum;
}

Exponent ScaledArithmetic::max(const Exponent &x, const Exponent &y) {
  if (x == y)
    return x;
  // The maximum's own axes are the union, so that values of different ranks
  // (a matrix memory and its normaliser) find the same maximum.
  Exponent both{x.plus, x.minus};
  llvm::append_range(both.plus, y.plus);
  llvm::append_range(both.minus, y.minus);
  SmallVector<int64_t> axes = both.getAxes();
  auto toOwn = [&](int64_t axis) -> int64_t {
    return llvm::find(axes, axis) - axes.begin();
  };
  Exponent ownX = x.rename(toOwn), ownY = y.rename(toOwn);
  for (const Maximum &m : maxima)
    if ((m.x == ownX && m.y == ownY) || (m.x == ownY && m.y == ownX))
      return Exponent{{{m.tensor, axes}}, {}};

  SmallVector<int64_t> shape = shapeOver(axes, both), own;
  for (size_t axis = 0; axis < axes.size(); ++axis)
    own.push_back(axis);
  Value left = evaluate(ownX, own, shape), right = evaluate(ownY, own, shape);
  Value top = arith::MaximumFOp::create(b.builder, b.loc, left, right);
  top = arith::MaximumFOp::create(b.builder, b.loc, top,
                                  b.splat(shape, element, kLowest));
  maxima.push_back({ownX, ownY, top});
  return Exponent{{{top, axes}}, {}};
}

Value ScaledArithmetic::bring(const ScaledValue &x, const Exponent &to) {
  Exponent difference = x.exponent - to;
  if (difference.isZero())
    return x.mantissa;
  ArrayRef<int64_t> shape = shapeOf(x.mantissa);
  SmallVector<int64_t> axes = difference.getAxes(), all;
  Value factor = b.exp(evaluate(difference, axes, shape));
  for (size_t axis = 0; axis < shape.size(); ++axis)
    all.push_back(axis);
  return b.mul(x.mantissa, spread(b, factor, axes, all, shape));
}

bool ScaledArithmetic::isNonPositive(const Exponent &exponent) const {
  unsigned steps = 0;
  return isNonPositive(exponent, steps);
}

bool ScaledArithmetic::isNonPositive(const Exponent &exponent,
                                     unsigned &steps) const {
  // Maxima of maxima have more sides than can be tried.
  constexpr unsigned kMostSteps = 1024;
  if (exponent.isZero())
    return true;
  if (++steps > kMostSteps)
    return false;
  // `a - max(x, y)` is at most zero where `a - x` or `a - y` is.
  for (const ExponentTerm &term : exponent.minus) {
    const Maximum *m = findMaximum(term.tensor);
    if (!m)
      continue;
    Exponent rest = exponent + Exponent{{term}, {}};
    auto fromOwn = [&](int64_t axis) { return term.axes[axis]; };
    for (const Exponent *side : {&m->x, &m->y})
      if (isNonPositive(rest - side->rename(fromOwn), steps))
        return true;
  }
  return false;
}

void ScaledArithmetic::visitLeaves(
    const Exponent &exponent, function_ref<void(Value, bool)> visit) const {
  // Once each, as maxima have maxima in common. (Sets have no bool.)
  llvm::SetVector<std::pair<Value, int>> leaves;
  auto add = [&](const Exponent &sum, bool isSubtracted) {
    for (bool negated : {false, true})
      for (const ExponentTerm &term : negated ? sum.minus : sum.plus)
        leaves.insert({term.tensor, int(negated != isSubtracted)});
  };
  add(exponent, false);
  for (size_t next = 0; next < leaves.size(); ++next) {
    auto [tensor, negated] = leaves[next];
    if (const Maximum *m = findMaximum(tensor)) {
      add(m->x, negated);
      add(m->y, negated);
    } else {
      visit(tensor, negated);
    }
  }
}
