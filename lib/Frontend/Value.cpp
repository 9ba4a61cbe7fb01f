//===- Value.cpp - what an expression stands for --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Value.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"

#include <charconv>
#include <cmath>

using namespace mlir::seqmix::sqm;

int64_t Axis::size() const {
  int64_t product = 1;
  for (const NamedAxis *atom : atoms)
    product =
        atom->size > maxElements / product ? maxElements : product * atom->size;
  return product;
}

std::string mlir::seqmix::sqm::toString(const Axis &axis) {
  std::string text;
  for (const NamedAxis *atom : axis.atoms)
    text += (text.empty() ? "" : "*") + atom->name;
  return text;
}

std::string mlir::seqmix::sqm::toString(llvm::ArrayRef<Axis> axes) {
  std::string text = "[";
  for (const Axis &axis : axes)
    text += (text.size() == 1 ? "" : ", ") + toString(axis);
  return text + "]";
}

std::optional<unsigned>
mlir::seqmix::sqm::positionOf(const Axis &axis, llvm::ArrayRef<Axis> axes) {
  const Axis *found = llvm::find(axes, axis);
  if (found == axes.end())
    return std::nullopt;
  return found - axes.begin();
}

const Axis *mlir::seqmix::sqm::findTwin(llvm::ArrayRef<Axis> axes) {
  for (auto [position, axis] : llvm::enumerate(axes))
    if (positionOf(axis, axes.drop_front(position + 1)))
      return &axis;
  return nullptr;
}

Tensor Tensor::of(std::vector<double> elements, Axes axes) {
  auto shared =
      std::make_shared<const std::vector<double>>(std::move(elements));
  return {mlir::Value(), std::move(axes), /*isSequence=*/false, shared};
}

const Val *Val::entry(llvm::StringRef name) const {
  if (const Object *entries = object())
    for (const auto &[key, value] : *entries)
      if (key == name)
        return &value;
  return nullptr;
}

bool Tensor::isTruth() const {
  return value ? mlir::getElementTypeOrSelf(value.getType()).isInteger(1)
               : holdsTruths;
}

bool Tensor::isWhole() const {
  return value && mlir::getElementTypeOrSelf(value.getType()).isInteger(64);
}

std::string Val::source() const {
  if (const double *n = number())
    return toString(*n);
  if (const bool *b = boolean())
    return *b ? "true" : "false";
  if (const std::string *s = string())
    return "\"" + *s + "\"";
  if (isNone())
    return "none";
  if (const Tensor *t = tensor())
    return std::string(t->isTruth() ? "a truth" : "a tensor") +
           (t->axes.empty() ? " without axes" : " " + toString(t->axes));
  bool isList = list() != nullptr;
  std::string text = isList ? "[" : "{";
  auto add = [&](const std::string &item) {
    text += (text.size() == 1 ? "" : ", ") + item;
  };
  if (isList)
    for (const Val &element : *list())
      add(element.source());
  else
    for (const auto &[name, value] : *object())
      add(name + " = " + value.source());
  return text + (isList ? "]" : "}");
}

std::string mlir::seqmix::sqm::toString(const Val &value) {
  if (value.list() || value.object())
    return value.list() ? "a list" : "an object";
  std::string what = value.number()   ? "the number "
                     : value.string() ? "the string "
                                      : "";
  return what + value.source();
}

std::string mlir::seqmix::sqm::toString(double number) {
  if (std::floor(number) == number && std::abs(number) < 1e15)
    return std::to_string(static_cast<int64_t>(number));
  char text[32];
  return {text, std::to_chars(text, std::end(text), number).ptr};
}
