//===- MappedFile.h - a file as read-only memory --------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_MAPPEDFILE_H
#define SEQMIX_RUNTIME_SRC_MAPPEDFILE_H

#include "runtime/src/Status.h"

#include <cstddef>

namespace seqmix {

/// A whole file, mapped privately and read-only until destruction. Reading
/// beyond what is left of a file that was shortened meanwhile ends the process:
/// nobody may alter it.
class MappedFile {
public:
  MappedFile() = default;
  ~MappedFile();
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;

  /// Maps the regular file at `path`. NOT_FOUND or IO.
  Status open(const std::string &path);

  const char *data() const { return Data; }
  size_t size() const { return Size; }

private:
  const char *Data = nullptr; // null when Size is 0
  size_t Size = 0;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_MAPPEDFILE_H
