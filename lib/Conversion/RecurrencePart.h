//===- RecurrencePart.h - one of several parts of a recurrence ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_RECURRENCEPART_H
#define SEQMIX_LIB_CONVERSION_RECURRENCEPART_H

#include "lib/Analysis/ParallelAxes.h"

#include "mlir/IR/IRMapping.h"

namespace mlir {
namespace seqmix {

/// Bytes of a sequence's state.
int64_t countStateBytes(MixerOpInterface op);
/// Into how many parts an axis that can be divided into `most` should be.
int64_t chooseParts(MixerOpInterface op, int64_t most);

/// One of `parts` equal parts of a recurrence, divided along one class of axes.
/// All arithmetic of its regions must be `linalg.generic`. All parts have the
/// same program; they differ in the slices they are given.
class RecurrencePart {
public:
  /// `axes` is of `op`, and outlives the part.
  RecurrencePart(RecurrenceOp op, const ParallelAxes &axes, unsigned group,
                 int64_t parts)
      : op(op), axes(axes), group(group), parts(parts) {}

  /// The parts that `op` is best divided into, if it is.
  static std::optional<RecurrencePart> findBest(RecurrenceOp op,
                                                const ParallelAxes &axes);

  int64_t getCount() const { return parts; }
  /// Whether each result has a part for each part, and every op can be made
  /// smaller.
  bool isPossible();
  /// The points of the ops that every part must repeat, of all: the chunk's, or
  /// else the token's.
  double measureRepeated();

  /// The axis of an operand or result that is divided, if one is.
  std::optional<unsigned> axisOf(Value value);
  /// What a part has of a value.
  RankedTensorType typeOf(Value value);
  /// Builds the recurrence of one part, on its slices of the operands.
  RecurrenceOp build(OpBuilder &builder, ValueRange operands);

private:
  bool canShrink(Operation &op);
  void shrink(Block &from, Block &to, unsigned numTokenAxes);
  void shrink(Operation &op, OpBuilder &builder, IRMapping &mapping);
  Value shrinkOperand(OpOperand &operand, OpBuilder &builder,
                      IRMapping &mapping);
  Value shrinkYielded(OpOperand &operand, OpBuilder &builder,
                      IRMapping &mapping, unsigned numTokenAxes);
  SmallVector<OpFoldResult> shrinkSizes(OpBuilder &builder,
                                        ArrayRef<OpFoldResult> sizes,
                                        Value part,
                                        const llvm::SmallBitVector &dropped);

  RecurrenceOp op;
  const ParallelAxes &axes;
  unsigned group;
  int64_t parts;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_RECURRENCEPART_H
