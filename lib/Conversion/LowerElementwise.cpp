//===- LowerElementwise.cpp - elementwise ops as vectors ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops along memory in a token or a chunk are short, and LLVM would have
// to check each time that what they read and write does not overlap, or give
// up; elementary functions it would call for each lane. Bufferization has seen
// to it that an element is at most overwritten where it was read, so vectors
// are right. Ops on all tokens at once are shared among threads.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_LOWERELEMENTWISE
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct LowerElementwise
    : public seqmix::impl::LowerElementwiseBase<LowerElementwise> {
  void runOnOperation() override;
};

/// Elements that a turn of the innermost loop computes: two vectors of AVX.
constexpr int64_t kLanes = 16;

/// Emits the loops of one op; `inner` is the one along memory.
class VectorEmitter {
public:
  VectorEmitter(linalg::GenericOp op, unsigned inner)
      : op(op), inner(inner), builder(op), loc(op.getLoc()),
        ivs(op.getNumLoops()) {}

  void run();

private:
  void emitBody(int64_t lanes);
  void clone(Operation &scalar, IRMapping &mapping, int64_t lanes);
  Value load(OpOperand &operand, int64_t lanes);
  Value toVector(Value value, int64_t lanes);
  SmallVector<Value> subscripts(OpOperand &operand);
  Value getEnd(unsigned loop);
  std::optional<unsigned> findShared(ArrayRef<unsigned> outer);
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  linalg::GenericOp op;
  unsigned inner;
  OpBuilder builder;
  Location loc;
  SmallVector<Value> ivs;
};
} // namespace

/// Whether an operand lies along `inner` in memory, or is the same all along.
static bool isVectorOrSame(linalg::GenericOp op, OpOperand &operand,
                           unsigned inner) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type)
    return map.getNumResults() == 0;
  if (!map.isProjectedPermutation() || type.getElementType().isInteger(1))
    return false;
  if (!map.isFunctionOfDim(inner))
    return op.isDpsInput(&operand);
  return map.getDimPosition(map.getNumResults() - 1) == inner &&
         type.isLastDimUnitStride();
}

/// Whether an op of the body has a form on vectors, or needs none.
static bool canWiden(Operation &inBody, unsigned inner) {
  if (auto index = dyn_cast<linalg::IndexOp>(inBody))
    return index.getDim() != inner;
  return inBody.hasTrait<OpTrait::ConstantLike>() ||
         OpTrait::hasElementwiseMappableTraits(&inBody);
}

/// The loop that vectors can lie along, if there is one.
static std::optional<unsigned> findInner(linalg::GenericOp op) {
  if (!op.hasPureBufferSemantics() || op.getNumReductionLoops() > 0 ||
      op.getNumLoops() == 0)
    return std::nullopt;
  AffineMap written = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!written.isPermutation())
    return std::nullopt;
  unsigned inner = written.getDimPosition(written.getNumResults() - 1);
  bool isWide =
      llvm::all_of(op->getOpOperands(),
                   [&](OpOperand &operand) {
                     return isVectorOrSame(op, operand, inner);
                   }) &&
      llvm::all_of(op.getBody()->without_terminator(),
                   [&](Operation &inBody) { return canWiden(inBody, inner); });
  int64_t extent = op.getStaticLoopRanges()[inner];
  if (!isWide || extent == 1 || ShapedType::isDynamic(extent))
    return std::nullopt;
  return inner;
}

SmallVector<Value> VectorEmitter::subscripts(OpOperand &operand) {
  SmallVector<Value> result;
  for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults())
    result.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
  return result;
}

Value VectorEmitter::load(OpOperand &operand, int64_t lanes) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type)
    return operand.get();
  if (op.getMatchingIndexingMap(&operand).isFunctionOfDim(inner))
    return vector::LoadOp::create(builder, loc,
                                  VectorType::get(lanes, type.getElementType()),
                                  operand.get(), subscripts(operand));
  return memref::LoadOp::create(builder, loc, operand.get(),
                                subscripts(operand));
}

