//===- Compiler.cpp - a request in, artifacts out -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compiler.h"

#include "lib/Analysis/ModelInterface.h"
#include "lib/Driver/Artifact.h"
#include "lib/Driver/DeviceCode.h"
#include "lib/Driver/Explain.h"
#include "lib/Driver/PrintForms.h"
#include "lib/Driver/Source.h"

using namespace mlir;
using namespace mlir::seqmix;

/// The module after the phase that the request stops at.
static LogicalResult stopAfterPhase(ModuleOp module,
                                    const CompileRequest &request,
                                    raw_ostream &out, raw_ostream &errors) {
  Device device = request.hasCpu ? Device::cpu : Device::cuda;
  if (request.stopAfter >= Phase::forms && failed(deriveForms(module, request)))
    return failure();
  if (request.stopAfter > Phase::forms &&
      failed(runPhases(module, Phase::tensors, request.stopAfter,
                       {device, request.form})))
    return failure();
  return writeResult(request, out, errors,
                     [&](raw_ostream &os) { os << module << '\n'; });
}

LogicalResult seqmix::compile(const CompileRequest &request, raw_ostream &out,
                              raw_ostream &errors) {
  Source source(request, errors);
  OwningOpRef<ModuleOp> module = source.read();
  if (!module)
    return failure();
  if (request.emit == Emit::module)
    return stopAfterPhase(*module, request, out, errors);
  if (failed(deriveForms(*module, request)))
    return failure();
  if (request.emit == Emit::forms)
    return writeResult(request, out, errors,
                       [&](raw_ostream &os) { printForms(*module, os); });
  FailureOr<ModelInterface> interface = source.findModel(*module);
  if (failed(interface))
    return failure();
  if (request.emit == Emit::explanation)
    return writeResult(request, out, errors, [&](raw_ostream &os) {
      explain(*module, *interface, request.json, os);
    });
  return emitArtifact(*module, *interface, request, out, errors);
}
