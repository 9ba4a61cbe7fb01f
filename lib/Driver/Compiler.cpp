//===- Compiler.cpp - a request in, artifacts out -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compiler.h"

#include "lib/Analysis/ModelInterface.h"
#include "lib/Driver/DeviceCode.h"
#include "lib/Driver/Explain.h"
#include "lib/Frontend/Import.h"
#include "lib/Target/EmitObject.h"
#include "lib/Target/LinkShared.h"
#include "lib/Transforms/Passes.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::seqmix;

namespace {
/// One compilation: what its steps share.
class Compilation {
public:
  Compilation(const CompileRequest &request, raw_ostream &out,
              raw_ostream &errors)
      : request(request), out(out), errors(errors),
        diagnostics(sources, &context, errors) {
    DialectRegistry registry;
    registerPipelineDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  LogicalResult run();

private:
  LogicalResult fail(const Twine &message) {
    errors << "seqmixc: error: " << message << '\n';
    return failure();
  }
  LogicalResult fail(llvm::Error error) {
    return fail(llvm::toString(std::move(error)));
  }
  LogicalResult readSource();
  LogicalResult readConfig(ImportOptions &options);
  LogicalResult deriveForms();
  LogicalResult findModel();
  LogicalResult emitCode();
  FailureOr<std::unique_ptr<llvm::Module>>
  linkTargets(llvm::MutableArrayRef<DeviceCode> codes,
              const llvm::TargetMachine &machine);
  LogicalResult write(function_ref<void(raw_ostream &)> print);
  bool isLanguageSource() const {
    return llvm::sys::path::extension(request.source) == ".sqm";
  }

  const CompileRequest &request;
  raw_ostream &out, &errors;
  MLIRContext context;
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler diagnostics;
  OwningOpRef<ModuleOp> module;
  std::optional<ModelInterface> interface;
};
} // namespace

LogicalResult Compilation::readConfig(ImportOptions &options) {
  options.defines = request.defines;
  options.entry = request.entry;
  options.f64 = request.f64;
  if (request.configPath.empty())
    return success();
  std::string message;
  auto file = openInputFile(request.configPath, &message);
  if (!file)
    return fail(message);
  llvm::Expected<llvm::json::Value> config =
      llvm::json::parse(file->getBuffer());
  if (!config)
    return fail(Twine(request.configPath) +
                " is not JSON: " + llvm::toString(config.takeError()));
  if (!config->getAsObject())
    return fail(Twine(request.configPath) +
                " holds no JSON object of configuration values");
  options.config = std::move(*config->getAsObject());
  return success();
}

LogicalResult Compilation::readSource() {
  StringRef extension = llvm::sys::path::extension(request.source);
  if (!isLanguageSource() && extension != ".mlir")
    return fail(Twine(request.source) + " is neither a .sqm nor a .mlir file");
  std::string message;
  auto file = openInputFile(request.source, &message);
  if (!file)
    return fail(message);
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  if (isLanguageSource()) {
    ImportOptions options;
    if (failed(readConfig(options)))
      return failure();
    module = importSqm(sources, options, &context);
  } else {
    if (request.f64 || !request.configPath.empty() ||
        !request.defines.empty() || !request.entry.empty())
      return fail("--config, -D, --entry and --precision are for .sqm files: "
                  "in a .mlir file all sizes and types are written out");
    module = parseSourceFile<ModuleOp>(sources, &context);
  }
  return success(module && succeeded(verify(*module)));
}

LogicalResult Compilation::deriveForms() {
  if (request.bf16Weights) {
    PassManager pm(&context);
    pm.addPass(createNarrowParams());
    if (failed(pm.run(*module)))
      return failure();
  }
  return runPhases(*module, Phase::import, Phase::forms,
                   {Device::cpu, request.form});
}

LogicalResult Compilation::findModel() {
  auto models = llvm::to_vector(module->getOps<ModelOp>());
  if (models.size() != 1)
    return fail(Twine(request.source) + " holds " + Twine(models.size()) +
                " models; an artifact holds exactly one");
  FailureOr<ModelInterface> found = ModelInterface::compute(models.front());
  if (failed(found))
    return failure();
  interface = std::move(*found);
  return success();
}

LogicalResult Compilation::write(function_ref<void(raw_ostream &)> print) {
  if (request.output.empty() || request.output == "-") {
    print(out);
    out.flush();
    return success();
  }
  std::string message;
  auto file = openOutputFile(request.output, &message);
  if (!file)
    return fail(message);
  print(file->os());
  file->os().flush();
  if (std::error_code code = file->os().error()) {
    file->os().clear_error();
    return fail("cannot write '" + Twine(request.output) +
                "': " + code.message());
  }
  file->keep();
  return success();
}

/// One module of all targets' functions, with the tables that name them.
FailureOr<std::unique_ptr<llvm::Module>>
Compilation::linkTargets(llvm::MutableArrayRef<DeviceCode> codes,
                         const llvm::TargetMachine &machine) {
  std::unique_ptr<llvm::Module> all = std::move(codes.front().host);
  std::string producer = "seqmix 0.1 " + machine.getTargetTriple().str();
  SmallVector<TargetEntry> targets;
  for (DeviceCode &code : codes) {
    if (code.host && llvm::Linker::linkModules(*all, std::move(code.host)))
      return fail("cannot link the code of several devices");
    producer += " " + code.target.name;
    targets.push_back(code.target);
  }
  emitManifest(*all, *interface, targets, producer);
  return all;
}

LogicalResult Compilation::emitCode() {
  auto machine = createTargetMachine(request.march);
  if (!machine)
    return fail(machine.takeError());
  llvm::LLVMContext llvmContext;
  SmallVector<DeviceCode> codes;
  auto add = [&](FailureOr<DeviceCode> code) {
    if (succeeded(code))
      codes.push_back(std::move(*code));
    return LogicalResult(code);
  };
  if (request.gpu) {
    OwningOpRef<ModuleOp> copy(module->clone());
    if (failed(add(generateCudaCode(*copy, interface->name, *request.gpu,
                                    llvmContext))))
      return failure();
    if (request.emit == Emit::ptx)
      return write([&](raw_ostream &os) { os << codes.front().target.module; });
  }
  if (request.hasCpu && failed(add(generateCpuCode(*module, interface->name,
                                                   **machine, llvmContext))))
    return failure();
  auto linked = linkTargets(codes, **machine);
  if (failed(linked))
    return failure();
  llvm::Module &code = **linked;
  optimize(code, **machine);
  if (request.emit == Emit::llvm)
    return write([&](raw_ostream &os) { code.print(os, nullptr); });
  auto object = emitObject(code, **machine);
  if (!object)
    return fail(object.takeError());
  if (request.emit == Emit::object)
    return write(
        [&](raw_ostream &os) { os.write(object->data(), object->size()); });
  std::string path = request.output;
  if (path.empty())
    path = (llvm::sys::path::stem(request.source) + ".so").str();
  if (llvm::Error error = linkShared(*object, path))
    return fail(std::move(error));
  return success();
}

LogicalResult Compilation::run() {
  if (failed(readSource()))
    return failure();
  bool isImport =
      request.emit == Emit::module && request.stopAfter == Phase::import;
  if (!isImport && failed(deriveForms()))
    return failure();
  if (request.emit == Emit::module) {
    Device device = request.hasCpu ? Device::cpu : Device::cuda;
    if (!isImport && request.stopAfter > Phase::forms &&
        failed(runPhases(*module, Phase::tensors, request.stopAfter, {device})))
      return failure();
    return write([&](raw_ostream &os) { os << *module << '\n'; });
  }
  if (failed(findModel()))
    return failure();
  if (request.emit == Emit::explanation)
    return write([&](raw_ostream &os) {
      explain(*module, *interface, request.json, os);
    });
  return emitCode();
}

LogicalResult seqmix::compile(const CompileRequest &request, raw_ostream &out,
                              raw_ostream &errors) {
  return Compilation(request, out, errors).run();
}
