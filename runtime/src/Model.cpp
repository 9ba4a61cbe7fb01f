//===- Model.cpp - a compiled model with its weights ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opening a model checks first what is cheap to check, the options and the
// code, and only then touches the weights, which may be many gigabytes.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Model.h"

#include <cinttypes>

using namespace seqmix;

/// Long enough that matrix products are efficient, short enough that their
/// scratch memory stays in the cache.
static constexpr int64_t defaultPieceTokens = 512;

Status Model::open(const std::string &path,
                   const std::vector<std::string> &weights,
                   const seqmix_model_options &options) {
  if (options.piece_tokens < 0)
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "piece_tokens is %" PRId64
                         " when it should not be negative",
                         options.piece_tokens);
  PieceTokens =
      options.piece_tokens ? options.piece_tokens : defaultPieceTokens;
  int threads;
  if (Status status = CpuDevice::chooseThreads(options.threads, threads);
      !status.ok())
    return status;
  if (Status status = Library.open(path); !status.ok())
    return status;
  Prefill = Library.findEntry("prefill");
  Step = Library.findEntry("step");
  if (!Step)
    Step = Prefill;

  Status status;
  if (!weights.empty())
    status = Values.load(abi(), weights);
  else if (options.random_weights_seed)
    status = Values.randomize(abi(), options.random_weights_seed);
  if (!status.ok())
    return status;
  Bound = !weights.empty() || options.random_weights_seed;
  Device = std::make_unique<CpuDevice>(threads);
  return Status();
}

int64_t Model::vocabulary() const {
  const seqmix_abi_model &model = abi();
  if (model.num_inputs != 1 || model.num_outputs != 1)
    return 0;
  const seqmix_abi_input &input = model.inputs[0];
  bool isToken = input.tensor.rank == 0 && input.tensor.dtype == SEQMIX_ABI_I32;
  return isToken ? input.limit : 0;
}
