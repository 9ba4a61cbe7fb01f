//===- WeightFiles.h - a checkpoint in one or several files ---*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_WEIGHTFILES_H
#define SEQMIX_RUNTIME_SRC_WEIGHTFILES_H

#include "runtime/src/Safetensors.h"

#include <vector>

namespace seqmix {

/// A tensor and the file that has it; both null if none has.
struct WeightTensor {
  const SafetensorsTensor *tensor = nullptr;
  const SafetensorsFile *file = nullptr;
};

/// Says that a matrix cannot be rounded to eight bits because of the element at
/// `index`, which is no finite number of F32.
Status notFinite(const WeightTensor &matrix, int64_t index);

/// The safetensors files of a checkpoint, mapped.
class WeightFiles {
public:
  /// Opens the files at `paths`. What SafetensorsFile::open says.
  Status open(const std::vector<std::string> &paths);

  const std::vector<SafetensorsFile> &files() const { return Files; }

  /// Finds a tensor, if there is one. INCOMPATIBLE if two files have it.
  Status find(const std::string &name, WeightTensor &found) const;

  /// "w.safetensors" or "the 3 weight files".
  std::string describe() const;

  /// "; the nearest names are 'x', 'y' and 'z'", or nothing.
  std::string nearestNames(const std::string &wanted) const;

private:
  std::vector<SafetensorsFile> Files;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_WEIGHTFILES_H
