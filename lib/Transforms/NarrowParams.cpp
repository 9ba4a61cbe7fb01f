//===- NarrowParams.cpp - keep the weights of projections in few bits -----===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A projection by a bf16 weight takes its input rounded to bf16, as matrix
// units want it, on every device: a model with such weights means one thing.
// The products are exact in f32, and that is what they are summed in. With
// weights of eight bits the input stays in f32: the weights are what decoding
// waits for, and they are made floats again on the way to the product.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/Projection.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
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
  using NarrowParamsBase::NarrowParamsBase;
  void runOnOperation() override;
};

/// Weights of eight bits that share a scale: few, so that an outlier spoils
/// few others, while scales add but an eighth to what is read.
constexpr int64_t kGroup = 32;
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

/// The other factor if the contraction is `[batch, time, K] * [N, K]` by the
/// matrix at `weight`, from zero; otherwise null.
static Value findProjected(OpOperand &weight) {
  auto op = cast<linalg::ContractOp>(weight.getOwner());
  OpOperand *input = op.getDpsInputOperand(1 - weight.getOperandNumber());
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  bool isFound =
      isProjection(op.getMatchingIndexingMap(input),
                   op.getMatchingIndexingMap(&weight),
                   op.getMatchingIndexingMap(op.getDpsInitOperand(0))) &&
      fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) &&
      getElementTypeOrSelf(input->get()).isF32();
  return isFound ? input->get() : Value();
}

/// The name that checkpoints give the scales of a weight.
static std::string getScaleName(StringRef weight) {
  return (weight + "_scale").str();
}

static bool canQuantize(ParamOp param) {
  return cast<RankedTensorType>(param.getType()).getDimSize(1) % kGroup == 0 &&
         llvm::all_of(param->getUses(),
                      [](OpOperand &use) { return findProjected(use); });
}

/// Eight bits for each weight, and beside them the scales of their groups.
static void quantize(ParamOp param) {
  auto type = cast<RankedTensorType>(param.getType());
  OpBuilder builder(param.getContext());
  builder.setInsertionPointAfter(param);
  auto scales = ParamOp::create(
      builder, param.getLoc(),
      type.clone({type.getDimSize(0), type.getDimSize(1) / kGroup}),
      getScaleName(param.getName()));
  for (OpOperand &use : llvm::make_early_inc_range(param->getUses())) {
    auto sum = cast<linalg::ContractOp>(use.getOwner());
    builder.setInsertionPoint(sum);
    auto zeros = sum.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
    auto product = MatmulOp::create(
        builder, sum.getLoc(), sum->getResultTypes()[0], findProjected(use),
        param, scales, zeros.getOutputs()[0]);
    sum->replaceAllUsesWith(product->getResults());
    sum.erase();
  }
  param.getResult().setType(type.clone(builder.getI8Type()));
}

static void narrow(ParamOp param) {
  param.getResult().setType(cast<RankedTensorType>(param.getType())
                                .clone(BFloat16Type::get(param.getContext())));
  llvm::SetVector<Operation *> users(param->user_begin(), param->user_end());
  for (Operation *user : users)
    rebuild(cast<linalg::ContractOp>(user));
}

void NarrowParams::runOnOperation() {
  bool isInt8 = type == "int8";
  if (!isInt8 && type != "bf16") {
    getOperation()->emitError("weights are narrowed to bf16 or int8, not ")
        << type.getValue();
    return signalPassFailure();
  }
  // All entry points see a parameter in one type.
  llvm::StringMap<SmallVector<ParamOp>> params;
  getOperation()->walk(
      [&](ParamOp param) { params[param.getName()].push_back(param); });
  for (auto &entry : params)
    if (llvm::all_of(entry.second, isMatrixOfContractions) &&
        (!isInt8 || (llvm::all_of(entry.second, canQuantize) &&
                     !params.contains(getScaleName(entry.first())))))
      llvm::for_each(entry.second, isInt8 ? quantize : narrow);
}
