//===- SumLanes.h - sums over the lanes of many vectors ---------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_SUMLANES_H
#define SEQMIX_LIB_CONVERSION_SUMLANES_H

#include "mlir/IR/Builders.h"

namespace mlir {
namespace seqmix {

/// A vector of the sums over the lanes of each of `vectors`, in order: as many
/// vectors as each has lanes, a power of two.
Value sumLanes(OpBuilder &builder, Location loc, ValueRange vectors);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_SUMLANES_H
