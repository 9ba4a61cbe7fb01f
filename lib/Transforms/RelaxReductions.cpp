//===- RelaxReductions.cpp - let sums be taken in any order ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// IEEE addition is not associative, and without permission no compiler may
// vectorise a dot product. The language gives that permission: its sums are
// over a set. Nothing else is relaxed: no value may become an approximation.
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

void RelaxReductions::runOnOperation() {
  auto any = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;
  getOperation()->walk([&](linalg::GenericOp op) {
    if (op.getNumReductionLoops() == 0)
      return;
    op.getBody()->walk([&](arith::ArithFastMathInterface inner) {
      if (isa<arith::AddFOp, arith::MulFOp>(inner))
        inner->setAttr(inner.getFastMathAttrName(),
                       arith::FastMathFlagsAttr::get(&getContext(), any));
    });
  });
}
