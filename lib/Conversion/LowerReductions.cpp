//===- LowerReductions.cpp - linalg reductions to loops -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream lowers a reduction to loops in the op's own order and through
// memory. Here the loop along memory is made the innermost one. If it is a
// reduction, it accumulates in a register, so that the backend may vectorise
// it without proving that the output does not alias the inputs.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_LOWERREDUCTIONS
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct LowerReductions
    : public seqmix::impl::LowerReductionsBase<LowerReductions> {
  void runOnOperation() override;
};

/// An op is shared among threads from this many iterations per token on.
constexpr int64_t kWorthSharing = 2048;

/// The order of an op's loops, and how the innermost accumulates.
struct LoopOrder {
  SmallVector<unsigned> loops; ///< outermost first
  bool inRegister;             ///< reductions are innermost, one output
};

/// Emits the loops of one op.
class LoopEmitter {
public:
  LoopEmitter(linalg::GenericOp op, const LoopOrder &order)
      : op(op), order(order), builder(op), ivs(op.getNumLoops()) {}

  void run() { emit(0, {}); }

private:
  SmallVector<Value> emit(unsigned depth, ValueRange accumulators);
  SmallVector<Value> emitBody(ValueRange accumulators);
  Value load(OpOperand &operand);
  SmallVector<Value> subscripts(OpOperand &operand);
  Value upperBound(unsigned loop);
  bool isReduction(unsigned loop) {
    return op.getIteratorTypesArray()[loop] == utils::IteratorType::reduction;
  }

  linalg::GenericOp op;
  const LoopOrder &order;
  OpBuilder builder;
  SmallVector<Value> ivs;
};
} // namespace

/// The loop that runs along the memory of the op's largest input, if its
/// accesses are plain; fails otherwise.
static FailureOr<unsigned> findContiguousLoop(linalg::GenericOp op) {
  OpOperand *largest = nullptr;
  int64_t rank = -1;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (!map.isProjectedPermutation())
      return failure();
    if (op.isDpsInput(&operand) && map.getNumResults() > rank) {
      rank = map.getNumResults();
      largest = &operand;
    }
  }
  if (rank < 1)
    return failure();
  AffineMap map = op.getMatchingIndexingMap(largest);
  return cast<AffineDimExpr>(map.getResults().back()).getPosition();
}

static FailureOr<LoopOrder> chooseOrder(linalg::GenericOp op) {
  FailureOr<unsigned> contiguous = findContiguousLoop(op);
  if (failed(contiguous))
    return failure();
  LoopOrder order;
  SmallVector<unsigned> parallel, reductions;
  op.getParallelDims(parallel);
  op.getReductionDims(reductions);
  order.inRegister =
      llvm::is_contained(reductions, *contiguous) && op.getNumDpsInits() == 1;
  llvm::erase(parallel, *contiguous);
  llvm::erase(reductions, *contiguous);
  // The largest static loop outermost: it is the one to share among threads,
  // and for a product with weights it is the one along their rows.
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  auto *outermost = std::max_element(
      parallel.begin(), parallel.end(), [&](unsigned a, unsigned b) {
        auto size = [&](unsigned loop) {
          return ShapedType::isDynamic(extents[loop]) ? 0 : extents[loop];
        };
        return size(a) < size(b);
      });
  if (outermost != parallel.end())
    std::rotate(parallel.begin(), outermost, outermost + 1);
  order.loops = parallel;
  llvm::append_range(order.loops, reductions);
  order.loops.push_back(*contiguous);
  return order;
}

/// Whether the outermost loop is worth giving to several threads: it is not
/// inside another loop, is parallel, and does enough for one token.
static bool isWorthSharing(linalg::GenericOp op, const LoopOrder &order) {
  if (!isa<func::FuncOp>(op->getParentOp()) ||
      op.getIteratorTypesArray()[order.loops.front()] ==
          utils::IteratorType::reduction)
    return false;
  int64_t work = 1;
  for (int64_t extent : op.getStaticLoopRanges())
    if (!ShapedType::isDynamic(extent))
      work *= extent;
  return work >= kWorthSharing;
}

