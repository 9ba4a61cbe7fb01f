//===- RelaxReductions.cpp - let sums be taken in any order ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// IEEE addition is not associative, and without permission no compiler may
// vectorise a dot product. The language gives that permission: its sums are
// over a set. Only the addition to the sum may be regrouped, and fused with the
// product it adds; what computes a summand keeps its order.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_RELAXREDUCTIONS
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct RelaxReductions
    : public seqmix::impl::RelaxReductionsBase<RelaxReductions> {
  void runOnOperation() override;
};
} // namespace

static void relax(Operation *op, arith::FastMathFlags flags) {
  auto math = cast<arith::ArithFastMathInterface>(op);
  op->setAttr(math.getFastMathAttrName(),
              arith::FastMathFlagsAttr::get(op->getContext(), flags));
}

void RelaxReductions::runOnOperation() {
  auto contract = arith::FastMathFlags::contract;
  getOperation()->walk([&](linalg::GenericOp op) {
    if (op.getNumReductionLoops() == 0)
      return;
    for (auto [yielded, sum] :
         llvm::zip_equal(op.getBody()->getTerminator()->getOperands(),
                         op.getRegionOutputArgs())) {
      auto add = yielded.getDefiningOp<arith::AddFOp>();
      if (!add || (add.getLhs() != sum && add.getRhs() != sum))
        continue;
      relax(add, arith::FastMathFlags::reassoc | contract);
      Value added = add.getLhs() == sum ? add.getRhs() : add.getLhs();
      if (auto product = added.getDefiningOp<arith::MulFOp>())
        relax(product, contract);
    }
  });
}
