//===- RecurrenceStructure.h - what kind of recurrence it is --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_ANALYSIS_RECURRENCESTRUCTURE_H
#define SEQMIX_LIB_ANALYSIS_RECURRENCESTRUCTURE_H

#include "lib/Analysis/TokenAlgebra.h"

#include "llvm/ADT/BitVector.h"

#include <memory>

namespace mlir {
namespace seqmix {

/// The classes of recurrences (lib/Analysis/README.md has their equations).
enum class RecurrenceClass {
  elementwiseAffine, ///< s' = a * s + b
  logSpaceAffine,    ///< the same, scaled by an exponent that is carried along
  runningMaximum,    ///< s' = max(s + a, b), or with min
  timeInvariant,     ///< affine, and only b depends on the token
  decayedRankOne,    ///< S' = D * S + sum of k (x) v
  delta,             ///< the same, with (D - a (x) b) for D
  windowed,          ///< holds past tokens' values, each kept or replaced
  denseAffine,       ///< affine, but not a diagonal and a few rank-one terms
  nonlinear,
};

StringRef stringify(RecurrenceClass kind);

/// What an axis of a matrix-like state is for.
enum class AxisRole {
  shared,     ///< factors and reads have it: a head
  contracted, ///< reads sum over it: a key
  value,      ///< the transition does not see it: a value column
};

StringRef stringify(AxisRole role);

/// States that need each other's previous values, and how they change. Groups
/// are ordered: what a group needs of another is of an earlier one, whose
/// states, before and after the token, are plain values to it.
struct StateGroup {
  SmallVector<unsigned> states; ///< places among the recurrence's
  RecurrenceClass kind = RecurrenceClass::nonlinear;
  Semiring semiring = Semiring::plusTimes;
  /// The algebra that the formulas are of; null if the group is nonlinear.
  std::shared_ptr<TokenAlgebra> algebra;

  /// s_p' = sum over q of transition[p][q] * s_q + sum of updates[p]. The axes
  /// of all these formulas are `axes`, those of the states. An empty sum is
  /// zero. Updates have no variable or a read as their variable.
  SmallVector<Axis, 4> axes;
  SmallVector<SmallVector<SmallVector<Term, 2>, 2>, 2> transition;
  SmallVector<SmallVector<Term, 4>, 2> updates;
  /// Contractions of the states, with the states' axes renamed to `axes`; in
  /// the order in which they can be computed.
  std::vector<Read> reads;
  /// How many of them, from the first on, the next states need.
  unsigned numSelfReads = 0;

  /// For matrix-like groups, one for each of `axes`; else empty.
  SmallVector<AxisRole> roles;
  /// Whether some value other than a read needs the states themselves.
  bool isReadWhole = false;
  /// Whether the transition is the same for every token.
  bool isTimeInvariant = false;
  /// Whether the transition does not see the previous state at all.
  bool forgets = false;

  /// The operation and the reason why the group has no better class or form.
  Operation *obstacle = nullptr;
  std::string reason;

  bool hasRole(AxisRole role) const { return llvm::is_contained(roles, role); }
  bool isMatrix() const { return !roles.empty(); }
};

/// Answers, for a recurrence, what each of its states is.
class RecurrenceStructure {
public:
  static RecurrenceStructure compute(RecurrenceOp op);

  ArrayRef<StateGroup> getGroups() const { return groups; }
  /// Whether a value needs a previous state of group `group`.
  bool dependsOnGroup(Value value, unsigned group) const;
  /// Whether a value of the token's program differs from token to token.
  bool dependsOnToken(Value value) const { return varying.contains(value); }

  /// The one word for the whole: the class of the group that is hardest.
  RecurrenceClass getClass() const;

private:
  void findDependences(RecurrenceOp op);
  void orderGroups(RecurrenceOp op);

  std::vector<StateGroup> groups;
  SmallVector<unsigned> groupOf;
  DenseMap<Value, llvm::BitVector> statesOf; ///< that a value depends on
  DenseSet<Value> varying;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_ANALYSIS_RECURRENCESTRUCTURE_H
