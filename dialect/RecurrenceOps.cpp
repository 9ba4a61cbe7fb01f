//===- RecurrenceOps.cpp - recurrences and scans --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "dialect/Verification.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::seqmix;

/// Clones the body of a mixer's region for the given arguments and returns the
/// yielded values.
static SmallVector<Value> inlineToken(OpBuilder &builder, Block &body,
                                      ArrayRef<Value> arguments) {
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  return llvm::map_to_vector(body.getTerminator()->getOperands(),
                             [&](Value v) { return mapping.lookup(v); });
}

//===----------------------------------------------------------------------===//
// RecurrenceOp
//===----------------------------------------------------------------------===//

void RecurrenceOp::build(OpBuilder &builder, OperationState &state,
                         TypeRange outputs, ValueRange sequences,
                         ValueRange invariants, ValueRange states,
                         ArrayRef<StringRef> stateNames) {
  build(builder, state, outputs, states.getTypes(), sequences, invariants,
        states, builder.getStrArrayAttr(stateNames), IntegerAttr());
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(state.regions.front().get());
  for (Value v : sequences)
    body->addArgument(getTokenType(v.getType()), v.getLoc());
  for (Value v : invariants)
    body->addArgument(v.getType(), v.getLoc());
  for (Value v : states)
    body->addArgument(getTokenStateType(v.getType()), v.getLoc());
}

Block::BlockArgListType RecurrenceOp::getTokenArguments() {
  return getToken().getArguments().take_front(getSequences().size());
}
Block::BlockArgListType RecurrenceOp::getInvariantArguments() {
  return getToken()
      .getArguments()
      .drop_front(getSequences().size())
      .take_front(getInvariants().size());
}
Block::BlockArgListType RecurrenceOp::getStateArguments() {
  return getToken().getArguments().take_back(getStates().size());
}
OperandRange RecurrenceOp::getYieldedOutputs() {
  return getToken().front().getTerminator()->getOperands().take_front(
      getOutputs().size());
}
OperandRange RecurrenceOp::getYieldedStates() {
  return getToken().front().getTerminator()->getOperands().take_back(
      getStates().size());
}

std::string RecurrenceOp::getStateName(unsigned index) {
  if (auto names = getStateNames(); names && index < names->size())
    return cast<StringAttr>((*names)[index]).str();
  return ("state" + Twine(index)).str();
}

SmallVector<Value> RecurrenceOp::getSequenceOperands() {
  return getSequences();
}
SmallVector<Value> RecurrenceOp::getInvariantOperands() {
  return getInvariants();
}
SmallVector<Value> RecurrenceOp::getStateOperands() { return getStates(); }
SmallVector<Value> RecurrenceOp::getSequenceResults() { return getOutputs(); }
SmallVector<Value> RecurrenceOp::getStateResults() { return getFinalStates(); }

static SmallVector<Value> inlineRegion(OpBuilder &builder, Region &region,
                                       ValueRange tokens, ValueRange invariants,
                                       ValueRange states) {
  SmallVector<Value> arguments(tokens);
  llvm::append_range(arguments, invariants);
  llvm::append_range(arguments, states);
  return inlineToken(builder, region.front(), arguments);
}

SmallVector<Value> RecurrenceOp::buildToken(OpBuilder &builder, Location loc,
                                            ValueRange tokens,
                                            ValueRange invariants,
                                            ValueRange states) {
  return inlineRegion(builder, getToken(), tokens, invariants, states);
}

int64_t RecurrenceOp::getChunkLength() { return getChunkSize().value_or(0); }

bool RecurrenceOp::takeChunks(int64_t length) {
  if (length != 0)
    return false;
  getChunk().getBlocks().clear();
  removeChunkSizeAttr();
  return true;
}

