//===- ModelLibrary.h - a compiled model, loaded and checked --*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_MODELLIBRARY_H
#define SEQMIX_RUNTIME_SRC_MODELLIBRARY_H

#include "runtime/src/Status.h"

#include <memory>

#include <seqmix/model_abi.h>

namespace seqmix {

/// Checks that the table a library hands out keeps what model_abi.h promises:
/// pointers, unique names, known types, positive shapes, states apart from each
/// other, and targets, one for a card and one for each level of processors at
/// most, with a "prefill" entry for any length. INCOMPATIBLE, naming `file` and
/// what is wrong.
Status checkModelTable(const seqmix_abi_model &model, const char *file);

/// What people call a kind of device, "cpu" or "cuda"; null if it is unknown.
const char *deviceName(uint32_t device);

/// Bytes of one tensor of a table that has been checked.
uint64_t tensorBytes(const seqmix_abi_tensor &tensor);

/// A shared library that is open for as long as this lives, and its table.
class ModelLibrary {
public:
  /// Opens the library at `path`, which runs its initializers, and checks its
  /// table. NOT_FOUND, or INCOMPATIBLE with the reason.
  Status open(const std::string &path);

  /// The checked table. Only after a successful open.
  const seqmix_abi_model &model() const { return *Model; }

  /// The code for a kind of device, on the CPU the best that this processor
  /// runs. INCOMPATIBLE if there is none, naming what the model was compiled
  /// for; INVALID_ARGUMENT as chooseCpuLevel.
  Status findTarget(uint32_t device, const seqmix_abi_target *&target) const;

  /// The target's entry of that name, or null.
  static const seqmix_abi_entry *findEntry(const seqmix_abi_target &target,
                                           const char *name);

private:
  struct Close {
    void operator()(void *handle) const;
  };
  std::unique_ptr<void, Close> Handle;
  const seqmix_abi_model *Model = nullptr;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_MODELLIBRARY_H
