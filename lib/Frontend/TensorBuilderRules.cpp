//===- TensorBuilderRules.cpp - the rules of named axes -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything that can be wrong with the axes of a value is found here, before
// an op is built.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/TensorBuilder.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix::sqm;

void TensorBuilder::checkSize(ArrayRef<Axis> list, SMLoc loc) {
  int64_t elements = 1;
  for (const Axis &axis : list) {
    if (axis.size() > maxElements / elements)
      return void(
          errors.fail(loc, "a value {0} has more than 2^40 elements", list));
    elements *= axis.size();
  }
}

Axes TensorBuilder::unite(const Operand &a, const Operand &b, SMLoc loc) {
  if (errors.hasFailed)
    return {};
  const Axes &left = a.tensor().axes, &right = b.tensor().axes;
  if (left == right)
    return left;
  for (const Operand *operand : {&a, &b})
    if (findTwin(operand->tensor().axes))
      return errors.fail(
          loc,
          "'{0}' has an axis twice in {1}, so that its axes cannot be "
          "matched by name",
          operand->text, operand->tensor().axes);
  for (const Axis &x : left)
    for (const Axis &y : right)
      if (!(x == y) && toString(x) == toString(y))
        return errors.fail(loc, "axis {0} is {1} in {2} but {3} in {4}", x,
                           x.size(), a, y.size(), b);
  if (llvm::all_of(left, [&](const Axis &x) { return positionOf(x, right); }))
    return right;
  Axes united(left);
  for (const Axis &axis : right)
    if (!positionOf(axis, left))
      united.push_back(axis);
  checkSize(united, loc);
  return united;
}

unsigned TensorBuilder::findAxis(const Operand &operand, const Axis &axis,
                                 SMLoc loc) {
  ArrayRef<Axis> list = operand.tensor().axes;
  std::optional<unsigned> found = positionOf(axis, list);
  if (!found)
    return errors.fail(loc, "{0} has no axis {1}; its axes are {2}", operand,
                       axis, list);
  if (positionOf(axis, list.drop_front(*found + 1)))
    return errors.fail(loc, "{0} has axis {1} twice in {2}", operand, axis,
                       list);
  return *found;
}

Tensor TensorBuilder::toNumeric(const Operand &operand) {
  if (!batch)
    return errors.fail(operand.loc, "only constants are known here");
  if (const double *number = operand.value.number())
    return Tensor::of({*number});
  const Tensor *tensor = operand.value.tensor();
  if (!tensor)
    return errors.fail(operand.loc,
                       "expected a number or a tensor but '{0}' is {1}",
                       operand, operand.value);
  if (tensor->isTruth())
    return errors.fail(operand.loc,
                       "'{0}' is true or false; where(condition, a, b) makes "
                       "numbers of it",
                       operand);
  if (tensor->isWhole())
    return toNumbers(*tensor);
  bool isInteger = tensor->value &&
                   getElementTypeOrSelf(tensor->value.getType()).isInteger();
  if (isInteger)
    return errors.fail(operand.loc,
                       "'{0}' is an integer input, which only embed can read",
                       operand);
  return *tensor;
}

Tensor TensorBuilder::toTruth(const Operand &operand) {
  const Tensor *tensor = operand.value.tensor();
  if (const bool *constant = operand.value.boolean()) {
    Tensor truth = Tensor::of({*constant ? 1.0 : 0.0});
    truth.holdsTruths = true;
    return truth;
  }
  if (!tensor || !tensor->isTruth())
    return errors.fail(operand.loc,
                       "expected true or false, or a comparison, but '{0}' is "
                       "{1}",
                       operand, operand.value);
  return *tensor;
}

Tensor TensorBuilder::spread(const Tensor &tensor, SMLoc loc,
                             ArrayRef<Axis> list, bool isSequence,
                             Type element) {
  if (tensor.elements && !type.isF64())
    for (double number : *tensor.elements)
      if (std::isfinite(number) && !std::isfinite(static_cast<float>(number)))
        errors.fail(loc, "{0} does not fit f32", number);
  if (errors.hasFailed)
    return {};
  return broadcast(tensor, list, isSequence, element);
}

Tensor TensorBuilder::toTensor(const Operand &operand) {
  Tensor tensor = toNumeric(operand);
  return spread(tensor, operand.loc, tensor.axes, tensor.isSequence);
}

Tensor TensorBuilder::coerce(const Operand &operand, ArrayRef<Axis> list,
                             StringRef target, SMLoc declaredAt) {
  Tensor tensor = toNumeric(operand);
  bool isExact = operand.value.number() || ArrayRef<Axis>(tensor.axes) == list;
  std::string name = target.str() + (list.empty() ? "" : toString(list));
  for (const Axis &axis : tensor.axes)
    if (!positionOf(axis, list))
      errors.fail(operand.loc, Note{declaredAt},
                  "the value has axes {0}, but {1} has no axis {2}",
                  tensor.axes, name, axis);
  if (!isExact && (findTwin(tensor.axes) || findTwin(list)))
    errors.fail(operand.loc, Note{declaredAt},
                "axes {0} cannot be matched with {1} by name", tensor.axes,
                name);
  return spread(tensor, operand.loc, list, tensor.isSequence);
}
