//===- Value.cpp - what an expression stands for --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Value.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir::seqmix::sqm;

int64_t Axis::size() const {
  int64_t product = 1;
  for (const NamedAxis *atom : atoms)
    product =
        atom->size > maxElements / product ? maxElements : product * atom->size;
  return product;
}

std::string Axis::str() const {
  std::string text;
  for (const NamedAxis *atom : atoms)
    text += (text.empty() ? "" : "*") + atom->name;
  return text;
}

std::string mlir::seqmix::sqm::toString(llvm::ArrayRef<Axis> axes) {
  std::string text = "[";
  for (const Axis &axis : axes)
    text += (text.size() == 1 ? "" : ", ") + axis.str();
  return text + "]";
}

std::optional<unsigned>
mlir::seqmix::sqm::positionOf(const Axis &axis, llvm::ArrayRef<Axis> axes) {
  const Axis *found = llvm::find(axes, axis);
  if (found == axes.end())
    return std::nullopt;
  return found - axes.begin();
}

std::string Val::kind() const {
  if (const double *n = number())
    return "the number " + toString(*n);
  if (const bool *b = boolean())
    return *b ? "true" : "false";
  if (const std::string *s = string())
    return "the string \"" + *s + "\"";
  if (list())
    return "a list";
  if (tensor()->axes.empty())
    return "a tensor without axes";
  return "a tensor " + toString(tensor()->axes);
}

std::string mlir::seqmix::sqm::toString(double number) {
  if (std::floor(number) == number && std::abs(number) < 1e15)
    return llvm::formatv("{0}", static_cast<int64_t>(number));
  char text[32];
  for (int digits = 6; digits <= 17; ++digits) {
    std::snprintf(text, sizeof(text), "%.*g", digits, number);
    if (std::strtod(text, nullptr) == number)
      break;
  }
  return text;
}
