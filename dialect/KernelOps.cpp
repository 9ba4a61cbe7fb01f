//===- KernelOps.cpp - work for a device, in pieces it can launch ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::seqmix;

//===----------------------------------------------------------------------===//
// KernelOp
//===----------------------------------------------------------------------===//

LogicalResult KernelOp::verifyRegions() {
  // kernel_c1
  if (getBody().getArgumentTypes() != getInputs().getTypes())
    return emitOpError("expects region arguments of the operands' types: ")
           << getBody().getArgumentTypes() << " and " << getInputs().getTypes();
  // kernel_c2
  Operation *yield = getBody().front().getTerminator();
  if (yield->getOperandTypes() != getOutputs().getTypes()) {
    InFlightDiagnostic diag =
        emitOpError("expects yielded values of the results' types: ")
        << yield->getOperandTypes() << " and " << getOutputs().getTypes();
    diag.attachNote(yield->getLoc()) << "yielded here";
    return diag;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// LaunchOp and MatmulOp
//===----------------------------------------------------------------------===//

/// On tensors a result per destination, on memrefs none.
static LogicalResult verifyResults(Operation *op, ValueRange destinations) {
  bool onTensors =
      llvm::all_of(destinations.getTypes(), llvm::IsaPred<RankedTensorType>);
  TypeRange expected;
  if (onTensors)
    expected = destinations.getTypes();
  if (op->getResultTypes() == expected)
    return success();
  if (expected.empty())
    return op->emitOpError("expects no results on memrefs, not ")
           << op->getResultTypes();
  return op->emitOpError("expects results of types ")
         << expected << ", not " << op->getResultTypes();
}

/// Memory is read and written only once tensors have become memory.
static void
addEffects(DestinationStyleOpInterface op,
           SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<BaseMemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

void LaunchOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}

LogicalResult LaunchOp::verify() {
  // launch_c2
  if (static_cast<int64_t>(getBlocks()) < 1)
    return emitOpError("expects a positive number of blocks, not ")
           << static_cast<int64_t>(getBlocks());
  // launch_c1
  return verifyResults(*this, getOutputs());
}

void MatmulOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}

/// Whether the rows of `scales` divide those of `weight` into groups.
static bool areScalesOf(ShapedType weight, ShapedType scales) {
  if (!scales.hasRank() || scales.getRank() != 2 ||
      !scales.getElementType().isF32() ||
      scales.getDimSize(0) != weight.getDimSize(0))
    return false;
  int64_t groups = scales.getDimSize(1);
  return groups > 0 && weight.getDimSize(1) % groups == 0;
}

LogicalResult MatmulOp::verify() {
  auto input = cast<ShapedType>(getInput().getType());
  auto weight = cast<ShapedType>(getWeight().getType());
  auto output = cast<ShapedType>(getOutput().getType());
  // matmul_c1
  if (!input.hasRank() || !weight.hasRank() || !output.hasRank() ||
      input.getRank() < 1 || weight.getRank() != 2 ||
      output.getRank() != input.getRank() ||
      input.getShape().back() != weight.getDimSize(1) ||
      output.getShape().back() != weight.getDimSize(0) ||
      failed(verifyCompatibleShape(input.getShape().drop_back(),
                                   output.getShape().drop_back())))
    return emitOpError("expects an input [.., K], a weight [N, K] and an "
                       "output [.., N]: ")
           << input << ", " << weight << " and " << output;
  // matmul_c2
  Type element = weight.getElementType();
  bool isScaled = element.isInteger(8);
  bool isKnown = element.isF32() || element.isBF16() || isScaled;
  bool isAlike = input.getElementType() == element && !isScaled;
  if (!isKnown || !(isAlike || input.getElementType().isF32()) ||
      !output.getElementType().isF32())
    return emitOpError("expects a weight of f32, bf16 or i8, an input of f32 "
                       "or as the weight, and an output of f32: ")
           << input << ", " << weight << " and " << output;
  // matmul_c4
  if (bool(getScales()) != isScaled)
    return emitOpError("expects scales for a weight of i8, and for no other: ")
           << weight;
  if (isScaled && !areScalesOf(weight, cast<ShapedType>(getScales().getType())))
    return emitOpError("expects scales of f32 [N, groups] with a group count "
                       "that divides K: ")
           << weight << " and " << getScales().getType();
  // matmul_c3
  return verifyResults(*this, getOutput());
}
