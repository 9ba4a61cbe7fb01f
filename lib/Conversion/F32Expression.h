//===- F32Expression.h - f32 arithmetic as C++ expressions ------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Handles whose operators emit the arith op of the same meaning, on f32 or on
// vectors and tensors of it, so that numerical code reads as a formula. Nothing
// here carries fast-math flags: every operation rounds once, where written.
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_F32EXPRESSION_H
#define SEQMIX_LIB_CONVERSION_F32EXPRESSION_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::seqmix::f32 {

using Builder = ImplicitLocOpBuilder;

/// A value and where the ops that use it are made.
struct Handle {
  Value value;
  Builder *builder;

  /// The type of this value with another element.
  Type typeOf(Type element) const {
    if (auto shaped = dyn_cast<ShapedType>(value.getType()))
      return shaped.clone(element);
    return element;
  }
  /// A constant of that type, the same everywhere.
  Value constant(TypedAttr element) const {
    Type type = typeOf(element.getType());
    if (auto shaped = dyn_cast<ShapedType>(type))
      element = DenseElementsAttr::get(shaped, Attribute(element));
    return arith::ConstantOp::create(*builder, element);
  }
};

struct Bool : Handle {};

struct Int : Handle {
  /// A 32-bit number; a constant takes its shape from the other operand.
  struct Operand {
    Operand(const Int &other) : value(other.value) {}
    Operand(int32_t number) : number(number) {}
    Value of(const Handle &like) const {
      return value ? value
                   : like.constant(like.builder->getI32IntegerAttr(number));
    }
    Value value;
    int32_t number = 0;
  };
  template <typename Op> Int emit(Operand b) const {
    Value other = b.of(*this);
    return {{Op::create(*builder, value, other), builder}};
  }
};

struct Real : Handle {
  /// A number, likewise.
  struct Operand {
    Operand(const Real &other) : value(other.value) {}
    Operand(double number) : number(number) {}
    Value of(const Handle &like) const {
      return value ? value
                   : like.constant(like.builder->getF32FloatAttr(number));
    }
    Value value;
    double number = 0;
  };
  Real make(Operand operand) const { return {{operand.of(*this), builder}}; }
  template <typename Op> Real emit() const {
    return {{Op::create(*builder, value), builder}};
  }
  template <typename Op> Real emit(Operand b) const {
    Value other = b.of(*this);
    return {{Op::create(*builder, value, other), builder}};
  }
  Bool compare(arith::CmpFPredicate predicate, Operand b) const {
    Value other = b.of(*this);
    return {
        {arith::CmpFOp::create(*builder, predicate, value, other), builder}};
  }
};

using RealOperand = Real::Operand;
using IntOperand = Int::Operand;
using FPredicate = arith::CmpFPredicate;

inline Real operator+(Real a, RealOperand b) {
  return a.emit<arith::AddFOp>(b);
}
inline Real operator-(Real a, RealOperand b) {
  return a.emit<arith::SubFOp>(b);
}
inline Real operator*(Real a, RealOperand b) {
  return a.emit<arith::MulFOp>(b);
}
inline Real operator/(Real a, RealOperand b) {
  return a.emit<arith::DivFOp>(b);
}
inline Real operator-(double a, Real b) { return b.make(a) - b; }
inline Real operator/(double a, Real b) { return b.make(a) / b; }
inline Real operator-(Real a) { return a.emit<arith::NegFOp>(); }

/// Comparisons are false where an operand is NaN.
inline Bool operator<(Real a, RealOperand b) {
  return a.compare(FPredicate::OLT, b);
}
inline Bool operator>(Real a, RealOperand b) {
  return a.compare(FPredicate::OGT, b);
}
inline Bool operator==(Real a, RealOperand b) {
  return a.compare(FPredicate::OEQ, b);
}
/// True where one is smaller than the other.
inline Bool differ(Real a, RealOperand b) {
  return a.compare(FPredicate::ONE, b);
}
inline Bool unordered(Real a, RealOperand b) {
  return a.compare(FPredicate::UNO, b);
}

