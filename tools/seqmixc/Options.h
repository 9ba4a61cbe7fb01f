//===- Options.h - seqmixc's command line ---------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIXC_OPTIONS_H
#define SEQMIX_TOOLS_SEQMIXC_OPTIONS_H

#include "lib/Driver/Verify.h"

#include "llvm/Support/Error.h"

namespace mlir {
namespace seqmix {

/// The word that begins a command line of `seqmixc verify`, and what it does.
inline constexpr llvm::StringLiteral verifyCommand = "verify";
inline constexpr llvm::StringLiteral verifySummary =
    "Compare every form of every mixer with its meaning, here and now";

/// The request that a command line makes. Ends the process, as LLVM's tools
/// do, for --help and for options that do not parse; fails for a combination
/// that makes no sense.
llvm::Expected<CompileRequest> parseCommandLine(int argc, char **argv);

/// The same for `seqmixc verify`; ends the process with status 2 for options
/// that do not parse.
llvm::Expected<VerifyRequest> parseVerifyCommandLine(int argc, char **argv);

/// Takes the values of -D apart, or fails.
llvm::Error
readDefines(llvm::ArrayRef<std::string> texts,
            std::vector<std::pair<std::string, std::string>> &defines);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_TOOLS_SEQMIXC_OPTIONS_H
