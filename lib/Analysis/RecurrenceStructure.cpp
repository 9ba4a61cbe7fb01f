//===- RecurrenceStructure.cpp - what kind of recurrence it is ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// States that need each other's previous values form a group (a strongly
// connected component); groups are classified one by one, in order, with
// everything of earlier groups taken as given. See GroupClassifier.cpp.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/RecurrenceStructure.h"

#include "lib/Analysis/GroupClassifier.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::seqmix;

StringRef seqmix::stringify(RecurrenceClass kind) {
  switch (kind) {
  case RecurrenceClass::elementwiseAffine:
    return "elementwise affine";
  case RecurrenceClass::logSpaceAffine:
    return "log-space affine";
  case RecurrenceClass::runningMaximum:
    return "running maximum";
  case RecurrenceClass::timeInvariant:
    return "time-invariant";
  case RecurrenceClass::decayedRankOne:
    return "decayed rank-one";
  case RecurrenceClass::delta:
    return "delta";
  case RecurrenceClass::windowed:
    return "windowed";
  case RecurrenceClass::denseAffine:
    return "dense affine";
  case RecurrenceClass::nonlinear:
    return "nonlinear";
  }
  llvm_unreachable("a class");
}

StringRef seqmix::stringify(AxisRole role) {
  switch (role) {
  case AxisRole::shared:
    return "shared";
  case AxisRole::contracted:
    return "contracted";
  case AxisRole::value:
    return "value";
  }
  llvm_unreachable("a role");
}

/// For every value: the states it depends on, and whether on the token.
void RecurrenceStructure::findDependences(RecurrenceOp op) {
  unsigned numStates = op.getStates().size();
  for (Value token : op.getTokenArguments())
    varying.insert(token);
  for (auto [index, state] : llvm::enumerate(op.getStateArguments())) {
    statesOf[state].resize(numStates);
    statesOf[state].set(index);
    varying.insert(state);
  }
  for (Operation &inner : op.getToken().front().without_terminator()) {
    SetVector<Value> used(inner.operand_begin(), inner.operand_end());
    getUsedValuesDefinedAbove(inner.getRegions(), used);
    llvm::BitVector states(numStates);
    bool varies = false;
    for (Value value : used) {
      if (auto it = statesOf.find(value); it != statesOf.end())
        states |= it->second;
      varies |= varying.contains(value);
    }
    for (Value result : inner.getResults()) {
      if (states.any())
        statesOf[result] = states;
      if (varies)
        varying.insert(result);
    }
  }
}

/// Groups, each before those that need it.
void RecurrenceStructure::orderGroups(RecurrenceOp op) {
  unsigned numStates = op.getStates().size();
  // needs[p]: the states whose previous value the next of p needs, and theirs.
  SmallVector<llvm::BitVector> needs(numStates, llvm::BitVector(numStates));
  for (auto [index, next] : llvm::enumerate(op.getYieldedStates()))
    if (auto it = statesOf.find(next); it != statesOf.end())
      needs[index] |= it->second;
  for (unsigned round = 0; round < numStates; ++round)
    for (llvm::BitVector &reached : needs)
      for (unsigned state : llvm::to_vector(reached.set_bits()))
        reached |= needs[state];
  groupOf.assign(numStates, ~0u);
  while (llvm::is_contained(groupOf, ~0u))
    for (unsigned state = 0; state < numStates; ++state) {
      bool isReady = groupOf[state] == ~0u;
      for (unsigned other : needs[state].set_bits())
        isReady &=
            groupOf[other] != ~0u || other == state || needs[other].test(state);
      if (!isReady)
        continue;
      StateGroup &group = groups.emplace_back();
      for (unsigned other = 0; other < numStates; ++other)
        if (other == state ||
            (needs[state].test(other) && needs[other].test(state))) {
          group.states.push_back(other);
          groupOf[other] = groups.size() - 1;
        }
    }
}

bool RecurrenceStructure::dependsOnGroup(Value value, unsigned group) const {
  auto it = statesOf.find(value);
  return it != statesOf.end() &&
         llvm::any_of(it->second.set_bits(),
                      [&](unsigned state) { return groupOf[state] == group; });
}

RecurrenceStructure RecurrenceStructure::compute(RecurrenceOp op) {
  RecurrenceStructure result;
  result.findDependences(op);
  result.orderGroups(op);
  for (StateGroup &group : result.groups)
    GroupClassifier(op, result, group).classify();
  return result;
}

/// From the hardest to the easiest to put in parallel.
RecurrenceClass RecurrenceStructure::getClass() const {
  for (RecurrenceClass kind :
       {RecurrenceClass::nonlinear, RecurrenceClass::denseAffine,
        RecurrenceClass::delta, RecurrenceClass::decayedRankOne,
        RecurrenceClass::logSpaceAffine, RecurrenceClass::elementwiseAffine,
        RecurrenceClass::runningMaximum, RecurrenceClass::timeInvariant})
    if (llvm::any_of(groups, [&](const StateGroup &group) {
          return group.kind == kind;
        }))
      return kind;
  return RecurrenceClass::windowed;
}
