//===- AST.h - the syntax tree of a .sqm file -----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tree as it was written: names are not resolved and nothing is checked
// but the grammar. Names and locations point into the source buffer.
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_FRONTEND_AST_H
#define SEQMIX_FRONTEND_AST_H

#include "lib/Frontend/Value.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SMLoc.h"

namespace mlir::seqmix::sqm {

/// A name where it is written.
struct Ident {
  llvm::StringRef name;
  llvm::SMLoc loc;
};

/// An axis in brackets: a product of names, or the literal 1 (no names).
struct AxisExpr {
  llvm::SMLoc loc;
  llvm::SmallVector<Ident, 2> names;
};

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

/// An argument given by name, as in `window = 8`.
struct NamedArgument {
  Ident id;
  ExprPtr value;
};

/// An expression.
struct Expr {
  enum class Kind {
    constant,
    string, ///< operands: the parts, literal pieces and interpolations
    name,
    index,  ///< operands: list, position
    list,   ///< operands: the elements
    entry,  ///< operands: the object; text: the name
    unary,  ///< text: the operator
    binary, ///< text: the operator
    select, ///< operands: condition, then, else
    either, ///< operands: the value, and what it is instead of none
    call,   ///< text: the callee; operands: the arguments
  };

  Kind kind = Kind::constant;
  /// Where an error about it points: an operator, or the first token.
  llvm::SMLoc loc;
  /// The source from the first to the last token.
  llvm::StringRef source;
  llvm::StringRef text;
  Val constant;
  std::vector<ExprPtr> operands;

  // Of a call: the axes in brackets and the one after an arrow, how many
  // operands stand before ';' (all of them when there is none), and the rest.
  std::vector<AxisExpr> axes;
  std::optional<AxisExpr> to;
  size_t tokenArguments = 0;
  std::vector<NamedArgument> named;

  /// Height of the tree, bounded by the parser.
  unsigned depth = 1;
};

struct Stmt;
using Body = std::vector<Stmt>;

/// A statement, or an entry of the config or axes block.
struct Stmt {
  enum class Kind {
    assign,  ///< targets = value
    param,   ///< targets[0] [axes] = value
    state,   ///< targets[0] [axes] = value
    axis,    ///< targets[0] = value
    entry,   ///< targets[0] = value, if there is a default
    branch,  ///< if value { body } else { otherwise }
    loop,    ///< for targets[0] in value .. second { body }
    result,  ///< return value
    require, ///< require value, second
  };

  Kind kind = Kind::assign;
  llvm::SMLoc loc;
  llvm::SmallVector<Ident, 1> targets;
  std::vector<AxisExpr> axes;
  ExprPtr value;
  ExprPtr second;
  Body body;
  Body otherwise;
};

/// A parameter or result in a signature. `name` and `name[]` differ: in
/// functions the plain one takes any value, in models it is a token.
struct Formal {
  Ident id;
  bool hasAxes = false;
  std::vector<AxisExpr> axes;
  llvm::StringRef source;
};

/// A function, mixer, layer or model.
struct Callable {
  enum class Kind { function, mixer, layer, model };

  Kind kind = Kind::function;
  Ident id;
  /// Axis parameters in brackets, of functions only.
  std::vector<Ident> axisParams;
  std::vector<Formal> params;
  /// How many parameters stand before ';'; only a mixer has others.
  size_t tokenParams = 0;
  std::vector<Formal> results;
  /// The prefix of a layer's parameters and states; null without one.
  ExprPtr at;
  Body body;
  bool inPrelude = false;

  /// "layer", "mixer", ...
  llvm::StringRef kindName() const {
    static constexpr llvm::StringLiteral names[] = {"function", "mixer",
                                                    "layer", "model"};
    return names[static_cast<int>(kind)];
  }
};

/// A source file.
struct File {
  llvm::SMLoc configLoc;
  Body config;
  llvm::SMLoc axesLoc;
  Body axes;
  std::vector<std::unique_ptr<Callable>> callables;
};

} // namespace mlir::seqmix::sqm

#endif // SEQMIX_FRONTEND_AST_H
