//===- BuiltinElementwise.cpp - functions of numbers ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators and functions that work element by element. Of constants they are
// computed here, in double, so that tables such as the frequencies of a rotary
// embedding are rounded once.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Builtins.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix::sqm;

template <typename Op>
static Value build(OpBuilder &b, Location loc, ValueRange operands) {
  return Op::create(b, loc, operands);
}

static double negate(double x) { return -x; }
static double rsqrt(double x) { return 1 / std::sqrt(x); }
static double add(double x, double y) { return x + y; }
static double subtract(double x, double y) { return x - y; }
static double multiply(double x, double y) { return x * y; }
static double divide(double x, double y) { return x / y; }
static double larger(double x, double y) { return std::max(x, y); }
static double smaller(double x, double y) { return std::min(x, y); }
/// Of floored division: it has the sign of the divisor.
static double flooredRemainder(double x, double y) {
  return x - y * std::floor(x / y);
}

static const Elementwise operators[] = {
    {"-", negate, nullptr, build<arith::NegFOp>},
    {"+", nullptr, add, build<arith::AddFOp>},
    {"-", nullptr, subtract, build<arith::SubFOp>},
    {"*", nullptr, multiply, build<arith::MulFOp>},
    {"/", nullptr, divide, build<arith::DivFOp>},
    {"%", nullptr, flooredRemainder, nullptr},
};

static const Elementwise functions[] = {
    {"exp", std::exp, nullptr, build<math::ExpOp>},
    {"log", std::log, nullptr, build<math::LogOp>},
    {"log1p", std::log1p, nullptr, build<math::Log1pOp>},
    {"sqrt", std::sqrt, nullptr, build<math::SqrtOp>},
    {"rsqrt", rsqrt, nullptr, build<math::RsqrtOp>},
    {"sin", std::sin, nullptr, build<math::SinOp>},
    {"cos", std::cos, nullptr, build<math::CosOp>},
    {"tanh", std::tanh, nullptr, build<math::TanhOp>},
    {"erf", std::erf, nullptr, build<math::ErfOp>},
    {"abs", std::fabs, nullptr, build<math::AbsFOp>},
    {"floor", std::floor, nullptr, build<math::FloorOp>},
    {"ceil", std::ceil, nullptr, build<math::CeilOp>},
    {"pow", nullptr, std::pow, build<math::PowFOp>},
    {"max", nullptr, larger, build<arith::MaximumFOp>},
    {"min", nullptr, smaller, build<arith::MinimumFOp>},
};

ArrayRef<Elementwise> mlir::seqmix::sqm::elementwiseFunctions() {
  return functions;
}

const Elementwise *mlir::seqmix::sqm::findElementwise(StringRef name,
                                                      unsigned arity) {
  for (ArrayRef<Elementwise> table : {ArrayRef(operators), ArrayRef(functions)})
    for (const Elementwise &row : table)
      if (row.name == name && row.arity() == arity)
        return &row;
  return nullptr;
}

/// The most elements that are computed; of more, the ops are built.
static constexpr int64_t maxElementsComputed = int64_t(1) << 20;
/// How many elements count as one step of the import.
static constexpr int64_t elementsPerStep = 1024;

/// The elements of a constant with the axes of a larger one.
static std::vector<double> elementsAlong(const Tensor &x,
                                         ArrayRef<Axis> larger) {
  if (ArrayRef<Axis>(x.axes) == larger)
    return *x.elements;
  SmallVector<int64_t> strides(larger.size(), 0);
  int64_t stride = 1;
  for (const Axis &axis : llvm::reverse(x.axes)) {
    strides[*positionOf(axis, larger)] = stride;
    stride *= axis.size();
  }
  std::vector<int64_t> offsets = {0};
  for (auto [axis, stride] : llvm::zip_equal(larger, strides)) {
    std::vector<int64_t> outer = std::move(offsets);
    offsets.clear();
    for (int64_t offset : outer)
      for (int64_t i = 0; i < axis.size(); ++i)
        offsets.push_back(offset + i * stride);
  }
  std::vector<double> result;
  for (int64_t offset : offsets)
    result.push_back((*x.elements)[offset]);
  return result;
}

/// Computes the function of constants. A result that is not finite is no
/// constant: the op is left to give it.
static std::optional<Tensor> fold(Importer &im, const Elementwise &function,
                                  ArrayRef<Operand> operands,
                                  ArrayRef<Axis> list, SMLoc loc) {
  int64_t count = 1;
  for (const Axis &axis : list)
    count *= axis.size();
  bool areConstants = llvm::all_of(operands, [](const Operand &operand) {
    return operand.tensor().elements != nullptr;
  });
  if (!areConstants || count > maxElementsComputed)
    return std::nullopt;
  im.countSteps(loc, count / elementsPerStep);
  std::vector<double> elements = elementsAlong(operands.front().tensor(), list);
  if (function.ofOne) {
    llvm::transform(elements, elements.begin(), function.ofOne);
  } else {
    std::vector<double> others = elementsAlong(operands.back().tensor(), list);
    for (auto [element, other] : llvm::zip_equal(elements, others))
      element = function.ofTwo(element, other);
  }
  if (!llvm::all_of(elements, [](double x) { return std::isfinite(x); }))
    return std::nullopt;
  return Tensor::of(std::move(elements), Axes(list));
}

Val mlir::seqmix::sqm::callElementwise(Importer &im,
                                       const Elementwise &function,
                                       ArrayRef<Operand> operands, SMLoc loc) {
  const double *x = operands.front().value.number();
  const double *y = operands.back().value.number();
  if (x && y) {
    double result =
        function.ofOne ? function.ofOne(*x) : function.ofTwo(*x, *y);
    if (std::isfinite(result))
      return Val{result};
    return im.fail(loc, "the result is not a finite number");
  }
  SmallVector<Operand> values(operands);
  for (Operand &value : values)
    value.value = Val{im.tensors.toNumeric(value)};
  Axes list = im.tensors.unite(values.front(), values.back(), loc);
  if (im.hasFailed)
    return {};
  if (std::optional<Tensor> constant = fold(im, function, values, list, loc))
    return Val{*constant};
  bool isSequence = llvm::any_of(values, [](const Operand &operand) {
    return operand.tensor().isSequence;
  });
  SmallVector<Value> arguments;
  for (const Operand &value : values)
    arguments.push_back(
        im.tensors.spread(value.tensor(), value.loc, list, isSequence).value);
  if (im.hasFailed)
    return {};
  Value result = function.build(im.tensors.b, im.tensors.loc, arguments);
  return Val{Tensor{result, list, isSequence}};
}

Val mlir::seqmix::sqm::buildElementwise(Importer &im, const Invocation &in) {
  return callElementwise(im, *findElementwise(in.name, in.operands.size()),
                         in.operands, in.loc);
}
