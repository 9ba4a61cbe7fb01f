//===- Forms.cpp - the forms that a mixer can take ------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The forms' names, once for the command line and the IR.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Forms.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir::seqmix;

llvm::StringRef mlir::seqmix::stringifyForm(FormChoice form) {
  switch (form) {
  case FormChoice::automatic:
    return "automatic";
  case FormChoice::step:
    return "step";
  case FormChoice::scan:
    return "scan";
  case FormChoice::reference:
    return "reference";
  case FormChoice::chunkwise:
    return "chunkwise";
  }
  llvm_unreachable("a form without a name");
}

std::optional<FormChoice> mlir::seqmix::symbolizeForm(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<FormChoice>>(name)
      .Case("automatic", FormChoice::automatic)
      .Case("step", FormChoice::step)
      .Case("scan", FormChoice::scan)
      .Case("chunkwise", FormChoice::chunkwise)
      .Case("reference", FormChoice::reference)
      .Default(std::nullopt);
}
