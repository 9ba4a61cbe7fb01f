//===- Value.h - what an expression stands for ----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_VALUE_H
#define SEQMIX_FRONTEND_VALUE_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/SMLoc.h"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace mlir::seqmix::sqm {

/// The longest axis, and the most elements of one token's value.
constexpr int64_t maxAxisSize = (int64_t(1) << 31) - 1;
constexpr int64_t maxElements = int64_t(1) << 40;

/// A named axis. Two axes are the same if they are the same object: names may
/// be reused in different scopes.
struct NamedAxis {
  std::string name;
  int64_t size;
};

/// An axis of a value: a product of named axes, the last one fastest.
struct Axis {
  llvm::SmallVector<const NamedAxis *, 2> atoms;

  /// The product of the sizes; at most `maxElements`, larger ones saturate.
  int64_t size() const;
  bool operator==(const Axis &other) const { return atoms == other.atoms; }
};

using Axes = llvm::SmallVector<Axis, 4>;

/// The position of `axis` in `axes`, if it is there.
std::optional<unsigned> positionOf(const Axis &axis, llvm::ArrayRef<Axis> axes);
/// An axis that is there twice, as in the weight of a square projection; or
/// null.
const Axis *findTwin(llvm::ArrayRef<Axis> axes);

/// A tensor with named axes. Of a sequence, batch and time come before them.
/// A constant has no value yet: it has elements, the last axis fastest, and is
/// rounded to the model's type once, where an op needs it.
struct Tensor {
  mlir::Value value;
  Axes axes;
  bool isSequence = false;
  std::shared_ptr<const std::vector<double>> elements = nullptr;
  /// Of a constant: 0 and 1 are false and true.
  bool holdsTruths = false;

  /// A constant.
  static Tensor of(std::vector<double> elements, Axes axes = {});
  /// True or false, the results of comparisons.
  bool isTruth() const;
  /// Whole numbers as such, which `position` is; one of 64 bits each.
  bool isWhole() const;
};

/// A value: known while compiling, or a tensor.
struct Val {
  /// A value that is equal to itself alone.
  using None = std::monostate;
  using List = std::vector<Val>;
  /// Named values, in the order of their names.
  using Object = std::vector<std::pair<std::string, Val>>;
  std::variant<None, double, bool, std::string, List, Object, Tensor> data;

  const double *number() const { return std::get_if<double>(&data); }
  const bool *boolean() const { return std::get_if<bool>(&data); }
  const std::string *string() const { return std::get_if<std::string>(&data); }
  const List *list() const { return std::get_if<List>(&data); }
  const Object *object() const { return std::get_if<Object>(&data); }
  const Tensor *tensor() const { return std::get_if<Tensor>(&data); }
  bool isNone() const { return std::holds_alternative<None>(data); }
  /// The entry of an object, or null.
  const Val *entry(llvm::StringRef name) const;
  /// As it would be written: 8, "a", [1, 2], {a = 1}; "a tensor [H, K]".
  std::string source() const;
};

/// A value and where it comes from, for messages.
struct Operand {
  Val value;
  llvm::SMLoc loc;
  /// "q" or "rope(q)"; never empty.
  std::string text;

  /// Its tensor, which it must have.
  const Tensor &tensor() const { return *value.tensor(); }
};

// How messages show things.

/// The shortest decimal form that reads back as `number`.
std::string toString(double number);
/// "H*K".
std::string toString(const Axis &axis);
/// "[H, K*V]".
std::string toString(llvm::ArrayRef<Axis> axes);
/// "the number 8", "a list", "a tensor [H, K]", ...
std::string toString(const Val &value);
inline std::string toString(const Operand &operand) { return operand.text; }

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_VALUE_H
