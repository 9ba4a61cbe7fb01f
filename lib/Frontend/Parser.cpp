//===- Parser.cpp - declarations and statements ---------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// No statement starts with an operator, a bracket or a parenthesis, so that
// statements need no separator.
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Parser.h"

using namespace mlir;
using namespace mlir::seqmix::sqm;

/// The deepest nesting of blocks, parentheses and operators that is accepted;
/// everything downstream recurses over the tree.
static constexpr unsigned maxNesting = 200;

static bool isKeyword(StringRef name) {
  for (StringRef keyword :
       {"config", "axes", "fn", "mixer", "layer", "model", "param",
        "state",  "axis", "if", "else",  "for",   "in",    "at",
        "return", "and",  "or", "not",   "true",  "false"})
    if (name == keyword)
      return true;
  return false;
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

Parser::Parser(StringRef text, ErrorHandler onError)
    : lexer(text), previousEnd(text.data()), onError(onError) {
  token = lexer.next();
}

void Parser::advance() {
  previousEnd = token.text.end();
  token = lexer.next();
}

bool Parser::is(StringRef text) const {
  return (token.kind == Token::Kind::identifier ||
          token.kind == Token::Kind::punctuation) &&
         token.text == text;
}

bool Parser::consume(StringRef text) {
  if (!is(text))
    return false;
  advance();
  return true;
}

LogicalResult Parser::error(SMLoc loc, const Twine &message) {
  onError(loc, message);
  return failure();
}

LogicalResult Parser::unexpected(const Twine &expected) {
  if (token.kind == Token::Kind::invalid)
    return error(token.loc(), token.problem);
  if (token.kind == Token::Kind::eof)
    return error(SMLoc::getFromPointer(previousEnd),
                 "expected " + expected + " but the text ends here");
  return error(token.loc(),
               "expected " + expected + " but got '" + token.text + "'");
}

LogicalResult Parser::expect(StringRef text, StringRef where) {
  if (consume(text))
    return success();
  return unexpected("'" + text + "' " + where);
}

LogicalResult Parser::parseIdent(Ident &id, StringRef what) {
  if (token.kind != Token::Kind::identifier)
    return unexpected(what);
  if (isKeyword(token.text))
    return error(token.loc(),
                 "expected " + what + " but '" + token.text + "' is a keyword");
  id = {token.text, token.loc()};
  advance();
  return success();
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

LogicalResult Parser::parseFile(File &file) {
  while (token.kind != Token::Kind::eof)
    if (failed(parseDecl(file)))
      return failure();
  return success();
}

LogicalResult Parser::parseDecl(File &file) {
  SMLoc loc = token.loc();
  bool isConfig = is("config");
  if (isConfig || is("axes")) {
    SMLoc &seen = isConfig ? file.configLoc : file.axesLoc;
    if (seen.isValid())
      return error(loc, "a second '" + token.text + "' block");
    seen = loc;
    advance();
    return parseEntries(isConfig ? file.config : file.axes, !isConfig);
  }
  auto callable = std::make_unique<Callable>();
  using Kind = Callable::Kind;
  if (is("fn"))
    callable->kind = Kind::function;
  else if (is("mixer"))
    callable->kind = Kind::mixer;
  else if (is("layer"))
    callable->kind = Kind::layer;
  else if (is("model"))
    callable->kind = Kind::model;
  else
    return unexpected("config, axes, fn, mixer, layer or model");
  advance();
  if (failed(parseIdent(callable->id, "a name")))
    return failure();
  if (failed(callable->kind == Kind::function ? parseFunction(*callable)
                                              : parseSignature(*callable)))
    return failure();
  file.callables.push_back(std::move(callable));
  return success();
}

LogicalResult Parser::parseEntries(std::vector<Entry> &entries,
                                   bool needValue) {
  if (failed(expect("{", "before the entries")))
    return failure();
  while (!consume("}")) {
    Entry entry;
    if (failed(parseIdent(entry.id, "a name or '}'")))
      return failure();
    if (consume("=")) {
      if (!(entry.value = parseExpr()))
        return failure();
    } else if (needValue) {
      return unexpected("'=' after the name of an axis");
    }
    entries.push_back(std::move(entry));
    if (!consume(",") && !is("}"))
      return unexpected("',' or '}' after an entry");
  }
  return success();
}

LogicalResult Parser::parseFunction(Callable &callable) {
  if (consume("[")) {
    do {
      if (failed(parseIdent(callable.axisParams.emplace_back(), "an axis")))
        return failure();
    } while (consume(","));
    if (failed(expect("]", "after the axes")))
      return failure();
  }
  if (failed(expect("(", "before the parameters")) ||
      failed(parseFormals(callable.params)) ||
      failed(expect(")", "after the parameters")))
    return failure();
  if (is("{"))
    return parseBody(callable.body);
  Stmt result;
  result.kind = Stmt::Kind::result;
  result.loc = token.loc();
  if (failed(expect("=", "or '{' before the body of a function")) ||
      !(result.value = parseExpr()))
    return failure();
  callable.body.push_back(std::move(result));
  return success();
}

LogicalResult Parser::parseSignature(Callable &callable) {
  if (failed(expect("(", "before the parameters")) ||
      failed(parseFormals(callable.params)))
    return failure();
  if (callable.kind == Callable::Kind::mixer && consume(";") &&
      failed(parseFormals(callable.invariants)))
    return failure();
  if (failed(expect(")", "after the parameters")) ||
      failed(expect("->", "before the results")) ||
      failed(parseFormals(callable.results)))
    return failure();
  if (callable.results.empty())
    return unexpected("a result");
  if (callable.kind == Callable::Kind::layer && consume("at")) {
    if (token.kind != Token::Kind::string)
      return unexpected("a string after 'at'");
    if (!(callable.at = parseString()))
      return failure();
  }
  return parseBody(callable.body);
}

LogicalResult Parser::parseFormals(std::vector<Formal> &formals) {
  if (is(")") || is(";") || is("{"))
    return success();
  do {
    Formal &formal = formals.emplace_back();
    if (failed(parseIdent(formal.id, "a name")))
      return failure();
    if (is("[") && (formal.hasAxes = true) && failed(parseAxes(formal.axes)))
      return failure();
  } while (consume(","));
  return success();
}

LogicalResult Parser::parseAxes(std::vector<AxisExpr> &axes) {
  if (failed(expect("[", "before the axes")))
    return failure();
  if (consume("]"))
    return success();
  do {
    if (failed(parseAxis(axes.emplace_back())))
      return failure();
  } while (consume(","));
  return expect("]", "after the axes");
}

LogicalResult Parser::parseAxis(AxisExpr &axis) {
  axis.loc = token.loc();
  if (token.kind == Token::Kind::number && token.number == 1) {
    advance();
    return success();
  }
  do {
    if (failed(parseIdent(axis.names.emplace_back(), "an axis")))
      return failure();
  } while (consume("*"));
  return success();
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

LogicalResult Parser::parseBody(Body &body) {
  if (++nesting > maxNesting)
    return error(token.loc(), "blocks are nested too deeply");
  if (failed(expect("{", "before the statements")))
    return failure();
  while (!consume("}")) {
    if (consume(";"))
      continue;
    if (failed(parseStmt(body)))
      return failure();
  }
  --nesting;
  return success();
}

LogicalResult Parser::parseStmt(Body &body) {
  if (is("param"))
    return parseDeclarations(Stmt::Kind::param, body);
  if (is("state"))
    return parseDeclarations(Stmt::Kind::state, body);
  if (is("axis"))
    return parseDeclarations(Stmt::Kind::axis, body);
  if (is("if"))
    return parseBranch(body);
  if (is("for"))
    return parseLoop(body);
  if (!is("return"))
    return parseAssign(body);
  Stmt &stmt = body.emplace_back();
  stmt.kind = Stmt::Kind::result;
  stmt.loc = token.loc();
  advance();
  return success(static_cast<bool>(stmt.value = parseExpr()));
}

LogicalResult Parser::parseDeclarations(Stmt::Kind kind, Body &body) {
  advance();
  do {
    Stmt &stmt = body.emplace_back();
    stmt.kind = kind;
    stmt.loc = token.loc();
    if (failed(parseIdent(stmt.targets.emplace_back(), "a name")))
      return failure();
    if (kind != Stmt::Kind::axis && is("[") && failed(parseAxes(stmt.axes)))
      return failure();
    if (failed(expect("=", "in a declaration")) || !(stmt.value = parseExpr()))
      return failure();
  } while (consume(","));
  return success();
}

LogicalResult Parser::parseBranch(Body &body) {
  Stmt &stmt = body.emplace_back();
  stmt.kind = Stmt::Kind::branch;
  stmt.loc = token.loc();
  advance();
  if (!(stmt.value = parseExpr()) || failed(parseBody(stmt.body)))
    return failure();
  if (!consume("else"))
    return success();
  if (!is("if"))
    return parseBody(stmt.otherwise);
  if (++nesting > maxNesting)
    return error(token.loc(), "blocks are nested too deeply");
  LogicalResult result = parseBranch(stmt.otherwise);
  --nesting;
  return result;
}

LogicalResult Parser::parseLoop(Body &body) {
  Stmt &stmt = body.emplace_back();
  stmt.kind = Stmt::Kind::loop;
  stmt.loc = token.loc();
  advance();
  if (failed(parseIdent(stmt.targets.emplace_back(), "a loop variable")) ||
      failed(expect("in", "after the loop variable")) ||
      !(stmt.value = parseExpr()) ||
      failed(expect("..", "in the range of a loop")) ||
      !(stmt.limit = parseExpr()))
    return failure();
  return parseBody(stmt.body);
}

LogicalResult Parser::parseAssign(Body &body) {
  Stmt &stmt = body.emplace_back();
  stmt.kind = Stmt::Kind::assign;
  stmt.loc = token.loc();
  do {
    if (failed(parseIdent(stmt.targets.emplace_back(), "a statement or '}'")))
      return failure();
  } while (consume(","));
  if (failed(expect("=", "in an assignment")))
    return failure();
  return success(static_cast<bool>(stmt.value = parseExpr()));
}
