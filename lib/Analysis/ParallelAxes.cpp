//===- ParallelAxes.cpp - which axes of a kernel are independent ----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Axes that a loop runs over together are one; a class with a reduction, a
// varying offset, or a place where only part of the axis is meant cannot be
// divided.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ParallelAxes.h"

#include "lib/Analysis/TensorViews.h"

#include <numeric>

using namespace mlir;
using namespace mlir::seqmix;

static ArrayRef<int64_t> getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

unsigned ParallelAxes::number(Axis axis, int64_t extent) {
  auto [it, isNew] = numbers.try_emplace(axis, axes.size());
  if (isNew) {
    axes.push_back(axis);
    extents.push_back(extent);
  }
  return it->second;
}

bool ParallelAxes::isExternal(Value value) const {
  return llvm::is_contained(external, value);
}

void ParallelAxes::unite(Value a, unsigned axisOfA, Value b, unsigned axisOfB) {
  if (isExternal(a) || isExternal(b))
    return;
  equal.push_back(
      {number({a.getAsOpaquePointer(), axisOfA}, getShape(a)[axisOfA]),
       number({b.getAsOpaquePointer(), axisOfB}, getShape(b)[axisOfB])});
}

void ParallelAxes::bind(Value value, unsigned axis, linalg::GenericOp op,
                        unsigned loop) {
  int64_t extent = getShape(value)[axis];
  unsigned loopNumber = number({op.getOperation(), loop}, extent);
  if (!isExternal(value))
    equal.push_back(
        {loopNumber, number({value.getAsOpaquePointer(), axis}, extent)});
}

void ParallelAxes::forbid(Value value, unsigned axis) {
  if (!isExternal(value))
    forbidden.insert(
        number({value.getAsOpaquePointer(), axis}, getShape(value)[axis]));
}

void ParallelAxes::forbidAll(Value value) {
  if (auto type = dyn_cast<RankedTensorType>(value.getType()))
    for (int64_t axis = 0; axis < type.getRank(); ++axis)
      forbid(value, axis);
}

void ParallelAxes::add(linalg::GenericOp op) {
  SmallVector<Value> values(op->getOperands());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  // Results are indexed as the operands they are tied to.
  for (auto [index, result] : llvm::enumerate(op.getResults())) {
    values.push_back(result);
    maps.push_back(maps[op.getNumDpsInputs() + index]);
  }
  for (auto [value, map] : llvm::zip_equal(values, maps))
    for (auto [axis, expr] : llvm::enumerate(map.getResults())) {
      if (auto loop = dyn_cast<AffineDimExpr>(expr))
        bind(value, axis, op, loop.getPosition());
      else
        forbid(value, axis);
    }
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (kind != utils::IteratorType::parallel)
      forbidden.insert(number({op.getOperation(), loop}, 1));
  op.getBody()->walk(
      [&](tensor::ExtractOp extract) { forbidAll(extract.getTensor()); });
}

/// `whole` has one axis for each group of axes of `parts`. A share of the whole
/// is a share of the group's first axis that is longer than one.
void ParallelAxes::addReshape(Value whole, Value parts,
                              ArrayRef<ReassociationIndices> groups) {
  for (auto [axis, group] : llvm::enumerate(groups)) {
    bool isFirst = true;
    for (int64_t part : group) {
      if (isFirst && (getShape(parts)[part] != 1 || group.size() == 1)) {
        unite(whole, axis, parts, part);
        isFirst = false;
      } else {
        forbid(parts, part);
      }
    }
    if (isFirst) // nothing but units
      forbid(whole, axis);
  }
}

/// A slice taken from a value: an axis stays one where all of it is meant.
void ParallelAxes::addSlice(tensor::ExtractSliceOp op) {
  uniteSlice(op.getSource(), op.getResult(), op, op.getDroppedDims());
}

/// The same for one that is inserted; the rest of the result is the
/// destination.
void ParallelAxes::addSlice(tensor::InsertSliceOp op) {
  uniteSlice(op.getResult(), op.getSource(), op, op.getDroppedDims());
  for (unsigned axis = 0; axis < getShape(op.getDest()).size(); ++axis)
    unite(op.getDest(), axis, op.getResult(), axis);
}

void ParallelAxes::uniteSlice(Value whole, Value part,
                              OffsetSizeAndStrideOpInterface slice,
                              const llvm::SmallBitVector &dropped) {
  unsigned inPart = 0;
  for (auto [axis, extent] : llvm::enumerate(getShape(whole))) {
    bool isWhole = !dropped[axis] &&
                   isConstantIntValue(slice.getMixedOffsets()[axis], 0) &&
                   getShape(part)[inPart] == extent &&
                   !ShapedType::isDynamic(extent);
    if (isWhole) {
      unite(whole, axis, part, inPart);
    } else {
      forbid(whole, axis);
      if (!dropped[axis])
        forbid(part, inPart);
    }
    inPart += !dropped[axis];
  }
}

/// Values one after the other along an axis: of that, none has all.
void ParallelAxes::addConcat(tensor::ConcatOp op) {
  for (Value input : op.getInputs())
    for (uint64_t axis = 0; axis < getShape(input).size(); ++axis) {
      if (axis == op.getDim())
        forbid(input, axis);
      else
        unite(op.getResult(), axis, input, axis);
    }
  forbid(op.getResult(), op.getDim());
}

