//===- GroupClassifier.cpp - how a group of states changes ----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/GroupClassifier.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::seqmix;

static bool hasAxis(const Term &term, Axis axis) {
  return llvm::any_of(term.factors, [&](const Factor &factor) {
    return llvm::is_contained(factor.axes, axis);
  });
}

bool GroupClassifier::stop(RecurrenceClass kind, Operation *obstacle,
                           const Twine &reason) {
  group.kind = kind;
  group.obstacle = obstacle;
  group.reason = reason.str();
  return false;
}

static std::string describeObstacle(Operation *op,
                                    const TokenAlgebra &algebra) {
  unsigned dependent = llvm::count_if(
      op->getOperands(), [&](Value v) { return algebra.depends(v); });
  std::string name = op->getName().getStringRef().str();
  if (isa<arith::MulFOp>(op) && dependent == 2)
    return "multiplies two values that depend on the state";
  if (isa<arith::DivFOp>(op) && algebra.depends(op->getOperand(1)))
    return "divides by a value that depends on the state";
  if (isa<arith::SelectOp>(op) && algebra.depends(op->getOperand(0)))
    return "chooses by a value that depends on the state";
  return "applies " + name + " to a value that depends on the state";
}

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

bool GroupClassifier::isAffine(Semiring semiring) {
  auto algebra = std::make_shared<TokenAlgebra>(op, group.states, semiring);
  for (unsigned state : group.states) {
    Value next = op.getYieldedStates()[state];
    if (!algebra->depends(next) || algebra->getForm(next))
      continue;
    if (group.obstacle) // the attempt in (+, *) tells most
      return false;
    Operation *obstacle = algebra->findObstacle(next);
    return stop(RecurrenceClass::nonlinear, obstacle,
                obstacle ? describeObstacle(obstacle, *algebra)
                         : "is no floating-point number");
  }
  group.semiring = semiring;
  group.algebra = algebra;
  group.obstacle = nullptr;
  group.reason.clear();
  return true;
}

/// Sorts the next states' terms into transition and updates.
bool GroupClassifier::takeTransition() {
  TokenAlgebra &algebra = *group.algebra;
  auto argument = [&](unsigned p) -> Value {
    return op.getStateArguments()[group.states[p]];
  };
  unsigned count = group.states.size();
  for (unsigned p = 1; p < count; ++p)
    if (argument(p).getType() != argument(0).getType())
      return stop(RecurrenceClass::denseAffine, op,
                  "has states of different shapes that need each other");
  group.axes = algebra.addAxes(argument(0));
  group.transition.resize(count);
  group.updates.resize(count);
  group.forgets = true;
  for (unsigned p = 0; p < count; ++p) {
    group.transition[p].resize(count);
    Value next = op.getYieldedStates()[group.states[p]];
    for (Term &term : algebra.formOf(next, group.axes).terms) {
      auto states = llvm::seq(count);
      auto q = llvm::find_if(
          states, [&](unsigned q) { return argument(q) == term.variable; });
      if (q == states.end()) {
        group.updates[p].push_back(term);
        continue;
      }
      if (term.variableAxes != group.axes)
        return stop(RecurrenceClass::denseAffine, next.getDefiningOp(),
                    "moves elements of the state to other places");
      group.transition[p][*q].push_back(term);
      group.forgets = false;
    }
  }
  return true;
}

/// The reads with the axes of the states, those that the next states need
/// first.
void GroupClassifier::takeReads() {
  llvm::SmallDenseSet<Value> needed;
  for (ArrayRef<Term> terms : group.updates)
    for (const Term &term : terms)
      needed.insert(term.variable);
  for (const Read &read : llvm::reverse(group.algebra->getReads()))
    if (needed.contains(read.value))
      for (const Term &term : read.definition.terms)
        needed.insert(term.variable);
  for (bool isSelf : {true, false})
    for (const Read &read : group.algebra->getReads()) {
      if (needed.contains(read.value) != isSelf)
        continue;
      DenseMap<Axis, Axis> names;
      for (const Term &term : read.definition.terms)
        if (isa_and_nonnull<BlockArgument>(term.variable) && names.empty())
          for (auto [have, want] :
               llvm::zip_equal(term.variableAxes, group.axes))
            names[have] = want;
      group.reads.push_back({read.value,
                             renameAxes(read.definition,
                                        [&](Axis axis) {
                                          auto name = names.find(axis);
                                          return name == names.end()
                                                     ? axis
                                                     : name->second;
                                        }),
                             {}});
      group.numSelfReads += isSelf;
    }
}

