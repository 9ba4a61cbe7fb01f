//===- NarrowParams.cpp - keep the weights of projections in bf16 ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A projection by a bf16 weight takes its input rounded to bf16, as matrix
// units want it, on every device: a model with such weights means one thing.
// The products are exact in f32, and that is what they are summed in.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/StringMap.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_NARROWPARAMS
#include "lib/Transforms/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct NarrowParams : public seqmix::impl::NarrowParamsBase<NarrowParams> {
  void runOnOperation() override;
};
} // namespace

static bool isMatrixOfContractions(ParamOp param) {
  auto type = cast<RankedTensorType>(param.getType());
  auto isFactor = [](OpOperand &use) {
    auto contract = dyn_cast<linalg::ContractOp>(use.getOwner());
    return contract && contract.isDpsInput(&use);
  };
  return type.getRank() == 2 && type.getElementType().isF32() &&
         !param->use_empty() && llvm::all_of(param->getUses(), isFactor);
}

/// The contraction of operands in bf16; it widens them itself.
static void rebuild(linalg::ContractOp op) {
  OpBuilder builder(op);
  Type narrow = builder.getBF16Type();
  SmallVector<Value> inputs;
  for (Value input : op.getInputs()) {
    auto type = cast<RankedTensorType>(input.getType());
    if (type.getElementType() != narrow)
      input = arith::TruncFOp::create(builder, op.getLoc(), type.clone(narrow),
                                      input);
    inputs.push_back(input);
  }
  auto widening =
      linalg::ContractOp::create(builder, op.getLoc(), op->getResultTypes(),
                                 inputs, op.getOutputs(), op.getIndexingMaps());
  op->replaceAllUsesWith(widening->getResults());
  op.erase();
}

void NarrowParams::runOnOperation() {
  // All entry points see a parameter in one type.
  llvm::StringMap<SmallVector<ParamOp>> params;
  getOperation()->walk(
      [&](ParamOp param) { params[param.getName()].push_back(param); });
  for (auto &entry : params) {
    if (!llvm::all_of(entry.second, isMatrixOfContractions))
      continue;
    for (ParamOp param : entry.second) {
      param.getResult().setType(cast<RankedTensorType>(param.getType())
                                    .clone(BFloat16Type::get(&getContext())));
      llvm::SetVector<Operation *> users(param->user_begin(),
                                         param->user_end());
      for (Operation *user : users)
        rebuild(cast<linalg::ContractOp>(user));
    }
  }
}
