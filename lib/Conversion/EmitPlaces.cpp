//===- EmitPlaces.cpp - what a block has of a kernel's values -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TensorViews.h"
#include "lib/Conversion/KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Bytes of an element in memory; a truth value takes one.
static int64_t bytesOf(Type element) {
  return std::max<int64_t>(element.getIntOrFloatBitWidth() / 8, 1);
}

std::optional<std::pair<int64_t, Value>>
KernelEmitter::partOf(std::optional<unsigned> group) {
  for (auto &[divided, part] : parts)
    if (group == divided)
      return std::pair(part.count, part.index);
  return std::nullopt;
}

KernelEmitter::Box KernelEmitter::boxOf(Value value) {
  Box box;
  for (auto [axis, extent] : llvm::enumerate(typeOf(value).getShape())) {
    auto part = partOf(axes.getClass(value, axis));
    bool isDynamic = ShapedType::isDynamic(extent);
    box.extents.push_back(isDynamic ? 1 : part ? extent / part->first : extent);
    Value base;
    if (isDynamic)
      base = axis == 0 ? sequence : token;
    else if (part)
      base = arith::MulIOp::create(b, loc, part->second,
                                   index(extent / part->first));
    box.bases.push_back(base);
  }
  return box;
}

/// What this block has of an inserted slice: the part of it that goes into this
/// block's part of the result.
KernelEmitter::Box KernelEmitter::boxOf(tensor::InsertSliceOp op) {
  Box whole = boxOf(op.getResult()), slice = boxOf(op.getSource());
  llvm::SmallBitVector dropped = op.getDroppedDims();
  unsigned inSlice = 0;
  for (unsigned axis = 0; axis < whole.extents.size(); ++axis) {
    if (dropped[axis])
      continue;
    if (partOf(axes.getClass(op.getResult(), axis))) {
      slice.extents[inSlice] = whole.extents[axis];
      slice.bases[inSlice] = whole.bases[axis];
    }
    ++inSlice;
  }
  return slice;
}

/// What this block has of an input that it puts into its part of the result.
KernelEmitter::Box KernelEmitter::boxOf(tensor::ConcatOp op, Value input) {
  Box box = boxOf(op.getResult());
  box.extents[op.getDim()] = typeOf(input).getDimSize(op.getDim());
  return box;
}

/// The indices of the parts that are no part of the value: blocks that differ
/// in these alone all have the same of it.
SmallVector<Value> KernelEmitter::repeatsOf(Value value) {
  SmallVector<Value> repeats;
  for (auto &[group, part] : parts) {
    if (!axes.hasClass(value, group))
      repeats.push_back(part.index);
  }
  return repeats;
}

/// Whether this block is the first of those that have the same of the value;
/// null if no others have.
Value KernelEmitter::isFirstOf(Value value) {
  Value isFirst;
  for (Value part : repeatsOf(value)) {
    Value isZero =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, part, index(0));
    isFirst = isFirst
                  ? arith::AndIOp::create(b, loc, isFirst, isZero).getResult()
                  : isZero;
  }
  return isFirst;
}

/// Whether the value is computed into memory of its own.
static bool hasMemory(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto generic = dyn_cast_or_null<linalg::GenericOp>(op))
    return !KernelEmitter::isFill(generic);
  return isa_and_nonnull<tensor::InsertSliceOp, tensor::ConcatOp>(op);
}

Value seqmix::getGrownOperand(Operation *op) {
  Value operand;
  if (auto insert = dyn_cast_or_null<tensor::InsertSliceOp>(op))
    operand = insert.getDest();
  else if (auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
           generic && generic->getNumResults() == 1)
    operand = generic.getDpsInits().front();
  return operand && operand.hasOneUse() && hasMemory(operand) ? operand
                                                              : Value();
}

/// The last op of the block that reads the value or a view of it.
unsigned KernelEmitter::lastUseOf(Value value) {
  unsigned last = 0;
  Block *block = value.getParentBlock();
  for (Operation *user : value.getUsers()) {
    Operation *here = block->findAncestorOpInBlock(*user);
    last = std::max(last, position.at(here));
    if (isTensorView(here) || getGrownOperand(here) == value)
      last = std::max(last, lastUseOf(here->getResult(0)));
  }
  return last;
}

Value KernelEmitter::sharedAddress(int64_t offset) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), 3);
  Value base = LLVM::AddressOfOp::create(b, loc, pointer, "shared");
  return LLVM::GEPOp::create(
      b, loc, pointer, b.getI8Type(), base,
      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
}

DeviceLayout KernelEmitter::layoutOf(const Box &box) {
  DeviceLayout layout;
  for (int64_t extent : box.extents)
    layout.extents.push_back(b.getIndexAttr(extent));
  layout.bases = box.bases;
  return layout;
}

/// Memory for what this block has of `value`: shared, if there is room.
std::optional<DevicePlace> KernelEmitter::allocateShared(Value value,
                                                         unsigned lastUse) {
  Type element = typeOf(value).getElementType();
  Box box = boxOf(value);
  int64_t count = ShapedType::getNumElements(box.extents);
  int memory = numMemories++;
  if (auto offset =
          shared.allocate(memory, count * bytesOf(element), now, lastUse))
    return inMemory(sharedAddress(*offset), Value(), element, layoutOf(box),
                    memory);
  return std::nullopt;
}

/// The same in scratch memory of the call's where there is no room.
DevicePlace KernelEmitter::allocate(Value value, unsigned lastUse) {
  if (std::optional<DevicePlace> place = allocateShared(value, lastUse))
    return *place;
  Type element = typeOf(value).getElementType();
  Box box = boxOf(value);
  int64_t count = ShapedType::getNumElements(box.extents);
  // Scratch is counted in f32; blocks have theirs one after the other.
  int64_t words = llvm::divideCeil(count * bytesOf(element), 16) * 4;
  Value pointer = addPointer(result.inputs.size() + outputPointers.size() +
                             result.scratch.size());
  result.scratch.push_back(words * result.blocks);
  Value block = gpu::BlockIdOp::create(b, loc, gpu::Dimension::x);
  Value offset =
      arith::MulIOp::create(b, loc, block, index(words * 4 / bytesOf(element)));
  return inMemory(pointer, offset, element, layoutOf(box), numMemories++);
}

DevicePlace KernelEmitter::destinationOf(Value value) {
  if (auto it = targets.find(value); it != targets.end())
    return it->second;
  if (Value operand = getGrownOperand(value.getDefiningOp()))
    return places[operand];
  return allocate(value, lastUseOf(value));
}