/// A region of a recurrence: what it takes and yields of sequences has as many
/// axes of tokens before the axes that a token has.
void ParallelAxes::addTokens(RecurrenceOp op, Block &block,
                             unsigned numTokenAxes) {
  size_t numStates = op.getStates().size(), numOutputs = op.getOutputs().size();
  for (auto [argument, operand] :
       llvm::zip_equal(block.getArguments().drop_back(numStates),
                       op.getOperands().drop_back(numStates)))
    if (isExternal(operand))
      external.push_back(argument);
  addOps(block);
  auto unitePart = [&](Value outer, unsigned leading, Value inner,
                       unsigned first) {
    for (unsigned axis = first; axis < getShape(inner).size(); ++axis)
      unite(outer, axis - first + leading, inner, axis);
  };
  OperandRange yielded = block.getTerminator()->getOperands();
  for (auto [value, result] :
       llvm::zip_equal(yielded.take_front(numOutputs), op.getOutputs())) {
    unitePart(result, 2, value, numTokenAxes);
    for (unsigned axis = 0; axis < numTokenAxes; ++axis)
      forbid(value, axis);
  }
  for (auto [argument, value, result] :
       llvm::zip_equal(block.getArguments().take_back(numStates),
                       yielded.take_back(numStates), op.getFinalStates())) {
    unitePart(result, 1, argument, 0);
    unitePart(result, 1, value, 0);
  }
}

void ParallelAxes::addRecurrence(RecurrenceOp op) {
  addTokens(op, op.getToken().front(), 0);
  if (op.getChunkLength())
    addTokens(op, op.getChunk().front(), 1);
}

void ParallelAxes::addOps(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (op.hasTrait<OpTrait::ConstantLike>() ||
        isa<tensor::EmptyOp, tensor::DimOp>(op) ||
        (isTensorView(&op) && isExternal(op.getOperand(0)))) {
      llvm::append_range(external, op.getResults());
      continue;
    }
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      add(generic);
    else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      addReshape(expand.getSrc(), expand.getResult(),
                 expand.getReassociationIndices());
    else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
      addReshape(collapse.getResult(), collapse.getSrc(),
                 collapse.getReassociationIndices());
    else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      addSlice(slice);
    else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      addSlice(insert);
    else if (auto concat = dyn_cast<tensor::ConcatOp>(op))
      addConcat(concat);
    else if (auto recurrence = dyn_cast<RecurrenceOp>(op))
      addRecurrence(recurrence);
    else { // whatever it does, it does to all of its values
      llvm::for_each(op.getOperands(), [&](Value v) { forbidAll(v); });
      llvm::for_each(op.getResults(), [&](Value v) { forbidAll(v); });
    }
  }
}

/// Passes what is forbidden on to classes, and finds the others.
void ParallelAxes::classify() {
  classes.grow(axes.size());
  for (auto [a, b] : equal)
    classes.join(a, b);
  classes.compress();
  llvm::SmallDenseSet<unsigned> forbiddenClasses;
  for (unsigned n : forbidden)
    forbiddenClasses.insert(classes[n]);
  // One value, or one loop nest, that has a class twice.
  llvm::SmallDenseSet<std::pair<const void *, unsigned>> seen;
  for (auto [n, axis] : llvm::enumerate(axes)) {
    unsigned group = classes[n];
    if (!seen.insert({axis.first, group}).second ||
        ShapedType::isDynamic(extents[n]))
      forbiddenClasses.insert(group);
    int64_t &most = mostParts[group];
    most = std::gcd(most, extents[n]);
  }
  forbidden = forbiddenClasses;
  for (unsigned n = 0; n < axes.size(); ++n)
    if (unsigned group = classes[n];
        !forbidden.contains(group) && !llvm::is_contained(parallel, group))
      parallel.push_back(group);
}

ParallelAxes ParallelAxes::compute(KernelOp kernel) {
  ParallelAxes result;
  Block &body = kernel.getBody().front();
  llvm::append_range(result.external, body.getArguments());
  result.addOps(body);
  result.classify();
  return result;
}

ParallelAxes ParallelAxes::compute(RecurrenceOp op) {
  ParallelAxes result;
  result.addRecurrence(op);
  auto uniteWith = [&](Block &block, unsigned numTokenAxes) {
    size_t numSequences = op.getSequences().size();
    for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
      bool isSequence = index < numSequences;
      bool isState = index >= numSequences + op.getInvariants().size();
      unsigned outer = isSequence ? 2 : isState ? 1 : 0;
      unsigned inner = isSequence ? numTokenAxes : 0;
      Value argument = block.getArgument(index);
      for (unsigned axis = inner; axis < getShape(argument).size(); ++axis)
        result.unite(operand, axis - inner + outer, argument, axis);
    }
  };
  uniteWith(op.getToken().front(), 0);
  if (op.getChunkLength())
    uniteWith(op.getChunk().front(), 1);
  result.classify();
  return result;
}

std::optional<unsigned> ParallelAxes::getClass(Value value,
                                               unsigned axis) const {
  auto it = numbers.find({value.getAsOpaquePointer(), axis});
  if (it == numbers.end())
    return std::nullopt;
  return classes[it->second];
}

std::optional<unsigned> ParallelAxes::getClass(linalg::GenericOp op,
                                               unsigned loop) const {
  auto it = numbers.find({op.getOperation(), loop});
  if (it == numbers.end())
    return std::nullopt;
  return classes[it->second];
}

bool ParallelAxes::hasClass(Value value, unsigned group) const {
  return llvm::any_of(llvm::seq(getShape(value).size()), [&](size_t axis) {
    return getClass(value, axis) == group;
  });
}

int64_t ParallelAxes::getMostParts(unsigned group) const {
  return mostParts.lookup(group);
}
