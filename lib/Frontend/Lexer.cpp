//===- Lexer.cpp - tokens of the .sqm language ----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blanks, newlines and `//` comments separate tokens and mean nothing else.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Lexer.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"

#include <cmath>

using namespace mlir::seqmix::sqm;
using llvm::StringRef;

static bool isNameStart(char c) { return llvm::isAlpha(c) || c == '_'; }
static bool isNamePart(char c) { return llvm::isAlnum(c) || c == '_'; }

Token Lexer::take(Token::Kind kind, size_t length) {
  Token token;
  token.kind = kind;
  token.text = rest.take_front(length);
  rest = rest.drop_front(length);
  return token;
}

void Lexer::skipBlanks() {
  while (true) {
    rest = rest.ltrim(" \t\r\n\f\v");
    if (!rest.starts_with("//"))
      return;
    rest = rest.drop_front(std::min(rest.find('\n'), rest.size()));
  }
}

Token Lexer::next() {
  skipBlanks();
  if (rest.empty())
    return take(Token::Kind::eof, 0);
  char c = rest.front();
  if (isNameStart(c))
    return take(Token::Kind::identifier,
                std::min(rest.find_if_not(isNamePart), rest.size()));
  if (llvm::isDigit(c))
    return lexNumber();
  if (c == '"')
    return lexString();
  for (StringRef two : {"->", "..", "==", "!=", "<=", ">="})
    if (rest.starts_with(two))
      return take(Token::Kind::punctuation, 2);
  if (StringRef("{}[]()=,;.+-*/%<>?:").contains(c))
    return take(Token::Kind::punctuation, 1);
  // A run of stray bytes is one mistake, not one for each byte.
  Token token = take(Token::Kind::invalid, 1);
  token.problem = llvm::isPrint(c) ? "unexpected character"
                                   : "unexpected byte outside ASCII";
  return token;
}

Token Lexer::lexNumber() {
  // `0..n` is a range, not the number `0.`.
  static const llvm::Regex spelling("^[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
  llvm::SmallVector<StringRef, 3> matches;
  spelling.match(rest, &matches);
  Token token = take(Token::Kind::number, matches.front().size());
  if (!rest.empty() && isNamePart(rest.front())) {
    token.kind = Token::Kind::invalid;
    token.problem = "a name cannot start with a digit";
  } else if (token.text.getAsDouble(token.number, /*AllowInexact=*/true) ||
             !std::isfinite(token.number)) {
    token.kind = Token::Kind::invalid;
    token.problem = "number out of range";
  }
  return token;
}

Token Lexer::lexString() {
  size_t end = rest.find_first_of("\"\n", 1);
  if (end != StringRef::npos && rest[end] == '"')
    return take(Token::Kind::string, end + 1);
  Token token = take(Token::Kind::invalid, std::min(end, rest.size()));
  token.problem = "string is not closed on its line";
  return token;
}
