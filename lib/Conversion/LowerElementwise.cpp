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

#include "lib/Conversion/ElementwiseBody.h"
#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

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

/// Emits the loops of one op.
class VectorEmitter {
public:
  VectorEmitter(linalg::GenericOp op, const ElementwiseBody &body)
      : op(op), body(body), builder(op), loc(op.getLoc()),
        ivs(op.getNumLoops()) {}

  void run();

private:
  void emitElements(int64_t lanes);
  Value getEnd(unsigned loop);
  std::optional<unsigned> findShared(ArrayRef<unsigned> outer);
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  linalg::GenericOp op;
  ElementwiseBody body;
  OpBuilder builder;
  Location loc;
  SmallVector<Value> ivs;
};
} // namespace

void VectorEmitter::emitElements(int64_t lanes) {
  SmallVector<Value> values = body.emitVectors(builder, ivs, lanes);
  for (auto [value, init] : llvm::zip_equal(values, op.getDpsInitsMutable()))
    vector::StoreOp::create(builder, loc, value, init.get(),
                            body.getSubscripts(init, ivs));
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
  body.emitScalars(builder, ivs);
  unsigned inner = body.getInner();
  int64_t extent = op.getStaticLoopRanges()[inner], rest = extent % kLanes;
  if (extent != rest) {
    OpBuilder::InsertionGuard guard(builder);
    enter(inner, constant(extent - rest), kLanes);
    emitElements(kLanes);
  }
  if (rest) {
    ivs[inner] = constant(extent - rest);
    emitElements(rest);
  }
}

void LowerElementwise::runOnOperation() {
  SmallVector<std::pair<linalg::GenericOp, ElementwiseBody>> found;
  getOperation().walk([&](linalg::GenericOp op) {
    if (std::optional<ElementwiseBody> body = ElementwiseBody::match(op))
      found.push_back({op, *body});
  });
  for (auto &[op, body] : found) {
    VectorEmitter(op, body).run();
    op.erase();
  }
}
