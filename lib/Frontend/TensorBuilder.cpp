//===- TensorBuilder.cpp - tensors with named axes ------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/TensorBuilder.h"

#include "dialect/SeqmixOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

#include <numeric>

using namespace mlir;
using namespace mlir::seqmix;
using namespace mlir::seqmix::sqm;

/// How many extents stand before the named axes.
static unsigned leading(bool isSequence) { return isSequence ? 2 : 0; }

RankedTensorType TensorBuilder::typeOf(ArrayRef<Axis> axes, bool isSequence,
                                       Type element) const {
  SmallVector<int64_t> shape(leading(isSequence), ShapedType::kDynamic);
  for (const Axis &axis : axes)
    shape.push_back(axis.size());
  return RankedTensorType::get(shape, element ? element : Type(type));
}

RankedTensorType TensorBuilder::stateType(ArrayRef<Axis> axes,
                                          Type element) const {
  RankedTensorType token = typeOf(axes, /*isSequence=*/false, element);
  SmallVector<int64_t> shape = {ShapedType::kDynamic};
  llvm::append_range(shape, token.getShape());
  return token.clone(shape);
}

SmallVector<OpFoldResult> TensorBuilder::extents(ArrayRef<Axis> axes,
                                                 bool isSequence) {
  SmallVector<OpFoldResult> sizes;
  if (isSequence)
    sizes.append({batch, time});
  for (const Axis &axis : axes)
    sizes.push_back(b.getIndexAttr(axis.size()));
  return sizes;
}

static Type elementOf(const Tensor &x) {
  return getElementTypeOrSelf(x.value.getType());
}

TypedAttr TensorBuilder::attrOf(double value, Type element) {
  if (isa<FloatType>(element))
    return b.getFloatAttr(element, value);
  return b.getIntegerAttr(element, static_cast<int64_t>(value));
}

Value TensorBuilder::empty(ArrayRef<Axis> axes, bool isSequence, Type element) {
  return tensor::EmptyOp::create(b, loc, extents(axes, isSequence), element);
}

Tensor TensorBuilder::fill(double value, ArrayRef<Axis> axes, bool isSequence,
                           Type element) {
  element = element ? element : Type(type);
  TypedAttr scalar = attrOf(value, element);
  Value result;
  if (isSequence) {
    Value fill = arith::ConstantOp::create(b, loc, scalar);
    result = linalg::FillOp::create(b, loc, fill, empty(axes, true, element))
                 .result();
  } else {
    auto splat =
        DenseElementsAttr::get(typeOf(axes, false, element), Attribute(scalar));
    result = arith::ConstantOp::create(b, loc, splat);
  }
  return {result, Axes(axes), isSequence};
}

Tensor TensorBuilder::transpose(const Tensor &x, ArrayRef<Axis> order) {
  if (ArrayRef<Axis>(x.axes) == order)
    return x;
  SmallVector<int64_t> permutation(leading(x.isSequence));
  std::iota(permutation.begin(), permutation.end(), 0);
  for (const Axis &axis : order)
    permutation.push_back(leading(x.isSequence) + *positionOf(axis, x.axes));
  auto op = linalg::TransposeOp::create(
      b, loc, x.value, empty(order, x.isSequence, elementOf(x)), permutation);
  return {op->getResult(0), Axes(order), x.isSequence};
}

