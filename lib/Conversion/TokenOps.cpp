//===- TokenOps.cpp - ops that compute a token from the same token --------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/TokenOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::seqmix;
using linalg::GenericOp;

//===----------------------------------------------------------------------===//
// Which they are
//===----------------------------------------------------------------------===//

bool seqmix::isSequence(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isIntOrFloat() && type.getRank() >= 2 &&
         type.isDynamicDim(0) && type.isDynamicDim(1) &&
         type.getNumDynamicDims() == 2;
}

static bool isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->hasTrait<OpTrait::ConstantLike>();
}

/// Whether an operand is indexed by batch and time as sequences are, or, if it
/// is the same for all tokens, by neither.
static bool isIndexedByToken(Value operand, AffineMap map) {
  MLIRContext *context = map.getContext();
  unsigned first = 0;
  if (isSequence(operand)) {
    for (; first < 2; ++first)
      if (map.getResult(first) != getAffineDimExpr(first, context))
        return false;
  } else if (auto type = dyn_cast<RankedTensorType>(operand.getType());
             !type || !type.hasStaticShape()) {
    return false;
  }
  return llvm::none_of(map.getResults().drop_front(first), [](AffineExpr e) {
    return e.isFunctionOfDim(0) || e.isFunctionOfDim(1);
  });
}

/// Whether the op multiplies with a matrix that is the same for all tokens:
/// that takes a kernel of its own.
static bool isProduct(GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumReductionLoops() == 0)
    return false;
  return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    bool isSummed = false, isKept = false;
    for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
      if (map.isFunctionOfDim(loop))
        (kind == utils::IteratorType::parallel ? isKept : isSummed) = true;
    return isSummed && isKept && !isSequence(operand->get());
  });
}

/// Whether each token of the result is computed from the same token of the
/// operands.
static bool isGenericByToken(GenericOp op) {
  if (op->getNumResults() != 1 || !isSequence(op.getResult(0)) || isProduct(op))
    return false;
  for (OpOperand &operand : op->getOpOperands())
    if (!isIndexedByToken(operand.get(), op.getMatchingIndexingMap(&operand)))
      return false;
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op.getRegion(), captured);
  if (!llvm::all_of(captured, isConstant))
    return false;
  WalkResult walk = op.getBody()->walk([](linalg::IndexOp index) {
    return index.getDim() < 2 ? WalkResult::interrupt() : WalkResult::advance();
  });
  return !walk.wasInterrupted();
}

static SmallVector<ReassociationIndices> getReassociation(Operation *reshape) {
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(reshape))
    return expand.getReassociationIndices();
  return cast<tensor::CollapseShapeOp>(reshape).getReassociationIndices();
}

/// Whether an op gives a token's axes other extents.
static bool isReshape(Operation *op) {
  auto isToken = [](Value value) {
    return isSequence(value) &&
           cast<RankedTensorType>(value.getType()).getRank() > 2;
  };
  if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op) ||
      !isToken(op->getOperand(0)) || !isToken(op->getResult(0)))
    return false;
  auto groups = getReassociation(op);
  return groups[0].size() == 1 && groups[1].size() == 1;
}

/// Whether a slice is of all tokens, and the same of each.
static bool takesAllTokens(OffsetSizeAndStrideOpInterface slice) {
  for (unsigned axis : {0u, 1u}) {
    auto size = dyn_cast<Value>(slice.getMixedSizes()[axis]);
    auto dim = size ? size.getDefiningOp<tensor::DimOp>() : nullptr;
    if (!isConstantIntValue(slice.getMixedOffsets()[axis], 0) ||
        !isConstantIntValue(slice.getMixedStrides()[axis], 1) || !dim ||
        !isSequence(dim.getSource()) || dim.getConstantIndex() != axis)
      return false;
  }
  auto isKnown = [](OpFoldResult value) { return isa<Attribute>(value); };
  return llvm::all_of(slice.getMixedOffsets(), isKnown) &&
         llvm::all_of(llvm::drop_begin(slice.getMixedSizes(), 2), isKnown) &&
         llvm::all_of(slice.getMixedStrides(), isKnown);
}

/// Whether an op takes a part of each token, or puts one into each.
static bool isSlice(Operation *op) {
  auto slice = dyn_cast<OffsetSizeAndStrideOpInterface>(op);
  return isa<tensor::ExtractSliceOp, tensor::InsertSliceOp>(op) &&
         isSequence(op->getOperand(0)) && isSequence(op->getResult(0)) &&
         takesAllTokens(slice);
}

