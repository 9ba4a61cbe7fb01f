//===- Import.cpp - the file: config, axes, entry -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Import.h"

#include "dialect/SeqmixOps.h"
#include "lib/Frontend/Builtins.h"
#include "lib/Frontend/Parser.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/SaveAndRestore.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace mlir::seqmix;
using namespace mlir::seqmix::sqm;

static constexpr char preludeText[] =
#include "lib/Frontend/prelude.inc"
    ;

OwningOpRef<ModuleOp> mlir::seqmix::importSqm(llvm::SourceMgr &sources,
                                              const ImportOptions &options,
                                              MLIRContext *context) {
  context
      ->loadDialect<SeqmixDialect, arith::ArithDialect, linalg::LinalgDialect,
                    math::MathDialect, tensor::TensorDialect>();
  return Importer(sources, options, context).run();
}

Importer::Importer(llvm::SourceMgr &sources, const ImportOptions &options,
                   MLIRContext *context)
    : Diagnostics(sources, context),
      tensors(*this, context,
              options.f64 ? FloatType(Float64Type::get(context))
                          : FloatType(Float32Type::get(context))),
      options(options) {}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

void Importer::declareOnce(llvm::StringMap<SMLoc> &names, const Ident &id) {
  auto [it, isNew] = names.try_emplace(id.name, id.loc);
  if (!isNew)
    fail(id.loc, Note{it->second, "declared here before"},
         "'{0}' is declared twice", id);
}

OwningOpRef<ModuleOp> Importer::run() {
  Scope top;
  llvm::SaveAndRestore<Scope *> enter(scope, &top);
  Parser(preludeText, *this).parseFile(prelude);
  StringRef text =
      sources.getMemoryBuffer(sources.getMainFileID())->getBuffer();
  Parser(text, *this).parseFile(file);
  if (hasFailed)
    return nullptr;
  indexDeclarations();
  const Callable *entry = chooseEntry();
  if (hasFailed)
    return nullptr;
  if (entry->kind == Callable::Kind::mixer)
    addMixerAxes(*entry);
  readDefines(*entry);
  evalConfig();
  evalAxes();
  if (hasFailed)
    return nullptr;
  OwningOpRef<ModuleOp> module = ModuleOp::create(locate(entry->id.loc));
  importEntry(*entry, *module);
  return hasFailed ? nullptr : std::move(module);
}

void Importer::indexDeclarations() {
  for (auto &callable : prelude.callables) {
    callable->inPrelude = true;
    preludeCallables[callable->id.name] = callable.get();
  }
  llvm::StringMap<SMLoc> names;
  for (auto &callable : file.callables) {
    const Ident &id = callable->id;
    if (findBuiltin(id.name))
      fail(id.loc, "'{0}' is an intrinsic", id);
    declareOnce(names, id);
    callables[id.name] = callable.get();
    llvm::StringMap<SMLoc> formals;
    for (const auto *list : {&callable->params, &callable->results})
      for (const Formal &formal : *list)
        declareOnce(formals, formal.id);
  }
  // Config entries and axes share their names.
  names.clear();
  for (const Body *block : {&file.config, &file.axes})
    for (const Stmt &entry : *block)
      for (const Ident &id : entry.targets)
        declareOnce(names, id);
}

const Callable *Importer::chooseEntry() {
  using Kind = Callable::Kind;
  const Callable *chosen = nullptr;
  SmallVector<StringRef> known;
  for (const auto &callable : file.callables) {
    if (callable->kind != Kind::model && callable->kind != Kind::mixer)
      continue;
    known.push_back(callable->id.name);
    bool isBetter =
        !chosen || callable->kind == Kind::model || chosen->kind == Kind::mixer;
    if (options.entry.empty() ? isBetter : callable->id.name == options.entry)
      chosen = callable.get();
  }
  if (chosen)
    return chosen;
  SMLoc start = SMLoc::getFromPointer(
      sources.getMemoryBuffer(sources.getMainFileID())->getBufferStart());
  if (options.entry.empty())
    return fail(start, "the file has neither a model nor a mixer");
  return unknown(start, "model or mixer", options.entry, known);
}