Tensor TensorBuilder::broadcast(const Tensor &x, ArrayRef<Axis> axes,
                                bool isSequence, Type element) {
  if (!element)
    element = x.isTruth() ? Type(b.getI1Type()) : type;
  if (x.elements && x.axes.empty())
    return fill(x.elements->front(), axes, isSequence, element);
  if (x.elements) {
    auto toAttr = [&](double number) -> Attribute {
      return attrOf(number, element);
    };
    auto dense =
        DenseElementsAttr::get(typeOf(x.axes, false, element),
                               llvm::map_to_vector(*x.elements, toAttr));
    Value value = arith::ConstantOp::create(b, loc, dense);
    return broadcast({value, x.axes}, axes, isSequence);
  }
  if (ArrayRef<Axis>(x.axes) == axes && x.isSequence == isSequence)
    return x;
  Axes present;
  SmallVector<int64_t> added;
  if (isSequence && !x.isSequence)
    added = {0, 1};
  for (auto [position, axis] : llvm::enumerate(axes)) {
    if (positionOf(axis, x.axes))
      present.push_back(axis);
    else
      added.push_back(leading(isSequence) + position);
  }
  Tensor ordered = transpose(x, present);
  if (added.empty())
    return ordered;
  auto op = linalg::BroadcastOp::create(
      b, loc, ordered.value, empty(axes, isSequence, elementOf(x)), added);
  return {op->getResult(0), Axes(axes), isSequence};
}

Tensor TensorBuilder::reduce(OpFn fn, double init, const Tensor &x,
                             ArrayRef<int64_t> positions) {
  Axes kept;
  SmallVector<int64_t> dimensions;
  for (auto [position, axis] : llvm::enumerate(x.axes)) {
    if (llvm::is_contained(positions, position))
      dimensions.push_back(leading(x.isSequence) + position);
    else
      kept.push_back(axis);
  }
  Tensor start = fill(init, kept, x.isSequence);
  auto op = linalg::ReduceOp::create(
      b, loc, x.value, start.value, dimensions,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        linalg::YieldOp::create(nested, loc, fn(nested, loc, args));
      });
  return {op->getResult(0), kept, x.isSequence};
}

Tensor TensorBuilder::contract(const Tensor &left, ArrayRef<unsigned> leftDims,
                               const Tensor &right,
                               ArrayRef<unsigned> rightDims,
                               ArrayRef<Axis> axes, ArrayRef<unsigned> dims) {
  bool isSequence = left.isSequence || right.isSequence;
  unsigned first = leading(isSequence);
  unsigned count = 0;
  for (ArrayRef<unsigned> list : {leftDims, rightDims})
    for (unsigned dim : list)
      count = std::max(count, dim + 1);
  auto mapOf = [&](ArrayRef<unsigned> list, bool sequence) {
    SmallVector<AffineExpr> exprs;
    for (unsigned i = 0; i < leading(sequence); ++i)
      exprs.push_back(b.getAffineDimExpr(i));
    for (unsigned dim : list)
      exprs.push_back(b.getAffineDimExpr(first + dim));
    return AffineMap::get(first + count, 0, exprs, b.getContext());
  };
  ArrayAttr maps = b.getAffineMapArrayAttr({mapOf(leftDims, left.isSequence),
                                            mapOf(rightDims, right.isSequence),
                                            mapOf(dims, isSequence)});
  Tensor zero = fill(0.0, axes, isSequence);
  auto op = linalg::ContractOp::create(b, loc, TypeRange{zero.value.getType()},
                                       ValueRange{left.value, right.value},
                                       ValueRange{zero.value}, maps);
  return {op->getResult(0), Axes(axes), isSequence};
}

/// The reassociation that maps each axis to itself, but `count` axes from
/// `position` on to one.
static SmallVector<ReassociationIndices>
grouping(unsigned rank, unsigned position, unsigned count) {
  SmallVector<ReassociationIndices> groups;
  for (unsigned i = 0; i < rank; ++i) {
    if (i <= position || i >= position + count)
      groups.emplace_back();
    groups.back().push_back(i);
  }
  return groups;
}

Tensor TensorBuilder::split(const Tensor &x, unsigned position,
                            ArrayRef<Axis> parts) {
  Axes axes(x.axes);
  axes.erase(axes.begin() + position);
  axes.insert(axes.begin() + position, parts.begin(), parts.end());
  unsigned first = leading(x.isSequence);
  Value value = tensor::ExpandShapeOp::create(
      b, loc, typeOf(axes, x.isSequence), x.value,
      grouping(first + axes.size(), first + position, parts.size()),
      extents(axes, x.isSequence));
  return {value, axes, x.isSequence};
}

