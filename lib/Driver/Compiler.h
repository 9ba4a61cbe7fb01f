//===- Compiler.h - a request in, artifacts out ---------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_COMPILER_H
#define SEQMIX_LIB_DRIVER_COMPILER_H

#include "lib/Pipelines/Pipelines.h"
#include "lib/Target/EmitPTX.h"

#include "llvm/Support/LogicalResult.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace mlir {
namespace seqmix {

/// What a compilation gives.
enum class Emit {
  module, ///< the module after `stopAfter`
  forms,  ///< what was derived, in index notation
  llvm,   ///< optimised LLVM IR
  ptx,    ///< the GPU's code
  assembly,
  object,  ///< a relocatable object file
  library, ///< a shared library, the artifact
  explanation
};

struct CompileRequest {
  std::string source;     ///< a .sqm or .mlir file
  std::string configPath; ///< a JSON file; empty: none
  std::vector<std::pair<std::string, std::string>> defines;
  std::string entry; ///< mixer or model to compile; empty: the file's last
  bool f64 = false;  ///< compute in f64
  FormChoice form = FormChoice::automatic; ///< of the mixers
  bool hasCpu = true;                      ///< generate code for the CPU
  /// Processors to generate that code for (lib/Target/Processor.h); empty:
  /// `native`, or `portable` on another architecture.
  std::vector<std::string> march;
  std::string triple; ///< of what the code is for; empty: this machine
  std::optional<GpuArchitecture> gpu; ///< generate code for this GPU
  std::string weights = "f32";        ///< of projections; or bf16, int8
  Emit emit = Emit::library;
  Phase stopAfter = Phase::llvm; ///< for Emit::module
  bool json = false;             ///< for Emit::explanation
  /// Where the result goes; empty: for a library the source's name with .so in
  /// the current folder, otherwise `out`.
  std::string output;
};

/// Carries out a request. Errors go to `errors`, with file, line and column
/// where they have one; text results without an output path go to `out`.
llvm::LogicalResult compile(const CompileRequest &request,
                            llvm::raw_ostream &out, llvm::raw_ostream &errors);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_COMPILER_H
