//===- ExpandVectorMath.cpp - elementary functions of whole vectors -------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM would take a vector apart and call the library for each lane, which
// costs more than all else that a token does with a decay. The functions are
// those of F32Functions.h; the powers of two that some are made of, which a GPU
// has an instruction for, are computed in f64. So are, on a processor that
// cannot round once, the products and sums that have to be rounded once. Where
// it cannot round to bf16 either, that is done in integers.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/DecayRange.h"
#include "lib/Conversion/F32Functions.h"
#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
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
  using ExpandVectorMathBase::ExpandVectorMathBase;
  void runOnOperation() override;
};

struct ExpandExp2 : public OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::Exp2Op op,
                                PatternRewriter &rewriter) const override;
};

/// In f64, where the product is exact and so is what rounding took from
/// another, which the functions use it for; other sums round to the nearest f32
/// but in one of 2^29 cases.
struct ExpandFma : public OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::FmaOp op,
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
    return vector::FMAOp::create(builder, a, b, c);
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

static bool isVectorOfF32(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getElementType().isF32();
}

/// Lanes of the vectors that AVX-512 multiplies with powers of two.
static constexpr int64_t kScalefLanes = 16;

/// One instruction that rounds once, where it takes eight without it.
static Value buildScalef(ImplicitLocOpBuilder &builder,
                         const f32::Power &power) {
  Value all = arith::ConstantIntOp::create(builder, builder.getI16Type(), -1);
  // The current rounding mode, as all other arithmetic.
  Value rounding =
      arith::ConstantIntOp::create(builder, builder.getI32Type(), 4);
  return LLVM::CallIntrinsicOp::create(
             builder, power.mantissa.value.getType(),
             builder.getStringAttr("llvm.x86.avx512.mask.scalef.ps.512"),
             ValueRange{power.mantissa.value, power.n.real.value,
                        power.mantissa.value, all, rounding})
      .getResults();
}

/// e^x of the x in `range`. Exact to rounding near zero: factors near one are
/// multiplied many times.
static f32::Real buildExp(f32::Real x, Interval range, bool hasScalef) {
  bool isWhole = x.value.getType() ==
                 VectorType::get(kScalefLanes, x.builder->getF32Type());
  if (!hasScalef || !isWhole)
    return f32::expWithoutExp2(x, range);
  return {{buildScalef(*x.builder, f32::expAsPower(x, range)), x.builder}};
}

/// Rewrites what is easier for some arguments than for all, such as softplus's
/// log(1 + e^-|x|). Ranges are found first, from the ops as they were.
static void expandInRange(Operation *root, bool hasScalef) {
  SmallVector<std::pair<Operation *, Interval>> ops;
  root->walk([&](Operation *op) {
    if (isa<math::ExpOp, math::Log1pOp>(op) &&
        isVectorOfF32(op->getResult(0).getType()))
      ops.push_back({op, computeRange(op->getOperand(0))});
  });
  IRRewriter rewriter(root->getContext());
  for (auto [op, range] : ops) {
    rewriter.setInsertionPoint(op);
    ImplicitLocOpBuilder builder(op->getLoc(), rewriter);
    f32::Real x{{op->getOperand(0), &builder}};
    if (isa<math::ExpOp>(op))
      rewriter.replaceOp(op, buildExp(x, range, hasScalef).value);
    else if (range.isDecay())
      rewriter.replaceOp(op, f32::log1pOfFraction(x).value);
  }
}

LogicalResult ExpandExp2::matchAndRewrite(math::Exp2Op op,
                                          PatternRewriter &rewriter) const {
  if (!isVectorOfF32(op.getType()))
    return failure();
  ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
  auto type = cast<VectorType>(op.getType());
  Lanes lanes(builder, type);
  Value x = op.getOperand();
  Value power = arith::ExtFOp::create(builder, lanes.floats, x);
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
  rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isNaN, x, result);
  return success();
}

LogicalResult ExpandFma::matchAndRewrite(math::FmaOp op,
                                         PatternRewriter &rewriter) const {
  if (!isVectorOfF32(op.getType()))
    return failure();
  ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
  Type wide = cast<VectorType>(op.getType()).clone(builder.getF64Type());
  auto extend = [&](Value value) -> Value {
    return arith::ExtFOp::create(builder, wide, value);
  };
  Value a = extend(op.getA()), b = extend(op.getB()), c = extend(op.getC());
  Value product = arith::MulFOp::create(builder, a, b);
  Value sum = arith::AddFOp::create(builder, product, c);
  rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), sum);
  return success();
}

void ExpandVectorMath::runOnOperation() {
  auto apply = [&](llvm::function_ref<void(RewritePatternSet &)> populate) {
    RewritePatternSet patterns(&getContext());
    populate(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  };
  expandInRange(getOperation(), hasScalef);
  apply(
      [](auto &set) { populateExpandMathPatterns(set, /*onlyVectors=*/true); });
  // Those that the others are made of.
  apply([](auto &set) { set.template add<ExpandExp2>(set.getContext()); });
  if (!hasFma)
    apply([](auto &set) { set.template add<ExpandFma>(set.getContext()); });
  if (!hasBf16)
    apply([](auto &set) { arith::populateExpandBFloat16Patterns(set); });
}
