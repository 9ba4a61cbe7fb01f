//===- Pipelines.h - the phases of compilation ----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_PIPELINES_PIPELINES_H
#define SEQMIX_LIB_PIPELINES_PIPELINES_H

#include "lib/Transforms/Forms.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace mlir {
class DialectRegistry;
class OpPassManager;

namespace seqmix {

/// The states a module passes through, in order. A compilation can stop after
/// any of them.
enum class Phase {
  import,  ///< mixers and models, as written
  forms,   ///< each mixer in the form it will run in; entry points derived
  tensors, ///< loops over tensors; entry points bound to the caller
  buffers, ///< loops over memory; temporaries placed, threads borrowed
  llvm     ///< the LLVM dialect
};

/// The kinds of device that code is generated for.
enum class Device {
  cpu,
  cuda ///< an NVIDIA GPU, and the CPU that enqueues its work
};

/// What the passes of all phases are told.
struct PipelineOptions {
  Device device = Device::cpu;
  FormChoice form = FormChoice::automatic; ///< of the mixers, in `forms`
  /// Of the CPU's vectors, in `buffers`: 256 suits any x86-64 and AArch64.
  int64_t vectorBits = 256;
  bool hasFma = true;  ///< whether the CPU can round a * b + c once
  bool hasBf16 = true; ///< whether the CPU can round to bf16
};

struct PhaseInfo {
  Phase phase;
  llvm::StringLiteral name;
  llvm::StringLiteral description;
};

/// All phases in order.
llvm::ArrayRef<PhaseInfo> getPhases();

/// The phase of that name.
std::optional<Phase> findPhase(llvm::StringRef name);

/// Adds the passes that lead from the phase before `phase` to it. Up to `forms`
/// all devices have the same. From then on a module for a GPU holds its code in
/// a `gpu.module`.
void buildPhase(OpPassManager &pm, Phase phase,
                const PipelineOptions &options = {});

/// Adds the passes that lead from an imported module to `last`.
void buildPipeline(OpPassManager &pm, Phase last = Phase::llvm,
                   const PipelineOptions &options = {});

/// Registers each phase as the pipeline `seqmix-to-<phase>`, and for a GPU
/// `seqmix-cuda-to-<phase>`, which start from an imported module.
void registerPipelines();

/// Everything that the pipelines need in a context.
void registerPipelineDialects(DialectRegistry &registry);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_PIPELINES_PIPELINES_H
