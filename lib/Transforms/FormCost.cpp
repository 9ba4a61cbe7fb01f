//===- FormCost.cpp - what a form costs for each token --------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/FormCost.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::seqmix;

static double countElements(Type type) {
  auto shaped = dyn_cast<RankedTensorType>(type);
  return shaped && shaped.hasStaticShape() ? shaped.getNumElements() : 1;
}

static double countBytes(Type type) {
  unsigned bits = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  return countElements(type) * llvm::divideCeil(bits, 8);
}

/// Whether an operation computes: a choice or a conversion costs nothing much.
static bool computes(Operation *op) {
  return isa<math::MathDialect>(op->getDialect()) ||
         isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
             arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
             arith::MaxNumFOp, arith::MinNumFOp>(op);
}

static void measure(linalg::LinalgOp op, FormCost &cost) {
  double points = 1;
  for (int64_t extent : op.getStaticLoopRanges())
    points *= extent;
  double operations = 0;
  bool multiplies = false;
  for (Operation &inner : op->getRegion(0).front()) {
    operations += computes(&inner);
    multiplies |= isa<arith::MulFOp>(inner);
  }
  bool isContraction = op.getNumReductionLoops() > 0 && multiplies;
  (isContraction ? cost.contracted : cost.elementwise) += operations * points;
}

/// What is the same for every token is computed once, and costs nothing.
static DenseSet<Value> findVarying(RecurrenceOp op, Block &block) {
  DenseSet<Value> varying;
  size_t first = op.getSequences().size();
  size_t end = first + op.getInvariants().size();
  for (BlockArgument argument : block.getArguments())
    if (argument.getArgNumber() < first || argument.getArgNumber() >= end)
      varying.insert(argument);
  for (Operation &inner : block)
    if (llvm::any_of(inner.getOperands(),
                     [&](Value v) { return varying.contains(v); }))
      varying.insert(inner.getResults().begin(), inner.getResults().end());
  return varying;
}

/// How often a loop turns, at most, as far as can be told: loops over what has
/// been written to a ring end where the ring does.
static double countTurns(scf::ForOp loop) {
  Value end = loop.getUpperBound();
  if (auto least = end.getDefiningOp<arith::MinUIOp>())
    end = least.getRhs();
  APInt last, stride;
  if (!matchPattern(end, m_ConstantInt(&last)) ||
      !matchPattern(loop.getStep(), m_ConstantInt(&stride)))
    return 1;
  return llvm::divideCeil(last.getSExtValue(), stride.getSExtValue());
}

/// The ops of a loop, for all of its turns.
static void measure(scf::ForOp loop, FormCost &cost) {
  FormCost once;
  for (Operation &inner : *loop.getBody())
    if (auto structured = dyn_cast<linalg::LinalgOp>(inner))
      measure(structured, once);
  cost.contracted += countTurns(loop) * once.contracted;
  cost.elementwise += countTurns(loop) * once.elementwise;
}

static FormCost measure(RecurrenceOp op, Block &block, double tokens) {
  FormCost cost;
  DenseSet<Value> varying = findVarying(op, block);
  for (Operation &inner : block) {
    if (llvm::none_of(inner.getResults(),
                      [&](Value v) { return varying.contains(v); }))
      continue;
    if (auto structured = dyn_cast<linalg::LinalgOp>(inner))
      measure(structured, cost);
    else if (auto loop = dyn_cast<scf::ForOp>(inner))
      measure(loop, cost);
    else if (computes(&inner))
      cost.elementwise += countElements(inner.getResult(0).getType());
  }
  cost.contracted /= tokens;
  cost.elementwise /= tokens;
  for (Type type : op.getStates().getTypes())
    cost.bytes += 2 * countBytes(getTokenStateType(type)) / tokens;
  for (Type type : op.getSequences().getTypes())
    cost.bytes += countBytes(getTokenType(type));
  for (Type type : op.getOutputs().getTypes())
    cost.bytes += countBytes(getTokenType(type));
  return cost;
}

FormCost seqmix::measureToken(RecurrenceOp op) {
  return measure(op, op.getToken().front(), 1);
}

FormCost seqmix::measureChunk(RecurrenceOp op) {
  return measure(op, op.getChunk().front(), op.getChunkLength());
}
