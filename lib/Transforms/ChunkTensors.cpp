//===- ChunkTensors.cpp - tensors whose axes have names -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ChunkTensors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

static Type elementOf(const Named &x) { return getElementTypeOrSelf(x.value); }

static Value constant(OpBuilder &b, Location loc, Type type, double number) {
  TypedAttr value = isa<FloatType>(type)
                        ? TypedAttr(b.getFloatAttr(type, number))
                        : TypedAttr(b.getIntegerAttr(type, number));
  return arith::ConstantOp::create(b, loc, value);
}

/// A number as one of another floating-point type.
static Value convert(OpBuilder &b, Location loc, Value x, Type type) {
  auto from = dyn_cast<FloatType>(x.getType()), to = dyn_cast<FloatType>(type);
  if (!from || !to || from == to)
    return x;
  if (from.getWidth() < to.getWidth())
    return arith::ExtFOp::create(b, loc, to, x);
  return arith::TruncFOp::create(b, loc, to, x);
}

/// The type of what is made of both.
Type ChunkTensors::wider(const Named &a, const Named &b) const {
  return elementOf(a) == element ? elementOf(b) : elementOf(a);
}

Value ChunkTensors::plus(OpBuilder &b, Location loc, Value x, Value y) {
  if (semiring == Semiring::maxPlus)
    return arith::MaximumFOp::create(b, loc, x, y);
  if (semiring == Semiring::minPlus)
    return arith::MinimumFOp::create(b, loc, x, y);
  if (!isa<FloatType>(element))
    return arith::AddIOp::create(b, loc, x, y);
  return arith::AddFOp::create(b, loc, x, y);
}

Value ChunkTensors::times(OpBuilder &b, Location loc, Value x, Value y) {
  if (!isa<FloatType>(element))
    return arith::MulIOp::create(b, loc, x, y);
  if (semiring == Semiring::plusTimes)
    return arith::MulFOp::create(b, loc, x, y);
  return arith::AddFOp::create(b, loc, x, y);
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

RankedTensorType ChunkTensors::typeOf(ArrayRef<Axis> axes, Type element) {
  SmallVector<int64_t> shape;
  for (Axis axis : axes)
    shape.push_back(extentOf(axis));
  return RankedTensorType::get(shape, element);
}

Named ChunkTensors::name(Value value, ArrayRef<Axis> axes) {
  Named result;
  SmallVector<ReassociationIndices> groups;
  ReassociationIndices pending;
  SmallVector<int64_t> shape;
  for (auto [position, axis] : llvm::enumerate(axes)) {
    pending.push_back(position);
    if (extentOf(axis) == 1)
      continue;
    result.axes.push_back(axis);
    shape.push_back(extentOf(axis));
    groups.push_back(pending);
    pending.clear();
  }
  if (!pending.empty() && !groups.empty())
    llvm::append_range(groups.back(), pending);
  auto type = cast<RankedTensorType>(value.getType());
  result.value = value;
  if (result.axes.size() != axes.size())
    result.value = tensor::CollapseShapeOp::create(
        builder, loc, RankedTensorType::get(shape, type.getElementType()),
        value, groups);
  return result;
}

Value ChunkTensors::unname(const Named &x, ArrayRef<Axis> axes) {
  Named wide = broadcast(x, axes);
  if (elementOf(wide) != element)
    wide = map({wide}, wide.axes, element,
               [](OpBuilder &, Location, ValueRange v) { return v[0]; });
  if (wide.axes.size() == axes.size())
    return wide.value;
  SmallVector<ReassociationIndices> groups;
  for (auto [position, axis] : llvm::enumerate(axes)) {
    bool startsGroup = extentOf(axis) != 1;
    if (wide.axes.empty())
      continue;
    if (groups.empty())
      groups.emplace_back();
    else if (startsGroup && llvm::any_of(groups.back(), [&](int64_t earlier) {
               return extentOf(axes[earlier]) != 1;
             }))
      groups.emplace_back();
    groups.back().push_back(position);
  }
  return tensor::ExpandShapeOp::create(builder, loc, typeOf(axes, element),
                                       wide.value, groups);
}

Named ChunkTensors::rename(Named x, Axis from, Axis to) {
  for (Axis &axis : x.axes)
    axis = axis == from ? to : axis;
  return x;
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// Where in a tensor with the axes `axes` a point of `loops` is.
AffineMap ChunkTensors::mapOf(ArrayRef<Axis> axes, ArrayRef<Axis> loops) {
  SmallVector<AffineExpr> places;
  for (Axis axis : axes)
    places.push_back(
        builder.getAffineDimExpr(llvm::find(loops, axis) - loops.begin()));
  return AffineMap::get(loops.size(), 0, places, builder.getContext());
}

/// An op on every point of `axes`, which has no axis of extent one.
Named ChunkTensors::map(ArrayRef<Named> operands, ArrayRef<Axis> axes,
                        Type type, Body body) {
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Named &operand : operands) {
    inputs.push_back(operand.value);
    maps.push_back(mapOf(operand.axes, axes));
  }
  maps.push_back(mapOf(axes, axes));
  RankedTensorType resultType = typeOf(axes, type);
  Value empty =
      tensor::EmptyOp::create(builder, loc, resultType.getShape(), type);
  SmallVector<utils::IteratorType> loops(axes.size(),
                                         utils::IteratorType::parallel);
  auto op = linalg::GenericOp::create(
      builder, loc, TypeRange{resultType}, inputs, ValueRange{empty}, maps,
      loops, [&](OpBuilder &b, Location loc, ValueRange arguments) {
        SmallVector<Value> numbers;
        for (Value argument : arguments.drop_back())
          numbers.push_back(convert(b, loc, argument, type));
        linalg::YieldOp::create(b, loc, body(b, loc, numbers));
      });
  Named result;
  result.value = op.getResult(0);
  result.axes.assign(axes.begin(), axes.end());
  return result;
}

/// The axes of both: those of the one that has more, with the others in between
/// as the order says, or else at the end.
SmallVector<Axis, 6> ChunkTensors::unite(const Named &a, const Named &b) const {
  bool isFirst = a.axes.size() >= b.axes.size();
  SmallVector<Axis, 6> axes(isFirst ? a.axes : b.axes);
  auto placeOf = [&](Axis axis) { return llvm::find(order, axis); };
  for (Axis axis : isFirst ? b.axes : a.axes) {
    if (llvm::is_contained(axes, axis))
      continue;
    auto *next = llvm::find_if(axes, [&](Axis other) {
      return placeOf(other) != order.end() && placeOf(axis) < placeOf(other);
    });
    axes.insert(next, axis);
  }
  return axes;
}

Named ChunkTensors::fill(double number, ArrayRef<Axis> axes) {
  Named result;
  result.axes = dropUnits(axes);
  RankedTensorType type = typeOf(result.axes, element);
  Value scalar = constant(builder, loc, element, number);
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), element);
  result.value =
      linalg::FillOp::create(builder, loc, scalar, empty).getResult(0);
  return result;
}

