//===- ScaledToken.cpp - a token's program in scaled arithmetic -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An abstract interpretation of a recurrence's body that builds as it goes:
// each old value becomes a mantissa and a formal exponent. An operation
// without a rule takes plain values; where it is given a scaled state, or a
// scaled state reaches an output, the exponent must be proven bounded, or the
// states it came from are not carried with an exponent at all.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ScaledToken.h"

#include "dialect/Verification.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::seqmix;

ScaledToken::ScaledToken(RecurrenceOp op, const ExponentGroups &groups)
    : op(op), groups(groups), block(std::make_unique<Block>()),
      builder(op.getContext()), tokens(builder, op.getLoc()),
      arithmetic(tokens, getElementTypeOrSelf(op.getStates().front()),
                 [this](Value v) {
                   using Magnitude = ScaledArithmetic::Magnitude;
                   return llvm::is_contained(exponents, v) ? Magnitude::carried
                          : varying.contains(v) ? Magnitude::token
                                                : Magnitude::invariant;
                 }) {
  builder.setInsertionPointToEnd(block.get());
}

RankedTensorType ScaledToken::getExponentType(unsigned group) const {
  unsigned state = llvm::find(groups.ofState, static_cast<int>(group)) -
                   groups.ofState.begin();
  RecurrenceOp recurrence = op;
  auto type = getTokenStateType(recurrence.getStates()[state].getType());
  auto shape = llvm::map_to_vector(
      groups.axes[group], [&](int64_t axis) { return type.getDimSize(axis); });
  return RankedTensorType::get(shape, type.getElementType());
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

/// The formal sum that `x`, an argument of exp, is.
Exponent ScaledToken::decompose(Value x) {
  if (auto it = sums.find(x); it != sums.end())
    return it->second;
  Exponent sum = takeApart(x);
  sums[x] = sum;
  return sum;
}

Exponent ScaledToken::takeApart(Value x) {
  auto whole = [&]() {
    SmallVector<int64_t> axes;
    for (size_t axis = 0; axis < shapeOf(x).size(); ++axis)
      axes.push_back(axis);
    return Exponent{{{scaled[x].plain, axes}}, {}};
  };
  auto sumOr = [&](Exponent sum) {
    return sum.size() > Exponent::kMostTerms ? whole() : sum;
  };
  Operation *def = x.getDefiningOp();
  if (!def || llvm::any_of(def->getOperands(),
                           [&](Value v) { return !scaled[v].plain; }))
    return whole();
  if (isa<arith::AddFOp>(def))
    return sumOr(decompose(def->getOperand(0)) + decompose(def->getOperand(1)));
  if (isa<arith::SubFOp>(def))
    return sumOr(decompose(def->getOperand(0)) - decompose(def->getOperand(1)));
  if (isa<arith::NegFOp>(def))
    return Exponent() - decompose(def->getOperand(0));
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(def)) {
    SmallVector<int64_t> kept;
    for (size_t axis = 0; axis < shapeOf(x).size(); ++axis)
      if (!llvm::is_contained(broadcast.getDimensions(), axis))
        kept.push_back(axis);
    return decompose(broadcast.getInput()).rename([&](int64_t axis) {
      return kept[axis];
    });
  }
  return whole();
}

/// `op` (an addition, a subtraction, a maximum, ...) on two values brought to
/// one exponent: right for any function with f(c x, c y) = c f(x, y), c > 0.
ScaledValue ScaledToken::combine(Operation &op, const ScaledValue &x,
                                 const ScaledValue &y) {
  ScaledValue result;
  result.exponent = arithmetic.max(x.exponent, y.exponent);
  IRMapping mapping;
  mapping.map(op.getOperand(0), arithmetic.bring(x, result.exponent));
  mapping.map(op.getOperand(1), arithmetic.bring(y, result.exponent));
  result.mantissa = builder.clone(op, mapping)->getResult(0);
  return result;
}

