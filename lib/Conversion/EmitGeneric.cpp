//===- EmitGeneric.cpp - one linalg.generic of a kernel -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threads share the points of the parallel loops. Where there are fewer points
// than threads and much to reduce at each, several threads, the lanes of a
// point, reduce a share each and combine what they have: within a warp by
// shuffles, across warps through shared memory. That changes the order of a
// sum, which the language leaves open.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

static constexpr int64_t warp = 32;

/// One op while it is emitted.
struct KernelEmitter::Nest {
  linalg::GenericOp op;
  SmallVector<unsigned> parallel, reduced;              ///< its loops
  SmallVector<int64_t> parallelExtents, reducedExtents; ///< of this block
  SmallVector<Value> bases;   ///< where this block begins in each parallel loop
  SmallVector<Value> indices; ///< of each loop, while the body is emitted
  /// The op that takes one more element into each result; empty if there is
  /// something to reduce, but not by such ops.
  SmallVector<Operation *> combiners;
  int64_t lanes = 1;
  /// Where warps of one point meet, for each result.
  SmallVector<DevicePlace> meeting;
};

/// The op that combines `accumulator` with what it is yielded with, if its
/// order does not matter and it has a neutral element.
static Operation *findCombiner(BlockArgument accumulator, Value yielded) {
  Operation *op = yielded.getDefiningOp();
  bool isCombiner =
      op && op->getNumOperands() == 2 && accumulator.hasOneUse() &&
      *accumulator.getUsers().begin() == op && arith::getNeutralElement(op);
  // A sum has an order unless the language says otherwise.
  auto flags = dyn_cast_or_null<arith::ArithFastMathInterface>(op);
  bool isOrdered =
      isa_and_nonnull<arith::AddFOp, arith::MulFOp>(op) &&
      !arith::bitEnumContainsAll(flags.getFastMathFlagsAttr().getValue(),
                                 arith::FastMathFlags::reassoc);
  return isCombiner && !isOrdered ? op : nullptr;
}