/// Whether f32 has the number, but for what f64 rounds.
static bool isExact(double number) {
  double nearest = static_cast<float>(number);
  return std::abs(nearest - number) <= 4e-16 * std::abs(number);
}

/// With a value, and no scale left out of it.
Named ChunkTensors::materialise(const Named &x) {
  if (!x.value)
    return fill(semiring == Semiring::plusTimes ? x.scale : one(), {});
  if (x.scale == 1)
    return x;
  Named plain = x;
  plain.scale = 1;
  Type type = elementOf(x);
  return map({plain}, x.axes, type,
             [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
               if (isExact(x.scale) || !isExact(1 / x.scale) ||
                   !isa<FloatType>(type))
                 return times(b, loc, v[0], constant(b, loc, type, x.scale));
               // What the program divides by is not rounded once more.
               return arith::DivFOp::create(
                   b, loc, v[0],
                   constant(b, loc, type, static_cast<float>(1 / x.scale)));
             });
}

Named ChunkTensors::broadcast(const Named &x, ArrayRef<Axis> axes) {
  SmallVector<Axis, 6> wide = dropUnits(axes);
  Named plain = materialise(x);
  if (plain.axes == wide)
    return plain;
  return map({plain}, wide, elementOf(plain),
             [](OpBuilder &, Location, ValueRange v) { return v[0]; });
}

Named ChunkTensors::multiply(const Named &a, const Named &b) {
  if (!a.value || !b.value) {
    Named result = a.value ? a : b;
    result.scale = a.scale * b.scale;
    return result;
  }
  Named x = a, y = b;
  x.scale = y.scale = 1;
  Type type = elementOf(x) == elementOf(y) ? elementOf(x) : element;
  Named result = map({x, y}, unite(x, y), type,
                     [&](OpBuilder &b, Location loc, ValueRange v) {
                       return times(b, loc, v[0], v[1]);
                     });
  result.scale = a.scale * b.scale;
  return result;
}

MaybeNamed ChunkTensors::multiply(const MaybeNamed &a, const MaybeNamed &b) {
  return a && b ? MaybeNamed(multiply(*a, *b)) : std::nullopt;
}

Named ChunkTensors::scaleAt(const Named &x, Axis axis, int64_t index,
                            const Named &factor) {
  Named plain = materialise(factor), part = at(x, axis, index);
  part.scale = 1;
  // The product is written where what it is a product of has been.
  AffineMap maps[] = {mapOf(plain.axes, part.axes),
                      mapOf(part.axes, part.axes)};
  SmallVector<utils::IteratorType> loops(part.axes.size(),
                                         utils::IteratorType::parallel);
  auto op = linalg::GenericOp::create(
      builder, loc, TypeRange{part.value.getType()}, plain.value, part.value,
      maps, loops, [&](OpBuilder &b, Location loc, ValueRange v) {
        Value by = convert(b, loc, v[0], v[1].getType());
        linalg::YieldOp::create(b, loc, times(b, loc, v[1], by));
      });
  part.value = op.getResult(0);
  return insert(part, x, {}, {axis}, {index});
}