bool seqmix::isByToken(Operation *op) {
  if (auto generic = dyn_cast_or_null<GenericOp>(op))
    return isGenericByToken(generic);
  return op && (isReshape(op) || isSlice(op));
}

/// Whether the op's result does not begin as anything.
static bool startsEmpty(GenericOp op) {
  return op.getRegionOutputArgs()[0].use_empty() ||
         op.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>();
}

bool seqmix::isFill(Operation *op) {
  auto generic = dyn_cast<GenericOp>(op);
  return generic && generic.getNumDpsInputs() == 0 && startsEmpty(generic);
}

SmallVector<Value> seqmix::listSequences(Operation *op) {
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    if (insert.getDest().getDefiningOp<tensor::EmptyOp>())
      return {insert.getSource()};
    return {insert.getSource(), insert.getDest()};
  }
  auto generic = dyn_cast<GenericOp>(op);
  if (!generic)
    return {op->getOperand(0)};
  SmallVector<Value> result;
  for (Value input : generic.getDpsInputs())
    if (isSequence(input))
      result.push_back(input);
  if (!startsEmpty(generic))
    result.push_back(generic.getDpsInits()[0]);
  return result;
}

bool seqmix::followsProduct(Operation *op) {
  return llvm::any_of(listSequences(op), [](Value sequence) {
    auto generic = sequence.getDefiningOp<GenericOp>();
    return sequence.hasOneUse() && ((generic && isProduct(generic)) ||
                                    sequence.getDefiningOp<MatmulOp>());
  });
}

SmallVector<Value> seqmix::listInvariants(Operation *op) {
  SmallVector<Value> result;
  if (auto generic = dyn_cast<GenericOp>(op))
    for (Value input : generic.getDpsInputs())
      if (!isSequence(input) && !isConstant(input))
        result.push_back(input);
  return result;
}

int64_t seqmix::countTokenBytes(ValueRange sequences) {
  int64_t all = 0;
  for (Value sequence : sequences) {
    auto type = cast<RankedTensorType>(sequence.getType());
    int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    for (int64_t extent : type.getShape().drop_front(2))
      bytes *= extent;
    all += bytes;
  }
  return all;
}

//===----------------------------------------------------------------------===//
// What they do to a token
//===----------------------------------------------------------------------===//

/// The type of one token of a sequence, or of `length` of them.
static RankedTensorType typeForTokens(Value sequence, int64_t length) {
  auto type = cast<RankedTensorType>(sequence.getType());
  SmallVector<int64_t> shape(type.getShape().drop_front(2));
  if (length)
    shape.insert(shape.begin(), length);
  return RankedTensorType::get(shape, type.getElementType());
}

/// How a token, or several, is indexed by loops of which the first `numDropped`
/// are gone.
static AffineMap dropLoops(AffineMap map, unsigned numDropped,
                           bool ofSequence) {
  MLIRContext *context = map.getContext();
  SmallVector<AffineExpr> loops(numDropped, getAffineConstantExpr(0, context));
  unsigned numLeft = map.getNumDims() - numDropped;
  for (unsigned i = 0; i < numLeft; ++i)
    loops.push_back(getAffineDimExpr(i, context));
  SmallVector<AffineExpr> results(
      map.getResults().drop_front(ofSequence ? numDropped : 0));
  return AffineMap::get(map.getNumDims(), 0, results, context)
      .replaceDimsAndSymbols(loops, {}, numLeft, 0);
}

