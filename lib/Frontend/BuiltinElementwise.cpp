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

template <arith::CmpFPredicate predicate>
static Value compare(OpBuilder &b, Location loc, ValueRange operands) {
  return arith::CmpFOp::create(b, loc, predicate, operands[0], operands[1]);
}

template <arith::CmpIPredicate predicate>
static Value compareWhole(OpBuilder &b, Location loc, ValueRange operands) {
  return arith::CmpIOp::create(b, loc, predicate, operands[0], operands[1]);
}

/// Of floored division: it has the sign of the divisor.
static Value buildRemainder(OpBuilder &b, Location loc, ValueRange operands) {
  Value quotient = arith::DivFOp::create(b, loc, operands);
  Value floor = math::FloorOp::create(b, loc, quotient);
  Value whole = arith::MulFOp::create(b, loc, operands[1], floor);
  return arith::SubFOp::create(b, loc, operands[0], whole);
}

/// As above: the remainder of truncated division is moved by the divisor where
/// its sign is the other one.
static Value wholeRemainder(OpBuilder &b, Location loc, ValueRange operands) {
  Value rest = arith::RemSIOp::create(b, loc, operands);
  Value moved = arith::AddIOp::create(b, loc, rest, operands[1]);
  return arith::RemSIOp::create(b, loc, ValueRange{moved, operands[1]});
}

/// Through a narrower type and back, to the nearest one, ties to even; f64 by
/// way of f32, since LLVM would call a library for it that a compiled model has
/// not.
template <typename Narrow>
static Value roundTo(OpBuilder &b, Location loc, ValueRange operands) {
  auto type = cast<RankedTensorType>(operands[0].getType());
  Type f32 = type.clone(b.getF32Type());
  Value x = operands[0];
  if (type != f32)
    x = arith::TruncFOp::create(b, loc, f32, x);
  x = arith::TruncFOp::create(b, loc, type.clone(Narrow::get(b.getContext())),
                              x);
  return arith::ExtFOp::create(b, loc, type, x);
}

