//===- Import.cpp - the file: config, axes, entry -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Frontend/Import.h"

#include "dialect/SeqmixOps.h"
#include "lib/Frontend/Importer.h"
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
    : sources(sources), options(options),
      tensors(context, options.f64 ? FloatType(Float64Type::get(context))
                                   : FloatType(Float32Type::get(context))) {}

//===----------------------------------------------------------------------===//
// Diagnostics
//===----------------------------------------------------------------------===//

Location Importer::locate(SMLoc loc) const {
  return locateHere(preludeCall.isValid() ? preludeCall : loc);
}

Location Importer::locateHere(SMLoc loc) const {
  unsigned main = sources.getMainFileID();
  auto [line, column] = sources.getLineAndColumn(loc, main);
  return FileLineColLoc::get(
      tensors.b.getContext(),
      sources.getMemoryBuffer(main)->getBufferIdentifier(), line, column);
}

LogicalResult Importer::fail(SMLoc loc, const Twine &message) {
  return fail(loc, message, SMLoc(), "");
}

LogicalResult Importer::fail(SMLoc loc, const Twine &message, SMLoc noteLoc,
                             const Twine &note) {
  std::string within;
  const Scope *inner = scope;
  for (; inner && inner->callable && inner->callable->inPrelude;
       inner = inner->caller)
    within = inner->callable->id.name.str() + ": ";
  InFlightDiagnostic diagnostic = emitError(locate(loc), within + message);
  if (noteLoc.isValid() && within.empty())
    diagnostic.attachNote(locateHere(noteLoc)) << note;
  for (; inner && inner->call.isValid(); inner = inner->caller)
    diagnostic.attachNote(locateHere(inner->call))
        << "in " << inner->callable->kindName() << " "
        << inner->callable->id.name << " called here";
  return diagnostic;
}

LogicalResult Importer::unknown(SMLoc loc, StringRef what, StringRef name,
                                ArrayRef<StringRef> known) {
  StringRef nearest;
  // One letter in three may be wrong, but not the only one.
  unsigned best = name.size() < 2 ? 0 : (name.size() + 2) / 3 + 1;
  for (StringRef candidate : known) {
    unsigned distance = name.edit_distance(candidate, true, best);
    // The order of a hash table must not show.
    if (distance < best ||
        (distance == best && !nearest.empty() && candidate < nearest)) {
      best = distance;
      nearest = candidate;
    }
  }
  if (nearest.empty())
    return fail(loc, "unknown " + what + " '" + name + "'");
  return fail(loc, "unknown " + what + " '" + name + "'; did you mean '" +
                       nearest + "'?");
}

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> Importer::run() {
  Scope top;
  llvm::SaveAndRestore<Scope *> enter(scope, &top);
  if (failed(parse()) || failed(indexCallables()))
    return nullptr;
  FailureOr<const Callable *> entry = chooseEntry();
  if (failed(entry) || failed(checkDefines(**entry)) ||
      failed(checkEntries()) || failed(evalConfig()) || failed(evalAxes()))
    return nullptr;
  OwningOpRef<ModuleOp> module = ModuleOp::create(locate((*entry)->id.loc));
  if (failed(importEntry(**entry, *module)))
    return nullptr;
  return module;
}

LogicalResult Importer::parse() {
  auto onError = [&](SMLoc loc, const Twine &message) {
    (void)fail(loc, message);
  };
  if (failed(Parser(preludeText, onError).parseFile(prelude)))
    return failure();
  StringRef text =
      sources.getMemoryBuffer(sources.getMainFileID())->getBuffer();
  return Parser(text, onError).parseFile(file);
}

LogicalResult Importer::indexCallables() {
  for (auto &callable : prelude.callables) {
    callable->inPrelude = true;
    preludeCallables[callable->id.name] = callable.get();
  }
  for (auto &callable : file.callables) {
    const Ident &id = callable->id;
    if (findBuiltin(id.name))
      return fail(id.loc, "'" + id.name + "' is an intrinsic");
    auto [it, isNew] = callables.try_emplace(id.name, callable.get());
    if (!isNew)
      return fail(id.loc, "'" + id.name + "' is declared twice",
                  it->second->id.loc, "declared here before");
    llvm::StringMap<SMLoc> names;
    for (const auto *list :
         {&callable->params, &callable->invariants, &callable->results})
      for (const Formal &formal : *list) {
        auto [name, isNew] = names.try_emplace(formal.id.name, formal.id.loc);
        if (!isNew)
          return fail(formal.id.loc,
                      "'" + formal.id.name + "' is declared twice",
                      name->second, "declared here before");
      }
  }
  return success();
}