static void emitGeneric(OpBuilder &builder, GenericOp op, int64_t length,
                        IRMapping &mapping) {
  unsigned numDropped = length ? 1 : 2;
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  IRMapping inside;
  auto addConstant = [&](Value value) {
    return builder.clone(*value.getDefiningOp())->getResult(0);
  };
  for (OpOperand *operand : op.getDpsInputOperands()) {
    Value input = operand->get();
    inputs.push_back(isConstant(input) ? addConstant(input)
                                       : mapping.lookup(input));
    maps.push_back(dropLoops(op.getMatchingIndexingMap(operand), numDropped,
                             isSequence(input)));
  }
  OpOperand *init = op.getDpsInitOperand(0);
  maps.push_back(dropLoops(op.getMatchingIndexingMap(init), numDropped, true));
  RankedTensorType type = typeForTokens(op.getResult(0), length);
  Value begin = startsEmpty(op) ? tensor::EmptyOp::create(builder, op.getLoc(),
                                                          type.getShape(),
                                                          type.getElementType())
                                : mapping.lookup(init->get());
  SmallVector<utils::IteratorType> loops =
      llvm::to_vector(llvm::drop_begin(op.getIteratorTypesArray(), numDropped));
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op.getRegion(), captured);
  for (Value value : captured)
    inside.map(value, addConstant(value));
  auto forTokens = GenericOp::create(builder, op.getLoc(), begin.getType(),
                                     inputs, begin, maps, loops);
  builder.cloneRegionBefore(op.getRegion(), forTokens.getRegion(),
                            forTokens.getRegion().begin(), inside);
  forTokens.getBody()->walk([&](linalg::IndexOp index) {
    index.setDim(index.getDim() - numDropped);
  });
  mapping.map(op.getResult(0), forTokens.getResult(0));
}

static void emitReshape(OpBuilder &builder, Operation *op, int64_t length,
                        IRMapping &mapping) {
  unsigned numDropped = length ? 1 : 2;
  auto expand = dyn_cast<tensor::ExpandShapeOp>(op);
  SmallVector<ReassociationIndices> groups = getReassociation(op);
  groups.erase(groups.begin(), groups.begin() + numDropped);
  for (ReassociationIndices &group : groups)
    for (int64_t &axis : group)
      axis -= numDropped;
  RankedTensorType type = typeForTokens(op->getResult(0), length);
  Value source = mapping.lookup(op->getOperand(0));
  Value result = expand ? tensor::ExpandShapeOp::create(builder, op->getLoc(),
                                                        type, source, groups)
                              .getResult()
                        : tensor::CollapseShapeOp::create(builder, op->getLoc(),
                                                          type, source, groups)
                              .getResult();
  mapping.map(op->getResult(0), result);
}

static void emitSlice(OpBuilder &builder, Operation *op, int64_t length,
                      IRMapping &mapping) {
  unsigned numDropped = length ? 1 : 2;
  auto slice = cast<OffsetSizeAndStrideOpInterface>(op);
  auto keep = [&](SmallVector<OpFoldResult> all) {
    all.erase(all.begin(), all.begin() + numDropped);
    return all;
  };
  SmallVector<OpFoldResult> offsets = keep(slice.getMixedOffsets()),
                            sizes = keep(slice.getMixedSizes()),
                            strides = keep(slice.getMixedStrides());
  if (length)
    sizes[0] = builder.getIndexAttr(length);
  Location loc = op->getLoc();
  Value result, source = mapping.lookup(op->getOperand(0));
  RankedTensorType type = typeForTokens(op->getResult(0), length);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    Value into = mapping.lookupOrNull(insert.getDest());
    if (!into)
      into = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                     type.getElementType());
    result = tensor::InsertSliceOp::create(builder, loc, source, into, offsets,
                                           sizes, strides);
  } else {
    result = tensor::ExtractSliceOp::create(builder, loc, type, source, offsets,
                                            sizes, strides);
  }
  mapping.map(op->getResult(0), result);
}

void seqmix::emitForTokens(OpBuilder &builder, Operation *op, int64_t length,
                           IRMapping &mapping) {
  if (auto generic = dyn_cast<GenericOp>(op))
    emitGeneric(builder, generic, length, mapping);
  else if (isSlice(op))
    emitSlice(builder, op, length, mapping);
  else
    emitReshape(builder, op, length, mapping);
}

void seqmix::emitRegion(OpBuilder &builder, RecurrenceOp op, Block &region,
                        ValueRange states, IRMapping &mapping) {
  IRMapping inside;
  size_t numStates = op.getStates().size();
  for (auto [argument, operand] :
       llvm::zip_equal(region.getArguments().drop_back(numStates),
                       op->getOperands().drop_back(numStates)))
    inside.map(argument, mapping.lookup(operand));
  inside.map(region.getArguments().take_back(numStates), states);
  for (Operation &each : region.without_terminator())
    builder.clone(each, inside);
  for (auto [result, value] :
       llvm::zip_equal(op->getResults(), region.getTerminator()->getOperands()))
    mapping.map(result, inside.lookupOrDefault(value));
}
