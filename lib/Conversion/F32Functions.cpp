//===- F32Functions.cpp - elementary functions from arithmetic ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function reduces its argument to a short interval and is a polynomial
// there, the one whose largest relative error is smallest (found by exchange,
// coefficients rounded to f32). Reductions are exact or carry their error
// along: constants come as a rounded part and the rest. Where the hardware has
// a slow unit for conversions, rounding to an integer is an addition: in
// x + 1.5 * 2^23 the last bits of the sum are the integer.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/F32Functions.h"

using namespace mlir::seqmix;
using namespace mlir::seqmix::f32;

//===----------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------===//

/// 2^n of an exponent of a normal number.
static Real powerOf2(Int n) { return fromBits((n + 127) << 23); }

Real f32::scale(Real x, Int n) {
  Int half = n >> 1;
  return x * powerOf2(half) * powerOf2(n - half);
}

Real f32::exp(Real x) {
  x = clamp(x, -104, 89);
  Rounded n(fma(x, kLog2E, kRounder));
  Real r = fma(x, kLog2ERest, fma(x, kLog2E, -n.real));
  return scale(hardwareExp2(r), n.integer);
}

/// e^x - 1 of |x| <= ln(2) / 2.
static Real expm1NearZero(Real x) {
  Real q = polynomial(x, {0.00138378923f, 0.00836731773f, 0.0416677408f,
                          0.166665375f, 0.49999997f});
  return fma(q, x * x, x);
}

/// Bounded to where e^x has become 0 or infinite in f32, if `range` is not.
static Real clampForExp(Real x, Interval range) {
  constexpr double kLow = -104, kHigh = 89;
  if (!(range.low >= kLow))
    x = x.emit<mlir::arith::MaximumFOp>(kLow);
  if (!(range.high <= kHigh))
    x = x.emit<mlir::arith::MinimumFOp>(kHigh);
  return x;
}

Power f32::expAsPower(Real x, Interval range) {
  x = clampForExp(x, range);
  Rounded n(fma(x, kLog2E, kRounder));
  Real r = fma(n.real, -kLn2Rest, fma(n.real, -kLn2, x));
  return {expm1NearZero(r) + 1, n};
}

Real f32::expWithoutExp2(Real x, Interval range) {
  x = clampForExp(x, range);
  // (2^n)^2 e^r: one power is exact in f32 where the whole is none, and its
  // bits are the last ones of the sum, in their place.
  constexpr double kBias = kRounder + 127;
  Real sum = fma(x, kLog2E / 2, kBias);
  Real n = sum - kBias, power = fromBits(bits(sum) << 23);
  Real r = fma(n, -2 * kLn2Rest, fma(n, -2 * kLn2, x));
  Real q = polynomial(r, {2.44400908e-05f, 0.00020109849f, 0.00138937042f,
                          0.00833252724f, 0.0416665263f, 0.166666731f, 0.5});
  return (fma(q, r * r, r) + 1) * power * power;
}

Real f32::expm1(Real x) {
  Real bounded = clamp(x, -30, 89);
  Rounded n(fma(bounded, kLog2E, kRounder));
  Real r = fma(n.real, -kLn2Rest, fma(n.real, -kLn2, bounded));
  Real near = expm1NearZero(r);
  // Half of it, as 2^n may be too large.
  Real power = powerOf2(n.integer - 1);
  Real half = fma(near, power, power - 0.5);
  return copysign(select(n.real == 0, near, half + half), x);
}

Real f32::tanh(Real x) {
  Real t = expm1(abs(x) * -2);
  return copysign(t / (t + 2), x);
}

//===----------------------------------------------------------------------===//
// Logarithms
//===----------------------------------------------------------------------===//

Split f32::split(Real x, int32_t smallest) {
  Bool isSubnormal = x < kSmallestNormal;
  Int normal = bits(select(isSubnormal, x * 0x1p23, x));
  Int exponent = (normal - smallest) & kExponentMask;
  Real base = select(isSubnormal, x.make(-23), 0);
  return {fma(toReal(exponent), 0x1p-23, base),
          fromBits(normal - exponent) - 1};
}

