//===- MixerErrors.h - how far results are from the reference ---*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_MIXERERRORS_H
#define SEQMIX_LIB_DRIVER_MIXERERRORS_H

#include "lib/Driver/RunMixer.h"

namespace mlir {
namespace seqmix {

/// What f32 rounds by at most, relative to a number, is half of this.
inline constexpr double rounding = 0x1p-24;

/// The errors of the outputs, then of the states, each relative to its tensor's
/// largest number. What a mantissa and its exponent mean is their product, so
/// exponents alone have none: `exponents` tells each state's, if it has one.
std::vector<double>
measureErrors(const MixerResult &result, const MixerResult &expected,
              llvm::ArrayRef<std::optional<size_t>> exponents);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_MIXERERRORS_H
