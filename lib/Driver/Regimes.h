//===- Regimes.h - what a mixer is tried with -----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_REGIMES_H
#define SEQMIX_LIB_DRIVER_REGIMES_H

#include "lib/Driver/RunMixer.h"

#include <optional>

namespace mlir {
namespace seqmix {

/// A way to draw all inputs and parameters of a mixer. They are normally
/// distributed; one tensor may have another value at random tokens.
struct Regime {
  std::string name;
  double scale = 1; ///< standard deviation, before the mixer's own scale
  std::optional<size_t> tensor = std::nullopt; ///< inputs, then parameters
  double value = 0; ///< of that tensor at random tokens
};

/// How a mixer's normal values are distributed.
struct Spread {
  double scale = 1;        ///< standard deviation of normal numbers
  bool isPositive = false; ///< whether their signs are dropped
  /// Of inputs, then parameters: 1 or -1 where all numbers have one sign, as an
  /// exponent has that must not grow. May be empty.
  std::vector<int> signs = {};
};

/// Inputs [batch, length, ...], parameters, and states [batch, ...] to begin
/// with, all representable in f32. Tensors of states that are not drawn are
/// empty.
struct Draw {
  Values inputs, params, initial;
};

/// A mixer's tensors, as its f32 form has them.
struct MixerTensors {
  std::vector<TensorFacts> inputs, outputs, params, states;
  std::vector<double> inits; ///< of the states
};

/// The regimes for a mixer: normal, small, and for each tensor of floats
/// three in which it is -100, 100 or 0 at random tokens. Which input is the
/// gate is not known.
std::vector<Regime> listRegimes(const MixerTensors &tensors);

/// Draws everything once, normal values as `spread` and the regime say. The
/// same seed gives the same values.
Draw drawRegime(const MixerTensors &tensors, const Regime &regime,
                Spread spread, uint64_t seed, int64_t batch, int64_t length);

/// The same numbers, each larger or smaller by half of an f32's last digit;
/// integers, and zero, as they are.
Draw moveByRounding(const MixerTensors &tensors, const Draw &draw,
                    uint64_t seed);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_REGIMES_H