SmallVector<Value> RecurrenceOp::buildChunk(OpBuilder &builder, Location loc,
                                            ValueRange tokens,
                                            ValueRange invariants,
                                            ValueRange states) {
  return inlineRegion(builder, getChunk(), tokens, invariants, states);
}

/// The type of `length` tokens at once.
static Type getChunkType(Type token, int64_t length) {
  auto type = cast<RankedTensorType>(token);
  SmallVector<int64_t> shape = {length};
  llvm::append_range(shape, type.getShape());
  return RankedTensorType::get(shape, type.getElementType());
}

/// The types of a region's arguments, for one token (length 0) or a chunk.
static SmallVector<Type> getArgumentTypes(RecurrenceOp op, int64_t length) {
  SmallVector<Type> types;
  for (Type type : op.getSequences().getTypes())
    types.push_back(length ? getChunkType(getTokenType(type), length)
                           : Type(getTokenType(type)));
  llvm::append_range(types, op.getInvariants().getTypes());
  for (Type type : op.getStates().getTypes())
    types.push_back(getTokenStateType(type));
  return types;
}

Block *RecurrenceOp::addChunk(int64_t length) {
  setChunkSize(length);
  Block &block = getChunk().emplaceBlock();
  for (auto [type, operand] :
       llvm::zip_equal(getArgumentTypes(*this, length), getOperands()))
    block.addArgument(type, operand.getLoc());
  return &block;
}

LogicalResult RecurrenceOp::verify() {
  // recurrence_c1
  if (getSequences().empty())
    return emitOpError("expects at least one sequence operand");
  // recurrence_c6
  if (getStates().getTypes() != getFinalStates().getTypes())
    return emitOpError("expects final states of the initial states' types: ")
           << getStates().getTypes() << " and " << getFinalStates().getTypes();
  // recurrence_c2
  SmallVector<Value> sequences(getSequences());
  llvm::append_range(sequences, getOutputs());
  if (failed(verifyLeadingAxes(*this, sequences, getStates())))
    return failure();
  if (auto names = getStateNames();
      names && !names->empty() && names->size() != getStates().size())
    return emitOpError("expects one name per state: ")
           << names->size() << " != " << getStates().size();
  return success();
}

/// Whether a region takes and yields what it should, for one token (length 0)
/// or a chunk.
static LogicalResult verifyRegion(RecurrenceOp op, Region &region,
                                  int64_t length) {
  // recurrence_c3
  SmallVector<Type> expected = getArgumentTypes(op, length);
  TypeRange arguments = region.getArgumentTypes();
  if (arguments.size() != expected.size())
    return op.emitOpError("expects one region argument per operand: ")
           << arguments.size() << " != " << expected.size();
  for (auto [index, have, want] : llvm::enumerate(arguments, expected))
    if (have != want)
      return op.emitOpError("expects region argument #")
             << index << " of type " << want << ", not " << have;
  // recurrence_c4
  Operation *yield = region.front().getTerminator();
  if (!isa<YieldOp>(yield))
    return op.emitOpError("expects to end in seqmix.yield, not ")
           << yield->getName();
  size_t wanted = op.getOutputs().size() + op.getFinalStates().size();
  if (yield->getNumOperands() != wanted) {
    InFlightDiagnostic diag =
        op.emitOpError("expects as many yielded values as outputs and states: ")
        << yield->getNumOperands() << " != " << wanted;
    diag.attachNote(yield->getLoc()) << "yielded here";
    return diag;
  }
  // recurrence_c5
  for (auto [index, result] : llvm::enumerate(op.getResults())) {
    Type want = getTokenStateType(result.getType());
    if (index < op.getOutputs().size()) {
      want = getTokenType(result.getType());
      want = length ? getChunkType(want, length) : want;
    }
    Type have = yield->getOperand(index).getType();
    if (have == want)
      continue;
    InFlightDiagnostic diag = op.emitOpError("expects yielded value #")
                              << index << " of type " << want << ", not "
                              << have;
    diag.attachNote(yield->getLoc()) << "yielded here";
    return diag;
  }
  return success();
}

