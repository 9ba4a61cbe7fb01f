//===- RecurrencePart.cpp - one of several parts of a recurrence ----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RecurrencePart.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

namespace {
/// Parts there may be anyhow, for threads; more are there only to be small.
constexpr int64_t kFewParts = 4, kMostParts = 32;

/// Bytes of state that a part has at least, if parts are many: what its chunk
/// works on is a few times as much, and should fill the nearest cache.
constexpr int64_t kLeastStateBytes = 8192;

/// Bytes of state that a part has at least if it takes one token at a time: of
/// less than a page of each token, prefetching loses track.
constexpr int64_t kLeastRowBytes = 4096;

/// Work that all parts repeat must be less than this of the whole.
constexpr double kMostRepeated = 0.02;
} // namespace

/// A tensor of one number, or of none yet: it has the shape that its user
/// wants.
static bool isShapeless(Value value) {
  if (auto constant = value.getDefiningOp<arith::ConstantOp>()) {
    auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
    return elements && elements.isSplat();
  }
  return value.getDefiningOp<tensor::EmptyOp>();
}

/// The same, of another shape.
static Value reshapeShapeless(OpBuilder &builder, Value value,
                              ArrayRef<int64_t> shape) {
  Type element = getElementTypeOrSelf(value);
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return tensor::EmptyOp::create(builder, value.getLoc(), shape, element);
  auto elements = cast<DenseElementsAttr>(constant.getValue());
  return arith::ConstantOp::create(
      builder, value.getLoc(),
      elements.resizeSplat(RankedTensorType::get(shape, element)));
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

std::optional<unsigned> RecurrencePart::axisOf(Value value) {
  if (auto type = dyn_cast<RankedTensorType>(value.getType()))
    for (int64_t axis = 0; axis < type.getRank(); ++axis)
      if (axes.getClass(value, axis) == group)
        return axis;
  return std::nullopt;
}

RankedTensorType RecurrencePart::typeOf(Value value) {
  SmallVector<int64_t> shape(shapeOf(value));
  if (std::optional<unsigned> axis = axisOf(value))
    shape[*axis] /= parts;
  return RankedTensorType::get(shape, getElementTypeOrSelf(value));
}

//===----------------------------------------------------------------------===//
// Whether there can be parts
//===----------------------------------------------------------------------===//

bool RecurrencePart::canShrink(Operation &op) {
  auto isTensor = [](Value v) { return isa<RankedTensorType>(v.getType()); };
  if (op.hasTrait<OpTrait::IsTerminator>())
    return true;
  for (Value operand : llvm::make_filter_range(op.getOperands(), isTensor)) {
    // A table of numbers would have to be divided too.
    bool isConstant = operand.getDefiningOp<arith::ConstantOp>();
    if (isConstant && !isShapeless(operand))
      return false;
    // What has no shape of its own gets it from a loop nest or a result.
    auto insert = dyn_cast<tensor::InsertSliceOp>(op);
    bool tellsShape =
        isa<linalg::GenericOp>(op) || (insert && operand == insert.getDest() &&
                                       operand != insert.getSource());
    if (isShapeless(operand) && !tellsShape)
      return false;
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    WalkResult walk = generic.walk([&](Operation *inner) {
      auto index = dyn_cast<linalg::IndexOp>(inner);
      bool isBound = isa<tensor::ExtractOp>(inner) ||
                     (index && axes.getClass(generic, index.getDim()) == group);
      return isBound ? WalkResult::interrupt() : WalkResult::advance();
    });
    return !walk.wasInterrupted();
  }
  return isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
             tensor::ExtractSliceOp, tensor::InsertSliceOp, tensor::ConcatOp,
             tensor::EmptyOp>(op) ||
         op.hasTrait<OpTrait::ConstantLike>();
}

bool RecurrencePart::isPossible() {
  for (Value result : op->getResults())
    if (!axisOf(result))
      return false;
  for (Region &region : op->getRegions())
    for (Operation &inner : region.getOps())
      if (!canShrink(inner))
        return false;
  return true;
}

double RecurrencePart::measureRepeated() {
  double all = 0, repeated = 0;
  Region &most = op.getChunkLength() ? op.getChunk() : op.getToken();
  for (auto generic : most.getOps<linalg::GenericOp>()) {
    double points = 1;
    bool isDivided = false;
    for (auto [loop, extent] : llvm::enumerate(generic.getStaticLoopRanges())) {
      points *= extent;
      isDivided |= axes.getClass(generic, loop) == group;
    }
    all += points;
    repeated += isDivided ? 0 : points;
  }
  return all != 0 ? repeated / all : 0;
}

//===----------------------------------------------------------------------===//
// Which parts
//===----------------------------------------------------------------------===//

int64_t seqmix::countStateBytes(MixerOpInterface op) {
  int64_t bytes = 0;
  for (Value operand : op.getStateOperands()) {
    RankedTensorType state = getTokenStateType(operand.getType());
    bytes += state.getNumElements() *
             llvm::divideCeil(state.getElementTypeBitWidth(), 8);
  }
  return bytes;
}

int64_t seqmix::chooseParts(MixerOpInterface op, int64_t most) {
  int64_t parts = 1, bytes = countStateBytes(op);
  for (int64_t count = 2; count <= kMostParts; ++count) {
    bool isLarge = bytes / count >= kLeastStateBytes;
    bool isLargeRow = op.getChunkLength() || bytes / count >= kLeastRowBytes;
    if (most % count == 0 && isLargeRow && (count <= kFewParts || isLarge))
      parts = count;
  }
  return parts;
}

/// Along the class that leaves the least work to all parts, if that is little.
std::optional<RecurrencePart>
RecurrencePart::findBest(RecurrenceOp op, const ParallelAxes &axes) {
  std::optional<RecurrencePart> best;
  double least = kMostRepeated;
  for (unsigned group : axes.getParallel()) {
    int64_t parts = chooseParts(op, axes.getMostParts(group));
    RecurrencePart part(op, axes, group, parts);
    if (parts == 1 || !part.isPossible())
      continue;
    double repeated = part.measureRepeated();
    if (repeated >= least)
      continue;
    best.emplace(part);
    least = repeated;
  }
  return best;
}

//===----------------------------------------------------------------------===//
// The program of a part
//===----------------------------------------------------------------------===//

/// An operand of a part's op; what has no shape of its own is made anew.
Value RecurrencePart::shrinkOperand(OpOperand &operand, OpBuilder &builder,
                                    IRMapping &mapping) {
  Value value = operand.get();
  if (!isShapeless(value))
    return mapping.lookup(value);
  Operation *user = operand.getOwner();
  auto generic = dyn_cast<linalg::GenericOp>(user);
  if (!generic)
    return reshapeShapeless(builder, value,
                            typeOf(user->getResult(0)).getShape());
  SmallVector<int64_t> shape(shapeOf(value));
  AffineMap map = generic.getMatchingIndexingMap(&operand);
  for (auto [axis, expr] : llvm::enumerate(map.getResults()))
    if (auto loop = dyn_cast<AffineDimExpr>(expr);
        loop && axes.getClass(generic, loop.getPosition()) == group)
      shape[axis] /= parts;
  return reshapeShapeless(builder, value, shape);
}

/// A value that a part's region yields: as its result, but for the axes of
/// batch and time.
Value RecurrencePart::shrinkYielded(OpOperand &operand, OpBuilder &builder,
                                    IRMapping &mapping, unsigned numTokenAxes) {
  Value value = operand.get();
  if (!isShapeless(value))
    return mapping.lookup(value);
  unsigned index = operand.getOperandNumber();
  bool isOutput = index < op.getOutputs().size();
  unsigned outer = isOutput ? 2 : 1, inner = isOutput ? numTokenAxes : 0;
  SmallVector<int64_t> shape(shapeOf(value));
  shape[*axisOf(op->getResult(index)) - outer + inner] /= parts;
  return reshapeShapeless(builder, value, shape);
}

/// The sizes of a slice, of which `part` has the axes that are not dropped.
SmallVector<OpFoldResult>
RecurrencePart::shrinkSizes(OpBuilder &builder, ArrayRef<OpFoldResult> sizes,
                            Value part, const llvm::SmallBitVector &dropped) {
  SmallVector<OpFoldResult> result(sizes);
  std::optional<unsigned> divided = axisOf(part);
  unsigned inPart = 0;
  for (unsigned axis = 0; axis < sizes.size(); ++axis)
    if (!dropped[axis] && inPart++ == divided)
      result[axis] = builder.getIndexAttr(shapeOf(part)[*divided] / parts);
  return result;
}

void RecurrencePart::shrink(Operation &op, OpBuilder &builder,
                            IRMapping &mapping) {
  if (op.hasTrait<OpTrait::ConstantLike>() || isa<tensor::EmptyOp>(op)) {
    if (!llvm::all_of(op.getResults(), isShapeless))
      builder.clone(op, mapping);
    return;
  }
  SmallVector<Value> operands;
  for (OpOperand &operand : op.getOpOperands())
    operands.push_back(shrinkOperand(operand, builder, mapping));
  Location loc = op.getLoc();
  // What has its sizes as attributes is built, all else cloned.
  if (auto take = dyn_cast<tensor::ExtractSliceOp>(op)) {
    Value result = tensor::ExtractSliceOp::create(
        builder, loc, typeOf(take.getResult()), operands[0],
        take.getMixedOffsets(),
        shrinkSizes(builder, take.getMixedSizes(), take.getResult(),
                    take.getDroppedDims()),
        take.getMixedStrides());
    return mapping.map(take.getResult(), result);
  }
  if (auto put = dyn_cast<tensor::InsertSliceOp>(op)) {
    Value result = tensor::InsertSliceOp::create(
        builder, loc, operands[0], operands[1], put.getMixedOffsets(),
        shrinkSizes(builder, put.getMixedSizes(), put.getSource(),
                    put.getDroppedDims()),
        put.getMixedStrides());
    return mapping.map(put.getResult(), result);
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    Value result = tensor::ExpandShapeOp::create(
        builder, loc, typeOf(expand.getResult()), operands[0],
        expand.getReassociationIndices());
    return mapping.map(expand.getResult(), result);
  }
  IRMapping local(mapping);
  for (auto [operand, value] : llvm::zip_equal(op.getOperands(), operands))
    local.map(operand, value);
  Operation *clone = builder.clone(op, local);
  clone->setOperands(operands); // one constant may have become several
  for (auto [old, result] :
       llvm::zip_equal(op.getResults(), clone->getResults())) {
    if (isa<RankedTensorType>(old.getType()))
      result.setType(typeOf(old));
    mapping.map(old, result);
  }
}

void RecurrencePart::shrink(Block &from, Block &to, unsigned numTokenAxes) {
  OpBuilder builder = OpBuilder::atBlockEnd(&to);
  IRMapping mapping;
  mapping.map(from.getArguments(), to.getArguments());
  for (Operation &operation : from.without_terminator())
    shrink(operation, builder, mapping);
  SmallVector<Value> yielded;
  for (OpOperand &operand : from.getTerminator()->getOpOperands())
    yielded.push_back(shrinkYielded(operand, builder, mapping, numTokenAxes));
  YieldOp::create(builder, op.getLoc(), yielded);
}

RecurrenceOp RecurrencePart::build(OpBuilder &builder, ValueRange operands) {
  size_t numSequences = op.getSequences().size();
  size_t numStates = op.getStates().size();
  SmallVector<Type> outputs;
  for (Value output : op.getOutputs())
    outputs.push_back(typeOf(output));
  auto part = RecurrenceOp::create(
      builder, op.getLoc(), outputs, operands.take_front(numSequences),
      operands.drop_front(numSequences).drop_back(numStates),
      operands.take_back(numStates), ArrayRef<StringRef>());
  shrink(op.getToken().front(), part.getToken().front(), 0);
  if (int64_t length = op.getChunkLength())
    shrink(op.getChunk().front(), *part.addChunk(length), 1);
  return part;
}
