//===- F32Powers.cpp - powers, roots, angles and rounding -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// See F32Functions.cpp.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/F32Functions.h"

using namespace mlir::seqmix;
using namespace mlir::seqmix::f32;

//===----------------------------------------------------------------------===//
// Powers and roots
//===----------------------------------------------------------------------===//

/// A number of more digits than one f32 has.
namespace {
struct Pair {
  Real high, low;
};
} // namespace

/// The logarithm to base 2 of a positive number: log(1 + f) = 2 atanh(s) with
/// s = f / (2 + f), a pair as everything that is not small.
static Pair log2Pair(Real x) {
  auto [exponent, f] = split(x, kRootOfHalf);
  Real sum = f + 2, sumRest = f - (sum - 2), inverse = 1 / sum;
  Real s = f * inverse;
  Real sRest = fma(-s, sumRest, fma(-s, sum, f)) * inverse;
  Real square = s * s;
  Real p = polynomial(square,
                      {0.242778376f, 0.284988135f, 0.400009722f, 0.666666627f});
  Real high = s + s, low = fma(p * square, s, sRest + sRest);
  // Times log2(e), plus the exponent.
  Real product = high * kLog2E;
  Real rest = fma(high, kLog2ERest, fma(high, kLog2E, -product));
  rest = fma(low, kLog2E, rest);
  Real result = exponent + product;
  return {result, ((exponent - result) + product) + rest};
}

/// x^y for x > 0.
static Real powPositive(Real x, Real y) {
  auto [high, low] = log2Pair(x);
  // What is larger than this overflows anyhow.
  Real bounded = clamp(y, -0x1p34, 0x1p34);
  Real product = bounded * high;
  Real rest = fma(bounded, low, fma(bounded, high, -product));
  product = clamp(product, -200, 200);
  rest = clamp(rest, -8, 8);
  Rounded n((product + rest) + kRounder);
  return scale(hardwareExp2((product - n.real) + rest), n.integer);
}

Real f32::pow(Real x, Real y) {
  Real a = abs(x);
  Bool isZero = a == 0;
  Real limit = select(isZero ^ (y < 0), x.make(0), kInfinity);
  Real value = select(isZero | (a == kInfinity), limit, powPositive(a, y));
  value = select(unordered(x, y), x + y, value);
  // Of a negative number there are integer powers only.
  Real half = y * 0.5;
  Bool isInteger = floor(y) == y, isFraction = differ(floor(y), y);
  Bool isOdd = isInteger & differ(floor(half), half);
  value = select(isOdd, copysign(value, x), value);
  value = select((x < 0) & (x > -kInfinity) & isFraction, kNaN, value);
  return select((y == 0) | (x == 1), 1, value);
}

Real f32::cbrt(Real x) {
  Real a = abs(x);
  // Large enough for the residue to be normal.
  Bool isSmall = a < 0x1p-100;
  Real scaled = select(isSmall, a * 0x1p72, a);
  auto [exponent, fraction] = split(scaled, kTwoThirds);
  Real root =
      hardwareExp2(fma(logNear1(fraction), kLog2E, exponent) * 0.333333343f);
  // A step of Newton's method, the residue to double precision.
  Real square = root * root, squareRest = fma(root, root, -square);
  Real residue = fma(-squareRest, root, fma(-square, root, scaled));
  root = fma(residue / square, 0.333333343f, root);
  root = select(isSmall, root * 0x1p-24, root);
  return copysign(select((a > 0) & (a < kInfinity), root, a), x);
}

//===----------------------------------------------------------------------===//
// Angles
//===----------------------------------------------------------------------===//

namespace {
/// Sine and cosine of x - n * pi / 2, and n.
struct Turned {
  explicit Turned(Real x);
  Real sin, cos;
  Int quadrant;

private:
  struct Reduced {
    Real angle;
    Int quadrant;
  };
  static Reduced reduce(Real x);
  explicit Turned(Reduced r);
};
} // namespace

/// Pi / 2 in three parts of 24 bits. Exact up to 10^6; far beyond, the result
/// means nothing, but is that of an angle of the quadrant.
Turned::Reduced Turned::reduce(Real x) {
  Rounded n(fma(x, 0.636619747f, kRounder));
  Real angle = fma(n.real, -1.57079637f, x);
  angle = fma(n.real, 4.37113883e-8f, angle);
  angle = fma(n.real, 1.71512489e-15f, angle);
  return {clamp(angle, -0.9, 0.9), n.integer};
}

Turned::Turned(Reduced r) : sin(r.angle), cos(r.angle), quadrant(r.quadrant) {
  Real square = r.angle * r.angle;
  Real p = polynomial(square, {-0.0001950554f, 0.00833209511f, -0.166666538f});
  sin = fma(p * square, r.angle, r.angle);
  Real q = polynomial(square, {2.44554612e-05f, -0.00138875772f, 0.041666653f});
  cos = fma(fma(q, square, -0.5), square, 1);
}

Turned::Turned(Real x) : Turned(reduce(x)) {}

/// The sine of the angle that many quadrants further.
static Real sinAt(const Turned &turned, Int quadrant) {
  Real value = select(differ(quadrant & 1, 0), turned.cos, turned.sin);
  return fromBits(bits(value) ^ ((quadrant & 2) << 30));
}

/// A zero keeps its sign.
static Real keepZero(Real x, Real value) { return select(x == 0, x, value); }

Real f32::sin(Real x) {
  Turned turned(x);
  return keepZero(x, sinAt(turned, turned.quadrant));
}

Real f32::cos(Real x) {
  Turned turned(x);
  return sinAt(turned, turned.quadrant + 1);
}

Real f32::tan(Real x) {
  Turned turned(x);
  Bool isOdd = differ(turned.quadrant & 1, 0);
  Real over = select(isOdd, -turned.cos, turned.sin);
  return keepZero(x, over / select(isOdd, turned.sin, turned.cos));
}

//===----------------------------------------------------------------------===//
// Rounding
//===----------------------------------------------------------------------===//

Real f32::trunc(Real x) { return copysign(floor(abs(x)), x); }

Real f32::round(Real x) {
  Real a = abs(x), whole = floor(a);
  Real up = select(a - whole < 0.5, whole, whole + 1);
  return copysign(up, x);
}
