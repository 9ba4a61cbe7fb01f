//===- SafetensorsWriter.h - write a safetensors file ---------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_SAFETENSORSWRITER_H
#define SEQMIX_RUNTIME_SRC_SAFETENSORSWRITER_H

#include "runtime/src/ElementType.h"
#include "runtime/src/Status.h"

#include <vector>

namespace seqmix {

/// Writes a safetensors file piece by piece. Tensors are declared, then the
/// file is made, then their bytes are written in any order, and at last the
/// file gets its name: nobody ever sees half of one. Every tensor whose size is
/// a multiple of the ABI's alignment begins at one, and can be used in place.
class SafetensorsWriter {
public:
  SafetensorsWriter() = default;
  /// An unfinished file goes away.
  ~SafetensorsWriter();
  SafetensorsWriter(const SafetensorsWriter &) = delete;
  SafetensorsWriter &operator=(const SafetensorsWriter &) = delete;

  /// Declares a tensor of a name not used before, and returns its number.
  size_t add(const std::string &name, ElementType type,
             const std::vector<int64_t> &shape);

  /// Makes the file beside `path`. `metadata` is a JSON object, or empty. IO,
  /// NOT_FOUND if there is no such folder.
  Status create(const std::string &path, const std::string &metadata);

  /// Writes bytes of a tensor from its byte `begin` on, once each.
  Status write(size_t number, size_t begin, const void *data, size_t bytes);

  /// Names the complete file `path`, in place of a file of this name.
  Status finish();

  /// Of all tensors, declared so far.
  size_t dataBytes() const { return DataBytes; }

private:
  struct Entry {
    std::string name;
    ElementType type;
    std::vector<int64_t> shape;
    size_t bytes;
    size_t begin; // in the data
  };

  std::string arrange(const std::string &metadata);
  Status writeAt(size_t place, const char *data, size_t bytes);
  Status failed(const char *verb) const;

  std::vector<Entry> Entries;
  std::string Path;
  std::string Partial; // the name until it is finished
  int File = -1;
  size_t DataBegin = 0;
  size_t DataBytes = 0;
  size_t Written = 0;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_SAFETENSORSWRITER_H
