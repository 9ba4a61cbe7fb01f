//===- FormKernels.cpp - what a device computes in one launch -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Projections and recurrences are launches of their own: the former want all
// tokens at once, the latter one after the other. They divide an entry point
// into stages: an op is in the stage of the longest chain of them that leads
// to it. All other ops of a stage that run over the same extents become one
// kernel. No cycle can arise, since every path through a projection or a
// recurrence leads to a later stage.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/KernelFormer.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/Projection.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"

#include <map>

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_FORMKERNELS
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct FormKernels : public seqmix::impl::FormKernelsBase<FormKernels> {
  void runOnOperation() override;
};

/// The ops of one entry point by when they can run.
class Stages {
public:
  /// Fails, with an error, at an op that no kernel can hold.
  LogicalResult assign(Block &body);

  /// Kernels in an order that respects all dependences.
  SmallVector<SmallVector<Operation *>> inOrder() const;

private:
  unsigned stageOf(Value value) const { return stages.lookup(value); }

  DenseMap<Value, unsigned> stages;
  /// Within a stage: what runs once, once a sequence, once a token; then
  /// projections and recurrences, each alone.
  std::map<std::pair<unsigned, unsigned>, SmallVector<Operation *>> shared;
  std::map<unsigned, SmallVector<Operation *>> alone;
};
} // namespace

/// How many of batch and time the op runs over.
static unsigned countExtents(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return llvm::count_if(type.getShape(), ShapedType::isDynamic);
}

LogicalResult Stages::assign(Block &body) {
  for (Operation &op : body.without_terminator()) {
    unsigned stage = 0;
    // What a body reads from outside counts as well.
    op.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        stage = std::max(stage, stageOf(operand));
    });
    bool isAlone = isa<RecurrenceOp, MatmulOp>(op);
    for (Value result : op.getResults())
      stages[result] = stage + isAlone;
    if (isAlone)
      alone[stage].push_back(&op);
    else if (isFreeInKernels(&op))
      continue;
    else if (isa<linalg::GenericOp, tensor::InsertSliceOp, tensor::ConcatOp>(
                 op))
      shared[{stage, countExtents(&op)}].push_back(&op);
    else
      return op.emitOpError("cannot run on a GPU");
  }
  return success();
}

/// Arguments of a kernel are limited (to 4 KiB), and so is what one should do.
static constexpr size_t mostOperands = 64;

/// Divides ops that could be one kernel where that would have too many
/// operands: what depends on each other stays together.
static SmallVector<SmallVector<Operation *>> divide(ArrayRef<Operation *> ops) {
  llvm::SmallPtrSet<Operation *, 16> all(ops.begin(), ops.end());
  llvm::EquivalenceClasses<Operation *> connected;
  for (Operation *op : ops) {
    connected.insert(op);
    SmallVector<Operation *> users = {op};
    while (!users.empty())
      users.pop_back_val()->walk([&](Operation *nested) {
        for (Value operand : nested->getOperands()) {
          Operation *source = operand.getDefiningOp();
          if (source && all.contains(source))
            connected.unionSets(source, op);
          else if (source && source->getBlock() == op->getBlock() &&
                   isFreeInKernels(source)) // views and the like
            users.push_back(source);
        }
      });
  }
  llvm::MapVector<Operation *, SmallVector<Operation *>> components;
  for (Operation *op : ops)
    components[connected.getLeaderValue(op)].push_back(op);
  SmallVector<SmallVector<Operation *>> kernels;
  size_t operands = mostOperands;
  for (auto &component : components) {
    size_t added = 0;
    for (Operation *op : component.second)
      added += op->getNumOperands() + op->getNumResults();
    if (operands + added > mostOperands) {
      kernels.emplace_back();
      operands = 0;
    }
    llvm::append_range(kernels.back(), component.second);
    operands += added;
  }
  return kernels;
}

SmallVector<SmallVector<Operation *>> Stages::inOrder() const {
  std::map<unsigned, SmallVector<SmallVector<Operation *>>> ordered;
  for (const auto &[key, ops] : shared)
    llvm::append_range(ordered[key.first], divide(ops));
  for (const auto &[stage, ops] : alone)
    for (Operation *op : ops)
      ordered[stage].push_back({op});
  SmallVector<SmallVector<Operation *>> all;
  for (const auto &[stage, kernels] : ordered)
    llvm::append_range(all, kernels);
  return all;
}

/// By the dialect's rule, axis 0 of a dynamic extent is batch and axis 1 time:
/// all extents are those of the entry's first input.
static void uniteExtents(EntryOp entry) {
  Block &body = entry.getBody().front();
  OpBuilder builder = OpBuilder::atBlockBegin(&body);
  SmallVector<tensor::DimOp> dims(body.getOps<tensor::DimOp>());
  SmallVector<Value> extents;
  for (int64_t axis : {0, 1})
    extents.push_back(tensor::DimOp::create(builder, entry.getLoc(),
                                            body.getArgument(0), axis));
  for (tensor::DimOp dim : dims) {
    std::optional<int64_t> axis = dim.getConstantIndex();
    if (!axis || *axis > 1)
      continue;
    dim.replaceAllUsesWith(extents[*axis]);
    dim.erase();
  }
}

/// Whether the op takes a chunk of tokens at once.
static bool isInChunk(Operation *op) {
  auto recurrence = op->getParentOfType<RecurrenceOp>();
  return recurrence && recurrence.getChunk().isAncestor(op->getParentRegion());
}

/// On a GPU all that a program says is computed in f32: its f64 units are few
/// or slow. A chunk's region is derived, and knows what it needs more digits
/// for.
static LogicalResult refuseDoubles(EntryOp entry) {
  WalkResult walk = entry.walk([](Operation *op) {
    if (isInChunk(op))
      return WalkResult::advance();
    for (Type type : op->getResultTypes())
      if (getElementTypeOrSelf(type).isF64()) {
        op->emitOpError("computes in f64, but on a GPU all is computed in f32");
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

void FormKernels::runOnOperation() {
  EntryOp entry = getOperation();
  if (failed(refuseDoubles(entry)))
    return signalPassFailure();
  uniteExtents(entry);
  formProjections(entry);
  Stages stages;
  if (failed(stages.assign(entry.getBody().front())))
    return signalPassFailure();
  KernelFormer former(entry);
  for (ArrayRef<Operation *> ops : stages.inOrder())
    former.form(ops);
  former.finish();
}
