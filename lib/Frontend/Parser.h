//===- Parser.h - from tokens to a syntax tree ----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_PARSER_H
#define SEQMIX_FRONTEND_PARSER_H

#include "lib/Frontend/Diagnostics.h"
#include "lib/Frontend/Lexer.h"

namespace mlir::seqmix::sqm {

/// A recursive-descent parser that reports the first error. After it, the text
/// is as if it ended there and the tree is of no use, but whole: no pointer to
/// an expression is null. The grammar is in README.md.
class Parser {
public:
  Parser(StringRef text, Diagnostics &errors);

  /// Parses a whole file.
  void parseFile(File &file);
  /// Parses one expression up to the end of the text.
  ExprPtr parseWholeExpr();

private:
  // Tokens.
  void advance();
  bool is(StringRef text) const;
  bool consume(StringRef text);
  /// Whether a list ends here: consumes the bracket that closes it.
  bool closes(StringRef bracket) {
    return errors.hasFailed || consume(bracket);
  }
  void expect(StringRef text, StringRef where);
  Ident parseIdent(StringRef what);
  /// Reports, and ends the text, which ends every loop and every recursion.
  template <typename... Ts>
  void error(SMLoc loc, const char *format, const Ts &...values) {
    errors.fail(loc, format, values...);
    stop();
  }
  void stop();
  void unexpected(StringRef expected);
  void nest(StringRef what);

  // Declarations.
  void parseDecl(File &file);
  void parseEntries(Body &entries, Stmt::Kind kind);
  void parseCallable(Callable &callable);
  void parseFormals(std::vector<Formal> &formals);
  std::vector<AxisExpr> parseAxes();
  AxisExpr parseAxis();

  // Statements.
  void parseBody(Body &body);
  void parseStmt(Body &body);
  void parseDeclaration(Stmt::Kind kind, Body &body);
  void parseBranch(Stmt &stmt);

  // Expressions.
  ExprPtr parseExpr();
  ExprPtr parseBinary(unsigned minPrecedence);
  ExprPtr parseUnary();
  ExprPtr parsePrimary();
  ExprPtr parseList(const Token &first);
  ExprPtr parseString();
  ExprPtr parseNamed();
  ExprPtr parseCall(Ident id, std::vector<ExprPtr> axes,
                    std::optional<AxisExpr> to);
  AxisExpr toAxis(const Expr &expr);
  ExprPtr make(Expr::Kind kind, SMLoc loc, SMLoc begin, StringRef text = "",
               std::vector<ExprPtr> operands = {});
  ExprPtr makeConstant(const Token &first, Val value);

  Lexer lexer;
  Token token;
  /// The end of the last consumed token.
  const char *previousEnd;
  Diagnostics &errors;
  unsigned nesting = 0;
};

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_PARSER_H
