//===- ScaledToken.h - a token's program in scaled arithmetic -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_SCALEDTOKEN_H
#define SEQMIX_LIB_TRANSFORMS_SCALEDTOKEN_H

#include "dialect/SeqmixOps.h"
#include "lib/Transforms/ScaledValue.h"

#include "mlir/IR/IRMapping.h"

#include <memory>

namespace mlir {
namespace seqmix {

/// Which states share which carried exponent.
struct ExponentGroups {
  static constexpr int kPlain = -1;

  /// The group of each state, or kPlain.
  SmallVector<int> ofState;
  /// Of each group: which axes of its states the exponent depends on.
  SmallVector<SmallVector<int64_t>> axes;

  bool operator==(const ExponentGroups &other) const {
    return ofState == other.ofState && axes == other.axes;
  }
};

/// The body of a recurrence rebuilt in scaled arithmetic under an assumption
/// on groups. Its block takes the tokens, the invariants, the states'
/// mantissas, then the groups' exponents, and yields outputs, mantissas, and
/// exponents.
///
/// The assumption (states of a group always have the same exponent, over those
/// axes) holds before the first token by construction. If building under it
/// gives the states of each group one next exponent again, it holds always, by
/// induction over the tokens. If not, `refined` is a weaker assumption to try.
class ScaledToken {
public:
  ScaledToken(RecurrenceOp op, const ExponentGroups &groups);

  /// Builds the block. Returns the groups under which to try again; equal to
  /// the ones given if the assumption holds and every output is free of
  /// unbounded exponents.
  ExponentGroups build();

  /// The finished block, now the caller's.
  std::unique_ptr<Block> takeBlock() { return std::move(block); }

  /// The type of a group's exponent, for one sequence.
  RankedTensorType getExponentType(unsigned group) const;

private:
  ScaledValue scaleState(unsigned index);
  void visit(Operation &op);
  bool visitScaled(Operation &op, ScaledValue &result);
  bool visitShaped(Operation &op, ScaledValue &result);
  ScaledValue combine(Operation &op, const ScaledValue &x,
                      const ScaledValue &y);
  Exponent decompose(Value x);
  Exponent takeApart(Value x);
  /// A value as it is; null, and its groups marked as plain, if its exponent
  /// is not bounded.
  Value materialize(const ScaledValue &x);
  void requirePlain(const Exponent &exponent);
  ExponentGroups refine(ArrayRef<Exponent> nextExponents);
  bool growsUnbounded(const Exponent &exponent) const;

  RecurrenceOp op;
  ExponentGroups groups;
  std::unique_ptr<Block> block;
  OpBuilder builder;
  TokenBuilder tokens;
  ScaledArithmetic arithmetic;
  IRMapping plainOf;                    ///< old values to their plain clones
  DenseMap<Value, ScaledValue> scaled;  ///< of old values
  DenseMap<Value, Exponent> sums;       ///< decomposed
  DenseSet<Value> varying;              ///< new values that depend on a token
  SmallVector<Value> exponents;         ///< block arguments, by group
  llvm::SmallDenseSet<int> plainGroups; ///< groups found to be unsuitable
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_SCALEDTOKEN_H
