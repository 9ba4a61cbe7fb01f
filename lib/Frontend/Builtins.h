//===- Builtins.h - the table of intrinsics -------------------------------===//
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
struct Importer::Invocation {
  const Builtin &builtin;
  const Expr &expr;
  SmallVector<Operand> operands;
  Axes axes;
  /// The axis after the arrow, if the intrinsic has one.
  Axis to;

  SMLoc loc() const { return expr.loc; }
};

/// An intrinsic: how it may be called, and what it does.
struct Importer::Builtin {
  StringRef name;
  /// How many axes in brackets, and whether an arrow and one more follow.
  unsigned minAxes, maxAxes;
  bool hasArrow;
  unsigned minOperands, maxOperands;
  FailureOr<Val> (Importer::*handler)(const Invocation &);
};

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_BUILTINS_H
