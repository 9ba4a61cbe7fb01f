//===- ParseExpr.cpp - expressions ----------------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Parser.h"

using namespace mlir;
using namespace mlir::seqmix::sqm;

/// The highest tree and the deepest nesting; as in Parser.cpp, but a chain of
/// operators makes a high tree without nesting.
static constexpr unsigned maxDepth = 400;
static constexpr unsigned maxNesting = 200;

/// Binding strength of a binary operator; 0 if it is none.
static unsigned precedenceOf(const Token &token) {
  if (token.kind == Token::Kind::string || token.kind == Token::Kind::number)
    return 0;
  StringRef text = token.text;
  if (text == "or")
    return 1;
  if (text == "and")
    return 2;
  if (text == "==" || text == "!=" || text == "<" || text == "<=" ||
      text == ">" || text == ">=")
    return 3;
  if (text == "+" || text == "-")
    return 4;
  if (text == "*" || text == "/" || text == "%")
    return 5;
  return 0;
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
  if (expr->depth <= maxDepth)
    return expr;
  (void)error(loc, "expression is nested too deeply");
  return nullptr;
}

/// A vector of move-only elements, which an initializer list cannot make.
template <typename... Ts> static std::vector<ExprPtr> listOf(Ts &&...exprs) {
  std::vector<ExprPtr> list;
  (list.push_back(std::move(exprs)), ...);
  return list;
}

ExprPtr Parser::parseWholeExpr() {
  ExprPtr expr = parseExpr();
  if (!expr || token.kind == Token::Kind::eof)
    return expr;
  (void)unexpected("the end of the expression");
  return nullptr;
}

ExprPtr Parser::parseExpr() {
  if (++nesting > maxNesting) {
    (void)error(token.loc(), "expression is nested too deeply");
    return nullptr;
  }
  SMLoc begin = token.loc();
  ExprPtr expr = parseBinary(1);
  SMLoc loc = token.loc();
  if (expr && consume("?")) {
    ExprPtr yes = parseExpr();
    if (!yes || failed(expect(":", "between the two values of a choice")))
      return nullptr;
    ExprPtr no = parseExpr();
    if (!no)
      return nullptr;
    expr = make(Expr::Kind::select, loc, begin, "?", listOf(expr, yes, no));
  }
  --nesting;
  return expr;
}

ExprPtr Parser::parseBinary(unsigned minPrecedence) {
  SMLoc begin = token.loc();
  ExprPtr left = parseUnary();
  while (left) {
    unsigned precedence = precedenceOf(token);
    if (precedence == 0 || precedence < minPrecedence)
      return left;
    Token op = token;
    advance();
    ExprPtr right = parseBinary(precedence + 1);
    if (!right)
      return nullptr;
    left =
        make(Expr::Kind::binary, op.loc(), begin, op.text, listOf(left, right));
  }
  return nullptr;
}

ExprPtr Parser::parseUnary() {
  if (!is("-") && !is("not"))
    return parsePrimary();
  if (++nesting > maxNesting) {
    (void)error(token.loc(), "expression is nested too deeply");
    return nullptr;
  }
  Token op = token;
  advance();
  // `not a == b` negates the comparison, `-a * b` only a.
  ExprPtr operand = op.text == "not" ? parseBinary(3) : parseUnary();
  --nesting;
  if (!operand)
    return nullptr;
  return make(Expr::Kind::unary, op.loc(), op.loc(), op.text, listOf(operand));
}

ExprPtr Parser::parsePrimary() {
  Token first = token;
  if (first.kind == Token::Kind::number) {
    advance();
    ExprPtr expr = make(Expr::Kind::number, first.loc(), first.loc(), "");
    expr->number = first.number;
    return expr;
  }
  if (first.kind == Token::Kind::string)
    return parseString();
  if (is("true") || is("false")) {
    advance();
    return make(Expr::Kind::boolean, first.loc(), first.loc(), first.text);
  }
  if (first.kind == Token::Kind::identifier)
    return parseNamed();
  if (!consume("(")) {
    (void)unexpected("an expression");
    return nullptr;
  }
  ExprPtr expr = parseExpr();
  if (!expr || failed(expect(")", "after the expression")))
    return nullptr;
  return expr;
}

