//===- DenseWeights.h - weights as the kernels read them ------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_KERNELS_DENSEWEIGHTS_H
#define SEQMIX_RUNTIME_KERNELS_DENSEWEIGHTS_H

#include "runtime/kernels/DenseTiles.h"

#include <Halide.h>

#include <vector>

namespace seqmix::dense {

/// How the weights of one type are read: in chunks along a row, each of which
/// is a few vectors and, where weights are integers, has one scale. Their
/// product is strict: rounded before it meets the other operand, in all
/// kernels for more than a single row.
struct Weights {
  Halide::Type stored;
  int lanes; // of a vector of f32

  bool haveScales() const { return stored == Halide::Int(8); }
  int chunk() const { return haveScales() ? groupTerms : lanes; }

  /// Element `offset` of a chunk of a row, as it is stored, but in f32.
  template <typename Elements>
  Halide::Expr unscaled(const Elements &elements, Halide::Expr index,
                        Halide::Expr offset,
                        std::vector<Halide::Expr> row) const {
    row.insert(row.begin(), index * chunk() + offset);
    Halide::Expr element = elements(row);
    return stored == Halide::UInt(16)
               ? Halide::reinterpret<float>(Halide::cast<uint32_t>(element)
                                            << 16)
               : Halide::cast<float>(element);
  }

  /// The scale of a chunk. `groupShift` is the binary logarithm of the number
  /// of chunks with the same one.
  template <typename Scales>
  Halide::Expr scale(const Scales &scales, Halide::Expr groupShift,
                     Halide::Expr index, std::vector<Halide::Expr> row) const {
    // Bounds are the caller's affair: Halide cannot infer one from a shift.
    row.insert(row.begin(),
               Halide::unsafe_promise_clamped(index >> groupShift, 0,
                                              scales.dim(0).extent() - 1));
    return scales(row);
  }

  /// Element `offset` of a chunk, in f32 and times its scale, if it has one.
  template <typename Elements, typename Scales>
  Halide::Expr at(const Elements &elements, const Scales &scales,
                  Halide::Expr groupShift, Halide::Expr index,
                  Halide::Expr offset,
                  const std::vector<Halide::Expr> &row) const {
    Halide::Expr element = unscaled(elements, index, offset, row);
    if (!haveScales())
      return element;
    return Halide::strict_float(element *
                                scale(scales, groupShift, index, row));
  }
};

/// Rows of a tile whose sums, a vector for each row and column, fit into the
/// target's registers.
inline int tileRowsOf(const Halide::Target &target) {
  bool manyRegisters = target.arch == Halide::Target::ARM ||
                       target.has_feature(Halide::Target::AVX512_Skylake);
  return manyRegisters ? tileRows : tileRows / 2;
}

} // namespace seqmix::dense

#endif // SEQMIX_RUNTIME_KERNELS_DENSEWEIGHTS_H