/// Rules for operations that move or sum elements. False if there is none.
bool ScaledToken::visitShaped(Operation &op, ScaledValue &result) {
  auto keepAxes = [&](ArrayRef<int64_t> dropped, Value wide) {
    SmallVector<int64_t> kept;
    for (size_t axis = 0; axis < shapeOf(wide).size(); ++axis)
      if (!llvm::is_contained(dropped, axis))
        kept.push_back(axis);
    return kept;
  };
  IRMapping mapping = plainOf;
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(op)) {
    const ScaledValue &x = scaled[broadcast.getInput()];
    auto kept = keepAxes(broadcast.getDimensions(), op.getResult(0));
    result.exponent =
        x.exponent.rename([&](int64_t axis) { return kept[axis]; });
    mapping.map(broadcast.getInput(), x.mantissa);
    // A mantissa of one, which every exponential has, stays recognisable.
    result.mantissa = matchPattern(x.mantissa, m_OneFloat())
                          ? tokens.splat(shapeOf(op.getResult(0)),
                                         getElementTypeOrSelf(x.mantissa), 1.0)
                          : builder.clone(op, mapping)->getResult(0);
    return true;
  }
  if (auto reduce = dyn_cast<linalg::ReduceOp>(op)) {
    const ScaledValue &x = scaled[reduce.getInputs().front()];
    Block &body = reduce.getCombiner().front();
    bool isSum = reduce.getInputs().size() == 1 &&
                 body.getOperations().size() == 2 &&
                 isa<arith::AddFOp>(body.front()) &&
                 matchPattern(reduce.getInits().front(), m_AnyZeroFloat());
    SmallVector<int64_t> axes = x.exponent.getAxes();
    // A sum over an axis along which the exponent varies has no one exponent.
    if (!isSum || llvm::any_of(axes, [&](int64_t axis) {
          return llvm::is_contained(reduce.getDimensions(), axis);
        }))
      return false;
    auto kept = keepAxes(reduce.getDimensions(), reduce.getInputs().front());
    result.exponent = x.exponent.rename([&](int64_t axis) -> int64_t {
      return llvm::find(kept, axis) - kept.begin();
    });
    mapping.map(reduce.getInputs().front(), x.mantissa);
    result.mantissa = builder.clone(op, mapping)->getResult(0);
    return true;
  }
  return false;
}

/// Rules for arithmetic. False if there is none.
bool ScaledToken::visitScaled(Operation &op, ScaledValue &result) {
  if (op.getNumResults() != 1 ||
      !isa<RankedTensorType>(op.getResult(0).getType()))
    return false;
  if (auto exp = dyn_cast<math::ExpOp>(op)) {
    if (!scaled[exp.getOperand()].plain)
      return false;
    result.exponent = decompose(exp.getOperand());
    result.mantissa = tokens.splat(shapeOf(exp.getResult()),
                                   getElementTypeOrSelf(exp.getType()), 1.0);
    return true;
  }
  if (llvm::none_of(op.getOperands(),
                    [&](Value v) { return !scaled[v].exponent.isZero(); }))
    return false;
  if (isa<arith::MulFOp, arith::DivFOp>(op)) {
    const ScaledValue &x = scaled[op.getOperand(0)],
                      &y = scaled[op.getOperand(1)];
    result.exponent = isa<arith::MulFOp>(op) ? x.exponent + y.exponent
                                             : x.exponent - y.exponent;
    if (result.exponent.size() > Exponent::kMostTerms)
      return false;
    result.mantissa = isa<arith::MulFOp>(op)
                          ? tokens.mul(x.mantissa, y.mantissa)
                          : tokens.div(x.mantissa, y.mantissa);
    return true;
  }
  if (isa<arith::AddFOp, arith::SubFOp, arith::MaximumFOp, arith::MinimumFOp>(
          op)) {
    result = combine(op, scaled[op.getOperand(0)], scaled[op.getOperand(1)]);
    return true;
  }
  if (isa<arith::NegFOp, math::AbsFOp>(op)) {
    IRMapping mapping;
    mapping.map(op.getOperand(0), scaled[op.getOperand(0)].mantissa);
    result.exponent = scaled[op.getOperand(0)].exponent;
    result.mantissa = builder.clone(op, mapping)->getResult(0);
    return true;
  }
  return visitShaped(op, result);
}

//===----------------------------------------------------------------------===//
// The interpretation
//===----------------------------------------------------------------------===//

void ScaledToken::requirePlain(const Exponent &exponent) {
  arithmetic.visitLeaves(exponent, [&](Value leaf, bool) {
    auto *it = llvm::find(exponents, leaf);
    if (it != exponents.end())
      plainGroups.insert(it - exponents.begin());
  });
}

Value ScaledToken::materialize(const ScaledValue &x) {
  if (x.plain)
    return x.plain;
  if (!arithmetic.isNonPositive(x.exponent)) {
    requirePlain(x.exponent);
    return {};
  }
  return arithmetic.bring(x, Exponent());
}

void ScaledToken::visit(Operation &op) {
  tokens.loc = op.getLoc();
  Block::iterator before = block->empty() ? block->end() : --block->end();
  bool allPlain = llvm::all_of(
      op.getOperands(), [&](Value v) { return scaled[v].plain != nullptr; });
  ScaledValue result;
  bool hasRule = visitScaled(op, result);
  if (allPlain || !hasRule) {
    IRMapping mapping;
    for (Value operand : op.getOperands()) {
      Value plain = materialize(scaled[operand]);
      // The groups are marked; go on with anything of the right type.
      mapping.map(operand, plain ? plain : scaled[operand].mantissa);
    }
    Operation *clone = builder.clone(op, mapping);
    for (auto [old, value] :
         llvm::zip_equal(op.getResults(), clone->getResults())) {
      scaled[old] = {value, value, Exponent()};
      plainOf.map(old, value);
    }
    if (hasRule)
      result.plain = clone->getResult(0);
  }
  if (hasRule) {
    if (!result.plain && result.exponent.isZero())
      result.plain = result.mantissa;
    if (result.plain)
      plainOf.map(op.getResult(0), result.plain);
    scaled[op.getResult(0)] = result;
  }
  auto first = before == block->end() ? block->begin() : std::next(before);
  for (Operation &built : llvm::make_range(first, block->end()))
    if (llvm::any_of(built.getOperands(),
                     [&](Value v) { return varying.contains(v); }))
      varying.insert_range(built.getResults());
}

