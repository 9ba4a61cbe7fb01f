//===- Source.cpp - a file in, a module out -------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both languages in, and what there is to say about a file before any pass has
// looked at it.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Source.h"

#include "lib/Analysis/ModelInterface.h"
#include "lib/Driver/DeviceCode.h"
#include "lib/Frontend/Import.h"
#include "lib/Transforms/Passes.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::seqmix;

LogicalResult seqmix::reportError(raw_ostream &errors, const Twine &message) {
  errors << "seqmixc: error: " << message << '\n';
  return failure();
}

Source::Source(const CompileRequest &request, raw_ostream &errors)
    : request(request), errors(errors), diagnostics(texts, &context, errors) {
  DialectRegistry registry;
  registerPipelineDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
}

bool Source::isLanguage() const {
  return llvm::sys::path::extension(request.source) == ".sqm";
}

LogicalResult Source::readConfig(ImportOptions &options) {
  options.defines = request.defines;
  options.entry = request.entry;
  options.f64 = request.f64;
  if (request.configPath.empty())
    return success();
  std::string message;
  auto file = openInputFile(request.configPath, &message);
  if (!file)
    return reportError(errors, message);
  llvm::Expected<llvm::json::Value> config =
      llvm::json::parse(file->getBuffer());
  if (!config)
    return reportError(errors, Twine(request.configPath) + " is not JSON: " +
                                   llvm::toString(config.takeError()));
  if (!config->getAsObject())
    return reportError(errors,
                       Twine(request.configPath) +
                           " holds no JSON object of configuration values");
  options.config = std::move(*config->getAsObject());
  return success();
}

OwningOpRef<ModuleOp> Source::read() {
  auto fail = [&](const Twine &message) {
    (void)reportError(errors, message);
    return nullptr;
  };
  if (!isLanguage() && llvm::sys::path::extension(request.source) != ".mlir")
    return fail(Twine(request.source) + " is neither a .sqm nor a .mlir file");
  std::string message;
  auto file = openInputFile(request.source, &message);
  if (!file)
    return fail(message);
  texts.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  OwningOpRef<ModuleOp> module;
  if (isLanguage()) {
    ImportOptions options;
    if (failed(readConfig(options)))
      return nullptr;
    module = importSqm(texts, options, &context);
  } else {
    if (request.f64 || !request.configPath.empty() ||
        !request.defines.empty() || !request.entry.empty())
      return fail("--config, -D, --entry and --precision are for .sqm files: "
                  "in a .mlir file all sizes and types are written out");
    module = parseSourceFile<ModuleOp>(texts, &context);
  }
  return module && succeeded(verify(*module)) ? std::move(module) : nullptr;
}

FailureOr<ModelInterface> Source::findModel(ModuleOp module) {
  auto models = llvm::to_vector(module.getOps<ModelOp>());
  if (models.size() != 1)
    return reportError(errors, Twine(request.source) + " holds " +
                                   Twine(models.size()) +
                                   " models; an artifact holds exactly one");
  return ModelInterface::compute(models.front());
}

LogicalResult seqmix::deriveForms(ModuleOp module,
                                  const CompileRequest &request) {
  if (request.weights != "f32") {
    PassManager pm(module.getContext());
    pm.addPass(createNarrowParams({request.weights}));
    if (failed(pm.run(module)))
      return failure();
  }
  // All devices of an artifact take the same forms; a GPU's are good for both.
  Device device = request.gpu ? Device::cuda : Device::cpu;
  return runPhases(module, Phase::import, Phase::forms, {device, request.form});
}