Real f32::logNear1(Real x) {
  Real p =
      polynomial(x, {-0.127340779f, 0.140873149f, -0.122282982f, 0.139901295f,
                     -0.166766554f, 0.200108632f, -0.249998987f, 0.333332241f});
  return fma(fma(p, x, -0.5), x * x, x);
}

/// The logarithm `value` of x, but where there is none.
static Real atLimits(Real x, Real value) {
  Real beyond = select(x < 0, x.make(kNaN), select(x == 0, -kInfinity, x));
  return select((x > 0) & (x < kInfinity), value, beyond);
}

Real f32::log(Real x) {
  Split s = split(x, kTwoThirds);
  return atLimits(x, fma(s.exponent, kLn2, logNear1(s.fraction)));
}

Real f32::log2(Real x) {
  Split s = split(x, kTwoThirds);
  return atLimits(x, fma(logNear1(s.fraction), kLog2E, s.exponent));
}

Real f32::log10(Real x) {
  Split s = split(x, kTwoThirds);
  Real fraction = logNear1(s.fraction) * 0.434294482f;
  return atLimits(x, fma(s.exponent, 0.301029996f, fraction));
}

Real f32::log1p(Real x) {
  // The exponent is that of 1 + x, the fraction (x + 1) / 2^exponent - 1 is
  // taken of x itself.
  Int exponent = (bits(x + 1) - kTwoThirds) & kExponentMask;
  Real scaled = fromBits(bits(x) - exponent);
  // 4 / 2^exponent: the exponent may be 128.
  Real scale = fromBits(0x40800000 - exponent);
  Real near = logNear1(scaled + fma(scale, 0.25, -1));
  Real value = fma(toReal(exponent), kLn2 * 0x1p-23, near);
  Real beyond = select(x < -1, x.make(kNaN), select(x == -1, -kInfinity, x));
  return copysign(select((x > -1) & (x < kInfinity), value, beyond), x);
}

Real f32::log1pOfFraction(Real x) {
  Real p = polynomial(x, {-0.00331847579f, 0.0202045999f, -0.0576644726f,
                          0.106805585f, -0.153553978f, 0.196954012f,
                          -0.249585882f, 0.33330512f, -0.499999315f});
  return fma(p, x * x, x);
}

//===----------------------------------------------------------------------===//
// The error function
//===----------------------------------------------------------------------===//

/// erf(x) for |x| < 0.94.
static Real erfNear0(Real x) {
  Real p = polynomial(x * x, {-0.000592547411f, 0.00498071546f, -0.0267585646f,
                              0.112816177f, -0.376124799f, 0.128379151f});
  return fma(p, x, x);
}

Real f32::erf(Real x) {
  Real a = abs(x);
  // 1 - erf(a) is 2^(a q(a)); beyond 3.95 it is less than half an ulp of 1.
  Real bounded = clamp(a, 0, 3.95);
  Real q = polynomial(bounded, {-6.68877556e-06f, 6.04265442e-05f,
                                9.88697866e-05f, -0.00430332776f, 0.0328357667f,
                                -0.15198043f, -0.916951895f, -1.62816942f});
  Real far = 1 - hardwareExp2(q * bounded);
  return copysign(select(a < 0.9375, erfNear0(a), far), x);
}

Real f32::erfc(Real x) {
  Real a = clamp(abs(x), 0, 10.2);
  // erfc(a) exp(a^2) (1 + 2a), as a polynomial of t.
  Real t = (a - 3) / (a + 3);
  Real p = polynomial(t, {-0.000267178344f, -0.000775115739f, 0.00200335262f,
                          0.00256655947f, -0.0237985384f, 0.068295747f,
                          -0.119270794f, 0.129646435f, -0.0475624092f,
                          -0.135621145f, 1.25300801f});
  Real factor = p / fma(a, 2, 1);
  // exp(square + rest) of the exact square.
  Real square = -(a * a), rest = fma(-a, a, -square);
  Rounded n(fma(square, kLog2E, kRounder));
  Real r = fma(square, kLog2ERest, fma(square, kLog2E, -n.real));
  r = fma(rest, kLog2E, r);
  Real far = scale(hardwareExp2(r) * factor, n.integer);
  far = select(x < 0, 2 - far, far);
  return select(abs(x) < 0.5, 1 - erfNear0(x), far);
}
