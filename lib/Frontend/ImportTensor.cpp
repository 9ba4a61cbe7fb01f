//===- ImportTensor.cpp - the rules of named axes -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything that can be wrong with the axes of a value is found here, before
// the tensor builder is asked.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Importer.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix::sqm;

/// Whether an axis appears twice, as in the weight of a square projection.
static bool hasTwins(ArrayRef<Axis> axes) {
  for (auto [position, axis] : llvm::enumerate(axes))
    if (positionOf(axis, axes.drop_front(position + 1)))
      return true;
  return false;
}

FailureOr<Tensor> Importer::toTensor(const Operand &operand) {
  if (inputs.empty())
    return fail(operand.loc, "only constants are known here");
  if (const double *number = operand.value.number()) {
    bool isLost = !tensors.type.isF64() && std::isfinite(*number) &&
                  !std::isfinite(static_cast<float>(*number));
    if (isLost)
      return fail(operand.loc, toString(*number) + " does not fit f32");
    return tensors.constant(*number, {}, /*isSequence=*/false);
  }
  const Tensor *tensor = operand.value.tensor();
  if (!tensor)
    return fail(operand.loc, "expected a number or a tensor but '" +
                                 operand.text + "' is " + operand.value.kind());
  if (cast<ShapedType>(tensor->value.getType()).getElementType().isInteger())
    return fail(operand.loc, "'" + operand.text +
                                 "' is an integer input, which only embed "
                                 "can read");
  return *tensor;
}

LogicalResult Importer::checkSize(ArrayRef<Axis> list, SMLoc loc) {
  int64_t elements = 1;
  for (const Axis &axis : list) {
    if (axis.size() > maxElements / elements)
      return fail(loc,
                  "a value " + toString(list) + " has more than 2^40 elements");
    elements *= axis.size();
  }
  return success();
}

/// The axes of a result by name: those of the operand that has them all, or
/// the left ones and then the new right ones.
FailureOr<Axes> Importer::unite(const Operand &a, const Operand &b, SMLoc loc) {
  const Axes &left = a.value.tensor()->axes;
  const Axes &right = b.value.tensor()->axes;
  if (left == right)
    return left;
  for (const Operand *operand : {&a, &b})
    if (hasTwins(operand->value.tensor()->axes))
      return fail(loc, "'" + operand->text + "' has an axis twice in " +
                           toString(operand->value.tensor()->axes) +
                           ", so that its axes cannot be matched by name");
  for (const Axis &x : left)
    for (const Axis &y : right)
      if (!(x == y) && x.str() == y.str())
        return fail(loc, "axis " + x.str() + " is " + Twine(x.size()) + " in " +
                             a.text + " but " + Twine(y.size()) + " in " +
                             b.text);
  auto isIn = [](ArrayRef<Axis> list) {
    return
        [list](const Axis &axis) { return positionOf(axis, list).has_value(); };
  };
  if (llvm::all_of(left, isIn(right)))
    return right;
  Axes united(left);
  for (const Axis &axis : right)
    if (!positionOf(axis, left))
      united.push_back(axis);
  if (failed(checkSize(united, loc)))
    return failure();
  return united;
}

FailureOr<Val> Importer::elementwise(TensorBuilder::BinaryFn fn,
                                     const Operand &a, const Operand &b,
                                     SMLoc loc) {
  FailureOr<Tensor> left = toTensor(a);
  if (failed(left))
    return failure();
  FailureOr<Tensor> right = toTensor(b);
  if (failed(right))
    return failure();
  FailureOr<Axes> united =
      unite({Val{*left}, a.loc, a.text}, {Val{*right}, b.loc, b.text}, loc);
  if (failed(united))
    return failure();
  bool isSequence = left->isSequence || right->isSequence;
  // A number takes the other's shape at once.
  auto spread = [&](const Operand &operand, const Tensor &tensor) {
    if (const double *number = operand.value.number()) {
      tensor.value.getDefiningOp()->erase();
      return tensors.constant(*number, *united, isSequence);
    }
    return tensors.broadcast(tensor, *united, isSequence);
  };
  Tensor x = spread(a, *left);
  Tensor y = spread(b, *right);
  return Val{tensors.binary(fn, x, y)};
}

FailureOr<Tensor> Importer::coerce(const Operand &operand, ArrayRef<Axis> list,
                                   const Twine &target, SMLoc declaredAt) {
  if (const double *number = operand.value.number()) {
    FailureOr<Tensor> scalar = toTensor(operand);
    if (failed(scalar) || list.empty())
      return scalar;
    scalar->value.getDefiningOp()->erase();
    return tensors.constant(*number, list, /*isSequence=*/false);
  }
  FailureOr<Tensor> tensor = toTensor(operand);
  if (failed(tensor))
    return failure();
  if (ArrayRef<Axis>(tensor->axes) == list)
    return tensor;
  std::string name = (target + (list.empty() ? "" : toString(list))).str();
  for (const Axis &axis : tensor->axes)
    if (!positionOf(axis, list))
      return fail(operand.loc,
                  "the value has axes " + toString(tensor->axes) + ", but " +
                      name + " has no axis " + axis.str(),
                  declaredAt, "declared here");
  if (hasTwins(tensor->axes) || hasTwins(list))
    return fail(operand.loc,
                "axes " + toString(tensor->axes) + " cannot be matched with " +
                    name + " by name",
                declaredAt, "declared here");
  return tensors.broadcast(*tensor, list, tensor->isSequence);
}

FailureOr<unsigned> Importer::findAxis(const Operand &operand, const Axis &axis,
                                       SMLoc loc) {
  const Axes &list = operand.value.tensor()->axes;
  std::optional<unsigned> found = positionOf(axis, list);
  if (!found)
    return fail(loc, operand.text + " has no axis " + axis.str() +
                         "; its axes are " + toString(list));
  if (positionOf(axis, ArrayRef<Axis>(list).drop_front(*found + 1)))
    return fail(loc, operand.text + " has axis " + axis.str() + " twice in " +
                         toString(list));
  return *found;
}
