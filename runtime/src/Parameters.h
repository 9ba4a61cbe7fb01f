//===- Parameters.h - a model's parameters, bound to values ---*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_PARAMETERS_H
#define SEQMIX_RUNTIME_SRC_PARAMETERS_H

#include "runtime/src/AlignedBuffer.h"
#include "runtime/src/Safetensors.h"

#include <vector>

#include <seqmix/model_abi.h>

namespace seqmix {

/// The values of a model's parameters, in the types and order of its table.
/// Tensors of the right type and alignment stay in the mapped file; the others
/// are converted into memory of their own.
class Parameters {
public:
  /// Finds every parameter of `model` in exactly one of the safetensors files
  /// at `paths`. NOT_FOUND, INCOMPATIBLE, CORRUPT, IO, OUT_OF_MEMORY.
  Status load(const seqmix_abi_model &model,
              const std::vector<std::string> &paths);

  /// Draws every parameter from `seed`: uniform, and scaled by the last extent
  /// so that products with a weight keep the size of their argument.
  Status randomize(const seqmix_abi_model &model, uint64_t seed);

  /// One pointer for each parameter of the table.
  const void *const *pointers() const { return Pointers.data(); }

private:
  Status bind(const seqmix_abi_tensor &parameter);
  Status convert(const seqmix_abi_tensor &parameter,
                 const SafetensorsTensor &tensor);
  Status describeMissing(const seqmix_abi_model &model) const;

  std::vector<SafetensorsFile> Files;
  std::vector<AlignedBuffer> Owned;
  std::vector<const void *> Pointers;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_PARAMETERS_H
