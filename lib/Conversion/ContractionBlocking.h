//===- ContractionBlocking.h - which loops of a product are blocked -------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_CONTRACTIONBLOCKING_H
#define SEQMIX_LIB_CONVERSION_CONTRACTIONBLOCKING_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir {
namespace seqmix {

/// Which loops of an op are blocked. Vectors run along the columns, or, if the
/// op is a dot product, along a reduction.
struct Blocking {
  unsigned vectors;                      ///< the loop along memory
  bool isDot;                            ///< it is a reduction
  std::optional<unsigned> rows, columns; ///< parallel loops
};

/// The blocking of an op on buffers that adds products of its two inputs and
/// may do so in any order; nothing for any other op, and for accesses that
/// vectors do not fit.
std::optional<Blocking> chooseBlocking(linalg::GenericOp op);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_CONTRACTIONBLOCKING_H