ScaledValue ScaledToken::scaleState(unsigned index) {
  Value mantissa = plainOf.lookup(op.getStateArguments()[index]);
  int group = groups.ofState[index];
  if (group == ExponentGroups::kPlain)
    return {mantissa, mantissa, Exponent()};
  return {Value(), mantissa,
          Exponent{{{exponents[group], groups.axes[group]}}, {}}};
}

ExponentGroups ScaledToken::build() {
  for (BlockArgument argument : op.getToken().getArguments())
    plainOf.map(argument,
                block->addArgument(argument.getType(), argument.getLoc()));
  for (unsigned group = 0; group < groups.axes.size(); ++group)
    exponents.push_back(
        block->addArgument(getExponentType(group), op.getLoc()));
  for (BlockArgument argument : op.getToken().getArguments()) {
    Value plain = plainOf.lookup(argument);
    scaled[argument] = {plain, plain, Exponent()};
  }
  for (auto arguments : {op.getTokenArguments(), op.getStateArguments()})
    for (BlockArgument argument : arguments)
      varying.insert(plainOf.lookup(argument));
  varying.insert_range(exponents);
  for (auto [index, argument] : llvm::enumerate(op.getStateArguments()))
    scaled[argument] = scaleState(index);

  for (Operation &inner : op.getToken().front().without_terminator())
    visit(inner);

  tokens.loc = op.getLoc();
  SmallVector<Value> yielded;
  for (Value output : op.getYieldedOutputs())
    yielded.push_back(materialize(scaled[output]));
  SmallVector<Exponent> next;
  for (auto [index, state] : llvm::enumerate(op.getYieldedStates())) {
    next.push_back(scaled[state].exponent);
    bool isPlain = groups.ofState[index] == ExponentGroups::kPlain;
    yielded.push_back(isPlain ? materialize(scaled[state])
                              : scaled[state].mantissa);
  }
  ExponentGroups refined = refine(next);
  if (!(refined == groups))
    return refined;
  for (unsigned group = 0; group < groups.axes.size(); ++group) {
    unsigned state = llvm::find(groups.ofState, static_cast<int>(group)) -
                     groups.ofState.begin();
    yielded.push_back(
        arithmetic.evaluate(next[state], groups.axes[group],
                            shapeOf(op.getYieldedStates()[state])));
  }
  YieldOp::create(builder, op.getToken().front().getTerminator()->getLoc(),
                  yielded);
  return groups;
}

/// Whether `x` is proven to be at least zero, from the last few ops.
static bool isNonNegative(Value x, unsigned depth = 0) {
  constexpr unsigned kDeepest = 8;
  Operation *def = x.getDefiningOp();
  if (!def || depth == kDeepest)
    return false;
  auto isOperand = [&](unsigned operand) {
    return isNonNegative(def->getOperand(operand), depth + 1);
  };
  if (isa<math::ExpOp, math::AbsFOp, math::SqrtOp>(def))
    return true;
  if (auto mul = dyn_cast<arith::MulFOp>(def))
    return mul.getLhs() == mul.getRhs() || (isOperand(0) && isOperand(1));
  if (isa<arith::AddFOp>(def))
    return isOperand(0) && isOperand(1);
  return isa<linalg::BroadcastOp>(def) && isOperand(0);
}

/// Whether something other than states, of unknown size, enters the exponent.
bool ScaledToken::growsUnbounded(const Exponent &exponent) const {
  bool unbounded = false;
  arithmetic.visitLeaves(exponent, [&](Value leaf, bool negated) {
    if (!llvm::is_contained(exponents, leaf))
      unbounded |= !(negated && isNonNegative(leaf)) &&
                   !matchPattern(leaf, m_Constant());
  });
  return unbounded;
}

/// The coarsest weakening of the groups that the next exponents do not refute.
ExponentGroups ScaledToken::refine(ArrayRef<Exponent> next) {
  ExponentGroups result;
  result.ofState.assign(next.size(), ExponentGroups::kPlain);
  SmallVector<std::pair<int, unsigned>> leaders; // old group, first state
  for (unsigned index = 0; index < next.size(); ++index) {
    const Exponent &exponent = next[index];
    int old = groups.ofState[index];
    if (old == ExponentGroups::kPlain || plainGroups.contains(old) ||
        !growsUnbounded(exponent))
      continue;
    SmallVector<int64_t> axes = exponent.getAxes();
    auto *leader = llvm::find_if(leaders, [&](auto pair) {
      return pair.first == old && next[pair.second] == exponent;
    });
    result.ofState[index] = leader - leaders.begin();
    if (leader != leaders.end())
      continue;
    leaders.push_back({old, index});
    result.axes.push_back(axes);
  }
  return result;
}
