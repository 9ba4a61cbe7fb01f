//===- JsonReader.h - a strict reader of small JSON texts -----*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_JSONREADER_H
#define SEQMIX_RUNTIME_SRC_JSONREADER_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace seqmix {

/// Reads a JSON text front to back, told by its user what to expect. Every
/// function returns false at the first fault and from then on; `error` then
/// says what was wrong and where. An object is read as
///
///   for (bool more = reader.enter('{', '}'); more; more = reader.next('}'))
///     reader.key(name) && …one value…;
///   if (reader.failed()) …
class JsonReader {
public:
  /// Reads the `size` bytes at `text`, which must outlive the reader.
  JsonReader(const char *text, size_t size);

  /// Enters an object or array; true if it has a first element.
  bool enter(char open, char close);

  /// After an element: true if a comma leads to another, false at `close`.
  bool next(char close);

  /// Reads a key and its colon.
  bool key(std::string &name);

  /// Reads a string, escapes decoded, as UTF-8.
  bool string(std::string &value);

  /// Reads an integer from 0 to 2^63 - 1, without sign, fraction or exponent.
  bool integer(int64_t &value);

  /// Reads any value and forgets it.
  bool skip();

  /// Reads any value and gives its text as it stands.
  bool raw(std::string &text);

  /// Checks that nothing but blanks is left.
  bool finish();

  bool failed() const { return !Error.empty(); }

  /// What was wrong, such as "expected ':' at byte 17"; empty if nothing.
  const std::string &error() const { return Error; }

private:
  bool fail(const char *what);
  void skipBlanks();
  bool take(char c);
  bool escape(std::string &value);
  bool hexUnit(uint32_t &unit);
  bool skipNested(int depth);
  bool skipScalar();

  const char *Begin;
  const char *Cursor;
  const char *End;
  std::string Error;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_JSONREADER_H
