//===- ParseExpr.cpp - expressions ----------------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Parser.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::seqmix::sqm;

/// The highest tree; a chain of operators makes a high one without nesting.
static constexpr unsigned maxDepth = 400;
/// Binding strength of a comparison, which is also where 'not' stands.
static constexpr unsigned comparison = 3;

/// Binding strength of a binary operator; 0 if it is none.
static unsigned precedenceOf(const Token &token) {
  if (token.kind == Token::Kind::string || token.kind == Token::Kind::number)
    return 0;
  return llvm::StringSwitch<unsigned>(token.text)
      .Case("or", 1)
      .Case("and", 2)
      .Cases({"==", "!=", "<", "<=", ">", ">=", "in"}, comparison)
      .Case("else", 4)
      .Cases({"+", "-"}, 5)
      .Cases({"*", "/", "%"}, 6)
      .Default(0);
}

ExprPtr Parser::make(Expr::Kind kind, SMLoc loc, SMLoc begin, StringRef text,
                     std::vector<ExprPtr> operands) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->loc = loc;
  expr->source =
      StringRef(begin.getPointer(), previousEnd - begin.getPointer());
  expr->text = text;
  for (const ExprPtr &operand : operands)
    expr->depth = std::max(expr->depth, operand->depth + 1);
  expr->operands = std::move(operands);
  if (expr->depth > maxDepth)
    error(loc, "expression is nested too deeply");
  return expr;
}

/// A vector of move-only elements, which an initializer list cannot make.
template <typename... Ts> static std::vector<ExprPtr> listOf(Ts &&...exprs) {
  std::vector<ExprPtr> list;
  (list.push_back(std::move(exprs)), ...);
  return list;
}

ExprPtr Parser::parseWholeExpr() {
  ExprPtr expr = parseExpr();
  if (token.kind != Token::Kind::eof)
    unexpected("the end of the expression");
  return expr;
}

ExprPtr Parser::parseExpr() {
  nest("expression is");
  SMLoc begin = token.loc();
  ExprPtr expr = parseBinary(1);
  SMLoc loc = token.loc();
  if (consume("?")) {
    ExprPtr yes = parseExpr();
    expect(":", "between the two values of a choice");
    ExprPtr no = parseExpr();
    expr = make(Expr::Kind::select, loc, begin, "?", listOf(expr, yes, no));
  }
  --nesting;
  return expr;
}

ExprPtr Parser::parseBinary(unsigned minPrecedence) {
  SMLoc begin = token.loc();
  ExprPtr left = parseUnary();
  while (true) {
    unsigned precedence = precedenceOf(token);
    if (precedence == 0 || precedence < minPrecedence)
      return left;
    Token op = token;
    advance();
    ExprPtr right = parseBinary(precedence + 1);
    Expr::Kind kind =
        op.text == "else" ? Expr::Kind::either : Expr::Kind::binary;
    left = make(kind, op.loc(), begin, op.text, listOf(left, right));
  }
}

ExprPtr Parser::parseUnary() {
  Token op = token;
  if (!is("-") && !is("not"))
    return parsePrimary();
  nest("expression is");
  advance();
  // `not a == b` negates the comparison, `-a * b` only a.
  ExprPtr operand = op.text == "not" ? parseBinary(comparison) : parseUnary();
  --nesting;
  return make(Expr::Kind::unary, op.loc(), op.loc(), op.text, listOf(operand));
}

ExprPtr Parser::makeConstant(const Token &first, Val value) {
  ExprPtr expr = make(Expr::Kind::constant, first.loc(), first.loc());
  expr->constant = std::move(value);
  return expr;
}

ExprPtr Parser::parsePrimary() {
  Token first = token;
  if (first.kind == Token::Kind::string)
    return parseString();
  if (first.kind == Token::Kind::number) {
    advance();
    return makeConstant(first, Val{first.number});
  }
  if (consume("true") || consume("false"))
    return makeConstant(first, Val{first.text == "true"});
  if (consume("none"))
    return makeConstant(first, {});
  if (first.kind == Token::Kind::identifier)
    return parseNamed();
  if (consume("["))
    return parseList(first);
  if (!consume("("))
    unexpected("an expression");
  if (errors.hasFailed)
    return std::make_unique<Expr>();
  ExprPtr expr = parseExpr();
  expect(")", "after the expression");
  return expr;
}

/// Parses the elements of a list, after the bracket.
ExprPtr Parser::parseList(const Token &first) {
  std::vector<ExprPtr> elements;
  while (!closes("]")) {
    elements.push_back(parseExpr());
    if (!consume(",") && !is("]"))
      unexpected("',' or ']' after an element");
  }
  return make(Expr::Kind::list, first.loc(), first.loc(), "",
              std::move(elements));
}