LogicalResult RecurrenceOp::verifyRegions() {
  if (failed(verifyRegion(*this, getToken(), 0)))
    return failure();
  // recurrence_c7
  if (getChunk().empty() != !getChunkSizeAttr())
    return emitOpError("expects a chunk's region and its length together");
  if (getChunk().empty())
    return success();
  if (getChunkLength() < 2)
    return emitOpError("expects a chunk of at least two tokens, not ")
           << getChunkLength();
  return verifyRegion(*this, getChunk(), getChunkLength());
}

/// Parses `keyword ( %arg = %operand : type, ... )`, which may be absent.
static ParseResult
parseBindings(OpAsmParser &parser, StringRef keyword,
              SmallVectorImpl<OpAsmParser::Argument> &arguments,
              SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
              SmallVectorImpl<Type> &types) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  return parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, [&] {
    return failure(parser.parseArgument(arguments.emplace_back()) ||
                   parser.parseEqual() ||
                   parser.parseOperand(operands.emplace_back()) ||
                   parser.parseColonType(types.emplace_back()));
  });
}

static void printBindings(OpAsmPrinter &printer, StringRef keyword,
                          Block::BlockArgListType arguments,
                          OperandRange operands) {
  if (operands.empty())
    return;
  printer.printNewline();
  printer << "    " << keyword << "(";
  llvm::interleaveComma(
      llvm::zip_equal(arguments, operands), printer, [&](auto pair) {
        auto [argument, operand] = pair;
        printer << argument << " = " << operand << " : " << operand.getType();
      });
  printer << ")";
}

ParseResult RecurrenceOp::parse(OpAsmParser &parser, OperationState &result) {
  using Operands = SmallVector<OpAsmParser::UnresolvedOperand>;
  SmallVector<OpAsmParser::Argument> arguments;
  Operands operands[3];
  SmallVector<Type> types[3];
  const char *keywords[] = {"tokens", "invariants", "states"};
  SMLoc loc = parser.getCurrentLocation();
  for (int kind : {0, 1, 2})
    if (parseBindings(parser, keywords[kind], arguments, operands[kind],
                      types[kind]))
      return failure();
  SmallVector<Type> outputs;
  if (parser.parseArrow() ||
      parser.parseCommaSeparatedList(
          OpAsmParser::Delimiter::Paren,
          [&] { return parser.parseType(outputs.emplace_back()); }) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();

  size_t index = 0;
  for (int kind : {0, 1, 2})
    for (Type type : types[kind]) {
      if (kind == 0 && !isSequenceType(type))
        return parser.emitError(loc, "expects a sequence tensor, not ") << type;
      if (kind == 2 && !isStateType(type))
        return parser.emitError(loc, "expects a state tensor, not ") << type;
      arguments[index++].type = kind == 0   ? Type(getTokenType(type))
                                : kind == 1 ? type
                                            : Type(getTokenStateType(type));
    }
  for (int kind : {0, 1, 2})
    if (parser.resolveOperands(operands[kind], types[kind], loc,
                               result.operands))
      return failure();
  result.addTypes(outputs);
  result.addTypes(types[2]);
  Builder &builder = parser.getBuilder();
  auto sizes = [](auto... n) {
    return SmallVector<int32_t>{static_cast<int32_t>(n)...};
  };
  result.addAttribute(getOperandSegmentSizeAttr(),
                      builder.getDenseI32ArrayAttr(sizes(
                          types[0].size(), types[1].size(), types[2].size())));
  result.addAttribute(
      getResultSegmentSizeAttr(),
      builder.getDenseI32ArrayAttr(sizes(outputs.size(), types[2].size())));
  if (parser.parseRegion(*result.addRegion(), arguments))
    return failure();
  Region *chunk = result.addRegion();
  if (failed(parser.parseOptionalKeyword("chunk")))
    return success();
  IntegerAttr length;
  if (parser.parseAttribute(length, builder.getI64Type(), "chunk_size",
                            result.attributes))
    return failure();
  return parser.parseRegion(*chunk);
}

void RecurrenceOp::print(OpAsmPrinter &printer) {
  printBindings(printer, "tokens", getTokenArguments(), getSequences());
  printBindings(printer, "invariants", getInvariantArguments(),
                getInvariants());
  printBindings(printer, "states", getStateArguments(), getStates());
  printer << " -> (" << getOutputs().getTypes() << ")";
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(),
      {getOperandSegmentSizeAttr(), getResultSegmentSizeAttr(), "chunk_size"});
  printer << ' ';
  printer.printRegion(getToken(), /*printEntryBlockArgs=*/false);
  if (getChunk().empty())
    return;
  printer << " chunk " << getChunkLength() << ' ';
  printer.printRegion(getChunk());
}

