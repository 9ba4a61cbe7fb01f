//===- Builtins.h - the intrinsics ----------------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_BUILTINS_H
#define SEQMIX_FRONTEND_BUILTINS_H

#include "lib/Frontend/Importer.h"

namespace mlir::seqmix::sqm {

/// A call of an intrinsic whose shape is already checked.
struct Invocation {
  StringRef name;
  const Expr &expr;
  SMLoc loc;
  SmallVector<Operand> operands;
  Axes axes;
  /// The axis after the arrow, if the intrinsic has one.
  Axis to;
};

/// An intrinsic: how it may be called, and what it does.
struct Builtin {
  /// Of a number of axes or operands.
  static constexpr unsigned many = ~0u;

  StringRef name;
  /// How many axes in brackets, and whether an arrow and one more follow.
  unsigned minAxes, maxAxes;
  bool hasArrow;
  unsigned minOperands, maxOperands;
  /// How many operands, from the first on, are made tensors before the call.
  unsigned tensorOperands;
  Val (*build)(Importer &, const Invocation &);
  /// Whether it has arguments by name, which it checks itself.
  bool readsNamed = false;
};

/// The intrinsic of this name; null if there is none.
const Builtin *findBuiltin(StringRef name);
SmallVector<StringRef> builtinNames();

// The rows of each file.
ArrayRef<Builtin> mixerBuiltins();
ArrayRef<Builtin> shapeBuiltins();
ArrayRef<Builtin> tensorBuiltins();

/// A function of numbers, element by element: computed when it is of constants,
/// or else an op.
struct Elementwise {
  StringRef name;
  double (*ofOne)(double);
  double (*ofTwo)(double, double);
  TensorBuilder::OpFn build;
  /// The op for whole numbers, if they stay such or are compared as such.
  TensorBuilder::OpFn buildWhole = nullptr;
  /// Of truths rather than numbers, and whether the result is one.
  bool takesTruths = false, givesTruth = false;

  unsigned arity() const { return ofOne ? 1 : 2; }
};

ArrayRef<Elementwise> elementwiseFunctions();
/// The function of this name, or operator of this spelling; null if unknown.
const Elementwise *findElementwise(StringRef name, unsigned arity);
Val callElementwise(Importer &im, const Elementwise &function,
                    ArrayRef<Operand> operands, SMLoc loc);
/// `a` where the condition is true, and else `b`.
Val buildWhere(Importer &im, const Invocation &in);
/// As an intrinsic.
Val buildElementwise(Importer &im, const Invocation &in);

/// How many tokens of the session came before, as a tensor; one per model.
Val buildPosition(Importer &im, SMLoc loc);

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_BUILTINS_H
