//===- ScaledValue.h - numbers as mantissa times exponential --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arithmetic on values kept as `mantissa * exp(exponent)`, where the exponent
// is a formal sum of tensors. Sums are brought to the larger exponent, as in
// the stable log-sum-exp; quotients cancel exponents exactly, because equal
// exponents are recognised by structure and not by value.
//
// A tensor in an exponent may have fewer axes than the value it scales (one
// exponent per head, say); it then says which of the value's axes are its own.
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_SCALEDVALUE_H
#define SEQMIX_LIB_TRANSFORMS_SCALEDVALUE_H

#include "dialect/TokenBuilder.h"

#include "mlir/IR/Value.h"

#include <deque>
#include <functional>

namespace mlir {
namespace seqmix {

/// A tensor whose axis i is axis `axes[i]` (ascending) of the scaled value.
struct ExponentTerm {
  Value tensor;
  SmallVector<int64_t> axes;
  bool operator==(const ExponentTerm &other) const {
    return tensor == other.tensor && axes == other.axes;
  }
};

/// The sum of `plus` less the sum of `minus`. Empty is zero. Sums of sums and
/// products of products double from one to the next: who builds them stops at
/// kMostTerms.
struct Exponent {
  static constexpr size_t kMostTerms = 64;
  SmallVector<ExponentTerm> plus, minus;

  bool isZero() const { return plus.empty() && minus.empty(); }
  size_t size() const { return plus.size() + minus.size(); }
  bool operator==(const Exponent &other) const;

  /// The axes of the value that the terms depend on, ascending.
  SmallVector<int64_t> getAxes() const;

  /// This exponent with each axis a renamed to `to(a)`, order-preserving.
  Exponent rename(function_ref<int64_t(int64_t)> to) const;

  friend Exponent operator+(const Exponent &a, const Exponent &b);
  friend Exponent operator-(const Exponent &a, const Exponent &b);
};

/// A value of a token's program: as it is (`plain`, null if it depends on a
/// scaled state), and as `mantissa * exp(exponent)`.
struct ScaledValue {
  Value plain;
  Value mantissa;
  Exponent exponent;
};

/// Builds the arithmetic at the builder's insertion point.
class ScaledArithmetic {
public:
  /// Exponents are never below this, so that the difference of two is defined;
  /// it stands for the exponent of zero.
  static constexpr double kLowest = -1e30;

  /// How large the terms of an exponent may be: what is carried, and the maxima
  /// over it, without bound; a token's values less so; invariants least.
  enum class Magnitude { carried, token, invariant };

  /// `element` is the type of all values; `magnitude` sorts the tensors that
  /// are not maxima.
  ScaledArithmetic(TokenBuilder &b, Type element,
                   std::function<Magnitude(Value)> magnitude)
      : b(b), element(element), magnitude(std::move(magnitude)) {}

  /// The larger of two exponents, elementwise.
  Exponent max(const Exponent &x, const Exponent &y);

  /// `x` with its exponent brought to `to`.
  Value bring(const ScaledValue &x, const Exponent &to);

  /// The exponent as one tensor over `axes`, which contain its axes; `shape`
  /// is the scaled value's.
  Value evaluate(const Exponent &exponent, ArrayRef<int64_t> axes,
                 ArrayRef<int64_t> shape);

  /// Whether the exponent is proven to be at most zero.
  bool isNonPositive(const Exponent &exponent) const;

  /// Calls `visit` once for every tensor the exponent is made of, and whether
  /// it is subtracted, looking through maxima.
  void visitLeaves(const Exponent &exponent,
                   function_ref<void(Value, bool negated)> visit) const;

private:
  struct Maximum {
    Exponent x, y; ///< in the maximum's own axes
    Value tensor;
  };
  const Maximum *findMaximum(Value tensor) const;
  bool isNonPositive(const Exponent &exponent, unsigned &steps) const;
  /// The extents of the axes an exponent depends on.
  SmallVector<int64_t> shapeOver(ArrayRef<int64_t> axes,
                                 const Exponent &exponent) const;

  TokenBuilder &b;
  Type element;
  std::function<Magnitude(Value)> magnitude;
  std::deque<Maximum> maxima;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_SCALEDVALUE_H