SmallVector<Value> LoopEmitter::subscripts(OpOperand &operand) {
  SmallVector<Value> result;
  for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults())
    result.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
  return result;
}

Value LoopEmitter::load(OpOperand &operand) {
  if (!isa<MemRefType>(operand.get().getType()))
    return operand.get();
  return memref::LoadOp::create(builder, op.getLoc(), operand.get(),
                                subscripts(operand));
}

Value LoopEmitter::upperBound(unsigned loop) {
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto axis = map.getResultPosition(builder.getAffineDimExpr(loop));
    if (axis)
      return memref::DimOp::create(builder, op.getLoc(), operand.get(), *axis);
  }
  llvm_unreachable("a loop without an operand");
}

SmallVector<Value> LoopEmitter::emitBody(ValueRange accumulators) {
  IRMapping mapping;
  for (OpOperand &operand : op->getOpOperands()) {
    bool isAccumulator = op.isDpsInit(&operand) && !accumulators.empty();
    mapping.map(op.getMatchingBlockArgument(&operand),
                isAccumulator ? accumulators.front() : load(operand));
  }
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      mapping.map(index.getResult(), ivs[index.getDim()]);
    else
      builder.clone(inner, mapping);
  }
  SmallVector<Value> yielded;
  for (Value value : op.getBody()->getTerminator()->getOperands())
    yielded.push_back(mapping.lookupOrDefault(value));
  if (order.inRegister)
    return yielded;
  for (auto [value, init] : llvm::zip_equal(yielded, op.getDpsInitsMutable()))
    memref::StoreOp::create(builder, op.getLoc(), value, init.get(),
                            subscripts(init));
  return {};
}

SmallVector<Value> LoopEmitter::emit(unsigned depth, ValueRange accumulators) {
  if (depth == order.loops.size())
    return emitBody(accumulators);
  Location loc = op.getLoc();
  unsigned loop = order.loops[depth];
  OpOperand &init = op.getDpsInitsMutable()[0];
  bool starts = order.inRegister && accumulators.empty() && isReduction(loop);
  SmallVector<Value> carried(accumulators);
  if (starts)
    carried.push_back(load(init));

  OpBuilder::InsertionGuard guard(builder);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value bound = upperBound(loop);
  if (depth == 0 && isWorthSharing(op, order)) {
    auto shared = scf::ParallelOp::create(builder, loc, zero, bound, one);
    ivs[loop] = shared.getInductionVars()[0];
    builder.setInsertionPointToStart(shared.getBody());
    emit(depth + 1, {});
    return {};
  }
  auto nest = scf::ForOp::create(builder, loc, zero, bound, one, carried);
  ivs[loop] = nest.getInductionVar();
  builder.setInsertionPointToStart(nest.getBody());
  SmallVector<Value> yielded = emit(depth + 1, nest.getRegionIterArgs());
  if (!carried.empty()) {
    builder.setInsertionPointToEnd(nest.getBody());
    scf::YieldOp::create(builder, loc, yielded);
  }
  if (!starts)
    return nest.getResults();
  builder.setInsertionPointAfter(nest);
  memref::StoreOp::create(builder, loc, nest.getResult(0), init.get(),
                          subscripts(init));
  return {};
}

void LowerReductions::runOnOperation() {
  SmallVector<linalg::GenericOp> reductions;
  getOperation().walk([&](linalg::GenericOp op) {
    if (op.getNumReductionLoops() > 0 && op.hasPureBufferSemantics())
      reductions.push_back(op);
  });
  for (linalg::GenericOp op : reductions) {
    FailureOr<LoopOrder> order = chooseOrder(op);
    if (failed(order))
      continue;
    LoopEmitter(op, *order).run();
    op.erase();
  }
}
