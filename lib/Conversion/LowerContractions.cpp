//===- LowerContractions.cpp - sums of products in registers --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A chunk of tokens is mostly small matrix products. A block of the output is
// kept in vector registers while the reduction runs, so that each vector that
// is loaded serves several products. Blocks at the edges are smaller, with
// vectors of as many lanes as are left.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ContractionBlocks.h"
#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_LOWERCONTRACTIONS
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct LowerContractions
    : public seqmix::impl::LowerContractionsBase<LowerContractions> {
  using LowerContractionsBase::LowerContractionsBase;
  void runOnOperation() override;
  void lowerLast(SmallVectorImpl<Contraction> &left);
};
} // namespace

/// The op that computes the output of a contraction just before it.
static linalg::GenericOp findProducer(linalg::GenericOp op) {
  Operation *before = op->getPrevNode();
  while (before && isPure(before))
    before = before->getPrevNode();
  auto producer = dyn_cast_or_null<linalg::GenericOp>(before);
  bool isProducer = producer && producer.getNumDpsInits() == 1 &&
                    producer.getDpsInits()[0] == op.getDpsInits()[0];
  return isProducer ? producer : nullptr;
}

static bool fillsWithZeros(linalg::GenericOp op) {
  return op.getNumDpsInputs() == 0 &&
         matchPattern(op.getBody()->getTerminator()->getOperand(0),
                      m_PosZeroFloat());
}

/// Lowers the last contraction that is left and those just before it that add
/// to the same output, and what they add to if that can be computed in the same
/// registers.
void LowerContractions::lowerLast(SmallVectorImpl<Contraction> &left) {
  Contraction last = left.pop_back_val();
  SmallVector<Contraction> chain = {last};
  linalg::GenericOp producer = findProducer(last.op);
  while (producer && !left.empty() && left.back().op == producer &&
         haveSameBlocks(left.back(), last)) {
    chain.insert(chain.begin(), left.pop_back_val());
    producer = findProducer(producer);
  }
  ContractionStart start;
  if (producer) {
    start.isZero = fillsWithZeros(producer);
    if (!start.isZero && !last.blocking.isDot)
      start.value = ElementwiseBody::match(producer);
  }
  lowerToBlocks(chain, start, vectorBits);
  for (Contraction &contraction : chain)
    contraction.op.erase();
  if (start.isZero || start.value)
    producer.erase();
}

void LowerContractions::runOnOperation() {
  SmallVector<Contraction> contractions;
  getOperation().walk([&](linalg::GenericOp op) {
    // What is in no loop has tokens of its own to share among threads.
    if (isa<func::FuncOp>(op->getParentOp()))
      return;
    if (std::optional<Blocking> blocking = chooseBlocking(op))
      contractions.push_back({op, *blocking});
  });
  while (!contractions.empty())
    lowerLast(contractions);
}
