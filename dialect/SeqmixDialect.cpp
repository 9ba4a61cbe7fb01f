//===- SeqmixDialect.cpp - the dialect and its type predicates ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/InliningUtils.h"

using namespace mlir;
using namespace mlir::seqmix;

#include "dialect/SeqmixDialect.cpp.inc"
#include "dialect/SeqmixInterfaces.cpp.inc"

/// Results have the operands' types; nothing is written for them.
static ParseResult parseSameAs(OpAsmParser &, SmallVectorImpl<Type> &outputs,
                               ArrayRef<Type> inputs,
                               SmallVectorImpl<Type> &finals,
                               ArrayRef<Type> states) {
  outputs.assign(inputs.begin(), inputs.end());
  finals.assign(states.begin(), states.end());
  return success();
}
static void printSameAs(OpAsmPrinter &, Operation *, TypeRange, TypeRange,
                        TypeRange, TypeRange) {}

/// Parses `keyword("name" = %value : type, ...)`, which may be absent.
static ParseResult
parseNamedValues(OpAsmParser &parser, StringRef keyword, ArrayAttr &names,
                 SmallVectorImpl<OpAsmParser::UnresolvedOperand> &values,
                 SmallVectorImpl<Type> &types) {
  SmallVector<Attribute> parsed;
  names = parser.getBuilder().getArrayAttr({});
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, [&] {
        std::string name;
        if (parser.parseString(&name))
          return failure();
        parsed.push_back(parser.getBuilder().getStringAttr(name));
        return failure(parser.parseEqual() ||
                       parser.parseOperand(values.emplace_back()) ||
                       parser.parseColonType(types.emplace_back()));
      }))
    return failure();
  names = parser.getBuilder().getArrayAttr(parsed);
  return success();
}
static void printNamedValues(OpAsmPrinter &printer, Operation *,
                             StringRef keyword, ArrayAttr names,
                             OperandRange values, TypeRange) {
  if (values.empty())
    return;
  printer << keyword << "(";
  llvm::interleaveComma(
      llvm::zip_equal(names, values), printer, [&](auto pair) {
        auto [name, value] = pair;
        printer << name << " = " << value << " : " << value.getType();
      });
  printer << ")";
}

#define GET_OP_CLASSES
#include "dialect/SeqmixOps.cpp.inc"

void SeqmixDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialect/SeqmixOps.cpp.inc"
      >();
}

/// Whether the extents from axis `first` on are static.
static bool isStaticFrom(Type type, int64_t first) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() >= first &&
         llvm::none_of(tensor.getShape().drop_front(first),
                       ShapedType::isDynamic);
}

bool seqmix::isSequenceType(Type type) { return isStaticFrom(type, 2); }

bool seqmix::isStateType(Type type) { return isStaticFrom(type, 1); }

static RankedTensorType dropAxes(Type type, int64_t count) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape().drop_front(count),
                               tensor.getElementType());
}

RankedTensorType seqmix::getTokenType(Type sequence) {
  return dropAxes(sequence, 2);
}

RankedTensorType seqmix::getTokenStateType(Type state) {
  return dropAxes(state, 1);
}
