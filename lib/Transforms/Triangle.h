//===- Triangle.h - products with triangles of zeros ------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_TRIANGLE_H
#define SEQMIX_LIB_TRANSFORMS_TRIANGLE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir {
namespace seqmix {

/// Two loops of a `linalg` op: wherever `column`, a reduction, is larger than
/// `row`, which is parallel, one of the inputs is zero for certain.
struct Triangle {
  unsigned row, column;
};

/// What `seqmix-mark-triangles` has found, if anything.
std::optional<Triangle> getTriangle(linalg::GenericOp op);
void setTriangle(linalg::GenericOp op, Triangle triangle);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_TRIANGLE_H