KernelEmitter::Nest KernelEmitter::analyze(linalg::GenericOp op) {
  Nest nest;
  nest.op = op;
  nest.indices.resize(op.getNumLoops());
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  // Batch and time are those of the block.
  for (OpOperand &operand : op->getOpOperands())
    for (auto [axis, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (auto loop = dyn_cast<AffineDimExpr>(expr);
          loop && ShapedType::isDynamic(ranges[loop.getPosition()]))
        nest.indices[loop.getPosition()] = axis == 0 ? sequence : token;
  auto kinds = op.getIteratorTypesArray();
  auto addLoop = [&](unsigned loop) {
    bool isParallel = kinds[loop] == utils::IteratorType::parallel;
    auto part = partOf(axes.getClass(op, loop));
    int64_t extent = part ? ranges[loop] / part->first : ranges[loop];
    (isParallel ? nest.parallel : nest.reduced).push_back(loop);
    (isParallel ? nest.parallelExtents : nest.reducedExtents).push_back(extent);
    if (isParallel)
      nest.bases.push_back(
          part ? arith::MulIOp::create(b, loc, part->second, index(extent))
                     .getResult()
               : Value());
  };
  // Neighbouring threads store neighbouring elements.
  AffineMap order = op.getIndexingMapsArray()[op.getNumDpsInputs()];
  for (AffineExpr expr : order.getResults())
    if (auto loop = dyn_cast<AffineDimExpr>(expr);
        loop && !nest.indices[loop.getPosition()])
      addLoop(loop.getPosition());
  for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
    if (kinds[loop] == utils::IteratorType::reduction)
      addLoop(loop);

  Operation *end = op.getBody()->getTerminator();
  for (auto [argument, yielded] :
       llvm::zip_equal(op.getRegionOutputArgs(), end->getOperands()))
    if (Operation *combiner = findCombiner(argument, yielded))
      nest.combiners.push_back(combiner);
  if (nest.reduced.empty() ||
      nest.combiners.size() != op.getRegionOutputArgs().size()) {
    nest.combiners.clear();
    return nest;
  }
  // Shuffles exchange 32 bits.
  if (llvm::any_of(op.getResultTypes(), [](Type type) {
        return getElementTypeOrSelf(type).getIntOrFloatBitWidth() != 32;
      }))
    return nest;
  int64_t points = ShapedType::getNumElements(nest.parallelExtents);
  int64_t terms = ShapedType::getNumElements(nest.reducedExtents);
  while (points * nest.lanes * 2 <= result.threads && nest.lanes * 2 <= terms)
    nest.lanes *= 2;
  if (nest.lanes > warp && !findMeetingPlaces(nest))
    nest.lanes = warp;
  return nest;
}

/// Shared memory with a word for each warp and result, if there is room.
bool KernelEmitter::findMeetingPlaces(Nest &nest) {
  int64_t warps = result.threads / warp;
  for (Type type : nest.op.getResultTypes()) {
    int memory = numMemories++;
    std::optional<int64_t> offset =
        shared.allocate(memory, warps * 4, now, now);
    if (!offset)
      return false;
    nest.meeting.push_back(
        inMemory(sharedAddress(*offset), Value(), getElementTypeOrSelf(type),
                 {{b.getIndexAttr(warps)}, {Value()}}, memory));
  }
  return true;
}

/// Moves the nest to the point with these indices in what this block has.
void KernelEmitter::setPoint(Nest &nest, ValueRange local) {
  for (auto [loop, at, base] :
       llvm::zip_equal(nest.parallel, local, nest.bases))
    nest.indices[loop] =
        base ? arith::AddIOp::create(b, loc, base, at).getResult() : at;
}

void KernelEmitter::setReduction(Nest &nest, Value point) {
  SmallVector<Value> local = delinearize(b, loc, point, nest.reducedExtents);
  for (auto [loop, at] : llvm::zip_equal(nest.reduced, local))
    nest.indices[loop] = at;
}

/// The indices of an operand at the point that the nest is at.
static SmallVector<Value> indicesOf(OpBuilder &b, Location loc, AffineMap map,
                                    ArrayRef<Value> loops) {
  return llvm::map_to_vector(map.getResults(), [&](AffineExpr expr) -> Value {
    if (auto loop = dyn_cast<AffineDimExpr>(expr))
      return loops[loop.getPosition()];
    int64_t value = cast<AffineConstantExpr>(expr).getValue();
    return arith::ConstantIndexOp::create(b, loc, value);
  });
}

/// An index that comes from data is brought into the axis, so that nothing is
/// read out of bounds whatever the data are.
static Value clampIndex(OpBuilder &b, Location loc, Value original, Value value,
                        Value extent) {
  Operation *op = original.getDefiningOp();
  if (isa_and_nonnull<linalg::IndexOp>(op) ||
      (op && op->hasTrait<OpTrait::ConstantLike>()))
    return value;
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value last = arith::SubIOp::create(b, loc, extent, one);
  value = arith::MaxSIOp::create(b, loc, value, zero);
  return arith::MinSIOp::create(b, loc, value, last);
}

/// The body at the point that the nest is at: what it yields.
SmallVector<Value> KernelEmitter::emitBody(Nest &nest,
                                           ArrayRef<Value> accumulators) {
  linalg::GenericOp op = nest.op;
  IRMapping mapping = scalars;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(operand);
    if (argument.use_empty())
      continue;
    SmallVector<Value> indices =
        indicesOf(b, loc, op.getMatchingIndexingMap(operand), nest.indices);
    mapping.map(argument, places[operand->get()].load(b, loc, indices));
  }
  for (auto [argument, value] :
       llvm::zip(op.getRegionOutputArgs(), accumulators))
    mapping.map(argument, value);
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (auto at = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(at.getResult(), nest.indices[at.getDim()]);
    } else if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
      auto type = cast<RankedTensorType>(extract.getTensor().getType());
      SmallVector<Value> indices;
      for (auto [axis, value] : llvm::enumerate(extract.getIndices()))
        indices.push_back(clampIndex(b, loc, value, mapping.lookup(value),
                                     type.isDynamicDim(axis)
                                         ? (axis == 0 ? batch : length)
                                         : index(type.getDimSize(axis))));
      mapping.map(extract.getResult(),
                  places[extract.getTensor()].load(b, loc, indices));
    } else {
      b.clone(inner, mapping);
    }
  }
  return llvm::map_to_vector(
      op.getBody()->getTerminator()->getOperands(),
      [&](Value value) { return mapping.lookupOrDefault(value); });
}

