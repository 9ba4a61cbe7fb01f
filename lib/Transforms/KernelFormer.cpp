//===- KernelFormer.cpp - move ops of an entry point into kernels ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/KernelFormer.h"

#include "lib/Analysis/TensorViews.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

/// Whether the value has both of the extents that are not known here.
static bool hasBatchAndTime(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() >= 2 && type.isDynamicDim(0) &&
         type.isDynamicDim(1);
}

/// A value that lies in memory before the entry point begins.
static bool isGiven(Operation *op) { return isa<ParamOp, StateOp>(op); }

/// The same number everywhere.
static bool isFill(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && generic.getNumDpsInputs() == 0 &&
         llvm::hasSingleElement(generic.getBody()->getOperations());
}

bool seqmix::isFreeInKernels(Operation *op) {
  bool isScalar =
      llvm::none_of(op->getResultTypes(), llvm::IsaPred<ShapedType>);
  return isTensorView(op) || isGiven(op) || isFill(op) ||
         isa<tensor::EmptyOp, tensor::DimOp>(op) ||
         op->hasTrait<OpTrait::ConstantLike>() || (isScalar && isPure(op));
}

KernelFormer::KernelFormer(EntryOp entry)
    : body(entry.getBody().front()), builder(entry) {
  builder.setInsertionPoint(body.getTerminator());
  for (BlockArgument argument : body.getArguments())
    outside.map(argument, argument);
  for (Operation &op : body.without_terminator()) {
    if (auto dim = dyn_cast<tensor::DimOp>(op))
      extents.insert(dim.getResult());
    if (isGiven(&op) || isa<tensor::DimOp>(op) ||
        op.hasTrait<OpTrait::ConstantLike>())
      outside.map(op.getResults(), op.getResults());
    else
      replaced.push_back(&op);
  }
}

/// All values that an op and the ops inside of it use.
static void forEachOperand(Operation *op, function_ref<void(Value)> body) {
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (!op->isAncestor(operand.getParentRegion()->getParentOp()))
        body(operand);
  });
}

void KernelFormer::collectInputs(
    Value value, llvm::SetVector<Value> &inputs,
    const llvm::SmallDenseSet<Operation *> &inside) {
  Operation *op = value.getDefiningOp();
  if (extents.contains(value) || (op && inside.contains(op)))
    return;
  if (!op || isGiven(op) || !isFreeInKernels(op)) {
    inputs.insert(value);
    return;
  }
  forEachOperand(
      op, [&](Value operand) { collectInputs(operand, inputs, inside); });
}

/// The counterpart in a kernel of a value outside, with the free ops that lead
/// to it.
Value KernelFormer::cloneFree(OpBuilder &builder, Value value,
                              IRMapping &mapping) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  forEachOperand(op,
                 [&](Value operand) { cloneFree(builder, operand, mapping); });
  builder.clone(*op, mapping);
  return mapping.lookup(value);
}

Value KernelFormer::getOutside(Value value) {
  return cloneFree(builder, value, outside);
}

SmallVector<Value>
KernelFormer::findOutputs(ArrayRef<Operation *> ops,
                          const llvm::SmallDenseSet<Operation *> &set) {
  // Whether some op outside of the kernel needs the value, or a view of it.
  auto isNeeded = [&](Value value) {
    SmallVector<Value> views = {value};
    while (!views.empty()) {
      Value view = views.pop_back_val();
      for (Operation *user : view.getUsers()) {
        Operation *inEntry = body.findAncestorOpInBlock(*user);
        if (isTensorView(inEntry))
          llvm::append_range(views, inEntry->getResults());
        else if (!set.contains(inEntry) && !isa<tensor::DimOp>(inEntry))
          return true;
      }
    }
    return false;
  };
  SmallVector<Value> outputs;
  for (Operation *op : ops)
    for (Value result : op->getResults())
      // A recurrence's results stay complete.
      if (isa<RecurrenceOp>(op) || isNeeded(result))
        outputs.push_back(result);
  return outputs;
}

void KernelFormer::moveMatmul(MatmulOp op) {
  Value destination = getOutside(op.getOutput());
  auto formed = MatmulOp::create(
      builder, op.getLoc(), op.getResult().getType(), getOutside(op.getInput()),
      getOutside(op.getWeight()),
      op.getScales() ? getOutside(op.getScales()) : Value(), destination);
  outside.map(op.getResult(), formed.getResult());
}

void KernelFormer::form(ArrayRef<Operation *> ops) {
  if (auto matmul = dyn_cast<MatmulOp>(ops.front()))
    return moveMatmul(matmul);
  llvm::SmallDenseSet<Operation *> inside(ops.begin(), ops.end());
  SmallVector<Value> outputs = findOutputs(ops, inside);
  if (outputs.empty())
    return;
  llvm::SetVector<Value> inputs;
  for (Operation *op : ops)
    forEachOperand(op,
                   [&](Value value) { collectInputs(value, inputs, inside); });
  if (llvm::none_of(inputs, hasBatchAndTime)) // one input for its extents
    inputs.insert(body.getArgument(0));

  SmallVector<Value> operands =
      llvm::map_to_vector(inputs, [&](Value v) { return getOutside(v); });
  Location loc = ops.size() == 1
                     ? ops.front()->getLoc()
                     : builder.getFusedLoc(llvm::map_to_vector(
                           ops, [](Operation *op) { return op->getLoc(); }));
  auto kernel =
      KernelOp::create(builder, loc, TypeRange(ValueRange(outputs)), operands);
  OpBuilder nested(builder.getContext());
  Block *block = nested.createBlock(&kernel.getBody());
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, block->addArgument(input.getType(), input.getLoc()));
  BlockArgument *sequence =
      llvm::find_if(block->getArguments(), hasBatchAndTime);
  for (Value extent : extents) {
    int64_t axis = *extent.getDefiningOp<tensor::DimOp>().getConstantIndex();
    mapping.map(
        extent,
        tensor::DimOp::create(nested, loc, *sequence, axis).getResult());
  }
  for (Operation *op : ops) {
    forEachOperand(op, [&](Value value) { cloneFree(nested, value, mapping); });
    nested.clone(*op, mapping);
  }
  SmallVector<Value> yielded =
      llvm::map_to_vector(outputs, [&](Value v) { return mapping.lookup(v); });
  YieldOp::create(nested, loc, yielded);
  outside.map(outputs, kernel.getOutputs());
}

void KernelFormer::finish() {
  Operation *end = body.getTerminator();
  for (OpOperand &operand : end->getOpOperands())
    operand.set(getOutside(operand.get()));
  for (Operation *op : llvm::reverse(replaced))
    op->erase();
}
