//===- Semiring.h - what recurrences add and multiply with ----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_ANALYSIS_SEMIRING_H
#define SEQMIX_LIB_ANALYSIS_SEMIRING_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace mlir {
namespace seqmix {

/// What a recurrence adds and multiplies with. In (max, +) a product is a sum
/// of numbers, and a sum the larger of them.
enum class Semiring { plusTimes, maxPlus, minPlus };

StringRef stringify(Semiring semiring);

/// What a sum of nothing and a product of nothing are.
double getZero(Semiring semiring);
double getOne(Semiring semiring);

/// What an elementwise operation is in a semiring.
enum class Meaning { other, sum, difference, product, quotient, negation };

Meaning meaningOf(Operation *op, Semiring semiring);

/// Whether `op` reduces by the semiring's addition, from its zero.
bool isSummation(linalg::ReduceOp op, Semiring semiring);

/// The number that a constant tensor of floats has everywhere, if it has one.
std::optional<double> getSplat(Value value);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_ANALYSIS_SEMIRING_H
