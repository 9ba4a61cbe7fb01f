//===- DecayRange.cpp - how large a value can be --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interval arithmetic, and one rule about more than one value: a sum in which
// something is subtracted from its own part of a maximum is not positive.
// Decays such as exp(-softplus(x)), sigmoid(x), exp(-exp(x)), 1 - 2^-n need the
// former, decays that a running maximum rescales the latter.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/DecayRange.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix;

static constexpr unsigned kDeepest = 64;
/// Sums and maxima that are looked into for one value.
static constexpr unsigned kMostParts = 256;
static constexpr double kInfinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Intervals
//===----------------------------------------------------------------------===//

static Interval unite(Interval a, Interval b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

static Interval negate(Interval a) { return {-a.high, -a.low}; }

static Interval add(Interval a, Interval b) {
  return {a.low + b.low, a.high + b.high};
}

/// Zero times anything is zero: infinite bounds stand for numbers.
static double times(double x, double y) { return x == 0 || y == 0 ? 0 : x * y; }

static Interval multiply(Interval a, Interval b) {
  double corners[] = {times(a.low, b.low), times(a.low, b.high),
                      times(a.high, b.low), times(a.high, b.high)};
  return {*std::min_element(corners, corners + 4),
          *std::max_element(corners, corners + 4)};
}

static Interval invert(Interval a) {
  if (a.low < 0 && a.high > 0)
    return {};
  if (a.low >= 0)
    return {1 / a.high, a.low == 0 ? kInfinity : 1 / a.low};
  return {a.high == 0 ? -kInfinity : 1 / a.high, 1 / a.low};
}

static Interval apply(double (*monotone)(double), Interval a) {
  return {monotone(a.low), monotone(a.high)};
}

static Interval absolute(Interval a) {
  double largest = std::max(std::abs(a.low), std::abs(a.high));
  bool hasZero = a.low <= 0 && a.high >= 0;
  return {hasZero ? 0 : std::min(std::abs(a.low), std::abs(a.high)), largest};
}

static Interval rangeOf(DenseElementsAttr elements) {
  if (!isa<FloatType>(elements.getElementType()))
    return {};
  Interval range{kInfinity, -kInfinity};
  for (APFloat element : elements.getValues<APFloat>()) {
    bool losesInfo = false;
    element.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
    double number = element.convertToDouble();
    range = unite(range, {number, number});
  }
  return elements.empty() ? Interval() : range;
}

namespace {
/// A sum of values, with signs.
using SignedSum = SmallVector<std::pair<Value, int>>;

/// What is known so far, so that a value with many users is looked at once.
class Ranges {
public:
  Interval of(Value value, unsigned depth);

private:
  Interval find(Value value, unsigned depth);
  Interval ofOp(Operation *op, unsigned depth);
  Interval ofSum(Operation *op, unsigned depth);
  void takeApart(Value value, int sign, SignedSum &sum);
  bool isAtMostZero(SignedSum sum, unsigned depth);

  DenseMap<Value, Interval> known;
  unsigned numParts = 0; ///< looked into
};
} // namespace

//===----------------------------------------------------------------------===//
// A sum with a maximum that is subtracted
//===----------------------------------------------------------------------===//

void Ranges::takeApart(Value value, int sign, SignedSum &sum) {
  Operation *op = ++numParts < kMostParts ? value.getDefiningOp() : nullptr;
  if (auto broadcast = dyn_cast_or_null<linalg::BroadcastOp>(op)) {
    // The same broadcast of parts is a part of the broadcast: look inside only
    // where that loses no axis.
    if (broadcast.getDimensions().empty())
      return takeApart(broadcast.getInput(), sign, sum);
  }
  if (isa_and_nonnull<arith::AddFOp, arith::SubFOp>(op)) {
    takeApart(op->getOperand(0), sign, sum);
    takeApart(op->getOperand(1), isa<arith::SubFOp>(op) ? -sign : sign, sum);
    return;
  }
  if (isa_and_nonnull<arith::NegFOp>(op))
    return takeApart(op->getOperand(0), -sign, sum);
  for (auto *it = sum.begin(); it != sum.end(); ++it)
    if (it->first == value && it->second == -sign) {
      sum.erase(it);
      return;
    }
  sum.push_back({value, sign});
}

/// Whether the sum is at most zero because each maximum in it may be taken for
/// one of its operands.
bool Ranges::isAtMostZero(SignedSum sum, unsigned depth) {
  double high = 0;
  for (auto [value, sign] : sum)
    high += sign > 0 ? of(value, depth).high : -of(value, depth).low;
  if (high <= 0)
    return true;
  for (auto [index, term] : llvm::enumerate(sum)) {
    Operation *op = term.first.getDefiningOp();
    if (term.second > 0 ||
        !isa_and_nonnull<arith::MaximumFOp, arith::MaxNumFOp>(op) ||
        depth >= kDeepest || numParts >= kMostParts)
      continue;
    for (Value operand : op->getOperands()) {
      SignedSum smaller(sum);
      smaller.erase(smaller.begin() + index);
      takeApart(operand, -1, smaller);
      if (isAtMostZero(smaller, depth + 8))
        return true;
    }
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// What a recurrence's region is given from outside.
static Value findOutside(BlockArgument argument) {
  auto op = dyn_cast<RecurrenceOp>(argument.getOwner()->getParentOp());
  unsigned place = argument.getArgNumber();
  if (!op || place >= op.getSequences().size() + op.getInvariants().size())
    return Value();
  return op->getOperand(place);
}

Interval Ranges::ofSum(Operation *op, unsigned depth) {
  Interval second = of(op->getOperand(1), depth);
  Interval sum = add(of(op->getOperand(0), depth),
                     isa<arith::SubFOp>(op) ? negate(second) : second);
  if (sum.high > 0) {
    SignedSum parts;
    takeApart(op->getResult(0), 1, parts);
    if (isAtMostZero(parts, depth))
      sum.high = 0;
  }
  return sum;
}

Interval Ranges::ofOp(Operation *op, unsigned depth) {
  auto of = [&](unsigned operand) {
    return this->of(op->getOperand(operand), depth);
  };
  return llvm::TypeSwitch<Operation *, Interval>(op)
      .Case<arith::AddFOp, arith::SubFOp>(
          [&](Operation *op) { return ofSum(op, depth); })
      .Case([&](arith::MulFOp op) {
        return op.getLhs() == op.getRhs()
                   ? multiply(absolute(of(0)), absolute(of(0)))
                   : multiply(of(0), of(1));
      })
      .Case([&](arith::DivFOp) { return multiply(of(0), invert(of(1))); })
      .Case([&](arith::NegFOp) { return negate(of(0)); })
      .Case<arith::MaximumFOp, arith::MaxNumFOp>([&](Operation *) -> Interval {
        return {std::max(of(0).low, of(1).low),
                std::max(of(0).high, of(1).high)};
      })
      .Case<arith::MinimumFOp, arith::MinNumFOp>([&](Operation *) -> Interval {
        return {std::min(of(0).low, of(1).low),
                std::min(of(0).high, of(1).high)};
      })
      .Case([&](arith::SelectOp) { return unite(of(1), of(2)); })
      .Case<arith::ExtFOp, arith::TruncFOp, tensor::ExpandShapeOp,
            tensor::CollapseShapeOp, tensor::ExtractSliceOp, tensor::CastOp,
            linalg::BroadcastOp, linalg::TransposeOp, linalg::FillOp>(
          [&](Operation *) { return of(0); })
      .Case([&](math::ExpOp) { return apply(std::exp, of(0)); })
      .Case([&](math::Exp2Op) { return apply(std::exp2, of(0)); })
      .Case([&](math::TanhOp) { return apply(std::tanh, of(0)); })
      .Case([&](math::ErfOp) { return apply(std::erf, of(0)); })
      .Case([&](math::AbsFOp) { return absolute(of(0)); })
      .Case<math::LogOp, math::Log1pOp>([&](Operation *op) -> Interval {
        double smallest = isa<math::LogOp>(op) ? 0 : -1;
        Interval x = of(0);
        auto log = isa<math::LogOp>(op)
                       ? static_cast<double (*)(double)>(std::log)
                       : static_cast<double (*)(double)>(std::log1p);
        return x.low >= smallest ? apply(log, x) : Interval();
      })
      .Case([&](math::SqrtOp) -> Interval {
        Interval x = of(0);
        return {0, x.high < 0 ? kInfinity : std::sqrt(x.high)};
      })
      .Default([](Operation *) { return Interval(); });
}

Interval Ranges::of(Value value, unsigned depth) {
  if (auto it = known.find(value); it != known.end())
    return it->second;
  Interval range = find(value, depth);
  known[value] = range;
  return range;
}

Interval Ranges::find(Value value, unsigned depth) {
  if (depth >= kDeepest)
    return {};
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Value outside = findOutside(argument);
    return outside ? of(outside, depth + 1) : Interval();
  }
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant))) {
    if (auto elements = dyn_cast<DenseElementsAttr>(constant))
      return rangeOf(elements);
    auto number = dyn_cast<FloatAttr>(constant);
    return number
               ? Interval{number.getValueAsDouble(), number.getValueAsDouble()}
               : Interval();
  }
  return ofOp(value.getDefiningOp(), depth + 1);
}

Interval seqmix::computeRange(Value value) { return Ranges().of(value, 0); }

Interval seqmix::computeDecayRange(const StateGroup &group) {
  std::optional<Interval> all;
  for (auto [p, row] : llvm::enumerate(group.transition)) {
    Interval sum{0, 0};
    for (const Term &term : row[p]) {
      Interval product{term.scale, term.scale};
      for (const Factor &factor : term.factors) {
        Interval range = computeRange(factor.value);
        if (factor.kind == Factor::reciprocal)
          range = invert(range);
        else if (factor.kind != Factor::itself)
          range = {0, 1};
        product = multiply(product, range);
      }
      sum = add(sum, product);
    }
    all = all ? unite(*all, sum) : sum;
  }
  return all.value_or(Interval());
}
