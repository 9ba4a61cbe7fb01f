//===- Model.h - a compiled model with its weights ------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_MODEL_H
#define SEQMIX_RUNTIME_SRC_MODEL_H

#include "runtime/src/DeviceModel.h"
#include "runtime/src/ModelLibrary.h"
#include "runtime/src/Parameters.h"

#include <memory>

namespace seqmix {

/// Code and parameters on a device: everything that sessions share. Immutable
/// after `open`; sessions hold it by shared pointer.
class Model {
public:
  /// Opens the library at `path` and binds its parameters: to `weights` if
  /// there are any, else to random values if the options ask for them.
  Status open(const std::string &path, const std::vector<std::string> &weights,
              const seqmix_model_options &options);

  const seqmix_abi_model &abi() const { return Library.model(); }
  const seqmix_abi_target &target() const { return *Target; }
  const DeviceModel &device() const { return *Device; }

  /// On the CPU; a device that has copies of its own lets go of these.
  const void *const *parameters() const { return Values.pointers(); }

  /// True if the parameters have values.
  bool hasWeights() const { return Bound || abi().num_params == 0; }

  /// Tokens of each sequence that one call of compiled code is given at most.
  int64_t pieceLength(int64_t batch) const;

  const seqmix_abi_entry &prefillEntry() const { return *Prefill; }

  /// The entry for one token: "step", or "prefill" where there is none.
  const seqmix_abi_entry &stepEntry() const { return *Step; }

  /// Size of the vocabulary if the model has a single input, one 32-bit token
  /// with a limit, and a single output; otherwise 0.
  int64_t vocabulary() const;

private:
  Status openOnCpu(const std::vector<std::string> &weights,
                   const seqmix_model_options &options);
  Status openOnCuda(const std::vector<std::string> &weights,
                    const seqmix_model_options &options);
  Status bindParameters(const std::vector<std::string> &weights,
                        const seqmix_model_options &options);

  ModelLibrary Library; // first, so that the code is unloaded last
  Parameters Values;
  std::unique_ptr<DeviceModel> Device;
  const seqmix_abi_target *Target = nullptr;
  const seqmix_abi_entry *Prefill = nullptr;
  const seqmix_abi_entry *Step = nullptr;
  int64_t PieceTokens = 0;
  bool Bound = false;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_MODEL_H
