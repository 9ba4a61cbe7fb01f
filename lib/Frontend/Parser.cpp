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

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::seqmix::sqm;

/// The deepest nesting of blocks, parentheses and operators that is accepted;
/// everything downstream recurses over the tree.
static constexpr unsigned maxNesting = 200;

static bool isKeyword(StringRef name) {
  static constexpr llvm::StringLiteral keywords[] = {
      "config", "axes", "fn",     "mixer",   "layer", "model", "param", "state",
      "axis",   "if",   "else",   "for",     "in",    "at",    "and",   "or",
      "not",    "true", "return", "require", "false", "none"};
  return llvm::is_contained(keywords, name);
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

Parser::Parser(StringRef text, Diagnostics &errors)
    : lexer(text), previousEnd(text.data()), errors(errors) {
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

void Parser::stop() {
  lexer = Lexer(StringRef(previousEnd, 0));
  token = lexer.next();
}

void Parser::unexpected(StringRef expected) {
  if (token.kind == Token::Kind::invalid)
    return error(token.loc(), "{0}", token.problem);
  if (token.kind == Token::Kind::eof)
    return error(SMLoc::getFromPointer(previousEnd),
                 "expected {0} but the text ends here", expected);
  error(token.loc(), "expected {0} but got '{1}'", expected, token.text);
}

void Parser::expect(StringRef text, StringRef where) {
  if (!consume(text))
    unexpected(("'" + text + "' " + where).str());
}

Ident Parser::parseIdent(StringRef what) {
  Ident id = {token.text, token.loc()};
  if (token.kind != Token::Kind::identifier)
    unexpected(what);
  else if (isKeyword(token.text))
    error(token.loc(), "expected {0} but '{1}' is a keyword", what, token.text);
  else
    advance();
  return id;
}

/// Goes one level deeper; the caller comes back by `--nesting`.
void Parser::nest(StringRef what) {
  if (++nesting > maxNesting)
    error(token.loc(), "{0} nested too deeply", what);
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

void Parser::parseFile(File &file) {
  while (token.kind != Token::Kind::eof)
    parseDecl(file);
}

void Parser::parseDecl(File &file) {
  bool isConfig = is("config");
  if (isConfig || is("axes")) {
    SMLoc &seen = isConfig ? file.configLoc : file.axesLoc;
    if (seen.isValid())
      return error(token.loc(), "a second '{0}' block", token.text);
    seen = token.loc();
    advance();
    return isConfig ? parseEntries(file.config, Stmt::Kind::entry)
                    : parseEntries(file.axes, Stmt::Kind::axis);
  }
  using Kind = Callable::Kind;
  static constexpr std::pair<llvm::StringLiteral, Kind> keywords[] = {
      {"fn", Kind::function},
      {"mixer", Kind::mixer},
      {"layer", Kind::layer},
      {"model", Kind::model}};
  for (auto [keyword, kind] : keywords)
    if (consume(keyword)) {
      file.callables.push_back(std::make_unique<Callable>());
      file.callables.back()->kind = kind;
      return parseCallable(*file.callables.back());
    }
  unexpected("config, axes, fn, mixer, layer or model");
}

/// Parses the config block, which has requirements too, or the axes.
void Parser::parseEntries(Body &entries, Stmt::Kind kind) {
  bool isConfig = kind == Stmt::Kind::entry;
  expect("{", "before the entries");
  while (!closes("}")) {
    if (isConfig && is("require")) {
      parseStmt(entries);
    } else {
      Stmt &entry = entries.emplace_back();
      entry.kind = kind;
      entry.targets.push_back(parseIdent("a name or '}'"));
      if (consume("="))
        entry.value = parseExpr();
      else if (!isConfig)
        unexpected("'=' after the name of an axis");
    }
    if (!consume(",") && !is("}"))
      unexpected("',' or '}' after an entry");
  }
}

void Parser::parseCallable(Callable &callable) {
  bool isFunction = callable.kind == Callable::Kind::function;
  callable.id = parseIdent("a name");
  if (isFunction && consume("[")) {
    do
      callable.axisParams.push_back(parseIdent("an axis"));
    while (consume(","));
    expect("]", "after the axes");
  }
  expect("(", "before the parameters");
  parseFormals(callable.params);
  callable.tokenParams = callable.params.size();
  if (callable.kind == Callable::Kind::mixer && consume(";"))
    parseFormals(callable.params);
  expect(")", "after the parameters");
  if (isFunction && !is("{")) {
    Stmt &result = callable.body.emplace_back();
    result.kind = Stmt::Kind::result;
    result.loc = token.loc();
    expect("=", "or '{' before the body of a function");
    result.value = parseExpr();
    return;
  }
  if (!isFunction) {
    expect("->", "before the results");
    parseFormals(callable.results);
    if (callable.results.empty())
      unexpected("a result");
  }
  if (callable.kind == Callable::Kind::layer && consume("at")) {
    if (token.kind != Token::Kind::string)
      return unexpected("a string after 'at'");
    callable.at = parseString();
  }
  parseBody(callable.body);
}

void Parser::parseFormals(std::vector<Formal> &formals) {
  if (is(")") || is(";") || is("{"))
    return;
  do {
    Formal &formal = formals.emplace_back();
    formal.id = parseIdent("a name");
    formal.hasAxes = is("[");
    if (formal.hasAxes)
      formal.axes = parseAxes();
    const char *begin = formal.id.name.data();
    formal.source = StringRef(begin, previousEnd - begin);
  } while (consume(","));
}

std::vector<AxisExpr> Parser::parseAxes() {
  std::vector<AxisExpr> axes;
  expect("[", "before the axes");
  if (consume("]"))
    return axes;
  do
    axes.push_back(parseAxis());
  while (consume(","));
  expect("]", "after the axes");
  return axes;
}

AxisExpr Parser::parseAxis() {
  AxisExpr axis = {token.loc(), {}};
  if (token.kind == Token::Kind::number && token.number == 1) {
    advance();
    return axis;
  }
  do
    axis.names.push_back(parseIdent("an axis"));
  while (consume("*"));
  return axis;
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

void Parser::parseBody(Body &body) {
  nest("blocks are");
  expect("{", "before the statements");
  while (!closes("}"))
    if (!consume(";"))
      parseStmt(body);
  --nesting;
}

void Parser::parseStmt(Body &body) {
  using Kind = Stmt::Kind;
  static constexpr std::pair<llvm::StringLiteral, Kind> declarations[] = {
      {"param", Kind::param}, {"state", Kind::state}, {"axis", Kind::axis}};
  for (auto [keyword, kind] : declarations)
    if (consume(keyword)) {
      do
        parseDeclaration(kind, body);
      while (consume(","));
      return;
    }
  Stmt &stmt = body.emplace_back();
  stmt.loc = token.loc();
  if (consume("if"))
    return parseBranch(stmt);
  if (consume("return")) {
    stmt.kind = Kind::result;
    stmt.value = parseExpr();
  } else if (consume("require")) {
    stmt.kind = Kind::require;
    stmt.value = parseExpr();
    expect(",", "before the message of 'require'");
    stmt.second = parseExpr();
  } else if (consume("for")) {
    stmt.kind = Kind::loop;
    stmt.targets.push_back(parseIdent("a loop variable"));
    expect("in", "after the loop variable");
    stmt.value = parseExpr();
    expect("..", "in the range of a loop");
    stmt.second = parseExpr();
    parseBody(stmt.body);
  } else {
    do
      stmt.targets.push_back(parseIdent("a statement or '}'"));
    while (consume(","));
    expect("=", "in an assignment");
    stmt.value = parseExpr();
  }
}

void Parser::parseDeclaration(Stmt::Kind kind, Body &body) {
  Stmt &stmt = body.emplace_back();
  stmt.kind = kind;
  stmt.loc = token.loc();
  stmt.targets.push_back(parseIdent("a name"));
  if (kind != Stmt::Kind::axis && is("["))
    stmt.axes = parseAxes();
  expect("=", "in a declaration");
  stmt.value = parseExpr();
}

void Parser::parseBranch(Stmt &stmt) {
  stmt.kind = Stmt::Kind::branch;
  stmt.value = parseExpr();
  parseBody(stmt.body);
  if (!consume("else"))
    return;
  if (!is("if"))
    return parseBody(stmt.otherwise);
  nest("blocks are");
  parseStmt(stmt.otherwise);
  --nesting;
}
