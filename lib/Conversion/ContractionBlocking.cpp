//===- ContractionBlocking.cpp - which loops of a product are blocked -----===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ContractionBlocking.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::seqmix;

/// Whether the op adds products of its two inputs, which may be fused with the
/// additions and added in any order.
static bool isSumOfProducts(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !llvm::hasNItems(op.getBody()->getOperations(), 3))
    return false;
  Value a = op.getBody()->getArgument(0), b = op.getBody()->getArgument(1);
  Value sum = op.getBody()->getArgument(2);
  Operation *yield = op.getBody()->getTerminator();
  auto add = yield->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add || (add.getLhs() != sum && add.getRhs() != sum))
    return false;
  Value added = add.getLhs() == sum ? add.getRhs() : add.getLhs();
  auto product = added.getDefiningOp<arith::MulFOp>();
  auto any = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;
  return product && (sum.getType().isF32() || sum.getType().isF64()) &&
         arith::bitEnumContainsAll(add.getFastmath(), any) &&
         arith::bitEnumContainsAll(product.getFastmath(),
                                   arith::FastMathFlags::contract) &&
         ((product.getLhs() == a && product.getRhs() == b) ||
          (product.getLhs() == b && product.getRhs() == a));
}

static bool has(linalg::GenericOp op, OpOperand &operand, unsigned loop) {
  return op.getMatchingIndexingMap(&operand).isFunctionOfDim(loop);
}

/// The loop along the last axis of an operand, if its elements are adjacent.
static std::optional<unsigned> findContiguous(linalg::GenericOp op,
                                              OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (map.getNumResults() == 0 ||
      !cast<MemRefType>(operand.get().getType()).isLastDimUnitStride())
    return std::nullopt;
  return map.getDimPosition(map.getNumResults() - 1);
}

/// The longest parallel loop but `other` that `a` has and `b` has not; for
/// `mayShare`, if there is none, one that both have.
static std::optional<unsigned> findBlocked(linalg::GenericOp op, OpOperand &a,
                                           OpOperand &b,
                                           std::optional<unsigned> other,
                                           bool mayShare) {
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  SmallVector<unsigned> parallel;
  op.getParallelDims(parallel);
  auto size = [&](unsigned loop) {
    return std::pair(!has(op, b, loop), extents[loop]);
  };
  std::optional<unsigned> best;
  for (unsigned loop : parallel)
    if (loop != other && has(op, a, loop) && (mayShare || !has(op, b, loop)) &&
        (!best || size(loop) > size(*best)))
      best = loop;
  return best;
}

/// Whether loops and operands are what blocks can be made of.
static bool isBlockable(linalg::GenericOp op) {
  auto isPlain = [&](OpOperand &operand) {
    return isa<MemRefType>(operand.get().getType()) &&
           op.getMatchingIndexingMap(&operand).isProjectedPermutation();
  };
  // Without a reduction an input may be the output's own memory.
  if (!op.hasPureBufferSemantics() || op.getNumReductionLoops() == 0 ||
      !isSumOfProducts(op) || !llvm::all_of(op->getOpOperands(), isPlain) ||
      llvm::any_of(op.getStaticLoopRanges(), ShapedType::isDynamic))
    return false;
  OpOperand *out = op.getDpsInitOperand(0);
  return llvm::all_of(llvm::enumerate(op.getIteratorTypesArray()),
                      [&](auto it) {
                        return has(op, *out, it.index()) ==
                               (it.value() == utils::IteratorType::parallel);
                      });
}

std::optional<Blocking> seqmix::chooseBlocking(linalg::GenericOp op) {
  if (!isBlockable(op))
    return std::nullopt;
  OpOperand *a = op.getDpsInputOperand(0), *b = op.getDpsInputOperand(1);
  OpOperand *out = op.getDpsInitOperand(0);
  auto ofA = findContiguous(op, *a), ofB = findContiguous(op, *b);
  if (ofA && ofA == ofB &&
      op.getIteratorTypesArray()[*ofA] == utils::IteratorType::reduction) {
    auto rows = findBlocked(op, *a, *b, std::nullopt, /*mayShare=*/true);
    return Blocking{*ofA, true, rows, findBlocked(op, *b, *a, rows, true)};
  }
  auto columns = findContiguous(op, *out);
  if (!columns || (columns != ofA && columns != ofB) ||
      (columns != ofA && has(op, *a, *columns)) ||
      (columns != ofB && has(op, *b, *columns)))
    return std::nullopt;
  // What each row has for itself is what does not run along the columns.
  bool isA = columns != ofA;
  return Blocking{*columns, false,
                  findBlocked(op, isA ? *a : *b, isA ? *b : *a, columns, false),
                  columns};
}
