//===- TensorViews.h - which ops are views of another tensor --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_ANALYSIS_TENSORVIEWS_H
#define SEQMIX_LIB_ANALYSIS_TENSORVIEWS_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir {
namespace seqmix {

/// Whether the op's result is elements of its first operand in another shape,
/// found where they lie: a kernel makes no memory for it, and who reads the
/// result reads the operand. False of null.
inline bool isTensorView(Operation *op) {
  return isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                         tensor::ExtractSliceOp>(op);
}

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_ANALYSIS_TENSORVIEWS_H
