//===- Parameters.h - a model's parameters, bound to values ---*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_PARAMETERS_H
#define SEQMIX_RUNTIME_SRC_PARAMETERS_H

#include "runtime/src/AlignedBuffer.h"
#include "runtime/src/WeightFiles.h"

#include <random>
#include <vector>

#include <seqmix/model_abi.h>

namespace seqmix {

/// The values of a model's parameters, in the types and order of its table.
/// Tensors of the right type and alignment stay in the mapped file; the others
/// are converted into memory of their own. A weight of eight bits comes with
/// its scales, in a model as in a file; either may have it in floats.
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
  Status bindQuantized(const seqmix_abi_tensor &parameter,
                       const WeightTensor &given);
  Status place(const seqmix_abi_tensor &parameter,
               const SafetensorsTensor &tensor);
  Status quantize(const seqmix_abi_tensor &parameter,
                  const WeightTensor &given);
  Status dequantize(const seqmix_abi_tensor &parameter,
                    const WeightTensor &given);
  Status draw(const seqmix_abi_tensor &parameter, std::mt19937_64 &generator);
  Status drawQuantized(const seqmix_abi_tensor &parameter,
                       std::mt19937_64 &generator);
  Status findScales(const WeightTensor &weight, WeightTensor &scales,
                    int64_t &group) const;
  Status allocate(const seqmix_abi_tensor &parameter, char *&values);
  Status describeMissing() const;

  const void *&slot(const seqmix_abi_tensor &parameter) {
    return Pointers[&parameter - Table->params];
  }

  const seqmix_abi_model *Table = nullptr;
  WeightFiles Files;
  std::vector<AlignedBuffer> Owned;
  std::vector<const void *> Pointers;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_PARAMETERS_H
