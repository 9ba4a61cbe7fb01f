//===- ExpandMath.cpp - math ops from what every GPU has ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which op becomes which function of F32Functions.h, and that nothing else is
// left. Upstream's polynomials are not used: there are none for tensors, and
// measured as ours are, exp and log lose subnormal numbers, erf and sin the
// sign of zero, erfc, sin and cos their digits where arguments are large. Its
// plain rewrites (rsqrt, clampf) are.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/F32Functions.h"
#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_EXPANDMATH
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;
using f32::Real;

namespace {
struct ExpandMath : public seqmix::impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() override;
};
} // namespace

/// Integer powers up to this one are products.
static constexpr int64_t kLargestProduct = 16;

/// Whether this is f32, or many whose number is known.
static bool isExpandable(Type type, bool onlyVectors = false) {
  auto shaped = dyn_cast<ShapedType>(type);
  return getElementTypeOrSelf(type).isF32() &&
         (!shaped || shaped.hasStaticShape()) &&
         (!onlyVectors || isa<VectorType>(type));
}

/// The product of x with itself, n > 0 times.
static Real multiply(Real x, int64_t n) {
  if (n == 1)
    return x;
  Real half = multiply(x, n / 2), even = half * half;
  return n % 2 ? even * x : even;
}

namespace {
/// Of the types that are asked for.
template <typename Op> struct ExpandPattern : public OpRewritePattern<Op> {
  ExpandPattern(MLIRContext *context, bool onlyVectors)
      : OpRewritePattern<Op>(context), onlyVectors(onlyVectors) {}
  bool onlyVectors;
};

template <typename Op, Real (*function)(Real)>
struct ExpandUnary : public ExpandPattern<Op> {
  using ExpandPattern<Op>::ExpandPattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!isExpandable(op.getOperand().getType(), this->onlyVectors))
      return failure();
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    rewriter.replaceOp(op, function({{op.getOperand(), &builder}}).value);
    return success();
  }
};

struct ExpandPowF : public ExpandPattern<math::PowFOp> {
  using ExpandPattern::ExpandPattern;
  LogicalResult matchAndRewrite(math::PowFOp op,
                                PatternRewriter &rewriter) const override {
    if (!isExpandable(op.getType(), onlyVectors))
      return failure();
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Real x{{op.getLhs(), &builder}}, y{{op.getRhs(), &builder}};
    // Products where they are as good.
    APFloat exponent(0.0f);
    bool isKnown = matchPattern(op.getRhs(), m_ConstantFloat(&exponent));
    for (int n : {1, 2, 3, 4})
      if (isKnown && exponent.isExactlyValue(n)) {
        rewriter.replaceOp(op, multiply(x, n).value);
        return success();
      }
    rewriter.replaceOp(op, f32::pow(x, y).value);
    return success();
  }
};

struct ExpandFPowI : public ExpandPattern<math::FPowIOp> {
  using ExpandPattern::ExpandPattern;
  LogicalResult matchAndRewrite(math::FPowIOp op,
                                PatternRewriter &rewriter) const override {
    if (!isExpandable(op.getType(), onlyVectors))
      return failure();
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    Real x{{op.getLhs(), &builder}};
    APInt exponent;
    Real result = x;
    if (matchPattern(op.getRhs(), m_ConstantInt(&exponent)) &&
        exponent.sge(1) && exponent.sle(kLargestProduct))
      result = multiply(x, exponent.getSExtValue());
    else
      result = f32::pow(x, f32::toReal({{op.getRhs(), &builder}}));
    rewriter.replaceOp(op, result.value);
    return success();
  }
};
} // namespace

void seqmix::populateExpandMathPatterns(RewritePatternSet &patterns,
                                        bool onlyVectors) {
  patterns.add<
      ExpandUnary<math::ExpOp, f32::exp>,
      ExpandUnary<math::ExpM1Op, f32::expm1>,
      ExpandUnary<math::TanhOp, f32::tanh>, ExpandUnary<math::LogOp, f32::log>,
      ExpandUnary<math::Log2Op, f32::log2>,
      ExpandUnary<math::Log10Op, f32::log10>,
      ExpandUnary<math::Log1pOp, f32::log1p>,
      ExpandUnary<math::ErfOp, f32::erf>, ExpandUnary<math::ErfcOp, f32::erfc>,
      ExpandUnary<math::SinOp, f32::sin>, ExpandUnary<math::CosOp, f32::cos>,
      ExpandUnary<math::TanOp, f32::tan>, ExpandUnary<math::CbrtOp, f32::cbrt>,
      ExpandUnary<math::TruncOp, f32::trunc>,
      ExpandUnary<math::RoundOp, f32::round>, ExpandPowF, ExpandFPowI>(
      patterns.getContext(), onlyVectors);
  if (!onlyVectors)
    math::populateExpansionPatterns(patterns, {"rsqrt", "clampf"});
}

/// Whether an op computes with numbers that are not integers.
static bool isFloating(Operation *op) {
  auto isFloat = [](Type type) {
    return isa<FloatType>(getElementTypeOrSelf(type));
  };
  return llvm::any_of(op->getOperandTypes(), isFloat) ||
         llvm::any_of(op->getResultTypes(), isFloat);
}

static bool isKept(Operation *op) {
  return isa<math::Exp2Op, math::FmaOp, math::SqrtOp, math::AbsFOp,
             math::FloorOp, math::CeilOp, math::RoundEvenOp, math::CopySignOp>(
      op);
}

void ExpandMath::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  populateExpandMathPatterns(patterns);
  walkAndApplyPatterns(getOperation(), std::move(patterns));
  bool isDone = true;
  getOperation()->walk([&](Operation *op) {
    if (!isa<math::MathDialect>(op->getDialect()) || !isFloating(op))
      return;
    auto isF32 = [](Type type) { return getElementTypeOrSelf(type).isF32(); };
    Type first = op->getOperand(0).getType();
    if (isF32(first) && isKept(op))
      return;
    isDone = false;
    if (!isF32(first))
      op->emitOpError("has no expansion for a GPU in ")
          << getElementTypeOrSelf(first);
    else if (!isExpandable(first))
      op->emitOpError("has no expansion for a GPU in a dynamic shape");
    else
      op->emitOpError("has no expansion for a GPU");
  });
  if (!isDone)
    signalPassFailure();
}
