//===- JsonWriter.h - write a JSON object ---------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_JSONWRITER_H
#define SEQMIX_TOOLS_SEQMIX_RUN_JSONWRITER_H

#include <cstdint>
#include <string>

namespace seqmix {

/// Builds a JSON text front to back; commas are put where they belong.
class JsonWriter {
public:
  /// Opens and closes an object or an array.
  JsonWriter &open(char bracket);
  JsonWriter &close(char bracket);

  /// Begins a member of an object; its value follows.
  JsonWriter &key(const char *name);

  /// A value. Numbers that JSON does not have become null, bytes that are no
  /// UTF-8 become U+FFFD.
  JsonWriter &string(const std::string &value);
  JsonWriter &integer(int64_t value);
  JsonWriter &real(double value);
  JsonWriter &boolean(bool value);

  /// Writes the text and a newline to stdout.
  void print() const;

private:
  void separate();

  std::string Text;
  bool NeedsComma = false;
};

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_JSONWRITER_H
