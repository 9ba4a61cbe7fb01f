//===- TensorBuilder.h - tensors with named axes --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_TENSORBUILDER_H
#define SEQMIX_FRONTEND_TENSORBUILDER_H

#include "lib/Frontend/Diagnostics.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::seqmix::sqm {

/// Builds upstream ops on tensors with named axes.
class TensorBuilder {
public:
  TensorBuilder(Diagnostics &errors, MLIRContext *context, FloatType type)
      : b(context), type(type), loc(b.getUnknownLoc()), errors(errors) {}

  // The rules of named axes, with errors (TensorBuilderRules.cpp).

  void checkSize(ArrayRef<Axis> axes, SMLoc loc);
  /// The axes of a result by name: those of the operand that has them all, or
  /// the left ones and then the new right ones.
  Axes unite(const Operand &a, const Operand &b, SMLoc loc);
  /// Where the operand has the axis.
  unsigned findAxis(const Operand &operand, const Axis &axis, SMLoc loc);
  /// The number or tensor; a constant stays one.
  Tensor toNumeric(const Operand &operand);
  /// True or false, or a tensor of such; a constant stays one.
  Tensor toTruth(const Operand &operand);
  /// The number or tensor as a value.
  Tensor toTensor(const Operand &operand);
  /// `broadcast`, if the constant fits the type.
  Tensor spread(const Tensor &numeric, SMLoc loc, ArrayRef<Axis> axes,
                bool isSequence, Type element = {});
  /// What is assigned to `target`, with its axes.
  Tensor coerce(const Operand &operand, ArrayRef<Axis> axes, StringRef target,
                SMLoc declaredAt);

  // Ops. Axes and sizes are checked before.

  using OpFn = Value (*)(OpBuilder &, Location, ValueRange);

  /// The type with these axes, of `element` or the model's float type.
  RankedTensorType typeOf(ArrayRef<Axis> axes, bool isSequence,
                          Type element = {}) const;
  /// A state's type: batch, then the axes.
  RankedTensorType stateType(ArrayRef<Axis> axes, Type element = {}) const;

  /// `value` everywhere.
  Tensor fill(double value, ArrayRef<Axis> axes, bool isSequence,
              Type element = {});
  /// Gives `x` these axes, in this order, and makes it a sequence if asked. A
  /// constant gets its value here, of `element` or the model's float type; the
  /// other functions do not take one.
  Tensor broadcast(const Tensor &x, ArrayRef<Axis> axes, bool isSequence,
                   Type element = {});
  /// Combines the axes at `positions` (ascending) with `fn`, from `init`.
  Tensor reduce(OpFn fn, double init, const Tensor &x,
                ArrayRef<int64_t> positions);
  /// Contracts. Each axis of the operands and the result is a numbered
  /// dimension; those of no result are summed over.
  Tensor contract(const Tensor &left, ArrayRef<unsigned> leftDims,
                  const Tensor &right, ArrayRef<unsigned> rightDims,
                  ArrayRef<Axis> axes, ArrayRef<unsigned> dims);
  /// Splits the axis at `position` into several.
  Tensor split(const Tensor &x, unsigned position, ArrayRef<Axis> parts);
  /// Merges `count` axes from `position` on into one.
  Tensor merge(const Tensor &x, unsigned position, unsigned count,
               const Axis &merged);
  /// The part of `size` elements at `offset` of the axis at `position`.
  Tensor slice(const Tensor &x, unsigned position, int64_t offset,
               const Axis &part);
  /// Parts of the same axes, one after the other along `position`.
  Tensor join(ArrayRef<Tensor> parts, unsigned position, const Axis &joined);
  /// Rows of `table` by the integers in `tokens`.
  Tensor gather(const Tensor &tokens, const Tensor &table);
  /// The elements of `x` at `indices` along the axis at `position`, with the
  /// axes of `indices` that `x` lacks before the rest; those that both have are
  /// walked together. An index outside gives the nearest element.
  Tensor take(const Tensor &x, unsigned position, const Tensor &indices,
              ArrayRef<Axis> axes);
  /// Whole numbers as numbers.
  Tensor toNumbers(const Tensor &whole);

  // The entry being built.

  /// The parameter of the checkpoint, which may be declared more than once;
  /// `shape` are the axes and ones.
  Tensor param(StringRef name, ArrayRef<int64_t> shape, ArrayRef<Axis> axes,
               SMLoc declaredAt);
  /// A state, on entry; its name is made unique.
  Value addState(const Twine &name, double init, RankedTensorType type);
  void setFinalState(Value entering, Value final) { states[entering] = final; }
  /// Ends the entry with its results and the final states.
  void buildReturn(ArrayRef<Val> results, ArrayRef<StringRef> names);
  /// Names of inputs, results and states.
  llvm::StringSet<> takenNames;

  OpBuilder b;
  FloatType type;
  /// Where the ops being built come from.
  Location loc;
  /// Extents of the sequences of the entry being built; null before one.
  Value batch, time;
  /// What `toNumbers` has made.
  llvm::DenseMap<Value, Value> numbers;

private:
  TypedAttr attrOf(double value, Type element);
  Value empty(ArrayRef<Axis> axes, bool isSequence, Type element);
  Tensor transpose(const Tensor &x, ArrayRef<Axis> order);
  SmallVector<OpFoldResult> extents(ArrayRef<Axis> axes, bool isSequence);

  struct Param {
    Value value;
    Type type;
    SMLoc loc;
  };
  llvm::StringMap<Param> params;
  /// The final value of each state, by its value on entry, in order of use.
  llvm::MapVector<Value, Value> states;
  Diagnostics &errors;
};

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_TENSORBUILDER_H
