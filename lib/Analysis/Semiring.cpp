//===- Semiring.cpp - what recurrences add and multiply with --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/Semiring.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

#include <limits>

using namespace mlir;
using namespace mlir::seqmix;

StringRef seqmix::stringify(Semiring semiring) {
  switch (semiring) {
  case Semiring::plusTimes:
    return "(+, *)";
  case Semiring::maxPlus:
    return "(max, +)";
  case Semiring::minPlus:
    return "(min, +)";
  }
  llvm_unreachable("a semiring");
}

double seqmix::getZero(Semiring semiring) {
  double infinity = std::numeric_limits<double>::infinity();
  return semiring == Semiring::plusTimes ? 0
         : semiring == Semiring::maxPlus ? -infinity
                                         : infinity;
}

double seqmix::getOne(Semiring semiring) {
  return semiring == Semiring::plusTimes ? 1 : 0;
}

Meaning seqmix::meaningOf(Operation *op, Semiring semiring) {
  if (semiring == Semiring::plusTimes) {
    if (isa<arith::AddFOp, arith::AddIOp>(op))
      return Meaning::sum;
    if (isa<arith::SubFOp, arith::SubIOp>(op))
      return Meaning::difference;
    if (isa<arith::MulFOp, arith::MulIOp>(op))
      return Meaning::product;
    if (isa<arith::DivFOp>(op))
      return Meaning::quotient;
    return isa<arith::NegFOp>(op) ? Meaning::negation : Meaning::other;
  }
  bool isMax = semiring == Semiring::maxPlus;
  if (isMax ? isa<arith::MaximumFOp, arith::MaxNumFOp>(op)
            : isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    return Meaning::sum;
  if (isa<arith::AddFOp>(op))
    return Meaning::product;
  return isa<arith::SubFOp>(op) ? Meaning::quotient : Meaning::other;
}

bool seqmix::isSummation(linalg::ReduceOp op, Semiring semiring) {
  if (op.getInputs().size() != 1)
    return false;
  Block &body = op.getCombiner().front();
  return body.getOperations().size() == 2 &&
         meaningOf(&body.front(), semiring) == Meaning::sum &&
         getSplat(op.getInits()[0]) == getZero(semiring);
}

std::optional<double> seqmix::getSplat(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return std::nullopt;
  auto number = dyn_cast<FloatAttr>(elements.getSplatValue<Attribute>());
  return number ? std::optional(number.getValueAsDouble()) : std::nullopt;
}