Tensor TensorBuilder::merge(const Tensor &x, unsigned position, unsigned count,
                            const Axis &merged) {
  Axes axes(x.axes);
  axes.erase(axes.begin() + position + 1, axes.begin() + position + count);
  axes[position] = merged;
  unsigned first = leading(x.isSequence);
  Value value = tensor::CollapseShapeOp::create(
      b, loc, typeOf(axes, x.isSequence), x.value,
      grouping(first + x.axes.size(), first + position, count));
  return {value, axes, x.isSequence};
}

Tensor TensorBuilder::slice(const Tensor &x, unsigned position, int64_t offset,
                            const Axis &part) {
  Axes axes(x.axes);
  axes[position] = part;
  unsigned rank = leading(x.isSequence) + axes.size();
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(rank, b.getIndexAttr(1));
  offsets[leading(x.isSequence) + position] = b.getIndexAttr(offset);
  Value value = tensor::ExtractSliceOp::create(
      b, loc, typeOf(axes, x.isSequence), x.value, offsets,
      extents(axes, x.isSequence), strides);
  return {value, axes, x.isSequence};
}

Tensor TensorBuilder::join(ArrayRef<Tensor> parts, unsigned position,
                           const Axis &joined) {
  const Tensor &first = parts.front();
  Axes axes(first.axes);
  axes[position] = joined;
  unsigned rank = leading(first.isSequence) + axes.size();
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(rank, b.getIndexAttr(1));
  Value value = empty(axes, first.isSequence, type);
  int64_t offset = 0;
  for (const Tensor &part : parts) {
    offsets[leading(first.isSequence) + position] = b.getIndexAttr(offset);
    value = tensor::InsertSliceOp::create(b, loc, part.value, value, offsets,
                                          extents(part.axes, part.isSequence),
                                          strides);
    offset += part.axes[position].size();
  }
  return {value, axes, first.isSequence};
}

Tensor TensorBuilder::gather(const Tensor &tokens, const Tensor &table) {
  Axes axes(tokens.axes);
  axes.push_back(table.axes.back());
  unsigned rank = leading(tokens.isSequence) + axes.size();
  auto identity = b.getMultiDimIdentityMap(rank);
  AffineMap maps[] = {identity.dropResult(rank - 1), identity};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto op = linalg::GenericOp::create(
      b, loc, typeOf(axes, tokens.isSequence), tokens.value,
      empty(axes, tokens.isSequence, type), maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        Value row = arith::IndexCastOp::create(nested, loc,
                                               nested.getIndexType(), args[0]);
        Value column = linalg::IndexOp::create(nested, loc, rank - 1);
        Value element = tensor::ExtractOp::create(nested, loc, table.value,
                                                  ValueRange{row, column});
        linalg::YieldOp::create(nested, loc, element);
      });
  return {op->getResult(0), axes, tokens.isSequence};
}

