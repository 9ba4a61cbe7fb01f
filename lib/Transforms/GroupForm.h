//===- GroupForm.h - a group of states for a chunk of tokens --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_GROUPFORM_H
#define SEQMIX_LIB_TRANSFORMS_GROUPFORM_H

#include "lib/Analysis/RecurrenceStructure.h"
#include "lib/Transforms/ChunkTensors.h"
#include "lib/Transforms/TokenLifter.h"

namespace mlir {
namespace seqmix {

/// A chunk's program for one group of states: the formulas of its structure,
/// evaluated for all tokens of the chunk at once.
///
/// Chunks are taken in halves, halves of halves, and so on. Between any two
/// tokens there is then exactly one boundary at which they part; what the
/// earlier does to the later passes through it, as a product of the transitions
/// up to the boundary and of those from it on. Nothing is divided and no
/// exponent is subtracted from another, so every intermediate is a product that
/// the sequential form has as well: any decay is safe, zero included.
class GroupForm {
public:
  /// `oldStates`: the states of the group entering the chunk.
  GroupForm(OpBuilder &builder, RecurrenceOp op, const StateGroup &group,
            const RecurrenceStructure &structure, TokenLifter &lifter,
            ArrayRef<Value> oldStates, int64_t length);

  /// Computes the states for every token, by halves (Sklansky 1960): gives the
  /// lifter the states before and after each token.
  LogicalResult deriveScan();
  /// Computes what is read of the states for every token, without the states:
  /// gives the lifter the group's reads. Self reads are solved for.
  LogicalResult deriveChunkwise();

  /// The states after the chunk, with the types that they entered with.
  ArrayRef<Value> getFinalStates() const { return finals; }

private:
  using Row = SmallVector<MaybeNamed, 2>;
  using Matrix = SmallVector<Row, 2>; ///< of states, or of reads

  // Formulas.
  Named evaluate(const Factor &factor);
  Named product(ArrayRef<Factor> factors, double scale);
  Named evaluate(const Term &term, ArrayRef<Axis> kept);
  MaybeNamed sum(ArrayRef<Term> terms, ArrayRef<Axis> kept);
  Matrix evaluateTransition();
  SmallVector<Axis, 6> withTime(ArrayRef<Axis> axes) const;
  Named oldState(unsigned p);
  void setFinal(const MaybeNamed &state);
  Matrix multiply(const Matrix &a, const Matrix &b);

  // Halves.
  struct Halves {
    Axis blocks, half, inside; ///< of the tokens
    int64_t size;              ///< tokens of a half
    ArrayRef<Axis> parts() const { return {&blocks, 3}; }
  };
  Halves halve(int64_t size);
  Named lastOf(const Named &x, const Halves &halves);
  MaybeNamed halfOf(const MaybeNamed &x, const Halves &halves, int64_t half);
  MaybeNamed replaceHalf(const MaybeNamed &x, const MaybeNamed &by,
                         const Halves &halves, int64_t half);
  Named scaleHalf(const Named &x, const Named &factor, const Halves &halves,
                  int64_t half);

  // Chunkwise.
  struct Chunkwise;

  RecurrenceOp op;
  const StateGroup &group;
  const RecurrenceStructure &structure;
  TokenLifter &lifter;
  ChunkTensors tensors;
  ArrayRef<Value> oldStates;
  int64_t length;
  Axis time;
  bool isImpossible = false; ///< a factor could not be lifted
  SmallVector<Value> finals;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_GROUPFORM_H
