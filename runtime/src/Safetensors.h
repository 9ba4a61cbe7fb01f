//===- Safetensors.h - read tensors from a safetensors file ---*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_SAFETENSORS_H
#define SEQMIX_RUNTIME_SRC_SAFETENSORS_H

#include "runtime/src/ElementType.h"
#include "runtime/src/MappedFile.h"

#include <vector>

namespace seqmix {

/// A tensor of a file, dense and row-major.
struct SafetensorsTensor {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape;
  size_t begin = 0;           // of its bytes in the data section
  size_t bytes = 0;           // product of shape and element size
  const char *data = nullptr; // in the mapping, aligned to nothing
  int64_t count() const { return bytes / elementBytes(type); }
};

/// A safetensors file, mapped: 8 bytes that say how long the header is, a
/// header in JSON that names each tensor's type, shape and byte range, and
/// the bytes. Files are not trusted: everything the header claims is
/// checked before any tensor is handed out.
class SafetensorsFile {
public:
  /// Maps and checks the file at `path`. NOT_FOUND, IO or CORRUPT, naming the
  /// file.
  Status open(const std::string &path);

  /// The tensor of that name, or null.
  const SafetensorsTensor *find(const std::string &name) const;

  /// All tensors, by name.
  const std::vector<SafetensorsTensor> &tensors() const { return Tensors; }

  /// What the header says under "__metadata__", in JSON; empty if nothing.
  const std::string &metadata() const { return Metadata; }

  /// The path without its folders, for messages.
  const std::string &name() const { return Name; }

private:
  Status readHeader(const char *text, size_t size);
  Status checkTensor(SafetensorsTensor &tensor, const std::string &typeName,
                     int64_t end) const;
  Status checkNames();
  Status checkRanges() const;
  Status corrupt(const std::string &reason) const;

  MappedFile File;
  std::string Name;
  std::string Metadata;
  size_t DataBytes = 0;
  std::vector<SafetensorsTensor> Tensors;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_SAFETENSORS_H
