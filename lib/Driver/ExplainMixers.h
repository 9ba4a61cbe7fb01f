//===- ExplainMixers.h - what each mixer is, and how it runs --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_EXPLAINMIXERS_H
#define SEQMIX_LIB_DRIVER_EXPLAINMIXERS_H

#include "lib/Analysis/DecayRange.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace llvm::json {
class OStream;
} // namespace llvm::json

namespace mlir {
namespace seqmix {

/// A form that a mixer can take, with its cost for each token.
struct FormFacts {
  std::string name; ///< "step", "scan", "chunkwise"
  int64_t chunk;    ///< tokens at once; 1 for a step
  double contracted, elementwise, bytes;
  double time; ///< as estimated, in units of the step's
  bool isChosen;
};

/// States that need each other, and what was proven of them.
struct GroupFacts {
  std::vector<std::string> states;
  std::string kind, equation;
  std::vector<std::string> axes; ///< roles, one for each axis; may be empty
  bool hasDecay = false;
  Interval decay;
  std::string obstacle, reason; ///< where and why there is no better class
};

/// A mixer of the source, however often the model has it.
struct MixerFacts {
  std::string place, kind, className;
  std::vector<std::string> states; ///< "S [2, 16, 32] f32"
  std::vector<GroupFacts> groups;
  std::vector<std::string> parallel;
  std::vector<FormFacts> forms;
  /// Carried exponents: the state and the states it scales.
  std::vector<std::pair<std::string, std::vector<std::string>>> exponents;
  int64_t count = 1;
};

/// The mixers of a module's model after the phase `forms`, those at one place
/// of the source told once.
std::vector<MixerFacts> collectMixers(ModuleOp module);

void printMixers(const std::vector<MixerFacts> &mixers, raw_ostream &os);
void printMixers(const std::vector<MixerFacts> &mixers,
                 llvm::json::OStream &json);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_EXPLAINMIXERS_H
