//===- DenseKernels.h - matrix products on the processor ------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_KERNELS_DENSEKERNELS_H
#define SEQMIX_RUNTIME_KERNELS_DENSEKERNELS_H

#include <seqmix/model_abi.h>

namespace seqmix {

/// The instruction sets that there are kernels for, the best last. Other
/// processors than an x86-64 know only the first.
enum class DenseLevel { Baseline, Avx2, Avx512 };

/// The name of a level, such as "avx2".
const char *denseLevelName(DenseLevel level);

/// True if there are kernels of this level and this processor runs them.
bool supportsDenseLevel(DenseLevel level);

/// The best level that this processor supports.
DenseLevel bestDenseLevel();

/// Computes the product on the calling thread and returns 1, or returns 0
/// without having done anything: for operands of types or groups that there are
/// no kernels for, and for ones that span 2^31 elements. Any number of threads
/// may call it; it allocates nothing. An element of the result comes out the
/// same, whatever rows and columns it is computed with; only the elements of a
/// row by itself are, if the weights are integers, sums in another order.
int64_t denseMatmul(const seqmix_abi_matmul &product,
                    DenseLevel level = bestDenseLevel());

} // namespace seqmix

#endif // SEQMIX_RUNTIME_KERNELS_DENSEKERNELS_H
