//===- seqmixc.cpp - the compiler's command -------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmixc/Options.h"

#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir::seqmix;

static int fail(llvm::Error error, int status) {
  llvm::errs() << "seqmixc: error: " << llvm::toString(std::move(error))
               << '\n';
  return status;
}

static int runCompile(int argc, char **argv) {
  auto request = parseCommandLine(argc, argv);
  if (!request)
    return fail(request.takeError(), 1);
  return succeeded(compile(*request, llvm::outs(), llvm::errs())) ? 0 : 1;
}

static int runVerify(int argc, char **argv) {
  auto request = parseVerifyCommandLine(argc, argv);
  if (!request)
    return fail(request.takeError(), static_cast<int>(Verdict::error));
  return static_cast<int>(verifyMixers(*request, llvm::outs(), llvm::errs()));
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  bool isVerify = argc > 1 && argv[1] == verifyCommand;
  int status = isVerify ? runVerify(argc, argv) : runCompile(argc, argv);
  llvm::outs().flush();
  if (llvm::outs().has_error()) {
    std::error_code code = llvm::outs().error();
    llvm::outs().clear_error();
    return fail(llvm::createStringError(code, "cannot write the result: %s",
                                        code.message().c_str()),
                isVerify ? 2 : 1);
  }
  return status;
}