/// The op of a sum over an axis that nothing has read yet.
static linalg::GenericOp findFreshSum(const Named &x) {
  auto op = x.value ? x.value.getDefiningOp<linalg::GenericOp>() : nullptr;
  bool isFresh = op && op.getNumReductionLoops() > 0 && x.value.use_empty() &&
                 op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  return isFresh ? op : nullptr;
}

Named ChunkTensors::add(const Named &a, const Named &b) {
  Named x = materialise(a);
  // A sum begins with what it is added to.
  if (linalg::GenericOp sum = findFreshSum(b);
      sum && b.scale == 1 && x.axes == b.axes && elementOf(x) == element) {
    sum->moveBefore(builder.getInsertionBlock(), builder.getInsertionPoint());
    sum.getDpsInitsMutable()[0].set(x.value);
    return b;
  }
  Named y = materialise(b);
  return map({x, y}, unite(x, y), wider(x, y),
             [&](OpBuilder &b, Location loc, ValueRange v) {
               return plus(b, loc, v[0], v[1]);
             });
}

std::pair<Named, Named> ChunkTensors::alike(const Named &a, const Named &b) {
  Named x = materialise(a), y = materialise(b);
  if (elementOf(x) == elementOf(y))
    return {x, y};
  return {widen(x), widen(y)};
}

void ChunkTensors::accumulate(MaybeNamed &to, const MaybeNamed &x) {
  if (x)
    to = to ? add(*to, *x) : *x;
}

Named ChunkTensors::contract(const Named &a, const Named &b,
                             ArrayRef<Axis> kept) {
  SmallVector<Axis, 6> result, loops;
  for (Axis axis : kept)
    if (a.has(axis) || b.has(axis))
      result.push_back(axis);
  loops = result;
  for (Axis axis : unite(a, b))
    if (!llvm::is_contained(loops, axis))
      loops.push_back(axis);
  if (loops.size() == result.size()) { // nothing to sum over
    Named product = multiply(a, b);
    double scale = std::exchange(product.scale, 1);
    product = broadcast(product, result);
    product.scale = scale;
    return product;
  }

  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Named *operand : {&a, &b})
    if (operand->value) {
      inputs.push_back(operand->value);
      maps.push_back(mapOf(operand->axes, loops));
    }
  maps.push_back(mapOf(result, loops));
  SmallVector<utils::IteratorType> kinds(result.size(),
                                         utils::IteratorType::parallel);
  kinds.resize(loops.size(), utils::IteratorType::reduction);
  Named init = fill(zero(), result);
  auto op = linalg::GenericOp::create(
      builder, loc, TypeRange{init.value.getType()}, inputs,
      ValueRange{init.value}, maps, kinds,
      [&](OpBuilder &b, Location loc, ValueRange v) {
        Value x = convert(b, loc, v[0], element);
        if (v.size() == 3)
          x = times(b, loc, x, convert(b, loc, v[1], element));
        linalg::YieldOp::create(b, loc, plus(b, loc, v.back(), x));
      });
  Named sum;
  sum.value = op.getResult(0);
  sum.axes = result;
  sum.scale = a.scale * b.scale;
  return sum;
}

MaybeNamed ChunkTensors::contract(const MaybeNamed &a, const MaybeNamed &b,
                                  ArrayRef<Axis> kept) {
  return a && b ? MaybeNamed(contract(*a, *b, kept)) : std::nullopt;
}

Named ChunkTensors::widen(const Named &x) {
  if (!x.value || !elementOf(x).isF32() || semiring != Semiring::plusTimes)
    return x;
  Named plain = x;
  plain.scale = 1;
  Named result = map({plain}, x.axes, builder.getF64Type(),
                     [](OpBuilder &, Location, ValueRange v) { return v[0]; });
  result.scale = x.scale;
  return result;
}

Named ChunkTensors::reciprocal(const Named &x) {
  Named plain = materialise(x);
  return map({plain}, plain.axes, element,
             [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
               if (semiring != Semiring::plusTimes)
                 return arith::NegFOp::create(b, loc, v[0]);
               Value one = constant(b, loc, element, 1);
               return arith::DivFOp::create(b, loc, one, v[0]);
             });
}

Named ChunkTensors::mask(const Named &truth, bool opposite) {
  return map({truth}, truth.axes, element,
             [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
               Value yes = constant(b, loc, element, opposite ? zero() : one());
               Value no = constant(b, loc, element, opposite ? one() : zero());
               return arith::SelectOp::create(b, loc, v[0], yes, no);
             });
}