Tensor TensorBuilder::take(const Tensor &x, unsigned position,
                           const Tensor &indices, ArrayRef<Axis> axes) {
  bool isSequence = x.isSequence || indices.isSequence;
  unsigned first = leading(isSequence), rank = first + axes.size();
  SmallVector<AffineExpr> exprs;
  for (unsigned i = 0; i < leading(indices.isSequence); ++i)
    exprs.push_back(b.getAffineDimExpr(i));
  for (const Axis &axis : indices.axes)
    exprs.push_back(b.getAffineDimExpr(first + *positionOf(axis, axes)));
  AffineMap maps[] = {AffineMap::get(rank, 0, exprs, b.getContext()),
                      b.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  int64_t last = x.axes[position].size() - 1;
  auto op = linalg::GenericOp::create(
      b, loc, typeOf(axes, isSequence), indices.value,
      empty(axes, isSequence, type), maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        auto index = [&](unsigned dim) -> Value {
          return linalg::IndexOp::create(nested, loc, dim);
        };
        auto bound = [&](int64_t value) -> Value {
          return arith::ConstantOp::create(nested, loc,
                                           nested.getI64IntegerAttr(value));
        };
        Value at = args[0];
        if (!at.getType().isInteger())
          at = arith::FPToSIOp::create(nested, loc, nested.getI64Type(), at);
        at = arith::MaxSIOp::create(nested, loc, at, bound(0));
        at = arith::MinSIOp::create(nested, loc, at, bound(last));
        at = arith::IndexCastOp::create(nested, loc, nested.getIndexType(), at);
        SmallVector<Value> where;
        for (unsigned i = 0; i < leading(x.isSequence); ++i)
          where.push_back(index(i));
        for (auto [i, axis] : llvm::enumerate(x.axes))
          where.push_back(
              i == position ? at : index(first + *positionOf(axis, axes)));
        Value element = tensor::ExtractOp::create(nested, loc, x.value, where);
        linalg::YieldOp::create(nested, loc, element);
      });
  return {op->getResult(0), Axes(axes), isSequence};
}

Tensor TensorBuilder::toNumbers(const Tensor &whole) {
  Value known = numbers.lookup(whole.value);
  if (!known)
    known = arith::SIToFPOp::create(
        b, loc, typeOf(whole.axes, whole.isSequence), whole.value);
  return {known, whole.axes, whole.isSequence};
}

//===----------------------------------------------------------------------===//
// The entry being built
//===----------------------------------------------------------------------===//

/// "5x2".
static std::string shapeText(Type type) {
  std::string text;
  for (int64_t extent : cast<ShapedType>(type).getShape())
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text.empty() ? "a scalar" : text;
}

Tensor TensorBuilder::param(StringRef name, ArrayRef<int64_t> shape,
                            ArrayRef<Axis> axes, SMLoc declaredAt) {
  auto type = RankedTensorType::get(shape, this->type);
  auto [it, isNew] = params.try_emplace(name);
  Param &param = it->second;
  if (isNew) {
    Value value = ParamOp::create(b, loc, type, b.getStringAttr(name));
    // Ones go with the axis before them, leading ones with the first axis.
    RankedTensorType wanted = typeOf(axes, /*isSequence=*/false);
    if (type != wanted)
      value = tensor::CollapseShapeOp::create(
          b, loc, wanted, value,
          *getReassociationIndicesForReshape(type, wanted));
    param = {value, type, declaredAt};
  }
  if (param.type != type)
    errors.fail(declaredAt, Note{param.loc, "declared here before"},
                "parameter \"{0}\" is {1} here but {2} before", name,
                shapeText(type), shapeText(param.type));
  return {param.value, Axes(axes)};
}

Value TensorBuilder::addState(const Twine &name, double init,
                              RankedTensorType type) {
  std::string base = name.str();
  std::string unique = base;
  for (unsigned i = 2; !takenNames.insert(unique).second; ++i)
    unique = base + "." + std::to_string(i);
  Value entering = StateOp::create(b, loc, type, b.getStringAttr(unique),
                                   b.getF64FloatAttr(init));
  states[entering] = Value();
  return entering;
}

void TensorBuilder::buildReturn(ArrayRef<Val> results,
                                ArrayRef<StringRef> names) {
  SmallVector<Value> outputs, finals;
  SmallVector<StringRef> stateNames;
  for (const Val &result : results) {
    const Tensor &x = *result.tensor();
    outputs.push_back(broadcast(x, x.axes, /*isSequence=*/true).value);
  }
  for (auto [entering, final] : states) {
    finals.push_back(final);
    stateNames.push_back(entering.getDefiningOp<StateOp>().getName());
  }
  ReturnOp::create(b, loc, outputs, finals, b.getStrArrayAttr(names),
                   b.getStrArrayAttr(stateNames));
}
