//===- ModelInterface.h - what a model shows to the outside ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tables that a compiled model carries (runtime/include/seqmix/
// model_abi.h), as the compiler sees them: computed from the IR, owned by the
// caller, never changing it.
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_ANALYSIS_MODELINTERFACE_H
#define SEQMIX_LIB_ANALYSIS_MODELINTERFACE_H

#include "dialect/SeqmixOps.h"

#include <optional>
#include <string>
#include <vector>

namespace mlir {
namespace seqmix {

/// A tensor of the interface. The type leaves out batch and time.
struct TensorEntry {
  std::string name;
  RankedTensorType type;
  Location loc;

  /// Bytes of one such tensor.
  int64_t getBytes() const;
};

struct InputEntry : TensorEntry {
  int64_t limit; ///< elements lie in [0, limit); 0: any
};

struct StateEntry : TensorEntry {
  int64_t offset; ///< bytes from the start of a sequence's states
  double init;    ///< of every element
};

struct EntryPoint {
  std::string name;
  int64_t length; ///< the only length it takes; 0: any

  /// The functions that an entry point becomes. Their names cannot meet those
  /// of library functions.
  static std::string getFunction(StringRef name) {
    return ("entry_" + name).str();
  }
  static std::string getWorkspaceFunction(StringRef name) {
    return getFunction(name) + "_workspace";
  }
};

/// The interface of one model.
struct ModelInterface {
  std::string name;
  std::vector<InputEntry> inputs;
  std::vector<TensorEntry> outputs;
  std::vector<TensorEntry> params;
  std::vector<StateEntry> states;
  std::vector<EntryPoint> entries;
  int64_t stateBytes = 0; ///< of one sequence, a multiple of the alignment
  int64_t maxLength = 0;  ///< 0: no limit

  /// Reads the interface off a model: parameters and states in the order of
  /// their first use. Fails, with an error at the entry point, when two entry
  /// points disagree on inputs or outputs.
  static FailureOr<ModelInterface> compute(ModelOp model);

  /// The index of a name in its table; the name must be there.
  unsigned getParamIndex(StringRef name) const;
  unsigned getStateIndex(StringRef name) const;

  /// Equal for two interfaces whose saved states can be exchanged; never 0.
  uint64_t getStateId() const;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_ANALYSIS_MODELINTERFACE_H
