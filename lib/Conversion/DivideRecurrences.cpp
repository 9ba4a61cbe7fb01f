//===- DivideRecurrences.cpp - one part of a recurrence for each thread ---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tokens of a sequence follow each other, but heads, channels or value
// columns do not need each other. A recurrence that takes chunks is divided
// along one such axis: each part runs its whole sequence by itself, on its
// slices of the operands, and its state stays in the nearest cache.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ParallelAxes.h"
#include "lib/Conversion/Passes.h"
#include "lib/Conversion/SeqmixToSCF.h"
#include "lib/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_DIVIDERECURRENCES
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct DivideRecurrences
    : public seqmix::impl::DivideRecurrencesBase<DivideRecurrences> {
  void runOnOperation() override;
};

/// Narrow parts of a row of memory are slow to stream.
constexpr int64_t kMostParts = 4;

/// Work that all parts repeat must be less than this of the whole.
constexpr double kMostRepeated = 0.02;

/// One recurrence divided along one class of axes.
class Division {
public:
  Division(RecurrenceOp op, const ParallelAxes &axes, unsigned group,
           int64_t parts)
      : op(op), axes(axes), group(group), parts(parts), builder(op) {}

  /// Whether every op of the recurrence can be made smaller.
  bool isPossible();
  /// The points of the chunk's ops that every part must repeat, of all.
  double measureRepeated();
  void run();

private:
  /// The axis of a value that is divided, if one is.
  std::optional<unsigned> axisOf(Value value);
  RankedTensorType partType(Value value);
  bool canShrink(Operation &op);
  void shrink(Block &from, Block &to);
  void shrink(Operation &op, OpBuilder &inner, IRMapping &mapping);
  Value shrinkOperand(OpOperand &operand, OpBuilder &inner, IRMapping &mapping);
  RecurrenceOp buildPart(OpBuilder &inner, ValueRange operands);
  Value slice(OpBuilder &inner, Value value, Value like, Value part);

  RecurrenceOp op;
  const ParallelAxes &axes;
  unsigned group;
  int64_t parts;
  OpBuilder builder;
};
} // namespace

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// A tensor of one number, or of none yet: it has the shape that its user
/// wants.
static bool isShapeless(Value value) {
  Operation *def = value.getDefiningOp();
  if (!def)
    return false;
  if (auto constant = dyn_cast<arith::ConstantOp>(def)) {
    auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
    return elements && elements.isSplat();
  }
  return isa<tensor::EmptyOp>(def);
}

std::optional<unsigned> Division::axisOf(Value value) {
  if (!isa<RankedTensorType>(value.getType()))
    return std::nullopt;
  for (int64_t axis = 0; axis < typeOf(value).getRank(); ++axis)
    if (axes.getClass(value, axis) == group)
      return axis;
  return std::nullopt;
}

RankedTensorType Division::partType(Value value) {
  SmallVector<int64_t> shape(typeOf(value).getShape());
  if (std::optional<unsigned> axis = axisOf(value))
    shape[*axis] /= parts;
  return RankedTensorType::get(shape, typeOf(value).getElementType());
}