/// A loop over a share of the reduction from `first` on in steps of `step`.
static SmallVector<Value>
reduceFrom(OpBuilder &b, Location loc, Value first, int64_t count, int64_t step,
           ArrayRef<Value> inits,
           llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(
      b, loc, first, arith::ConstantIndexOp::create(b, loc, count),
      arith::ConstantIndexOp::create(b, loc, step), inits);
  OpBuilder::InsertionGuard restore(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(b, loc, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> KernelEmitter::reduceSerially(Nest &nest,
                                                 ArrayRef<Value> inits) {
  if (nest.reduced.empty())
    return emitBody(nest, inits);
  int64_t terms = ShapedType::getNumElements(nest.reducedExtents);
  return reduceFrom(b, loc, index(0), terms, 1, inits,
                    [&](Value point, ValueRange accumulators) {
                      setReduction(nest, point);
                      return emitBody(nest,
                                      llvm::to_vector_of<Value>(accumulators));
                    });
}

/// One thread a point.
void KernelEmitter::emitPoints(Nest &nest, ArrayRef<DevicePlace> targets) {
  linalg::GenericOp op = nest.op;
  auto visit = [&](ValueRange local) {
    setPoint(nest, local);
    SmallVector<Value> inits;
    for (OpOperand &init : op.getDpsInitsMutable()) {
      bool isRead = !op.getMatchingBlockArgument(&init).use_empty();
      SmallVector<Value> indices =
          indicesOf(b, loc, op.getMatchingIndexingMap(&init), nest.indices);
      inits.push_back(isRead ? places[init.get()].load(b, loc, indices)
                             : Value());
    }
    SmallVector<Value> results = reduceSerially(nest, inits);
    for (auto [init, target, value] :
         llvm::zip_equal(op.getDpsInitsMutable(), targets, results))
      target.store(
          b, loc,
          indicesOf(b, loc, op.getMatchingIndexingMap(&init), nest.indices),
          value);
  };
  forEachPoint(nest.parallelExtents, visit);
}

/// `a` and `c` combined as the body combines.
static Value combine(OpBuilder &b, linalg::GenericOp op, unsigned position,
                     Operation *combiner, Value a, Value c) {
  IRMapping mapping;
  Value accumulator = op.getRegionOutputArgs()[position];
  for (Value operand : combiner->getOperands())
    mapping.map(operand, operand == accumulator ? a : c);
  return b.clone(*combiner, mapping)->getResult(0);
}

/// Every lane gets what the lanes of its point within the warp have together.
SmallVector<Value> KernelEmitter::combineLanes(Nest &nest,
                                               SmallVector<Value> partial) {
  for (int64_t distance = std::min(nest.lanes, warp) / 2; distance > 0;
       distance /= 2)
    for (auto [position, value] : llvm::enumerate(partial)) {
      Value other = gpu::ShuffleOp::create(b, loc, value, distance, warp,
                                           gpu::ShuffleMode::XOR)
                        .getShuffleResult();
      value =
          combine(b, nest.op, position, nest.combiners[position], value, other);
    }
  return partial;
}

/// The same across the warps of a point; the first lane gets the result.
SmallVector<Value> KernelEmitter::combineWarps(Nest &nest,
                                               SmallVector<Value> partial) {
  int64_t warps = result.threads / warp, perPoint = nest.lanes / warp;
  Value lane = arith::RemUIOp::create(b, loc, thread, index(warp));
  Value isFirst =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lane, index(0));
  Value own = arith::DivUIOp::create(b, loc, thread, index(warp));
  for (auto [position, value] : llvm::enumerate(partial)) {
    const DevicePlace &place = nest.meeting[position];
    beginAccess({}, place.memory);
    guard(isFirst, [&, held = value] { place.store(b, loc, own, held); });
    beginAccess(place.memory, {});
    Value total = place.load(b, loc, own);
    for (int64_t other = 1; other < perPoint; ++other) {
      // The last warps of the block are no point's first.
      Value at = arith::AddIOp::create(b, loc, own, index(other));
      at = arith::MinUIOp::create(b, loc, at, index(warps - 1));
      total = combine(b, nest.op, position, nest.combiners[position], total,
                      place.load(b, loc, at));
    }
    value = total;
  }
  return partial;
}

/// Several threads a point. All threads take part in what follows the loop,
/// those without a point with neutral elements.
void KernelEmitter::emitLanes(Nest &nest, ArrayRef<DevicePlace> targets) {
  linalg::GenericOp op = nest.op;
  int64_t points = ShapedType::getNumElements(nest.parallelExtents);
  int64_t terms = ShapedType::getNumElements(nest.reducedExtents);
  Value point = arith::DivUIOp::create(b, loc, thread, index(nest.lanes));
  Value lane = arith::RemUIOp::create(b, loc, thread, index(nest.lanes));
  Value hasPoint = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                         point, index(points));
  SmallVector<Value> neutral;
  for (Operation *combiner : nest.combiners)
    neutral.push_back(
        arith::ConstantOp::create(b, loc, *arith::getNeutralElement(combiner)));
  // Threads without a point begin behind the end of the reduction.
  Value first = arith::SelectOp::create(b, loc, hasPoint, lane, index(terms));
  setPoint(nest, delinearize(b, loc, point, nest.parallelExtents));
  SmallVector<Value> partial = reduceFrom(
      b, loc, first, terms, nest.lanes, neutral,
      [&](Value term, ValueRange accumulators) {
        setReduction(nest, term);
        return emitBody(nest, llvm::to_vector_of<Value>(accumulators));
      });
  partial = combineLanes(nest, partial);
  if (nest.lanes > warp) {
    partial = combineWarps(nest, partial);
    announce(op, targets); // what was said before is behind a barrier now
  }

  Value isFirst =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lane, index(0));
  Value stores = arith::AndIOp::create(b, loc, hasPoint, isFirst);
  guard(stores, [&] {
    for (auto [position, init] : llvm::enumerate(op.getDpsInitsMutable())) {
      SmallVector<Value> indices =
          indicesOf(b, loc, op.getMatchingIndexingMap(&init), nest.indices);
      Value start = places[init.get()].load(b, loc, indices);
      Value value = combine(b, op, position, nest.combiners[position], start,
                            partial[position]);
      targets[position].store(b, loc, indices, value);
    }
  });
}

/// Says what the op reads and writes.
void KernelEmitter::announce(linalg::GenericOp op,
                             ArrayRef<DevicePlace> targets) {
  SmallVector<int> reads, writes;
  for (auto [operand, argument] :
       llvm::zip_equal(op->getOperands(), op.getBody()->getArguments()))
    if (!argument.use_empty())
      reads.push_back(places[operand].memory);
  op.getBody()->walk([&](tensor::ExtractOp extract) {
    reads.push_back(places[extract.getTensor()].memory);
  });
  for (const DevicePlace &target : targets)
    writes.push_back(target.memory);
  beginAccess(reads, writes);
}

void KernelEmitter::emitGeneric(linalg::GenericOp op,
                                ArrayRef<DevicePlace> targets) {
  announce(op, targets);
  // Scalars from outside of the body are computed before it.
  op.getBody()->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (operand.getParentBlock() != op.getBody() &&
          !isa<ShapedType>(operand.getType()))
        scalars.map(operand, getScalar(operand));
  });
  Nest nest = analyze(op);
  if (nest.lanes > 1)
    emitLanes(nest, targets);
  else
    emitPoints(nest, targets);
}
