//===- ExpandVectorExp.cpp - exponentials of whole vectors ----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM would take a vector apart and call `expf` for each lane, which costs
// more than all else that a token does with a decay. As `expf` does, this
// computes in f64: 2^k times a polynomial of what is left is then right to the
// rounding to f32, which also makes infinities and subnormal numbers.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_EXPANDVECTOREXP
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct ExpandVectorExp
    : public seqmix::impl::ExpandVectorExpBase<ExpandVectorExp> {
  void runOnOperation() override;
};

struct ExpOpConversion : public OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override;
};

/// Arithmetic on vectors of one shape, f64 and the integers of its bits.
class Lanes {
public:
  Lanes(ImplicitLocOpBuilder &builder, VectorType f32)
      : builder(builder), floats(f32.clone(builder.getF64Type())),
        bits(f32.clone(builder.getI64Type())) {}

  Value constant(double value) {
    return arith::ConstantOp::create(
        builder, DenseElementsAttr::get(floats, APFloat(value)));
  }
  Value multiplyAdd(Value a, Value b, Value c) {
    return math::FmaOp::create(builder, a, b, c);
  }
  Value toBits(Value value) {
    return arith::BitcastOp::create(builder, bits, value);
  }

  ImplicitLocOpBuilder &builder;
  VectorType floats, bits;
};
} // namespace

/// 2^`x` for |x| <= 1/2, by its series up to the eighth power: the next term is
/// less than 2^-33.
static Value buildExp2(Lanes &lanes, Value x) {
  constexpr int kDegree = 8;
  double coefficients[kDegree + 1] = {1};
  for (int n = 1; n <= kDegree; ++n)
    coefficients[n] = coefficients[n - 1] * llvm::numbers::ln2 / n;
  Value sum = lanes.constant(coefficients[kDegree]);
  for (int n = kDegree - 1; n >= 0; --n)
    sum = lanes.multiplyAdd(sum, x, lanes.constant(coefficients[n]));
  return sum;
}

LogicalResult
ExpOpConversion::matchAndRewrite(math::ExpOp op,
                                 PatternRewriter &rewriter) const {
  auto type = dyn_cast<VectorType>(op.getType());
  if (!type || !type.getElementType().isF32())
    return failure();
  ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
  Lanes lanes(builder, type);
  Value wide = arith::ExtFOp::create(builder, lanes.floats, op.getOperand());
  // Beyond these f32 has nothing but zero and infinity.
  Value low = arith::MaxNumFOp::create(builder, wide, lanes.constant(-110));
  Value x = arith::MinNumFOp::create(builder, low, lanes.constant(90));
  // Added to 1.5 * 2^52, a number is rounded to the integer in the last bits.
  Value shift = lanes.constant(0x1.8p52);
  Value log2e = lanes.constant(llvm::numbers::log2e);
  Value power = arith::MulFOp::create(builder, x, log2e);
  Value shifted = arith::AddFOp::create(builder, power, shift);
  Value whole = arith::SubFOp::create(builder, shifted, shift);
  Value rest = arith::SubFOp::create(builder, power, whole);
  Value mantissa = buildExp2(lanes, rest);
  Value place = arith::ConstantOp::create(
      builder, DenseElementsAttr::get(lanes.bits, APInt(64, 52)));
  Value exponent = arith::ShLIOp::create(builder, lanes.toBits(shifted), place);
  Value scaled =
      arith::AddIOp::create(builder, lanes.toBits(mantissa), exponent);
  Value result = arith::TruncFOp::create(
      builder, type, arith::BitcastOp::create(builder, lanes.floats, scaled));
  Value isNaN = arith::CmpFOp::create(builder, arith::CmpFPredicate::UNO,
                                      op.getOperand(), op.getOperand());
  rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isNaN, op.getOperand(),
                                               result);
  return success();
}

void ExpandVectorExp::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  patterns.add<ExpOpConversion>(&getContext());
  walkAndApplyPatterns(getOperation(), std::move(patterns));
}
