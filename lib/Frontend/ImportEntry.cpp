//===- ImportEntry.cpp - a model, or a mixer as one -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Frontend/Importer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace mlir::seqmix;
using namespace mlir::seqmix::sqm;

/// Alone, a mixer's axes take their sizes from `axes`, the config, or -D.
LogicalResult Importer::declareMixerAxes(const Callable &callable) {
  for (const auto *list :
       {&callable.params, &callable.invariants, &callable.results})
    for (const Formal &formal : *list)
      for (const AxisExpr &expr : formal.axes)
        for (const Ident &id : expr.names) {
          if (axes.count(id.name))
            continue;
          double size = 0;
          const std::string *text = findDefine(id.name);
          auto known = config.find(id.name);
          if (text && StringRef(*text).getAsDouble(size))
            return fail(id.loc,
                        "-D " + id.name + "=" + *text + " is not a number");
          if (!text && known != config.end() && known->second.number())
            size = *known->second.number();
          else if (!text)
            return fail(id.loc, "axis " + id.name +
                                    " has no size; give it with -D " + id.name +
                                    "=N");
          FailureOr<const NamedAxis *> axis = makeAxis(id, size);
          if (failed(axis))
            return failure();
          axes[id.name] = Axis{{*axis}};
        }
  return success();
}

/// Makes the entry's arguments, a mixer's parameters, and the extents.
FailureOr<SmallVector<Operand>>
Importer::declareInputs(const Callable &callable) {
  OpBuilder &b = tensors.b;
  Block *block = b.getInsertionBlock();
  SmallVector<Operand> operands;
  for (const Formal &formal : callable.params) {
    FailureOr<Axes> list = lookupAxes(formal.axes);
    if (failed(list) || failed(checkSize(*list, formal.id.loc)))
      return failure();
    // A model's plain input is a token; a mixer's is a number.
    bool isToken = callable.kind == Callable::Kind::model && !formal.hasAxes;
    Type element = isToken ? Type(b.getI32Type()) : Type();
    Value argument =
        block->addArgument(tensors.typeOf(*list, /*isSequence=*/true, element),
                           locate(formal.id.loc));
    operands.push_back({Val{Tensor{argument, *list, true}}, formal.id.loc,
                        formal.id.name.str()});
  }
  at(callable.id.loc);
  auto extent = [&](int64_t axis) -> Value {
    return tensor::DimOp::create(b, tensors.loc, block->getArgument(0), axis);
  };
  tensors.batch = extent(0);
  tensors.time = extent(1);
  for (const Formal &formal : callable.invariants) {
    FailureOr<Axes> list = lookupAxes(formal.axes);
    if (failed(list) || failed(checkSize(*list, formal.id.loc)))
      return failure();
    at(formal.id.loc);
    Value value = ParamOp::create(b, tensors.loc, tensors.typeOf(*list, false),
                                  b.getStringAttr(formal.id.name));
    operands.push_back({Val{Tensor{value, *list, false}}, formal.id.loc,
                        formal.id.name.str()});
  }
  return operands;
}

