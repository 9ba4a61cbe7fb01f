//===- Artifact.cpp - from a module to files ------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The code of all targets becomes one LLVM module, which carries the tables of
// the artifact; what a request asks for is that module in one stage or another.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Artifact.h"

#include "lib/Analysis/ModelInterface.h"
#include "lib/Driver/DeviceCode.h"
#include "lib/Driver/Source.h"
#include "lib/Target/EmitObject.h"
#include "lib/Target/LinkShared.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/FileUtilities.h"
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
  FailureOr<std::unique_ptr<llvm::Module>>
  linkTargets(llvm::MutableArrayRef<DeviceCode> codes,
              const llvm::TargetMachine &machine);

  ModuleOp module;
  const ModelInterface &interface;
  const CompileRequest &request;
  raw_ostream &out, &errors;
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
Emission::linkTargets(llvm::MutableArrayRef<DeviceCode> codes,
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
  emitManifest(*all, interface, targets, producer);
  return all;
}

LogicalResult Emission::run() {
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
    OwningOpRef<ModuleOp> copy(module.clone());
    if (failed(add(generateCudaCode(*copy, interface.name, *request.gpu,
                                    llvmContext))))
      return failure();
    if (request.emit == Emit::ptx)
      return write([&](raw_ostream &os) { os << codes.front().target.module; });
  }
  if (request.hasCpu &&
      failed(add(generateCpuCode(module, interface.name, request.form,
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

LogicalResult seqmix::emitArtifact(ModuleOp module,
                                   const ModelInterface &interface,
                                   const CompileRequest &request,
                                   raw_ostream &out, raw_ostream &errors) {
  return Emission(module, interface, request, out, errors).run();
}
