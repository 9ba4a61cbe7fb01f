//===- GroupClassifier.h - how a group of states changes ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_ANALYSIS_GROUPCLASSIFIER_H
#define SEQMIX_LIB_ANALYSIS_GROUPCLASSIFIER_H

#include "lib/Analysis/RecurrenceStructure.h"

namespace mlir {
namespace seqmix {

/// Fills in one group of a structure whose dependences and order are known.
/// Proves a class or says which operation is in the way.
class GroupClassifier {
public:
  GroupClassifier(RecurrenceOp op, const RecurrenceStructure &structure,
                  StateGroup &group)
      : op(op), structure(structure), group(group) {}

  void classify();

private:
  bool isAffine(Semiring semiring);
  bool takeTransition();
  void takeReads();
  bool giveRoles();
  void takeOutColumns(Read &read);
  bool isKeptOrReplaced() const;
  bool isScaledByExponent() const;
  void findWholeReads();
  bool isInvariant(const Term &term) const;
  /// Whether a term's factors have an axis of `role`.
  bool touches(const Term &term, AxisRole role) const;
  bool stop(RecurrenceClass kind, Operation *obstacle, const Twine &reason);

  RecurrenceOp op;
  const RecurrenceStructure &structure;
  StateGroup &group;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_ANALYSIS_GROUPCLASSIFIER_H
