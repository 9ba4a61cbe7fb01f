//===- StatePlaces.h - where the next states are computed -------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_STATEPLACES_H
#define SEQMIX_LIB_CONVERSION_STATEPLACES_H

#include "mlir/IR/Builders.h"

namespace mlir {
namespace seqmix {

/// A tensor of its own with the same elements.
Value copyOf(OpBuilder &builder, Location loc, Value value);

/// Makes the `next` states of a token or chunk such that they can be stored
/// over the `old` ones in turn. What is computed element by element, or by
/// adding sums, from an old state that nothing reads any more may be computed
/// in its place; what another state passes on, and what is computed while the
/// old state is still read, is kept somewhere else until then.
void separateStates(OpBuilder &builder, Location loc,
                    MutableArrayRef<Value> next, ValueRange old);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_STATEPLACES_H