FailureOr<const Callable *> Importer::chooseEntry() {
  using Kind = Callable::Kind;
  const Callable *chosen = nullptr;
  SmallVector<StringRef> known;
  for (const auto &callable : file.callables) {
    if (callable->kind != Kind::model && callable->kind != Kind::mixer)
      continue;
    known.push_back(callable->id.name);
    if (!options.entry.empty()) {
      if (callable->id.name == options.entry)
        chosen = callable.get();
    } else if (!chosen || callable->kind == Kind::model ||
               chosen->kind == Kind::mixer) {
      chosen = callable.get();
    }
  }
  if (chosen)
    return chosen;
  SMLoc start = SMLoc::getFromPointer(
      sources.getMemoryBuffer(sources.getMainFileID())->getBufferStart());
  if (options.entry.empty())
    return fail(start, "the file has neither a model nor a mixer");
  return unknown(start, "model or mixer", options.entry, known);
}

const std::string *Importer::findDefine(StringRef name) const {
  const std::string *found = nullptr;
  for (const auto &[key, value] : options.defines)
    if (key == name)
      found = &value;
  return found;
}

/// A misspelt -D must not pass unnoticed.
LogicalResult Importer::checkDefines(const Callable &entry) {
  SmallVector<StringRef> known;
  for (const Entry &name : file.config)
    known.push_back(name.id.name);
  for (const Entry &name : file.axes)
    known.push_back(name.id.name);
  if (entry.kind == Callable::Kind::mixer)
    for (const auto *list : {&entry.params, &entry.invariants, &entry.results})
      for (const Formal &formal : *list)
        for (const AxisExpr &axis : formal.axes)
          for (const Ident &id : axis.names)
            known.push_back(id.name);
  SMLoc loc = file.configLoc.isValid() ? file.configLoc : entry.id.loc;
  for (const auto &define : options.defines)
    if (!llvm::is_contained(known, define.first))
      return unknown(loc, "name in -D:", define.first, known);
  return success();
}

FailureOr<Val> Importer::fromJSON(const Entry &entry,
                                  const llvm::json::Value &json) {
  if (auto number = json.getAsNumber())
    return Val{*number};
  if (auto boolean = json.getAsBoolean())
    return Val{*boolean};
  if (auto string = json.getAsString())
    return Val{string->str()};
  const llvm::json::Array *array = json.getAsArray();
  if (!array)
    return fail(entry.id.loc,
                "config '" + entry.id.name + "' holds " +
                    (json.getAsNull() ? "null in a list" : "an object") +
                    "; only numbers, strings, true, false and lists of them "
                    "are values");
  Val::List list;
  for (const llvm::json::Value &element : *array) {
    FailureOr<Val> value = fromJSON(entry, element);
    if (failed(value))
      return failure();
    list.push_back(std::move(*value));
  }
  return Val{std::move(list)};
}

/// Config entries and axes share their names.
LogicalResult Importer::checkEntries() {
  llvm::StringMap<SMLoc> names;
  for (const auto *list : {&file.config, &file.axes})
    for (const Entry &entry : *list) {
      const Ident &id = entry.id;
      auto [it, isNew] = names.try_emplace(id.name, id.loc);
      if (!isNew)
        return fail(id.loc, "'" + id.name + "' is declared twice", it->second,
                    "declared here before");
    }
  return success();
}

LogicalResult Importer::evalConfig() {
  std::string missing;
  for (const Entry &entry : file.config) {
    StringRef name = entry.id.name;
    const llvm::json::Value *json = options.config.get(name);
    FailureOr<Val> value = failure();
    if (const std::string *text = findDefine(name)) {
      llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(*text);
      value = parsed ? fromJSON(entry, *parsed) : Val{*text};
      llvm::consumeError(parsed.takeError());
    } else if (json && json->kind() != llvm::json::Value::Null) {
      value = fromJSON(entry, *json);
    } else if (!entry.value) {
      missing += (missing.empty() ? "" : ", ") + name.str();
      // A default that needs it is not the mistake to report.
      value = Val{1.0};
    } else if (missing.empty()) {
      value = eval(*entry.value);
      if (succeeded(value) && value->tensor())
        return fail(entry.value->loc, "config '" + name + "' must be constant");
    } else {
      value = Val{1.0};
    }
    if (failed(value))
      return failure();
    config[name] = std::move(*value);
  }
  if (!missing.empty())
    return fail(file.configLoc, "the configuration lacks " + missing +
                                    "; give it with --config or -D");
  return success();
}

LogicalResult Importer::evalAxes() {
  for (const Entry &entry : file.axes) {
    StringRef name = entry.id.name;
    double size = 0;
    if (const std::string *text = findDefine(name)) {
      if (StringRef(*text).getAsDouble(size))
        return fail(entry.id.loc,
                    "-D " + name + "=" + *text + " is not a number");
    } else {
      FailureOr<double> number =
          evalNumber(*entry.value, "the size of an axis");
      if (failed(number))
        return failure();
      size = *number;
    }
    FailureOr<const NamedAxis *> axis = makeAxis(entry.id, size);
    if (failed(axis))
      return failure();
    axes[name] = Axis{{*axis}};
  }
  return success();
}