//===----------------------------------------------------------------------===//
// Config and axes
//===----------------------------------------------------------------------===//

/// Alone, a mixer's axes are as if they stood in the axes block, with sizes
/// from -D or the config.
void Importer::addMixerAxes(const Callable &mixer) {
  llvm::StringSet<> names;
  for (const Stmt &stmt : file.axes)
    names.insert(stmt.targets.front().name);
  for (const auto *list : {&mixer.params, &mixer.results})
    for (const Formal &formal : *list)
      for (const AxisExpr &axis : formal.axes)
        for (const Ident &id : axis.names)
          if (names.insert(id.name).second)
            file.axes.emplace_back().targets = {id};
}

/// Reads the values of -D. A misspelt name must not pass unnoticed.
void Importer::readDefines(const Callable &entry) {
  SmallVector<StringRef> known;
  for (const Body *block : {&file.config, &file.axes})
    for (const Stmt &stmt : *block)
      for (const Ident &id : stmt.targets)
        known.push_back(id.name);
  SMLoc loc = file.configLoc.isValid() ? file.configLoc : entry.id.loc;
  for (const auto &[name, text] : options.defines) {
    if (!llvm::is_contained(known, name))
      return void(unknown(loc, "name in -D:", name, known));
    llvm::Expected<llvm::json::Value> value = llvm::json::parse(text);
    defines[name] =
        value ? *value : llvm::json::Value(llvm::json::fixUTF8(text));
    llvm::consumeError(value.takeError());
  }
}

static Val fromJSON(const llvm::json::Value &json) {
  if (auto number = json.getAsNumber())
    return Val{*number};
  if (auto boolean = json.getAsBoolean())
    return Val{*boolean};
  if (auto string = json.getAsString())
    return Val{string->str()};
  if (const llvm::json::Array *array = json.getAsArray()) {
    Val::List list;
    for (const llvm::json::Value &element : *array)
      list.push_back(fromJSON(element));
    return Val{std::move(list)};
  }
  if (json.getAsNull())
    return Val();
  // JSON has no infinity; some write it as the only entry of an object.
  const llvm::json::Object &entries = *json.getAsObject();
  double number = 0;
  if (auto spelling = entries.getString("__float__");
      spelling && entries.size() == 1 &&
      !StringRef(spelling->upper()).getAsDouble(number))
    return Val{number};
  Val::Object object;
  for (const auto &[name, value] : entries)
    object.emplace_back(name.str(), fromJSON(value));
  llvm::sort(object, llvm::less_first());
  return Val{std::move(object)};
}

const llvm::json::Value *Importer::findGiven(StringRef name) const {
  const llvm::json::Value *given = defines.get(name);
  return given ? given : options.config.get(name);
}

void Importer::evalConfig() {
  std::string missing;
  for (const Stmt &stmt : file.config) {
    if (stmt.kind == Stmt::Kind::require)
      continue;
    const Ident &id = stmt.targets.front();
    const llvm::json::Value *given = findGiven(id.name);
    Val value;
    if (given && given->kind() != llvm::json::Value::Null)
      value = fromJSON(*given);
    else if (!stmt.value)
      missing += (missing.empty() ? "" : ", ") + id.name.str();
    else if (missing.empty()) // A default may need what is missing.
      value = eval(*stmt.value);
    if (value.tensor())
      fail(stmt.value->loc, "config '{0}' must be constant", id);
    config[id.name] = std::move(value);
  }
  if (!missing.empty())
    fail(file.configLoc,
         "the configuration lacks {0}; give it with --config or -D", missing);
  for (const Stmt &stmt : file.config)
    if (stmt.kind == Stmt::Kind::require)
      execRequire(stmt);
}