bool Division::canShrink(Operation &op) {
  if (op.hasTrait<OpTrait::IsTerminator>())
    return true;
  // A table of numbers would have to be divided too.
  for (Value operand : op.getOperands()) {
    auto constant = operand.getDefiningOp<arith::ConstantOp>();
    if (constant && isa<DenseElementsAttr>(constant.getValue()) &&
        !isShapeless(operand))
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

bool Division::isPossible() {
  for (Value result : op->getResults())
    if (!axisOf(result))
      return false;
  for (Region &region : op->getRegions())
    for (Operation &inner : region.front())
      if (!canShrink(inner))
        return false;
  return true;
}

double Division::measureRepeated() {
  double all = 0, repeated = 0;
  for (auto generic : op.getChunk().front().getOps<linalg::GenericOp>()) {
    double points = 1;
    bool isDivided = false;
    for (auto [loop, extent] : llvm::enumerate(generic.getStaticLoopRanges())) {
      points *= extent;
      isDivided |= axes.getClass(generic, loop) == group;
    }
    all += points;
    repeated += isDivided ? 0 : points;
  }
  return all ? repeated / all : 1;
}

/// An operand of a part's op; what has no shape of its own is made anew.
Value Division::shrinkOperand(OpOperand &operand, OpBuilder &inner,
                              IRMapping &mapping) {
  Value value = operand.get();
  if (!isShapeless(value))
    return mapping.lookup(value);
  Operation *user = operand.getOwner();
  SmallVector<int64_t> shape(typeOf(value).getShape());
  if (auto generic = dyn_cast<linalg::GenericOp>(user)) {
    AffineMap map = generic.getMatchingIndexingMap(&operand);
    for (auto [axis, expr] : llvm::enumerate(map.getResults()))
      if (axes.getClass(generic, cast<AffineDimExpr>(expr).getPosition()) ==
          group)
        shape[axis] /= parts;
  } else if (isa<tensor::InsertSliceOp>(user) &&
             value == cast<tensor::InsertSliceOp>(user).getDest()) {
    shape = llvm::to_vector(partType(user->getResult(0)).getShape());
  }
  Type element = typeOf(value).getElementType();
  if (value.getDefiningOp<tensor::EmptyOp>())
    return tensor::EmptyOp::create(inner, value.getLoc(), shape, element);
  auto elements = cast<DenseElementsAttr>(
      value.getDefiningOp<arith::ConstantOp>().getValue());
  return arith::ConstantOp::create(
      inner, value.getLoc(),
      elements.resizeSplat(RankedTensorType::get(shape, element)));
}

void Division::shrink(Operation &op, OpBuilder &inner, IRMapping &mapping) {
  if (op.hasTrait<OpTrait::ConstantLike>() || isa<tensor::EmptyOp>(op)) {
    if (!llvm::all_of(op.getResults(), isShapeless))
      inner.clone(op, mapping);
    return;
  }
  SmallVector<Value> operands;
  for (OpOperand &operand : op.getOpOperands())
    operands.push_back(shrinkOperand(operand, inner, mapping));
  Location loc = op.getLoc();
  auto extents = [&](ArrayRef<OpFoldResult> sizes, Value whole, Value part,
                     const llvm::SmallBitVector &dropped) {
    SmallVector<OpFoldResult> result(sizes);
    unsigned inPart = 0;
    for (unsigned axis = 0; axis < sizes.size(); ++axis) {
      if (dropped[axis])
        continue;
      if (axes.getClass(part, inPart) == group)
        result[axis] = inner.getIndexAttr(partType(part).getDimSize(inPart));
      ++inPart;
    }
    return result;
  };
  if (auto take = dyn_cast<tensor::ExtractSliceOp>(op)) {
    Value result = tensor::ExtractSliceOp::create(
        inner, loc, partType(take.getResult()), operands[0],
        take.getMixedOffsets(),
        extents(take.getMixedSizes(), take.getSource(), take.getResult(),
                take.getDroppedDims()),
        take.getMixedStrides());
    return mapping.map(take.getResult(), result);
  }
  if (auto put = dyn_cast<tensor::InsertSliceOp>(op)) {
    Value result = tensor::InsertSliceOp::create(
        inner, loc, operands[0], operands[1], put.getMixedOffsets(),
        extents(put.getMixedSizes(), put.getDest(), put.getSource(),
                put.getDroppedDims()),
        put.getMixedStrides());
    return mapping.map(put.getResult(), result);
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    Value result = tensor::ExpandShapeOp::create(
        inner, loc, partType(expand.getResult()), operands[0],
        expand.getReassociationIndices());
    return mapping.map(expand.getResult(), result);
  }
  IRMapping local(mapping);
  for (auto [operand, value] : llvm::zip_equal(op.getOperands(), operands))
    local.map(operand, value);
  Operation *clone = inner.clone(op, local);
  for (auto [index, value] : llvm::enumerate(operands))
    clone->setOperand(index, value);
  for (auto [old, result] :
       llvm::zip_equal(op.getResults(), clone->getResults())) {
    if (isa<RankedTensorType>(old.getType()))
      result.setType(partType(old));
    mapping.map(old, result);
  }
}

void Division::shrink(Block &from, Block &to) {
  OpBuilder inner = OpBuilder::atBlockEnd(&to);
  IRMapping mapping;
  mapping.map(from.getArguments(), to.getArguments());
  for (Operation &operation : from.without_terminator())
    shrink(operation, inner, mapping);
  SmallVector<Value> yielded;
  for (OpOperand &operand : from.getTerminator()->getOpOperands()) {
    Value value = operand.get();
    yielded.push_back(isShapeless(value) ? Value() : mapping.lookup(value));
  }
  YieldOp::create(inner, op.getLoc(), yielded);
}

/// A part's slice of an operand or result: all of it if it is not divided.
Value Division::slice(OpBuilder &inner, Value value, Value like, Value part) {
  std::optional<unsigned> divided = axisOf(like);
  if (!divided)
    return value;
  Location loc = op.getLoc();
  SmallVector<OpFoldResult> offsets, sizes,
      strides(typeOf(like).getRank(), inner.getIndexAttr(1));
  RankedTensorType type = partType(like);
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    offsets.push_back(axis == *divided ? OpFoldResult(part)
                                       : inner.getIndexAttr(0));
    if (type.isDynamicDim(axis))
      sizes.push_back(
          tensor::DimOp::create(inner, loc, value, axis).getResult());
    else
      sizes.push_back(inner.getIndexAttr(type.getDimSize(axis)));
  }
  return tensor::ExtractSliceOp::create(inner, loc, type, value, offsets, sizes,
                                        strides);
}

RecurrenceOp Division::buildPart(OpBuilder &inner, ValueRange operands) {
  size_t numSequences = op.getSequences().size();
  size_t numStates = op.getStates().size();
  SmallVector<Type> outputs;
  for (Value output : op.getOutputs())
    outputs.push_back(partType(output));
  auto part = RecurrenceOp::create(
      inner, op.getLoc(), outputs, operands.take_front(numSequences),
      operands.drop_front(numSequences).drop_back(numStates),
      operands.take_back(numStates), ArrayRef<StringRef>());
  shrink(op.getToken().front(), part.getToken().front());
  shrink(op.getChunk().front(), *part.addChunk(op.getChunkLength()));
  return part;
}

void Division::run() {
  Location loc = op.getLoc();
  SmallVector<Value> shared = buildEmptyOutputs(builder, op);
  llvm::append_range(shared, op.getStates());
  SmallVector<OpFoldResult> bound = {builder.getIndexAttr(parts)};
  auto loop = scf::ForallOp::create(
      builder, loc, bound, shared, std::nullopt,
      [&](OpBuilder &inner, Location loc, ValueRange arguments) {
        Value index = arguments[0];
        ValueRange whole = arguments.drop_front();
        SmallVector<Value> results(op->getResults());
        DenseMap<int64_t, Value> begins;
        auto beginOf = [&](Value like) -> Value {
          std::optional<unsigned> axis = axisOf(like);
          if (!axis)
            return Value();
          int64_t extent = partType(like).getDimSize(*axis);
          Value &begin = begins[extent];
          if (!begin) {
            Value size = arith::ConstantIndexOp::create(inner, loc, extent);
            begin = arith::MulIOp::create(inner, loc, index, size);
          }
          return begin;
        };
        SmallVector<Value> operands, parts;
        for (Value operand : op->getOperands().drop_back(op.getStates().size()))
          operands.push_back(slice(inner, operand, operand, beginOf(operand)));
        for (auto [value, like] : llvm::zip_equal(whole, results))
          parts.push_back(slice(inner, value, like, beginOf(like)));
        llvm::append_range(operands,
                           ArrayRef(parts).take_back(op.getStates().size()));
        RecurrenceOp part = buildPart(inner, operands);
        SmallVector<Value> computed = buildMixerLoops(
            inner, part, ArrayRef(parts).take_front(op.getOutputs().size()),
            ArrayRef(parts).take_back(op.getStates().size()));
        part.erase();
        auto end = scf::InParallelOp::create(inner, loc);
        inner.setInsertionPointToStart(end.getBody());
        for (auto [value, into, like] :
             llvm::zip_equal(computed, whole, results)) {
          auto taken = parts[llvm::find(results, like) - results.begin()]
                           .getDefiningOp<tensor::ExtractSliceOp>();
          tensor::ParallelInsertSliceOp::create(
              inner, loc, value, into, taken.getMixedOffsets(),
              taken.getMixedSizes(), taken.getMixedStrides());
        }
      });
  op->replaceAllUsesWith(loop.getResults());
  op.erase();
}

/// Divides along the class that leaves the least work to all parts, if that is
/// little.
static void divide(RecurrenceOp op) {
  ParallelAxes axes = ParallelAxes::compute(op);
  std::optional<Division> best;
  double least = kMostRepeated;
  for (unsigned group : axes.getParallel()) {
    int64_t parts = 1;
    for (int64_t count = 1; count <= kMostParts; ++count)
      if (axes.getMostParts(group) % count == 0)
        parts = count;
    Division division(op, axes, group, parts);
    if (parts == 1 || !division.isPossible())
      continue;
    double repeated = division.measureRepeated();
    if (repeated < least) {
      best.emplace(division);
      least = repeated;
    }
  }
  if (best)
    best->run();
}

void DivideRecurrences::runOnOperation() {
  OpPassManager structured(RecurrenceOp::getOperationName());
  structured.addPass(createConvertElementwiseToLinalgPass());
  structured.addPass(createLinalgGeneralizeNamedOpsPass());
  structured.addPass(createFuseElementwise());
  structured.addPass(createRelaxReductions());
  structured.addPass(createCanonicalizerPass());
  structured.addPass(createCSEPass());
  SmallVector<RecurrenceOp> chunked;
  getOperation()->walk([&](RecurrenceOp op) {
    if (op.getChunkLength())
      chunked.push_back(op);
  });
  for (RecurrenceOp op : chunked) {
    if (failed(runPipeline(structured, op)))
      return signalPassFailure();
    divide(op);
  }
}
