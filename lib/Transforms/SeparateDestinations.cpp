//===- SeparateDestinations.cpp - a destination for every op --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_SEPARATEDESTINATIONS
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct SeparateDestinations
    : public seqmix::impl::SeparateDestinationsBase<SeparateDestinations> {
  void runOnOperation() override;
};
} // namespace

void SeparateDestinations::runOnOperation() {
  SmallVector<tensor::EmptyOp> shared;
  getOperation()->walk([&](tensor::EmptyOp empty) {
    if (!empty->hasOneUse())
      shared.push_back(empty);
  });
  for (tensor::EmptyOp empty : shared) {
    for (OpOperand &use : llvm::make_early_inc_range(empty->getUses())) {
      OpBuilder builder(use.getOwner());
      use.set(builder.clone(*empty)->getResult(0));
    }
    empty.erase();
  }
}
