//===- ExpandVectorMath.cpp - elementary functions of whole vectors -------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM would take a vector apart and call the library for each lane, which
// costs more than all else that a token does with a decay. Exponentials, of
// which products are made, are computed in f64 as `expf` does it: 2^k times a
// polynomial of what is left is then right to the rounding to f32, which also
// makes infinities and subnormal numbers. The others are those of
// F32Functions.h.
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
#define GEN_PASS_DEF_EXPANDVECTORMATH
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct ExpandVectorMath
    : public seqmix::impl::ExpandVectorMathBase<ExpandVectorMath> {
  void runOnOperation() override;
};

/// `base`^x, for both bases that there are ops for.
template <typename Op> struct ExpandPower : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
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

/// 2^(`x` * `scale`).
static Value buildPower(ImplicitLocOpBuilder &builder, Value x, double scale) {
  auto type = cast<VectorType>(x.getType());
  Lanes lanes(builder, type);
  Value wide = arith::ExtFOp::create(builder, lanes.floats, x);
  Value power =
      scale == 1 ? wide
                 : arith::MulFOp::create(builder, wide, lanes.constant(scale))
                       .getResult();
  // Beyond these f32 has nothing but zero and infinity.
  power = arith::MaxNumFOp::create(builder, power, lanes.constant(-160));
  power = arith::MinNumFOp::create(builder, power, lanes.constant(130));
  // Added to 1.5 * 2^52, a number is rounded to the integer in the last bits.
  Value shift = lanes.constant(0x1.8p52);
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
  Value isNaN = arith::CmpFOp::create(builder, arith::CmpFPredicate::UNO, x, x);
  return arith::SelectOp::create(builder, isNaN, x, result);
}

template <typename Op>
LogicalResult
ExpandPower<Op>::matchAndRewrite(Op op, PatternRewriter &rewriter) const {
  auto type = dyn_cast<VectorType>(op.getType());
  if (!type || !type.getElementType().isF32())
    return failure();
  ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
  double scale = std::is_same_v<Op, math::ExpOp> ? llvm::numbers::log2e : 1;
  rewriter.replaceOp(op, buildPower(builder, op.getOperand(), scale));
  return success();
}

void ExpandVectorMath::runOnOperation() {
  RewritePatternSet powers(&getContext()), others(&getContext());
  powers.add<ExpandPower<math::ExpOp>>(&getContext());
  walkAndApplyPatterns(getOperation(), std::move(powers));
  populateExpandMathPatterns(others, /*onlyVectors=*/true);
  walkAndApplyPatterns(getOperation(), std::move(others));
  // Those that the others are made of.
  RewritePatternSet rest(&getContext());
  rest.add<ExpandPower<math::Exp2Op>>(&getContext());
  walkAndApplyPatterns(getOperation(), std::move(rest));
}