Value VectorEmitter::toVector(Value value, int64_t lanes) {
  if (isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(
      builder, loc, VectorType::get(lanes, value.getType()), value);
}

/// An op that has a vector among its operands is one of vectors.
void VectorEmitter::clone(Operation &scalar, IRMapping &mapping,
                          int64_t lanes) {
  if (auto index = dyn_cast<linalg::IndexOp>(scalar)) {
    mapping.map(index.getResult(), ivs[index.getDim()]);
    return;
  }
  SmallVector<Value> operands;
  for (Value operand : scalar.getOperands())
    operands.push_back(mapping.lookupOrDefault(operand));
  bool isWide = llvm::any_of(operands, [](Value operand) {
    return isa<VectorType>(operand.getType());
  });
  Operation *copy = builder.clone(scalar, mapping);
  if (!isWide)
    return;
  builder.setInsertionPoint(copy);
  for (auto [index, operand] : llvm::enumerate(operands))
    copy->setOperand(index, toVector(operand, lanes));
  for (Value result : copy->getResults())
    result.setType(VectorType::get(lanes, result.getType()));
  builder.setInsertionPointAfter(copy);
}

void VectorEmitter::emitBody(int64_t lanes) {
  IRMapping mapping;
  for (OpOperand &operand : op->getOpOperands())
    if (BlockArgument argument = op.getMatchingBlockArgument(&operand);
        !argument.use_empty())
      mapping.map(argument, load(operand, lanes));
  for (Operation &scalar : op.getBody()->without_terminator())
    clone(scalar, mapping, lanes);
  Operation *yield = op.getBody()->getTerminator();
  for (auto [value, init] :
       llvm::zip_equal(yield->getOperands(), op.getDpsInitsMutable()))
    vector::StoreOp::create(builder, loc,
                            toVector(mapping.lookupOrDefault(value), lanes),
                            init.get(), subscripts(init));
}

/// Where a loop ends.
Value VectorEmitter::getEnd(unsigned loop) {
  int64_t extent = op.getStaticLoopRanges()[loop];
  if (!ShapedType::isDynamic(extent))
    return constant(extent);
  for (OpOperand &operand : op->getOpOperands())
    for (auto [axis, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (cast<AffineDimExpr>(expr).getPosition() == loop)
        return memref::DimOp::create(builder, loc, operand.get(), axis);
  llvm_unreachable("a loop goes over an axis of some operand");
}

/// The loop that is shared among threads, if the op is not in one that may be:
/// the last of unknown length, which is that over tokens, or over sequences of
/// one token.
std::optional<unsigned> VectorEmitter::findShared(ArrayRef<unsigned> outer) {
  if (!isa<func::FuncOp>(op->getParentOp()))
    return std::nullopt;
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  for (unsigned loop : llvm::reverse(outer))
    if (ShapedType::isDynamic(extents[loop]))
      return loop;
  return std::nullopt;
}

void VectorEmitter::run() {
  auto enter = [&](unsigned loop, Value end, int64_t step) {
    auto nest =
        scf::ForOp::create(builder, loc, constant(0), end, constant(step));
    ivs[loop] = nest.getInductionVar();
    builder.setInsertionPointToStart(nest.getBody());
  };
  // In the order in which the output lies in memory.
  AffineMap written = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  SmallVector<unsigned> outer;
  for (AffineExpr expr : written.getResults().drop_back())
    outer.push_back(cast<AffineDimExpr>(expr).getPosition());
  SmallVector<Value> ends =
      llvm::map_to_vector(outer, [&](unsigned loop) { return getEnd(loop); });
  std::optional<unsigned> shared = findShared(outer);
  for (auto [loop, end] : llvm::zip_equal(outer, ends)) {
    if (loop != shared) {
      enter(loop, end, 1);
      continue;
    }
    auto nest =
        scf::ParallelOp::create(builder, loc, constant(0), end, constant(1));
    ivs[loop] = nest.getInductionVars()[0];
    builder.setInsertionPointToStart(nest.getBody());
  }
  int64_t extent = op.getStaticLoopRanges()[inner], rest = extent % kLanes;
  if (extent != rest) {
    OpBuilder::InsertionGuard guard(builder);
    enter(inner, constant(extent - rest), kLanes);
    emitBody(kLanes);
  }
  if (rest) {
    ivs[inner] = constant(extent - rest);
    emitBody(rest);
  }
}

void LowerElementwise::runOnOperation() {
  SmallVector<std::pair<linalg::GenericOp, unsigned>> found;
  getOperation().walk([&](linalg::GenericOp op) {
    if (std::optional<unsigned> inner = findInner(op))
      found.push_back({op, *inner});
  });
  for (auto [op, inner] : found) {
    VectorEmitter(op, inner).run();
    op.erase();
  }
}