void Importer::evalAxes() {
  for (const Stmt &stmt : file.axes) {
    const Ident &id = stmt.targets.front();
    double size = 1;
    auto known = config.find(id.name);
    if (const llvm::json::Value *given = defines.get(id.name)) {
      size = given->getAsNumber().value_or(0);
      if (!given->getAsNumber())
        fail(id.loc, "-D {0}={1} is not a number", id,
             given->getAsString().value_or(llvm::formatv("{0}", *given).str()));
    } else if (stmt.value) {
      size = evalNumber(*stmt.value, "the size of an axis");
    } else if (known != config.end() && known->second.number()) {
      size = *known->second.number();
    } else {
      fail(id.loc, "axis {0} has no size; give it with -D {0}=N", id);
    }
    axes[id.name] = makeAxis(id, size);
  }
}

//===----------------------------------------------------------------------===//
// The entry: a model, or a mixer as one
//===----------------------------------------------------------------------===//

void Importer::importEntry(const Callable &callable, ModuleOp module) {
  auto params = ArrayRef(callable.params).take_front(callable.tokenParams);
  if (params.empty())
    return void(fail(callable.id.loc, "{0} has no input", callable));
  OpBuilder &b = tensors.b;
  Location loc = locate(callable.id.loc);
  b.setInsertionPointToEnd(module.getBody());
  auto model = ModelOp::create(b, loc, callable.id.name, IntegerAttr());
  b.setInsertionPointToEnd(&model.getBody().emplaceBlock());
  auto names = llvm::map_to_vector(
      params, [](const Formal &formal) { return formal.id.name; });
  inputLimits.assign(names.size(), 0);
  auto entry =
      EntryOp::create(b, loc, "prefill", b.getStrArrayAttr(names),
                      b.getDenseI64ArrayAttr(inputLimits), IntegerAttr());
  b.setInsertionPointToEnd(&entry.getBody().emplaceBlock());

  auto resultNames = llvm::map_to_vector(
      callable.results, [](const Formal &formal) { return formal.id.name; });
  // Names of states are apart from those of inputs and results.
  tensors.takenNames.insert_range(names);
  tensors.takenNames.insert_range(resultNames);
  Scope inner;
  inner.callable = &callable;
  declareInputs(params, inner);
  llvm::SaveAndRestore<Scope *> enter(scope, &inner);
  bool isMixer = callable.kind == Callable::Kind::mixer;
  SmallVector<Val> results = isMixer ? callEntry(callable) : execBody(callable);
  if (hasFailed)
    return;
  at(callable.id.loc);
  tensors.buildReturn(results, resultNames);
  entry.setInputLimits(inputLimits);
  if (maxLength)
    model.setMaxLength(*maxLength);
}

/// Alone, a mixer has parameters of its own after ';'.
SmallVector<Val> Importer::callEntry(const Callable &mixer) {
  SmallVector<Operand> operands(inputs);
  for (const Formal &formal :
       ArrayRef(mixer.params).drop_front(mixer.tokenParams))
    operands.push_back(
        declareParam(formal.id, formal.id.name.str(), formal.axes));
  Scope inner;
  inner.callable = &mixer;
  inner.call = mixer.id.loc;
  return expand(inner, operands);
}

/// Makes the entry's arguments, and the extents of batch and time.
void Importer::declareInputs(ArrayRef<Formal> params, Scope &inner) {
  OpBuilder &b = tensors.b;
  Block *block = b.getInsertionBlock();
  for (const Formal &formal : params) {
    Axes list = lookupAxes(formal.axes);
    tensors.checkSize(list, formal.id.loc);
    // A model's plain input is a token; a mixer's is a number.
    bool isToken =
        inner.callable->kind == Callable::Kind::model && !formal.hasAxes;
    Type element = isToken ? Type(b.getI32Type()) : Type();
    Value argument =
        block->addArgument(tensors.typeOf(list, /*isSequence=*/true, element),
                           locate(formal.id.loc));
    Val value = {Tensor{argument, list, /*isSequence=*/true}};
    inner.values[formal.id.name] = value;
    inputs.push_back({value, formal.id.loc, formal.id.name.str()});
  }
  at(inner.callable->id.loc);
  auto extent = [&](int64_t axis) -> Value {
    return tensor::DimOp::create(b, tensors.loc, block->getArgument(0), axis);
  };
  tensors.batch = extent(0);
  tensors.time = extent(1);
}