static double roundTo(double x, const llvm::fltSemantics &type) {
  llvm::APFloat number(x);
  bool losesInfo;
  number.convert(type, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  number.convert(llvm::APFloat::IEEEdouble(),
                 llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToDouble();
}
static double roundToBF16(double x) {
  return roundTo(x, llvm::APFloat::BFloat());
}
static double roundToF16(double x) {
  return roundTo(x, llvm::APFloat::IEEEhalf());
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

static double isLess(double x, double y) { return x < y; }
static double isAtMost(double x, double y) { return x <= y; }
static double isMore(double x, double y) { return x > y; }
static double isAtLeast(double x, double y) { return x >= y; }
static double isEqual(double x, double y) { return x == y; }
static double isOther(double x, double y) { return x != y; }

using FP = arith::CmpFPredicate;
using IP = arith::CmpIPredicate;

static const Elementwise operators[] = {
    {"-", negate, nullptr, build<arith::NegFOp>},
    {"+", nullptr, add, build<arith::AddFOp>, build<arith::AddIOp>},
    {"-", nullptr, subtract, build<arith::SubFOp>, build<arith::SubIOp>},
    {"*", nullptr, multiply, build<arith::MulFOp>, build<arith::MulIOp>},
    {"/", nullptr, divide, build<arith::DivFOp>},
    {"%", nullptr, flooredRemainder, buildRemainder, wholeRemainder},
    // name, computed here, op for numbers, for whole ones, takes, gives truths
    {"<", nullptr, isLess, compare<FP::OLT>, compareWhole<IP::slt>, false,
     true},
    {"<=", nullptr, isAtMost, compare<FP::OLE>, compareWhole<IP::sle>, false,
     true},
    {">", nullptr, isMore, compare<FP::OGT>, compareWhole<IP::sgt>, false,
     true},
    {">=", nullptr, isAtLeast, compare<FP::OGE>, compareWhole<IP::sge>, false,
     true},
    {"==", nullptr, isEqual, compare<FP::OEQ>, compareWhole<IP::eq>, false,
     true},
    {"!=", nullptr, isOther, compare<FP::UNE>, compareWhole<IP::ne>, false,
     true},
    {"and", nullptr, multiply, build<arith::AndIOp>, nullptr, true, true},
    {"or", nullptr, larger, build<arith::OrIOp>, nullptr, true, true},
    // `not x` is this of x and true.
    {"not", nullptr, isOther, build<arith::XOrIOp>, nullptr, true, true},
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
    {"bf16", roundToBF16, nullptr, roundTo<BFloat16Type>},
    {"f16", roundToF16, nullptr, roundTo<Float16Type>},
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
  Tensor result = Tensor::of(std::move(elements), Axes(list));
  result.holdsTruths = function.givesTruth;
  return result;
}

/// Whether the function is one of whole numbers here: of such as `position` and
/// constants that are whole. What divides must be a positive constant.
static bool areWhole(const Elementwise &function, ArrayRef<Operand> operands) {
  auto isWhole = [](const Operand &operand) {
    const Tensor *tensor = operand.value.tensor();
    ArrayRef<double> elements;
    if (const double *number = operand.value.number())
      elements = *number;
    else if (!tensor->elements)
      return tensor->isWhole();
    else
      elements = *tensor->elements;
    constexpr double largest = 9007199254740992.0;
    return llvm::all_of(elements, [](double x) {
      return std::floor(x) == x && std::fabs(x) <= largest;
    });
  };
  auto isConstant = [](const Operand &operand) {
    return operand.value.number() || operand.tensor().elements;
  };
  bool areNumeric = llvm::all_of(operands, [](const Operand &operand) {
    return operand.value.number() ||
           (operand.value.tensor() && !operand.tensor().isTruth());
  });
  if (!function.buildWhole || !areNumeric || !llvm::all_of(operands, isWhole) ||
      llvm::all_of(operands, isConstant))
    return false;
  const double *divisor = operands.back().value.number();
  return function.name != "%" || (divisor && *divisor > 0);
}

Val mlir::seqmix::sqm::callElementwise(Importer &im,
                                       const Elementwise &function,
                                       ArrayRef<Operand> operands, SMLoc loc) {
  const double *x = operands.front().value.number();
  const double *y = operands.back().value.number();
  if (x && y && !function.givesTruth) {
    double result =
        function.ofOne ? function.ofOne(*x) : function.ofTwo(*x, *y);
    if (std::isfinite(result))
      return Val{result};
    return im.fail(loc, "the result is not a finite number");
  }
  SmallVector<Operand> values(operands);
  bool isWhole = areWhole(function, operands);
  for (Operand &value : values) {
    if (function.takesTruths)
      value.value = Val{im.tensors.toTruth(value)};
    else if (!isWhole || value.value.number())
      value.value = Val{im.tensors.toNumeric(value)};
  }
  Axes list = im.tensors.unite(values.front(), values.back(), loc);
  if (im.hasFailed)
    return {};
  if (std::optional<Tensor> constant = fold(im, function, values, list, loc))
    return Val{*constant};
  bool isSequence = llvm::any_of(values, [](const Operand &operand) {
    return operand.tensor().isSequence;
  });
  SmallVector<Value> arguments;
  Type element = isWhole ? Type(im.tensors.b.getI64Type()) : Type();
  for (const Operand &value : values)
    arguments.push_back(
        im.tensors.spread(value.tensor(), value.loc, list, isSequence, element)
            .value);
  if (im.hasFailed)
    return {};
  Value result = (isWhole ? function.buildWhole : function.build)(
      im.tensors.b, im.tensors.loc, arguments);
  return Val{Tensor{result, list, isSequence}};
}

Val mlir::seqmix::sqm::buildWhere(Importer &im, const Invocation &in) {
  Operand condition = in.operands[0], a = in.operands[1], b = in.operands[2];
  condition.value = Val{im.tensors.toTruth(condition)};
  a.value = Val{im.tensors.toNumeric(a)};
  b.value = Val{im.tensors.toNumeric(b)};
  Operand values = {Val{Tensor()}, in.loc, "the values"};
  std::get<Tensor>(values.value.data).axes = im.tensors.unite(a, b, in.loc);
  Axes list = im.tensors.unite(condition, values, in.loc);
  if (im.hasFailed)
    return {};
  SmallVector<const Tensor *> parts = {&condition.tensor(), &a.tensor(),
                                       &b.tensor()};
  int64_t count = 1;
  for (const Axis &axis : list)
    count *= axis.size();
  if (count <= maxElementsComputed &&
      llvm::all_of(parts, [](const Tensor *x) { return x->elements; })) {
    im.countSteps(in.loc, count / elementsPerStep);
    std::vector<double> truths = elementsAlong(*parts[0], list),
                        yes = elementsAlong(*parts[1], list),
                        no = elementsAlong(*parts[2], list);
    for (auto [truth, x, y] : llvm::zip_equal(truths, yes, no))
      y = truth != 0 ? x : y;
    return Val{Tensor::of(std::move(no), list)};
  }
  bool isSequence =
      llvm::any_of(parts, [](const Tensor *x) { return x->isSequence; });
  SmallVector<Value> arguments;
  for (const Tensor *x : parts)
    arguments.push_back(im.tensors.spread(*x, in.loc, list, isSequence).value);
  if (im.hasFailed)
    return {};
  Value result = arith::SelectOp::create(
      im.tensors.b, im.tensors.loc, arguments[0], arguments[1], arguments[2]);
  return Val{Tensor{result, list, isSequence}};
}

Val mlir::seqmix::sqm::buildElementwise(Importer &im, const Invocation &in) {
  return callElementwise(im, *findElementwise(in.name, in.operands.size()),
                         in.operands, in.loc);
}
