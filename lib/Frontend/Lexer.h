//===- Lexer.h - tokens of the .sqm language ------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_LEXER_H
#define SEQMIX_FRONTEND_LEXER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SMLoc.h"

namespace mlir::seqmix::sqm {

/// A piece of the source buffer. Keywords are identifiers; the parser knows
/// them by their place.
struct Token {
  enum class Kind { eof, identifier, number, string, punctuation, invalid };

  Kind kind = Kind::eof;
  /// The spelling, a string's with its quotes.
  llvm::StringRef text;
  /// What is wrong with an invalid token.
  llvm::StringRef problem;
  /// The value of a number.
  double number = 0.0;

  llvm::SMLoc loc() const { return llvm::SMLoc::getFromPointer(text.data()); }
};

/// Cuts a stretch of a source buffer into tokens. Tokens point into it.
class Lexer {
public:
  explicit Lexer(llvm::StringRef text) : rest(text) {}

  /// The next token; `eof` for ever after the last one.
  Token next();

private:
  void skipBlanks();
  Token lexNumber();
  Token lexString();
  Token take(Token::Kind kind, size_t length);

  llvm::StringRef rest;
};

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_LEXER_H