/// Parses "text{expr}text": what is between braces is an expression.
ExprPtr Parser::parseString() {
  Token string = token;
  StringRef text = string.text.drop_front().drop_back();
  std::vector<ExprPtr> parts;
  advance();
  while (!text.empty()) {
    size_t open = text.find('{');
    SMLoc loc = SMLoc::getFromPointer(text.data());
    if (open != 0) {
      parts.push_back(make(Expr::Kind::piece, loc, loc, text.take_front(open)));
      text = text.drop_front(std::min(open, text.size()));
      continue;
    }
    size_t close = text.find('}');
    if (close == StringRef::npos) {
      (void)error(loc, "'{' in a string is not closed");
      return nullptr;
    }
    ExprPtr part = Parser(text.slice(1, close), onError).parseWholeExpr();
    if (!part)
      return nullptr;
    parts.push_back(std::move(part));
    text = text.drop_front(close + 1);
  }
  return make(Expr::Kind::string, string.loc(), string.loc(), "",
              std::move(parts));
}

/// Parses what starts with a name: the name alone, `list[index]`, or a call
/// `name[axes](arguments)`.
ExprPtr Parser::parseNamed() {
  Ident id;
  if (failed(parseIdent(id, "an expression")))
    return nullptr;
  if (is("("))
    return parseCall(id, {}, std::make_unique<CallParts>());
  ExprPtr expr = make(Expr::Kind::name, id.loc, id.loc, id.name);
  while (is("[")) {
    SMLoc loc = token.loc();
    auto parts = std::make_unique<CallParts>();
    std::vector<ExprPtr> items;
    if (failed(parseBrackets(*parts, items)))
      return nullptr;
    bool isFirst = expr->kind == Expr::Kind::name;
    if (isFirst && (is("(") || id.name == "iota"))
      return parseCall(id, std::move(items), std::move(parts));
    if (items.size() != 1 || parts->to) {
      (void)unexpected("'(' after the axes of a call");
      return nullptr;
    }
    expr =
        make(Expr::Kind::index, loc, id.loc, "", listOf(expr, items.front()));
    if (!expr)
      return nullptr;
  }
  return expr;
}

/// Parses the rest of a call. The arguments of `iota[K]`, which has none, may
/// be left out.
ExprPtr Parser::parseCall(Ident id, std::vector<ExprPtr> items,
                          std::unique_ptr<CallParts> parts) {
  for (const ExprPtr &item : items) {
    FailureOr<AxisExpr> axis = toAxis(*item);
    if (failed(axis))
      return nullptr;
    parts->axes.push_back(*axis);
  }
  std::vector<ExprPtr> arguments;
  if (is("(") && failed(parseArguments(*parts, arguments)))
    return nullptr;
  ExprPtr call =
      make(Expr::Kind::call, id.loc, id.loc, id.name, std::move(arguments));
  if (call)
    call->call = std::move(parts);
  return call;
}

/// Parses `[a, b]` or `[a, b -> c]`; whether these are axes or an index shows
/// only after the closing bracket.
LogicalResult Parser::parseBrackets(CallParts &parts,
                                    std::vector<ExprPtr> &items) {
  advance();
  do {
    if (!items.emplace_back(parseExpr()))
      return failure();
  } while (consume(","));
  if (consume("->") && failed(parseAxis(parts.to.emplace())))
    return failure();
  return expect("]", "after the axes or the index");
}

LogicalResult Parser::parseArguments(CallParts &parts,
                                     std::vector<ExprPtr> &arguments) {
  advance();
  bool seenSemicolon = false;
  while (!consume(")")) {
    if (!seenSemicolon && consume(";")) {
      seenSemicolon = true;
      parts.tokenArguments = arguments.size();
      continue;
    }
    Lexer ahead = lexer;
    Token second = ahead.next();
    if (token.kind == Token::Kind::identifier && second.text == "=") {
      NamedArgument &named = parts.named.emplace_back();
      if (failed(parseIdent(named.id, "a name")))
        return failure();
      advance();
      if (!(named.value = parseExpr()))
        return failure();
    } else if (!arguments.emplace_back(parseExpr())) {
      return failure();
    }
    if (!consume(",") && !is(")") && !is(";"))
      return unexpected("',' or ')' after an argument");
  }
  if (!seenSemicolon)
    parts.tokenArguments = arguments.size();
  return success();
}

FailureOr<AxisExpr> Parser::toAxis(const Expr &expr) {
  AxisExpr axis;
  axis.loc = SMLoc::getFromPointer(expr.source.data());
  const Expr *rest = &expr;
  for (; rest->kind == Expr::Kind::binary && rest->text == "*";
       rest = rest->operands[0].get()) {
    const Expr &last = *rest->operands[1];
    if (last.kind != Expr::Kind::name)
      break;
    axis.names.insert(axis.names.begin(), {last.text, last.loc});
  }
  if (rest->kind != Expr::Kind::name)
    return error(axis.loc, "expected an axis, which is a name or a product of "
                           "names");
  axis.names.insert(axis.names.begin(), {rest->text, rest->loc});
  return axis;
}
