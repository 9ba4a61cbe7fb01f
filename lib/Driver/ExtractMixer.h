//===- ExtractMixer.h - a mixer as a model of its own ---------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_EXTRACTMIXER_H
#define SEQMIX_LIB_DRIVER_EXTRACTMIXER_H

#include "dialect/SeqmixOps.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <optional>
#include <string>
#include <vector>

namespace mlir {
namespace seqmix {

/// A mixer of a model, standing for all that have its place in the source, its
/// kind and its types.
struct FoundMixer {
  std::string place, kind;
  size_t index; ///< of the first among all mixers of the entry point
  int64_t count = 1;
};

/// All mixers of the entry point `prefill`, in order; there must be one.
SmallVector<MixerOpInterface> listMixers(ModelOp model);

/// Those that differ.
SmallVector<FoundMixer> findMixers(ArrayRef<MixerOpInterface> mixers);

/// The form that a mixer has taken: what its attribute `form` says, or else
/// "chunkwise" if it takes chunks, or else "step".
StringRef getForm(MixerOpInterface mixer);

/// Why a mixer can be no model of its own, as a clause; empty if it can.
std::string findObstacle(MixerOpInterface mixer);

/// For each state of a mixer, which of the states is its carried exponent, if
/// one is and has the state's first axes.
std::vector<std::optional<size_t>> findExponents(MixerOpInterface mixer);

/// A module with one model whose entry point `prefill` is nothing but `mixer`:
/// sequences are inputs, invariants parameters unless they are constants,
/// states begin as they do in the model. If `byToken`, the mixer is made to
/// take one token after the other. There must be no obstacle.
OwningOpRef<ModuleOp> extractMixer(MixerOpInterface mixer, bool byToken);

/// A module with a model whose saved states are exchangeable with those of
/// `extracted`. For every state, in order, it has an output, which is the state
/// as it was, and an input, which it becomes.
OwningOpRef<ModuleOp> buildProbe(ModuleOp extracted);

/// The same computation with f64 in place of f32, constants keeping their
/// value.
OwningOpRef<ModuleOp> widenToF64(ModuleOp module);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_EXTRACTMIXER_H
