//===- EmitPTX.h - a GPU's code as text -----------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TARGET_EMITPTX_H
#define SEQMIX_LIB_TARGET_EMITPTX_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace llvm {
class Module;
} // namespace llvm

namespace mlir {
namespace seqmix {

/// A GPU to generate code for.
struct GpuArchitecture {
  std::string name;    ///< as NVIDIA writes it: sm_80, sm_90a
  uint32_t capability; ///< 10 * major + minor: 80, 90
  bool isExact;        ///< whether the code runs on that capability alone

  /// Reads a name. Fails with a sentence if it is none, or of a GPU that is too
  /// old for the code we generate.
  static llvm::Expected<GpuArchitecture> parse(llvm::StringRef name);
};

/// Optimises `module`, the code of a device's module, and writes it as PTX,
/// which a driver compiles for its card. No toolkit is needed. Fails if the
/// code would need functions that the PTX does not define.
llvm::Expected<std::string> emitPTX(llvm::Module &module,
                                    const GpuArchitecture &architecture);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TARGET_EMITPTX_H
