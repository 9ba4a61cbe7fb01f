//===- DenseTiles.h - how dense products are divided ----------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernels' generators and the code that calls the kernels agree on.
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_KERNELS_DENSETILES_H
#define SEQMIX_RUNTIME_KERNELS_DENSETILES_H

namespace seqmix::dense {

/// Weight rows that a kernel reads side by side.
constexpr int tileColumns = 4;

/// Rows of the other operand in a tile: as many, or half of them where there
/// are fewer vector registers. (With three rows for 16 registers, which sums
/// and operands would just fill, LLVM spills, and products take twice as long.)
constexpr int tileRows = 4;

/// Terms that a sum takes up in vector registers before they are added to the
/// element of the result. The same in every kernel, so that all add in the same
/// order, but for the one for a single row times scaled weights.
constexpr int blockTerms = 1024;

/// Weight rows of which a block is unpacked at a time, so that it stays in the
/// second cache while the rows of the other operand pass.
constexpr int blockColumns = 32;

/// Rows of the other operand that a block of weights meets at a time.
constexpr int blockRows = 64;

/// The integer weights that have a scale in common come in multiples of this.
constexpr int groupTerms = 32;

} // namespace seqmix::dense

#endif // SEQMIX_RUNTIME_KERNELS_DENSETILES_H
