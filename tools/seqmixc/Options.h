//===- Options.h - seqmixc's command line ---------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIXC_OPTIONS_H
#define SEQMIX_TOOLS_SEQMIXC_OPTIONS_H

#include "lib/Driver/Compiler.h"

#include "llvm/Support/Error.h"

namespace mlir {
namespace seqmix {

/// The request that a command line makes. Ends the process, as LLVM's tools
/// do, for --help and for options that do not parse; fails for a combination
/// that makes no sense.
llvm::Expected<CompileRequest> parseCommandLine(int argc, char **argv);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_TOOLS_SEQMIXC_OPTIONS_H
