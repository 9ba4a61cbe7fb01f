//===- MixerNeighbours.h - ops around a recurrence --------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_MIXERNEIGHBOURS_H
#define SEQMIX_LIB_CONVERSION_MIXERNEIGHBOURS_H

#include "dialect/SeqmixOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace mlir {
namespace seqmix {

/// Some of the ops that make a recurrence's operands or read its outputs, each
/// of which computes a token of a sequence from the same token of others: those
/// that may move into its regions.
class MixerNeighbours {
public:
  explicit MixerNeighbours(RecurrenceOp op) : op(op) {}

  bool empty() const { return moved.empty(); }

  /// Adds what reads the outputs, and what reads that, and so on.
  void addReaders();
  /// Adds what no one else reads of what operands are made of: those of the
  /// recurrence and of all that has been added, or `sequence` only.
  void addWriters();
  void addWriters(Value sequence);
  /// Takes the op out again that comes last in the block.
  void dropLast();

  /// Bytes of a token that they read and write where they are.
  int64_t countBytes() const;

  /// The recurrence with all of them in its regions, beside the old one; null
  /// if there is no place for it.
  RecurrenceOp build();
  /// Puts what `build` returned in the place of the old op and of the ops that
  /// moved.
  void replace(RecurrenceOp fused);

private:
  bool canMove(Operation *each);
  bool isOnlyReader(Operation *writer);
  void dropMoves();
  void addWriters(SmallVector<Value> values);
  SmallVector<Operation *> inOrder();
  SmallVector<Value> listOutputs();
  void listOperands(SmallVector<Value> &sequences,
                    SmallVector<Value> &invariants);
  void fill(Block &from, Block &to, unsigned numTokenAxes, ValueRange operands,
            ValueRange outputs);

  RecurrenceOp op;
  llvm::SmallSetVector<Operation *, 8> moved;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_MIXERNEIGHBOURS_H
