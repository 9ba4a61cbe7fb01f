//===- ModelOps.cpp - models, entry points, parameters, states ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix;

/// Whether `type`'s axes from `first` on have positive extents.
static bool hasPositiveExtents(Type type, int64_t first) {
  return llvm::all_of(cast<RankedTensorType>(type).getShape().drop_front(first),
                      [](int64_t extent) { return extent > 0; });
}

/// Whether elements of `type` can be handed from host to model and back.
static bool hasInterfaceElement(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF32() || element.isF64() || element.isInteger(32) ||
         element.isInteger(64);
}

/// Emits an error on `op` unless a session can hand over values of `type`.
static LogicalResult verifyInterfaceSequence(Operation *op, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (tensor.isDynamicDim(0) && tensor.isDynamicDim(1) &&
      hasInterfaceElement(type))
    return success();
  return op->emitOpError("expects sequences of dynamic batch and time, and of "
                         "f32, f64, i32 or i64, not ")
         << type;
}

/// Emits an error on `op` if a name appears twice.
static LogicalResult verifyUniqueNames(Operation *op, ArrayAttr names,
                                       StringRef kind) {
  llvm::StringSet<> seen;
  for (StringAttr name : names.getAsRange<StringAttr>())
    if (!seen.insert(name.getValue()).second)
      return op->emitOpError("expects unique names: ")
             << kind << ' ' << name << " appears twice";
  return success();
}

//===----------------------------------------------------------------------===//
// ModelOp
//===----------------------------------------------------------------------===//

/// Checks that ops of one name agree between entry points, where `OpTy` is a
/// parameter or a state and `describe` says all that must be equal.
template <typename OpTy>
static LogicalResult verifyShared(ModelOp model,
                                  function_ref<std::string(OpTy)> describe) {
  llvm::MapVector<StringRef, OpTy> first;
  WalkResult result = model.walk([&](OpTy op) {
    OpTy other = first.insert({op.getName(), op}).first->second;
    if (describe(op) == describe(other))
      return WalkResult::advance();
    InFlightDiagnostic diag =
        op.emitOpError("disagrees with the other use of \"")
        << op.getName() << "\": " << describe(op) << " and " << describe(other);
    diag.attachNote(other.getLoc()) << "used here";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult ModelOp::verifyRegions() {
  // model_c1
  Block &body = getBody().front();
  if (body.empty())
    return emitOpError("expects at least one entry point");
  for (Operation &op : body)
    if (!isa<EntryOp>(op))
      return op.emitOpError("is not an entry point of the model @")
             << getSymName();
  // model_c3
  if (getMaxLength() && *getMaxLength() < 1)
    return emitOpError("expects a positive max_length, not ")
           << *getMaxLength();
  // model_c2
  if (failed(verifyShared<ParamOp>(*this, [](ParamOp op) {
        return llvm::formatv("{0}", op.getType()).str();
      })))
    return failure();
  return verifyShared<StateOp>(*this, [](StateOp op) {
    return llvm::formatv("{0} init {1}", op.getType(),
                         op.getInit().convertToDouble())
        .str();
  });
}

//===----------------------------------------------------------------------===//
// EntryOp
//===----------------------------------------------------------------------===//

ParseResult EntryOp::parse(OpAsmParser &parser, OperationState &result) {
  Builder &builder = parser.getBuilder();
  StringAttr symbol;
  if (parser.parseSymbolName(symbol, getSymNameAttrName(result.name),
                             result.attributes))
    return failure();
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Attribute> names;
  SmallVector<int64_t> limits;
  auto parseInput = [&]() -> ParseResult {
    std::string name;
    int64_t limit = 0;
    OpAsmParser::Argument &argument = arguments.emplace_back();
    if (parser.parseArgument(argument) || parser.parseString(&name))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("limit"))) {
      SMLoc loc = parser.getCurrentLocation();
      if (parser.parseInteger(limit))
        return failure();
      // entry_c3: zero is how the attribute says that there is none.
      if (limit == 0)
        return parser.emitError(loc, "expects a positive limit, not 0");
    }
    names.push_back(builder.getStringAttr(name));
    limits.push_back(limit);
    return parser.parseColonType(argument.type);
  };
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, parseInput))
    return failure();
  result.addAttribute(getInputNamesAttrName(result.name),
                      builder.getArrayAttr(names));
  result.addAttribute(getInputLimitsAttrName(result.name),
                      builder.getDenseI64ArrayAttr(limits));
  if (succeeded(parser.parseOptionalKeyword("length"))) {
    int64_t length;
    if (parser.parseInteger(length))
      return failure();
    result.addAttribute(getLengthAttrName(result.name),
                        builder.getI64IntegerAttr(length));
  }
  return failure(parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
                 parser.parseRegion(*result.addRegion(), arguments));
}

void EntryOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << '(';
  llvm::interleaveComma(llvm::zip_equal(getBody().getArguments(),
                                        getInputNames(), getInputLimits()),
                        printer, [&](auto input) {
                          auto [argument, name, limit] = input;
                          printer << argument << ' ' << name;
                          if (limit != 0)
                            printer << " limit " << limit;
                          printer << " : " << argument.getType();
                        });
  printer << ')';
  if (getLength())
    printer << " length " << *getLength();
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getSymNameAttrName(), getInputNamesAttrName(),
                            getInputLimitsAttrName(), getLengthAttrName()});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult EntryOp::verify() {
  size_t count = getBody().getNumArguments();
  if (getInputNames().size() != count || getInputLimits().size() != count)
    return emitOpError("expects one name and one limit per input: ")
           << getInputNames().size() << " and " << getInputLimits().size()
           << " for " << count;
  // entry_c1
  if (count == 0)
    return emitOpError("expects at least one input");
  for (auto [argument, limit] :
       llvm::zip_equal(getBody().getArguments(), getInputLimits())) {
    if (!isSequenceType(argument.getType()))
      return emitOpError("expects inputs that are sequences, not ")
             << argument.getType();
    // entry_c3
    Type element = getElementTypeOrSelf(argument.getType());
    if (limit < 0 || (limit > 0 && !element.isInteger()))
      return emitOpError("expects a positive limit on an integer input, not ")
             << limit << " on " << argument.getType();
  }
  // entry_c6
  for (Type type : getBody().getArgumentTypes())
    if (failed(verifyInterfaceSequence(*this, type)))
      return failure();
  // entry_c5
  if (getLength() && *getLength() < 1)
    return emitOpError("expects a positive length, not ") << *getLength();
  // entry_c2
  return verifyUniqueNames(*this, getInputNames(), "input");
}

LogicalResult EntryOp::verifyRegions() {
  auto end = dyn_cast<ReturnOp>(getBody().front().getTerminator());
  if (!end)
    return emitOpError("expects to end in seqmix.return");
  // entry_c2
  if (failed(verifyUniqueNames(end, end.getOutputNames(), "output")) ||
      failed(verifyUniqueNames(end, end.getStateNames(), "state")))
    return failure();
  // entry_c6
  for (Type type : end.getOutputs().getTypes())
    if (failed(verifyInterfaceSequence(end, type)))
      return failure();
  // entry_c7
  WalkResult walk = getBody().walk([](MixerOpInterface mixer) {
    if (!mixer.isReversed())
      return WalkResult::advance();
    mixer.emitOpError("runs in reverse, but a session is fed in pieces");
    return WalkResult::interrupt();
  });
  if (walk.wasInterrupted())
    return failure();
  // entry_c4
  llvm::StringMap<Type> leaving;
  for (auto [name, state] : llvm::zip_equal(
           end.getStateNames().getAsRange<StringAttr>(), end.getStates()))
    leaving[name.getValue()] = state.getType();
  size_t entering = 0;
  llvm::StringSet<> seen;
  for (StateOp state : getOps<StateOp>()) {
    if (!seen.insert(state.getName()).second)
      return state.emitOpError("reads \"")
             << state.getName() << "\" a second time";
    auto it = leaving.find(state.getName());
    if (it == leaving.end() || it->second != state.getType()) {
      InFlightDiagnostic diag = state.emitOpError("expects \"")
                                << state.getName() << "\" to be returned as "
                                << state.getType();
      diag.attachNote(end.getLoc()) << "returned here";
      return diag;
    }
    ++entering;
  }
  if (entering != leaving.size())
    return end.emitOpError("expects to return the states that are read: ")
           << leaving.size() << " != " << entering;
  return success();
}

//===----------------------------------------------------------------------===//
// ParamOp, StateOp, ReturnOp
//===----------------------------------------------------------------------===//

LogicalResult ParamOp::verify() {
  // param_c1
  if (getName().empty())
    return emitOpError("expects a name");
  // param_c2
  Type element = getType().getElementType();
  if (!hasPositiveExtents(getType(), 0) ||
      !(element.isF32() || element.isF64() || element.isBF16() ||
        element.isInteger(8)))
    return emitOpError("expects positive extents of f32, f64, bf16 or i8, not ")
           << getType();
  return success();
}

LogicalResult StateOp::verify() {
  // state_c1
  if (getName().empty())
    return emitOpError("expects a name");
  // state_c2
  if (!cast<RankedTensorType>(getType()).isDynamicDim(0) ||
      !hasPositiveExtents(getType(), 1) || !hasInterfaceElement(getType()))
    return emitOpError("expects dynamic batch and positive extents of f32, "
                       "f64, i32 or i64, not ")
           << getType();
  // state_c3
  double init = getInit().convertToDouble();
  if (getElementTypeOrSelf(getType()).isInteger() && init != std::floor(init))
    return emitOpError("expects a whole number as initial value, not ") << init;
  return success();
}

LogicalResult ReturnOp::verify() {
  // return_c1
  if (getOutputNames().size() != getOutputs().size() ||
      getStateNames().size() != getStates().size())
    return emitOpError("expects one name per value: ")
           << getOutputNames().size() << " for " << getOutputs().size()
           << " outputs, " << getStateNames().size() << " for "
           << getStates().size() << " states";
  return success();
}
