//===- F32Functions.h - elementary functions from arithmetic ----*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_F32FUNCTIONS_H
#define SEQMIX_LIB_CONVERSION_F32FUNCTIONS_H

#include "lib/Analysis/DecayRange.h"
#include "lib/Conversion/F32Expression.h"

#include <limits>

namespace mlir::seqmix::f32 {

/// Each emits what the function of this name in <math.h> computes. How close
/// they are is said in `seqmix-expand-math`.
Real exp(Real x);
/// exp of an x in `range`, or NaN; within 1.5 ulp, and 0.6 where |x| <= 0.1.
Real expWithoutExp2(Real x, Interval range);
Real expm1(Real x);
Real tanh(Real x);
Real log(Real x);
Real log2(Real x);
Real log10(Real x);
Real log1p(Real x);
/// log1p of an x from 0 to 1, or NaN; within 1.5 ulp.
Real log1pOfFraction(Real x);
Real erf(Real x);
Real erfc(Real x);
Real sin(Real x);
Real cos(Real x);
Real tan(Real x);
Real cbrt(Real x);
Real pow(Real x, Real y);
Real trunc(Real x);
Real round(Real x);

//===----------------------------------------------------------------------===//
// Steps of these
//===----------------------------------------------------------------------===//

inline constexpr double kInfinity = std::numeric_limits<float>::infinity();
inline constexpr double kNaN = std::numeric_limits<float>::quiet_NaN();
inline constexpr double kLog2E = 0x1.715476p0, kLog2ERest = 0x1.4ae0cp-26;
inline constexpr double kLn2 = 0x1.62e430p-1, kLn2Rest = -0x1.05c610p-29;
/// Where a sum with this has integers for its last bits.
inline constexpr double kRounder = 0x1.8p23;
inline constexpr int32_t kRounderBits = 0x4B400000;
inline constexpr int32_t kTwoThirds = 0x3F2AAAAB, kRootOfHalf = 0x3F3504F3;
inline constexpr int32_t kExponentMask = static_cast<int32_t>(0xFF800000);
inline constexpr double kSmallestNormal = 0x1p-126;

/// A number, given with kRounder added, rounded to an integer.
struct Rounded {
  explicit Rounded(Real sum)
      : real(sum - kRounder), integer(bits(sum) - kRounderBits) {}
  Real real;
  Int integer;
};

/// mantissa * 2^n.
struct Power {
  Real mantissa;
  Rounded n;
};
/// e^x, with a mantissa near 1, for any x of `range`, or NaN; beyond f32's
/// range n is just large enough for that to show. Within 1 ulp, and to rounding
/// where |x| < 0.3.
Power expAsPower(Real x, Interval range);

/// x * 2^n in two steps, so that it rounds once where it is subnormal.
Real scale(Real x, Int n);

/// 2^exponent * (1 + fraction).
struct Split {
  Real exponent, fraction;
};

/// Splits a positive number; 1 + fraction is at least the number of these bits
/// and less than twice as much.
Split split(Real x, int32_t smallest);

/// log(1 + x) of a fraction of `split(..., kTwoThirds)`.
Real logNear1(Real x);

} // namespace mlir::seqmix::f32

#endif // SEQMIX_LIB_CONVERSION_F32FUNCTIONS_H
