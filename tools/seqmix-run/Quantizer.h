//===- Quantizer.h - round a checkpoint to eight bits ---------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_QUANTIZER_H
#define SEQMIX_TOOLS_SEQMIX_RUN_QUANTIZER_H

#include "runtime/src/Status.h"
#include "tools/seqmix-run/Args.h"

namespace seqmix {

/// What became of a checkpoint.
struct QuantizeSummary {
  std::string model;
  size_t tensors = 0;
  size_t quantized = 0;
  size_t bytesBefore = 0;
  size_t bytesAfter = 0;
  double worstError = 0; // rms of what rounding changed over rms of the weights
  std::string worstTensor;
};

/// Writes the checkpoint of the arguments with the weights in eight bits that
/// the model has so, and everything else as it is. A failure leaves no file.
Status quantizeCheckpoint(const Args &args, QuantizeSummary &summary);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_QUANTIZER_H
