//===- Artifact.cpp - from a module to files ------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The code of all targets, each lowered and optimised on its own, becomes one
// LLVM module, which carries the tables of the artifact; what a request asks
// for is that module in one stage or another.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Artifact.h"

#include "lib/Analysis/ModelInterface.h"
#include "lib/Driver/DeviceCode.h"
#include "lib/Driver/Source.h"
#include "lib/Target/EmitObject.h"
#include "lib/Target/LinkShared.h"
#include "lib/Target/Processor.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::seqmix;

namespace {
/// The code generation of one module.
class Emission {
public:
  Emission(ModuleOp module, const ModelInterface &interface,
           const CompileRequest &request, raw_ostream &out, raw_ostream &errors)
      : module(module), interface(interface), request(request), out(out),
        errors(errors) {}

  LogicalResult run();

private:
  LogicalResult fail(const Twine &message) {
    return reportError(errors, message);
  }
  LogicalResult fail(llvm::Error error) {
    return fail(llvm::toString(std::move(error)));
  }
  LogicalResult write(function_ref<void(raw_ostream &)> print) {
    return writeResult(request, out, errors, print);
  }
  LogicalResult createMachines();
  LogicalResult addCpuCodes(SmallVectorImpl<DeviceCode> &codes);
  FailureOr<std::unique_ptr<llvm::Module>>
  linkTargets(llvm::MutableArrayRef<DeviceCode> codes);
  LogicalResult emit(llvm::Module &code);

  ModuleOp module;
  const ModelInterface &interface;
  const CompileRequest &request;
  raw_ostream &out, &errors;
  llvm::LLVMContext llvmContext;
  std::vector<std::unique_ptr<llvm::TargetMachine>> machines;
  /// Of what is not for one of these: a processor that cannot run the code can
  /// read its tables.
  std::unique_ptr<llvm::TargetMachine> baseline;
};
} // namespace

LogicalResult seqmix::writeResult(const CompileRequest &request,
                                  raw_ostream &out, raw_ostream &errors,
                                  function_ref<void(raw_ostream &)> print) {
  if (request.output.empty() || request.output == "-") {
    print(out);
    out.flush();
    return success();
  }
  std::string message;
  auto file = openOutputFile(request.output, &message);
  if (!file)
    return reportError(errors, message);
  print(file->os());
  file->os().flush();
  if (std::error_code code = file->os().error()) {
    file->os().clear_error();
    return reportError(errors, "cannot write '" + Twine(request.output) +
                                   "': " + code.message());
  }
  file->keep();
  return success();
}

/// One module of all targets' functions, with the tables that name them.
FailureOr<std::unique_ptr<llvm::Module>>
Emission::linkTargets(llvm::MutableArrayRef<DeviceCode> codes) {
  std::unique_ptr<llvm::Module> all = std::move(codes.front().host);
  std::string producer = "seqmix 0.1 " + baseline->getTargetTriple().str();
  SmallVector<TargetEntry> targets;
  for (DeviceCode &code : codes) {
    if (code.host && llvm::Linker::linkModules(*all, std::move(code.host)))
      return fail("cannot link the code of several devices");
    producer += " " + code.target.name;
    targets.push_back(code.target);
  }
  emitManifest(*all, interface, targets, producer);
  return all;
}

LogicalResult Emission::createMachines() {
  auto created = createTargetMachines(request.triple, request.march);
  if (!created)
    return fail(created.takeError());
  machines = std::move(*created);
  auto least = createBaselineMachine(request.triple);
  if (!least)
    return fail(least.takeError());
  baseline = std::move(*least);
  return success();
}

/// The code for each processor, the best first.
LogicalResult Emission::addCpuCodes(SmallVectorImpl<DeviceCode> &codes) {
  for (auto &machine : machines) {
    OwningOpRef<ModuleOp> copy(module.clone());
    std::string prefix = machines.size() == 1
                             ? ""
                             : "v" + llvm::utostr(getLevel(*machine)) + "_";
    auto code = generateCpuCode(*copy, interface, request.form, prefix,
                                *machine, llvmContext);
    if (failed(code))
      return failure();
    codes.push_back(std::move(*code));
  }
  return success();
}

LogicalResult Emission::run() {
  if (failed(createMachines()))
    return failure();
  SmallVector<DeviceCode> codes;
  if (request.gpu) {
    OwningOpRef<ModuleOp> copy(module.clone());
    auto code = generateCudaCode(*copy, interface, *request.gpu, *baseline,
                                 llvmContext);
    if (failed(code))
      return failure();
    if (request.emit == Emit::ptx)
      return write([&](raw_ostream &os) { os << code->target.module; });
    codes.push_back(std::move(*code));
  }
  if (request.hasCpu && failed(addCpuCodes(codes)))
    return failure();
  auto linked = linkTargets(codes);
  if (failed(linked))
    return failure();
  return emit(**linked);
}

/// What was asked for, from a module of everything.
LogicalResult Emission::emit(llvm::Module &code) {
  if (request.emit == Emit::llvm)
    return write([&](raw_ostream &os) { code.print(os, nullptr); });
  bool isText = request.emit == Emit::assembly;
  auto object = emitCode(code, *baseline,
                         isText ? llvm::CodeGenFileType::AssemblyFile
                                : llvm::CodeGenFileType::ObjectFile);
  if (!object)
    return fail(object.takeError());
  if (isText || request.emit == Emit::object)
    return write(
        [&](raw_ostream &os) { os.write(object->data(), object->size()); });
  std::string path = request.output;
  if (path.empty())
    path = (llvm::sys::path::stem(request.source) + ".so").str();
  if (llvm::Error error =
          linkShared(*object, path, baseline->getTargetTriple()))
    return fail(std::move(error));
  return success();
}

LogicalResult seqmix::emitArtifact(ModuleOp module,
                                   const ModelInterface &interface,
                                   const CompileRequest &request,
                                   raw_ostream &out, raw_ostream &errors) {
  return Emission(module, interface, request, out, errors).run();
}