//===----------------------------------------------------------------------===//
// Roles of axes
//===----------------------------------------------------------------------===//

/// Gives every axis of the states its role, if all reads sum over the same
/// ones and what is added has factors apart for these and the value columns.
bool GroupClassifier::giveRoles() {
  ArrayRef<Axis> axes = group.axes;
  auto isStateTerm = [](const Term &term) {
    return isa_and_nonnull<BlockArgument>(term.variable);
  };
  auto isUsedInPlace = [&](const Term &term) {
    return llvm::any_of(group.reads, [&](const Read &read) {
      return read.value == term.variable &&
             read.definition.axes == term.variableAxes;
    });
  };
  for (ArrayRef<Term> terms : group.updates)
    for (const Term &term : terms)
      if (term.variable && !isUsedInPlace(term))
        return false;
  std::optional<SmallVector<bool>> contracted;
  for (auto [index, read] : llvm::enumerate(group.reads)) {
    if (llvm::none_of(read.definition.terms, isStateTerm)) {
      if (index < group.numSelfReads)
        return false;
      continue;
    }
    for (const Term &term : read.definition.terms)
      if (isStateTerm(term) && term.variableAxes != axes)
        return false;
    ArrayRef<Axis> kept = read.definition.axes;
    SmallVector<bool> summed = llvm::map_to_vector(
        axes, [&](Axis axis) { return !llvm::is_contained(kept, axis); });
    if (contracted && *contracted != summed)
      return false;
    contracted = summed;
    // Earlier reads are used as they are.
    for (const Term &term : read.definition.terms)
      if (term.variable && !isStateTerm(term) && !isUsedInPlace(term))
        return false;
    // A read that comes back into the state has its axes only.
    for (Axis axis : kept)
      if (index < group.numSelfReads && !llvm::is_contained(axes, axis))
        return false;
  }
  if (!contracted || !llvm::is_contained(*contracted, true))
    return false;
  group.roles = llvm::map_to_vector(*contracted, [](bool summed) {
    return summed ? AxisRole::contracted : AxisRole::value;
  });

  auto share = [&](ArrayRef<Axis> touched) {
    for (auto [axis, role] : llvm::zip_equal(axes, group.roles))
      if (role == AxisRole::value && llvm::is_contained(touched, axis))
        role = AxisRole::shared;
  };
  auto shareAll = [&](ArrayRef<Term> terms) {
    for (const Term &term : terms)
      for (const Factor &factor : term.factors)
        share(factor.axes);
  };
  for (auto &row : group.transition)
    for (ArrayRef<Term> terms : row)
      shareAll(terms);
  for (ArrayRef<Term> terms : group.updates)
    for (const Term &term : terms) {
      if (term.variable) // of a read's coefficient nothing is a column's
        shareAll(term);
      for (const Factor &factor : term.factors)
        if (touches({1, {factor}, {}, {}}, AxisRole::contracted))
          share(factor.axes);
    }
  for (auto [index, read] : llvm::enumerate(group.reads)) {
    if (index >= group.numSelfReads)
      takeOutColumns(read);
    for (const Term &term : read.definition.terms)
      if (term.variable && (isStateTerm(term) || index < group.numSelfReads))
        shareAll(term);
  }
  return true;
}

/// Takes factors of value columns out of the sum, if all terms have the same.
void GroupClassifier::takeOutColumns(Read &read) {
  auto isColumn = [&](const Factor &factor) {
    Term alone{1, {factor}, {}, {}};
    return touches(alone, AxisRole::value) &&
           !touches(alone, AxisRole::contracted);
  };
  std::optional<SmallVector<Factor, 2>> columns;
  for (const Term &term : read.definition.terms) {
    if (!isa_and_nonnull<BlockArgument>(term.variable))
      continue;
    SmallVector<Factor, 2> own;
    llvm::copy_if(term.factors, std::back_inserter(own), isColumn);
    if (columns && *columns != own)
      return;
    columns = own;
  }
  if (!columns)
    return;
  read.outer = *columns;
  for (Term &term : read.definition.terms)
    if (isa_and_nonnull<BlockArgument>(term.variable))
      llvm::erase_if(term.factors, isColumn);
}

bool GroupClassifier::touches(const Term &term, AxisRole role) const {
  for (auto [axis, of] : llvm::zip(group.axes, group.roles))
    if (of == role && hasAxis(term, axis))
      return true;
  return false;
}

//===----------------------------------------------------------------------===//
// Properties
//===----------------------------------------------------------------------===//

