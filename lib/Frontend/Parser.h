//===- Parser.h - from tokens to a syntax tree ----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_PARSER_H
#define SEQMIX_FRONTEND_PARSER_H

#include "lib/Frontend/AST.h"
#include "lib/Frontend/Lexer.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"

namespace mlir::seqmix::sqm {

/// A recursive-descent parser that stops at the first error. The grammar is in
/// README.md.
class Parser {
public:
  using ErrorHandler =
      llvm::function_ref<void(llvm::SMLoc, const llvm::Twine &)>;

  Parser(llvm::StringRef text, ErrorHandler onError);

  /// Parses a whole file.
  LogicalResult parseFile(File &file);
  /// Parses one expression up to the end of the text.
  ExprPtr parseWholeExpr();

private:
  // Tokens.
  void advance();
  bool is(llvm::StringRef text) const;
  bool consume(llvm::StringRef text);
  LogicalResult expect(llvm::StringRef text, llvm::StringRef where);
  LogicalResult parseIdent(Ident &id, llvm::StringRef what);
  LogicalResult error(llvm::SMLoc loc, const llvm::Twine &message);
  LogicalResult unexpected(const llvm::Twine &expected);

  // Declarations.
  LogicalResult parseDecl(File &file);
  LogicalResult parseEntries(std::vector<Entry> &entries, bool needValue);
  LogicalResult parseFunction(Callable &callable);
  LogicalResult parseSignature(Callable &callable);
  LogicalResult parseFormals(std::vector<Formal> &formals);
  LogicalResult parseAxes(std::vector<AxisExpr> &axes);
  LogicalResult parseAxis(AxisExpr &axis);

  // Statements.
  LogicalResult parseBody(Body &body);
  LogicalResult parseStmt(Body &body);
  LogicalResult parseDeclarations(Stmt::Kind kind, Body &body);
  LogicalResult parseBranch(Body &body);
  LogicalResult parseLoop(Body &body);
  LogicalResult parseAssign(Body &body);

  // Expressions; null after an error.
  ExprPtr parseExpr();
  ExprPtr parseBinary(unsigned minPrecedence);
  ExprPtr parseUnary();
  ExprPtr parsePrimary();
  ExprPtr parseString();
  ExprPtr parseNamed();
  ExprPtr parseCall(Ident id, std::vector<ExprPtr> items,
                    std::unique_ptr<CallParts> parts);
  LogicalResult parseBrackets(CallParts &parts, std::vector<ExprPtr> &items);
  LogicalResult parseArguments(CallParts &parts,
                               std::vector<ExprPtr> &arguments);
  FailureOr<AxisExpr> toAxis(const Expr &expr);
  ExprPtr make(Expr::Kind kind, llvm::SMLoc loc, llvm::SMLoc begin,
               llvm::StringRef text, std::vector<ExprPtr> operands = {});

  Lexer lexer;
  Token token;
  /// The end of the last consumed token.
  const char *previousEnd;
  ErrorHandler onError;
  unsigned nesting = 0;
};

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_PARSER_H
