//===- JsonReader.cpp - a strict reader of small JSON texts ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The header of a weights file comes from anywhere, so this reader accepts
// exactly JSON, never reads past the end, bounds its recursion, and stops at
// the first fault with its place. It builds no tree: its user knows the shape
// of what it reads.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/JsonReader.h"

#include <cstring>
#include <limits>

using namespace seqmix;

/// Nesting that `skip` accepts.
static constexpr int maxDepth = 32;

JsonReader::JsonReader(const char *text, size_t size)
    : Begin(text), Cursor(text), End(text + size) {}

bool JsonReader::fail(const char *what) {
  if (Error.empty())
    Error = std::string(what) + " at byte " + std::to_string(Cursor - Begin);
  return false;
}

void JsonReader::skipBlanks() {
  while (Cursor != End && (*Cursor == ' ' || *Cursor == '\t' ||
                           *Cursor == '\n' || *Cursor == '\r'))
    ++Cursor;
}

bool JsonReader::take(char c) {
  skipBlanks();
  if (failed() || Cursor == End || *Cursor != c)
    return false;
  ++Cursor;
  return true;
}

bool JsonReader::enter(char open, char close) {
  if (!take(open))
    return fail(open == '{' ? "expected an object" : "expected an array");
  return !take(close);
}

bool JsonReader::next(char close) {
  if (take(','))
    return true;
  if (!take(close))
    fail(close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
  return false;
}

bool JsonReader::key(std::string &name) {
  if (!string(name))
    return false;
  return take(':') || fail("expected ':'");
}

bool JsonReader::hexUnit(uint32_t &unit) {
  unit = 0;
  for (int i = 0; i != 4; ++i, ++Cursor) {
    if (Cursor == End)
      return fail("unfinished \\u escape");
    char c = *Cursor;
    uint32_t digit;
    if (c >= '0' && c <= '9')
      digit = c - '0';
    else if (c >= 'a' && c <= 'f')
      digit = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
      digit = c - 'A' + 10;
    else
      return fail("expected a hexadecimal digit");
    unit = unit << 4 | digit;
  }
  return true;
}

static void appendUtf8(std::string &text, uint32_t point) {
  if (point < 0x80) {
    text += static_cast<char>(point);
    return;
  }
  int continuations = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  uint32_t lead = continuations == 1 ? 0xc0 : continuations == 2 ? 0xe0 : 0xf0;
  text += static_cast<char>(lead | point >> (6 * continuations));
  while (continuations--)
    text += static_cast<char>(0x80 | (point >> (6 * continuations) & 0x3f));
}

/// Reads what follows a backslash.
bool JsonReader::escape(std::string &value) {
  if (Cursor == End)
    return fail("unfinished escape");
  char c = *Cursor++;
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  if (const char *found = c ? std::strchr(names, c) : nullptr) {
    value += values[found - names];
    return true;
  }
  if (c != 'u')
    return fail("unknown escape");
  uint32_t point, low;
  if (!hexUnit(point))
    return false;
  if (point >= 0xdc00 && point < 0xe000)
    return fail("lone surrogate");
  if (point >= 0xd800 && point < 0xdc00) {
    if (End - Cursor < 2 || Cursor[0] != '\\' || Cursor[1] != 'u')
      return fail("lone surrogate");
    Cursor += 2;
    if (!hexUnit(low))
      return false;
    if (low < 0xdc00 || low >= 0xe000)
      return fail("lone surrogate");
    point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
  }
  if (point == 0)
    return fail("NUL in a string");
  appendUtf8(value, point);
  return true;
}

bool JsonReader::string(std::string &value) {
  value.clear();
  if (!take('"'))
    return fail("expected a string");
  while (Cursor != End && *Cursor != '"') {
    if (static_cast<unsigned char>(*Cursor) < 0x20)
      return fail("control character in a string");
    char c = *Cursor++;
    if (c != '\\')
      value += c;
    else if (!escape(value))
      return false;
  }
  return take('"') || fail("unfinished string");
}

bool JsonReader::integer(int64_t &value) {
  skipBlanks();
  const char *first = Cursor;
  value = 0;
  while (Cursor != End && *Cursor >= '0' && *Cursor <= '9') {
    int digit = *Cursor - '0';
    if (value > (std::numeric_limits<int64_t>::max() - digit) / 10)
      return fail("integer too large");
    value = value * 10 + digit;
    ++Cursor;
  }
  bool leadingZero = Cursor - first > 1 && *first == '0';
  bool isReal = Cursor != End && std::strchr(".eE", *Cursor) && *Cursor;
  if (failed() || Cursor == first || leadingZero || isReal)
    return fail("expected an integer that is not negative");
  return true;
}

bool JsonReader::skip() { return skipNested(0); }

bool JsonReader::raw(std::string &text) {
  skipBlanks();
  const char *first = Cursor;
  if (!skip())
    return false;
  text.assign(first, Cursor);
  return true;
}

bool JsonReader::skipNested(int depth) {
  skipBlanks();
  if (depth == maxDepth)
    return fail("too deeply nested");
  if (Cursor == End || (*Cursor != '{' && *Cursor != '['))
    return skipScalar();
  bool isObject = *Cursor == '{';
  char close = isObject ? '}' : ']';
  std::string ignored;
  for (bool more = enter(*Cursor, close); more; more = next(close)) {
    if (isObject && !key(ignored))
      return false;
    if (!skipNested(depth + 1))
      return false;
  }
  return !failed();
}

bool JsonReader::skipScalar() {
  if (Cursor != End && *Cursor == '"') {
    std::string ignored;
    return string(ignored);
  }
  for (const char *word : {"true", "false", "null"}) {
    size_t length = std::strlen(word);
    if (static_cast<size_t>(End - Cursor) < length ||
        std::memcmp(Cursor, word, length) != 0)
      continue;
    Cursor += length;
    return !failed();
  }
  const char *first = Cursor;
  while (Cursor != End && *Cursor && std::strchr("+-.eE0123456789", *Cursor))
    ++Cursor;
  return Cursor != first || fail("expected a value");
}

bool JsonReader::finish() {
  skipBlanks();
  if (!failed() && Cursor != End)
    return fail("unexpected text");
  return !failed();
}
