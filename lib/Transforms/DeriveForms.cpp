//===- DeriveForms.cpp - take a recurrence's tokens by chunks -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The structure says how each group of states changes; a chunk's program is
// built group by group, in order: what the states, or what is read of them, are
// for every token is given to the lifter, which then takes the rest of the
// token's program for all tokens at once.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/GroupForm.h"
#include "lib/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_DERIVEFORMS
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct DeriveForms : public seqmix::impl::DeriveFormsBase<DeriveForms> {
  using DeriveFormsBase::DeriveFormsBase;
  void runOnOperation() override;
};
} // namespace

/// Whether reads of the group are computed without its states.
static bool isChunkwise(const StateGroup &group) {
  return group.isMatrix() && !group.isReadWhole;
}

static bool hasForms(const RecurrenceStructure &structure) {
  return llvm::all_of(structure.getGroups(), [](const StateGroup &group) {
    return group.algebra && group.kind != RecurrenceClass::denseAffine &&
           (isChunkwise(group) || !group.numSelfReads);
  });
}

/// Builds the chunk region of `op`. Leaves the op as it is, and fails, where an
/// operation of the token's program cannot be taken for a chunk.
static LogicalResult deriveChunk(RecurrenceOp op,
                                 const RecurrenceStructure &structure,
                                 bool isScan, int64_t length) {
  Block *block = op.addChunk(length);
  OpBuilder builder = OpBuilder::atBlockEnd(block);
  TokenLifter lifter(builder, length);
  size_t numSequences = op.getSequences().size();
  for (auto [index, argument] : llvm::enumerate(
           op.getToken().getArguments().drop_back(op.getStates().size())))
    lifter.set(argument, block->getArgument(index), index < numSequences);

  auto entering = block->getArguments().take_back(op.getStates().size());
  SmallVector<Value> finals(op.getStates().size());
  auto abandon = [&]() {
    block->erase();
    op.removeChunkSizeAttr();
    return failure();
  };
  for (const StateGroup &group : structure.getGroups()) {
    SmallVector<Value> old;
    for (unsigned state : group.states)
      old.push_back(entering[state]);
    GroupForm form(builder, op, group, structure, lifter, old, length);
    bool takesScan = !isChunkwise(group) || (isScan && !group.numSelfReads);
    if (failed(takesScan ? form.deriveScan() : form.deriveChunkwise()))
      return abandon();
    for (auto [state, value] :
         llvm::zip_equal(group.states, form.getFinalStates()))
      finals[state] = value;
  }
  SmallVector<Value> yielded;
  for (Value output : op.getYieldedOutputs()) {
    FailureOr<Value> value = lifter.liftFully(output);
    if (failed(value))
      return abandon();
    yielded.push_back(*value);
  }
  llvm::append_range(yielded, finals);
  YieldOp::create(builder, op.getLoc(), yielded);
  return success();
}

void DeriveForms::runOnOperation() {
  if (form == "step")
    return;
  SmallVector<RecurrenceOp> recurrences;
  getOperation()->walk([&](RecurrenceOp op) {
    auto entry = op->getParentOfType<EntryOp>();
    if (op.getChunk().empty() && !(entry && entry.getLength()))
      recurrences.push_back(op);
  });
  for (RecurrenceOp op : recurrences) {
    RecurrenceStructure structure = RecurrenceStructure::compute(op);
    if (hasForms(structure))
      (void)deriveChunk(op, structure, form == "scan", chunk);
  }
}
