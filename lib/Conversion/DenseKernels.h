//===- DenseKernels.h - the device's matrix products ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_DENSEKERNELS_H
#define SEQMIX_LIB_CONVERSION_DENSEKERNELS_H

#include "mlir/IR/Types.h"

namespace mlir {
namespace seqmix {

/// One of the kernels of lib/Conversion/Kernels: c = a * b^T on bare pointers,
/// with a of [m, k] and b of [n, k] in the kernel's type and c of [m, n] in
/// f32. Its arguments are a, its stride, b, its stride, c, its stride, m, n and
/// k; strides are of rows, in elements.
struct DenseKernel {
  llvm::StringLiteral name;
  llvm::StringLiteral text;      ///< a module with a `gpu.module`
  int64_t tileRows, tileColumns; ///< of c, for each block; 0: all rows
};

/// The kernels for elements of this type, f32 or bf16: for at most
/// `fewRows` rows of a, and for more.
const DenseKernel &getKernelForFewRows(Type element);
const DenseKernel &getKernelForManyRows(Type element);

/// Up to here a product is bound by reading b.
constexpr int64_t fewRows = 16;

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_DENSEKERNELS_H