inline Int operator+(Int a, IntOperand b) { return a.emit<arith::AddIOp>(b); }
inline Int operator-(Int a, IntOperand b) { return a.emit<arith::SubIOp>(b); }
inline Int operator-(int32_t a, Int b) {
  return Int{{b.constant(b.builder->getI32IntegerAttr(a)), b.builder}} - b;
}
inline Int operator&(Int a, IntOperand b) { return a.emit<arith::AndIOp>(b); }
inline Int operator^(Int a, IntOperand b) { return a.emit<arith::XOrIOp>(b); }
inline Int operator<<(Int a, IntOperand b) { return a.emit<arith::ShLIOp>(b); }
inline Int operator>>(Int a, IntOperand b) { return a.emit<arith::ShRSIOp>(b); }
inline Bool differ(Int a, IntOperand b) {
  Value other = b.of(a);
  return {{arith::CmpIOp::create(*a.builder, arith::CmpIPredicate::ne, a.value,
                                 other),
           a.builder}};
}

inline Bool operator&(Bool a, Bool b) {
  return {{arith::AndIOp::create(*a.builder, a.value, b.value), a.builder}};
}
inline Bool operator|(Bool a, Bool b) {
  return {{arith::OrIOp::create(*a.builder, a.value, b.value), a.builder}};
}
inline Bool operator^(Bool a, Bool b) {
  return {{arith::XOrIOp::create(*a.builder, a.value, b.value), a.builder}};
}

inline Real select(Bool condition, RealOperand a, RealOperand b) {
  Value yes = a.of(condition), no = b.of(condition);
  return {
      {arith::SelectOp::create(*condition.builder, condition.value, yes, no),
       condition.builder}};
}

/// a * b + c, rounded once.
inline Real fma(Real a, RealOperand b, RealOperand c) {
  Value factor = b.of(a), summand = c.of(a);
  return {
      {math::FmaOp::create(*a.builder, a.value, factor, summand), a.builder}};
}
/// The same, rounded once or twice, as the processor does it sooner; one number
/// at a time is left to processors that round once.
inline Real multiplyAdd(Real a, RealOperand b, RealOperand c) {
  if (!isa<VectorType>(a.value.getType()))
    return fma(a, b, c);
  Value factor = b.of(a), summand = c.of(a);
  return {
      {vector::FMAOp::create(*a.builder, a.value, factor, summand), a.builder}};
}
inline Real abs(Real a) { return a.emit<math::AbsFOp>(); }
inline Real floor(Real a) { return a.emit<math::FloorOp>(); }
inline Real hardwareExp2(Real a) { return a.emit<math::Exp2Op>(); }
inline Real copysign(Real a, Real sign) {
  return a.emit<math::CopySignOp>(sign);
}
/// NaN stays NaN.
inline Real clamp(Real a, double low, double high) {
  return a.emit<arith::MaximumFOp>(low).emit<arith::MinimumFOp>(high);
}

inline Int bits(Real a) {
  Type type = a.typeOf(a.builder->getI32Type());
  return {{arith::BitcastOp::create(*a.builder, type, a.value), a.builder}};
}
inline Real fromBits(Int a) {
  Type type = a.typeOf(a.builder->getF32Type());
  return {{arith::BitcastOp::create(*a.builder, type, a.value), a.builder}};
}
inline Real toReal(Int a) {
  Type type = a.typeOf(a.builder->getF32Type());
  return {{arith::SIToFPOp::create(*a.builder, type, a.value), a.builder}};
}

/// The polynomial with these coefficients, the highest first, by Horner's rule.
inline Real polynomial(Real x, std::initializer_list<double> coefficients) {
  Real sum = x.make(*coefficients.begin());
  for (double next : llvm::drop_begin(coefficients))
    sum = multiplyAdd(sum, x, next);
  return sum;
}

} // namespace mlir::seqmix::f32

#endif // SEQMIX_LIB_CONVERSION_F32EXPRESSION_H