/// Whether each element of the next state is the old one or a new value.
bool GroupClassifier::isKeptOrReplaced() const {
  for (auto [p, row] : llvm::enumerate(group.transition))
    for (auto [q, terms] : llvm::enumerate(row))
      for (const Term &term : terms) {
        bool isMask = llvm::all_of(term.factors, [](const Factor &factor) {
          return factor.kind == Factor::isTrue ||
                 factor.kind == Factor::isFalse;
        });
        if (p != q || !isMask || term.factors.empty() || term.scale != 1 ||
            terms.size() != 1)
          return false;
      }
  return group.semiring == Semiring::plusTimes;
}

/// Whether the transition rescales by an exponent that is carried along.
bool GroupClassifier::isScaledByExponent() const {
  for (auto &row : group.transition)
    for (ArrayRef<Term> terms : row)
      for (const Term &term : terms)
        for (const Factor &factor : term.factors)
          for (auto [index, other] : llvm::enumerate(structure.getGroups()))
            if (other.kind == RecurrenceClass::runningMaximum &&
                structure.dependsOnGroup(factor.value, index))
              return true;
  return false;
}

bool GroupClassifier::isInvariant(const Term &term) const {
  return llvm::none_of(term.factors, [&](const Factor &factor) {
    return structure.dependsOnToken(factor.value);
  });
}

/// Whether a value with a state in its formula is needed as it is: by an
/// output, by a later group, or by an operation that has no formula.
void GroupClassifier::findWholeReads() {
  const TokenAlgebra &algebra = *group.algebra;
  auto hasState = [&](Value value) {
    const Affine *form = algebra.getForm(value);
    return form && llvm::any_of(form->terms, [](const Term &term) {
             return isa_and_nonnull<BlockArgument>(term.variable);
           });
  };
  auto check = [&](Value value) {
    if (!hasState(value))
      return;
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      bool isNext = isa<YieldOp>(user);
      if (isNext) {
        int64_t place = use.getOperandNumber() - op.getOutputs().size();
        isNext = place >= 0 &&
                 llvm::is_contained(group.states, static_cast<unsigned>(place));
      }
      bool isFormula = !isa<YieldOp>(user) && user->getNumResults() == 1 &&
                       algebra.getForm(user->getResult(0));
      group.isReadWhole |= !isNext && !isFormula;
    }
  };
  for (unsigned state : group.states)
    check(op.getStateArguments()[state]);
  for (Operation &inner : op.getToken().front().without_terminator())
    for (Value result : inner.getResults())
      check(result);
}

void GroupClassifier::classify() {
  if (!isAffine(Semiring::plusTimes) && !isAffine(Semiring::maxPlus) &&
      !isAffine(Semiring::minPlus))
    return;
  if (!takeTransition())
    return;
  takeReads();
  findWholeReads();
  group.isTimeInvariant = llvm::all_of(group.transition, [&](const auto &row) {
    return llvm::all_of(row, [&](const auto &terms) {
      return llvm::all_of(terms, [&](const Term &t) { return isInvariant(t); });
    });
  });
  bool isLinear = group.semiring == Semiring::plusTimes;
  bool hasRoles = isLinear && giveRoles();
  if (!hasRoles)
    group.roles.clear();

  if (group.numSelfReads) {
    if (!hasRoles) {
      stop(RecurrenceClass::denseAffine,
           group.reads.front().value.getDefiningOp(),
           "brings back into the state more than a few rank-one terms");
      return;
    }
    auto isRankOne = [&](const Term &term) {
      return !term.variable || isInvariant(term);
    };
    bool isInvariantRank = llvm::all_of(group.updates, [&](auto &terms) {
      return llvm::all_of(terms, isRankOne);
    });
    for (const Read &read :
         ArrayRef(group.reads).take_front(group.numSelfReads))
      isInvariantRank &= llvm::all_of(read.definition.terms, isRankOne);
    group.isTimeInvariant &= isInvariantRank;
    group.kind = group.isTimeInvariant && !group.hasRole(AxisRole::value)
                     ? RecurrenceClass::timeInvariant
                     : RecurrenceClass::delta;
    return;
  }
  if (group.forgets || isKeptOrReplaced())
    group.kind = RecurrenceClass::windowed;
  else if (!isLinear)
    group.kind = RecurrenceClass::runningMaximum;
  else if (hasRoles && group.hasRole(AxisRole::value))
    group.kind = RecurrenceClass::decayedRankOne;
  else if (isScaledByExponent())
    group.kind = RecurrenceClass::logSpaceAffine;
  else
    group.kind = group.isTimeInvariant ? RecurrenceClass::timeInvariant
                                       : RecurrenceClass::elementwiseAffine;
}
