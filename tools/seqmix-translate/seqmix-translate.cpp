//===- seqmix-translate.cpp - from .sqm to MLIR ---------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Frontend/Import.h"

#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
namespace cl = llvm::cl;

int main(int argc, char **argv) {
  cl::opt<std::string> config("config", cl::desc("JSON file of the config"));
  cl::list<std::string> defines("D", cl::Prefix, cl::desc("name=value"));
  cl::opt<std::string> entry("entry", cl::desc("Model or mixer to import"));
  cl::opt<bool> f64("f64", cl::desc("Compute in f64"));

  auto readConfig = [&]() -> llvm::Expected<llvm::json::Value> {
    auto buffer = llvm::errorOrToExpected(llvm::MemoryBuffer::getFile(config));
    if (!buffer)
      return buffer.takeError();
    return llvm::json::parse((*buffer)->getBuffer());
  };
  auto import = [&](llvm::SourceMgr &sources,
                    MLIRContext *context) -> OwningOpRef<Operation *> {
    seqmix::ImportOptions options;
    options.entry = entry;
    options.f64 = f64;
    for (StringRef define : defines)
      options.defines.emplace_back(define.split('='));
    llvm::Expected<llvm::json::Value> json = llvm::json::Object();
    if (!config.empty())
      json = readConfig();
    if (json && json->getAsObject()) {
      options.config = std::move(*json->getAsObject());
      return seqmix::importSqm(sources, options, context);
    }
    emitError(UnknownLoc::get(context))
        << config << ": "
        << (json ? "not an object" : llvm::toString(json.takeError()));
    return nullptr;
  };
  TranslateToMLIRRegistration registration(
      "import-sqm", "import a .sqm file", import,
      [](DialectRegistry &registry) {
        registry.insert<seqmix::SeqmixDialect>();
      });
  return failed(mlirTranslateMain(argc, argv, "seqmix translation driver\n"));
}