//===----------------------------------------------------------------------===//
// ScanOp
//===----------------------------------------------------------------------===//

SmallVector<Value> ScanOp::getSequenceOperands() { return getInputs(); }
SmallVector<Value> ScanOp::getInvariantOperands() { return {}; }
SmallVector<Value> ScanOp::getStateOperands() { return getStates(); }
SmallVector<Value> ScanOp::getSequenceResults() { return getOutputs(); }
SmallVector<Value> ScanOp::getStateResults() { return getFinalStates(); }

SmallVector<Value> ScanOp::buildToken(OpBuilder &builder, Location loc,
                                      ValueRange tokens, ValueRange invariants,
                                      ValueRange states) {
  SmallVector<Value> arguments(states);
  llvm::append_range(arguments, tokens);
  SmallVector<Value> next =
      inlineToken(builder, getCombine().front(), arguments);
  SmallVector<Value> results =
      getExclusive() ? SmallVector<Value>(states) : next;
  llvm::append_range(results, next);
  return results;
}

LogicalResult ScanOp::verify() {
  // scan_c1
  if (getInputs().empty() || getInputs().size() != getStates().size())
    return emitOpError("expects as many inputs as states, at least one: ")
           << getInputs().size() << " and " << getStates().size();
  // scan_c2
  for (auto [input, state] : llvm::zip_equal(getInputs(), getStates()))
    if (getTokenType(input.getType()) != getTokenStateType(state.getType()))
      return emitOpError("expects inputs and states of the same elements: ")
             << input.getType() << " and " << state.getType();
  // scan_c5
  if (getInputs().getTypes() != getOutputs().getTypes() ||
      getStates().getTypes() != getFinalStates().getTypes())
    return emitOpError("expects results of the operands' types: ")
           << (*this)->getOperandTypes() << " and "
           << (*this)->getResultTypes();
  return verifyLeadingAxes(*this, getInputs(), getStates());
}

LogicalResult ScanOp::verifyRegions() {
  // scan_c3
  SmallVector<Type> elements;
  for (Type type : getInputs().getTypes())
    elements.push_back(getTokenType(type));
  SmallVector<Type> twice(elements);
  llvm::append_range(twice, elements);
  if (getCombine().getArgumentTypes() != TypeRange(twice))
    return emitOpError("expects region arguments ")
           << TypeRange(twice) << ", not " << getCombine().getArgumentTypes();
  // scan_c4
  Operation *yield = getCombine().front().getTerminator();
  if (!isa<YieldOp>(yield))
    return emitOpError("expects to end in seqmix.yield, not ")
           << yield->getName();
  if (yield->getOperandTypes() != TypeRange(elements)) {
    InFlightDiagnostic diag = emitOpError("expects yielded values ")
                              << TypeRange(elements) << ", not "
                              << yield->getOperandTypes();
    diag.attachNote(yield->getLoc()) << "yielded here";
    return diag;
  }
  return success();
}