LogicalResult Importer::importEntry(const Callable &callable, ModuleOp module) {
  OpBuilder &b = tensors.b;
  bool isMixer = callable.kind == Callable::Kind::mixer;
  if (isMixer && failed(declareMixerAxes(callable)))
    return failure();
  if (callable.params.empty())
    return fail(callable.id.loc,
                callable.kindName() + " " + callable.id.name + " has no input");

  Location loc = locate(callable.id.loc);
  b.setInsertionPointToEnd(module.getBody());
  auto model = ModelOp::create(b, loc, callable.id.name, IntegerAttr());
  b.setInsertionPointToEnd(&model.getBody().emplaceBlock());
  SmallVector<StringRef> inputNames;
  for (const Formal &formal : callable.params)
    inputNames.push_back(formal.id.name);
  SmallVector<int64_t> noLimits(inputNames.size(), 0);
  auto entry = EntryOp::create(b, loc, "prefill", b.getStrArrayAttr(inputNames),
                               b.getDenseI64ArrayAttr(noLimits), IntegerAttr());
  b.setInsertionPointToEnd(&entry.getBody().emplaceBlock());
  FailureOr<SmallVector<Operand>> operands = declareInputs(callable);
  if (failed(operands))
    return failure();
  llvm::append_range(inputs, ArrayRef(*operands).take_front(inputNames.size()));

  // Names of states are apart from those of inputs and results.
  for (const auto *list : {&callable.params, &callable.results})
    for (const Formal &formal : *list)
      ioNames.insert(formal.id.name);
  Scope inner;
  inner.callable = &callable;
  SmallVector<Tensor> results;
  if (isMixer) {
    FailureOr<SmallVector<Val>> values = callMixer(callable, inner, *operands);
    if (failed(values))
      return failure();
    for (const Val &value : *values)
      results.push_back(*value.tensor());
  } else {
    for (auto [formal, operand] : llvm::zip_equal(callable.params, *operands))
      inner.values[formal.id.name] = operand.value;
    llvm::SaveAndRestore<Scope *> enter(scope, &inner);
    if (failed(declareResults(callable, inner)) || failed(exec(callable.body)))
      return failure();
    FailureOr<SmallVector<Tensor>> taken = takeResults(callable, inner);
    if (failed(taken))
      return failure();
    results = *taken;
  }

  at(callable.id.loc);
  SmallVector<Value> outputs, finals;
  SmallVector<StringRef> outputNames, stateNames;
  for (auto [formal, result] : llvm::zip_equal(callable.results, results)) {
    outputs.push_back(
        tensors.broadcast(result, result.axes, /*isSequence=*/true).value);
    outputNames.push_back(formal.id.name);
  }
  for (auto [name, value] : states) {
    finals.push_back(value);
    stateNames.push_back(name);
  }
  ReturnOp::create(b, tensors.loc, outputs, finals,
                   b.getStrArrayAttr(outputNames),
                   b.getStrArrayAttr(stateNames));

  SmallVector<int64_t> inputLimits;
  for (StringRef name : inputNames)
    inputLimits.push_back(limits.lookup(name));
  entry.setInputLimits(inputLimits);
  if (maxLength)
    model.setMaxLength(*maxLength);
  return success();
}

std::pair<std::string, Value> Importer::addState(const Twine &name, double init,
                                                 RankedTensorType type) {
  std::string base = name.str();
  std::string unique = base;
  for (unsigned i = 2; ioNames.contains(unique) ||
                       states.contains(tensors.b.getStringAttr(unique));
       ++i)
    unique = base + "." + std::to_string(i);
  states[tensors.b.getStringAttr(unique)] = Value();
  Value value = StateOp::create(tensors.b, tensors.loc, type,
                                tensors.b.getStringAttr(unique),
                                tensors.b.getF64FloatAttr(init));
  return {unique, value};
}

void Importer::setFinalState(StringRef name, Value value) {
  states[tensors.b.getStringAttr(name)] = value;
}

/// Counts the tokens of the session, once per model.
FailureOr<Val> Importer::position(SMLoc loc) {
  if (mixer)
    return fail(loc, "'position' is not known inside a mixer; pass it as an "
                     "argument");
  if (tokenPosition)
    return Val{*tokenPosition};
  if (inputs.empty())
    return fail(loc, "only constants are known here");
  OpBuilder &b = tensors.b;
  Location here = tensors.loc;
  IntegerType i64 = b.getI64Type();
  auto [name, entering] = addState("position", 0.0, tensors.stateType({}, i64));
  auto op = RecurrenceOp::create(
      b, here, TypeRange{tensors.typeOf({}, /*isSequence=*/true, i64)},
      inputs.front().value.tensor()->value, ValueRange(), entering,
      StringRef(name));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(&op.getToken().front());
    Value count = op.getStateArguments().front();
    auto one = DenseElementsAttr::get(cast<ShapedType>(count.getType()),
                                      b.getI64IntegerAttr(1));
    Value step = arith::ConstantOp::create(b, here, one);
    Value next = arith::AddIOp::create(b, here, count, step);
    YieldOp::create(b, here, ValueRange{count, next});
  }
  setFinalState(name, op.getFinalStates().front());
  Value value =
      arith::SIToFPOp::create(b, here, tensors.typeOf({}, /*isSequence=*/true),
                              op.getOutputs().front());
  tokenPosition = Tensor{value, {}, /*isSequence=*/true};
  return Val{*tokenPosition};
}