/// Parses "text{expr}text": what is between braces is an expression.
ExprPtr Parser::parseString() {
  Token string = token;
  StringRef text = string.text.drop_front().drop_back();
  std::vector<ExprPtr> parts;
  advance();
  while (!text.empty()) {
    size_t open = text.find('{');
    if (open != 0) {
      StringRef piece = text.take_front(open);
      parts.push_back(makeConstant(string, Val{piece.str()}));
      text = text.drop_front(piece.size());
      continue;
    }
    size_t close = text.find('}');
    if (close == StringRef::npos) {
      error(SMLoc::getFromPointer(text.data()),
            "'{{' in a string is not closed");
      break;
    }
    parts.push_back(Parser(text.slice(1, close), errors).parseWholeExpr());
    text = text.drop_front(close + 1);
  }
  return make(Expr::Kind::string, string.loc(), string.loc(), "",
              std::move(parts));
}

/// Parses what starts with a name: the name alone, `list[index]`,
/// `object.entry`, or a call `name[axes](arguments)`. What stands in brackets
/// shows only after them.
ExprPtr Parser::parseNamed() {
  Ident id = parseIdent("an expression");
  if (errors.hasFailed)
    return std::make_unique<Expr>();
  ExprPtr expr = make(Expr::Kind::name, id.loc, id.loc, id.name);
  if (is("("))
    return parseCall(id, {}, std::nullopt);
  while (is("[") || is(".")) {
    SMLoc bracket = token.loc();
    if (consume(".")) {
      // An entry may be called as a keyword is.
      StringRef name = token.text;
      if (token.kind != Token::Kind::identifier)
        unexpected("the name of an entry");
      advance();
      expr = make(Expr::Kind::entry, bracket, id.loc, name, listOf(expr));
      continue;
    }
    advance();
    std::vector<ExprPtr> items;
    do
      items.push_back(parseExpr());
    while (consume(","));
    std::optional<AxisExpr> to;
    if (consume("->"))
      to = parseAxis();
    expect("]", "after the axes or the index");
    // iota[K] has no arguments, and its parentheses may be left out.
    bool isFirst = expr->kind == Expr::Kind::name;
    if (isFirst && (is("(") || id.name == "iota"))
      return parseCall(id, std::move(items), std::move(to));
    if (items.size() != 1 || to)
      unexpected("'(' after the axes of a call");
    expr = make(Expr::Kind::index, bracket, id.loc, "",
                listOf(expr, items.front()));
  }
  return expr;
}

/// Parses the rest of a call, after the brackets.
ExprPtr Parser::parseCall(Ident id, std::vector<ExprPtr> axes,
                          std::optional<AxisExpr> to) {
  std::vector<ExprPtr> operands;
  std::vector<NamedArgument> named;
  std::optional<size_t> tokenArguments;
  bool isOpen = consume("(");
  while (isOpen && !closes(")")) {
    if (!tokenArguments && consume(";")) {
      tokenArguments = operands.size();
      continue;
    }
    Lexer ahead = lexer;
    if (token.kind == Token::Kind::identifier && ahead.next().text == "=") {
      Ident name = {token.text, token.loc()};
      advance();
      advance();
      named.push_back({name, parseExpr()});
    } else {
      operands.push_back(parseExpr());
    }
    if (!consume(",") && !is(")") && !is(";"))
      unexpected("',' or ')' after an argument");
  }
  size_t count = operands.size();
  ExprPtr call =
      make(Expr::Kind::call, id.loc, id.loc, id.name, std::move(operands));
  for (const ExprPtr &axis : axes)
    call->axes.push_back(toAxis(*axis));
  call->to = std::move(to);
  call->tokenArguments = tokenArguments.value_or(count);
  call->named = std::move(named);
  return call;
}

AxisExpr Parser::toAxis(const Expr &expr) {
  AxisExpr axis;
  axis.loc = SMLoc::getFromPointer(expr.source.data());
  const Expr *rest = &expr;
  for (; rest->kind == Expr::Kind::binary && rest->text == "*" &&
         rest->operands[1]->kind == Expr::Kind::name;
       rest = rest->operands[0].get()) {
    const Expr &last = *rest->operands[1];
    axis.names.insert(axis.names.begin(), {last.text, last.loc});
  }
  if (rest->kind != Expr::Kind::name)
    error(axis.loc, "expected an axis, which is a name or a product of names");
  axis.names.insert(axis.names.begin(), {rest->text, rest->loc});
  return axis;
}
