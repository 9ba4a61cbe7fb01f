//===- seqmixc.cpp - the compiler's command -------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmixc/Options.h"

#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  auto request = mlir::seqmix::parseCommandLine(argc, argv);
  if (!request) {
    llvm::errs() << "seqmixc: error: " << llvm::toString(request.takeError())
                 << '\n';
    return 1;
  }
  bool compiled =
      succeeded(mlir::seqmix::compile(*request, llvm::outs(), llvm::errs()));
  llvm::outs().flush();
  if (llvm::outs().has_error()) {
    llvm::errs() << "seqmixc: error: cannot write the result: "
                 << llvm::outs().error().message() << '\n';
    llvm::outs().clear_error();
    return 1;
  }
  return compiled ? 0 : 1;
}
