//===- Model.cpp - a compiled model with its weights ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opening a model checks first what is cheap to check, the options, the code
// and the device, and only then touches the weights, which may be many
// gigabytes.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Model.h"

#include "runtime/src/CpuModel.h"
#include "runtime/src/CudaModel.h"

#include <algorithm>
#include <cinttypes>

using namespace seqmix;

/// Long enough that matrix products are efficient, short enough that their
/// scratch memory stays in the cache, of which a card needs less.
static constexpr int64_t defaultPieceTokens = 512;
static constexpr int64_t defaultPieceTokensCuda = 2048;

/// Pieces longer than this are a multiple of it, to suit chunked code.
static constexpr int64_t pieceGrain = 64;

Status Model::open(const std::string &path,
                   const std::vector<std::string> &weights,
                   const seqmix_model_options &options) {
  if (options.piece_tokens < 0)
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "piece_tokens is %" PRId64
                         " when it should not be negative",
                         options.piece_tokens);
  if (options.device != SEQMIX_CPU && options.device != SEQMIX_CUDA)
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "there is no device of the number %d", options.device);
  bool onCuda = options.device == SEQMIX_CUDA;
  PieceTokens = onCuda ? defaultPieceTokensCuda : defaultPieceTokens;
  if (options.piece_tokens)
    PieceTokens = options.piece_tokens;
  if (Status status = Library.open(path); !status.ok())
    return status;
  if (Status status =
          Library.findTarget(onCuda ? SEQMIX_ABI_CUDA : SEQMIX_ABI_CPU, Target);
      !status.ok())
    return status;
  Prefill = Library.findEntry(*Target, "prefill");
  Step = Library.findEntry(*Target, "step");
  if (!Step)
    Step = Prefill;
  return onCuda ? openOnCuda(weights, options) : openOnCpu(weights, options);
}

Status Model::openOnCpu(const std::vector<std::string> &weights,
                        const seqmix_model_options &options) {
  int threads;
  if (Status status = CpuDevice::chooseThreads(options.threads, threads);
      !status.ok())
    return status;
  if (Status status = bindParameters(weights, options); !status.ok())
    return status;
  Device = std::make_unique<CpuModel>(threads, !options.no_vendor_matmul);
  return Status();
}

Status Model::openOnCuda(const std::vector<std::string> &weights,
                         const seqmix_model_options &options) {
  auto device = std::make_unique<CudaModel>(*Target);
  if (Status status = device->open(options); !status.ok())
    return status;
  if (Status status = bindParameters(weights, options); !status.ok())
    return status;
  if (Bound) {
    if (Status status = device->upload(abi(), Values.pointers()); !status.ok())
      return status;
    Values = Parameters(); // the card has its own now
  }
  Device = std::move(device);
  return Status();
}

Status Model::bindParameters(const std::vector<std::string> &weights,
                             const seqmix_model_options &options) {
  Bound = !weights.empty() || options.random_weights_seed;
  if (!weights.empty())
    return Values.load(abi(), weights);
  if (options.random_weights_seed)
    return Values.randomize(abi(), options.random_weights_seed);
  return Status();
}

int64_t Model::pieceLength(int64_t batch) const {
  int64_t piece = std::max<int64_t>(PieceTokens / batch, 1);
  return piece > pieceGrain ? piece - piece % pieceGrain : piece;
}

int64_t Model::vocabulary() const {
  const seqmix_abi_model &model = abi();
  if (model.num_inputs != 1 || model.num_outputs != 1)
    return 0;
  const seqmix_abi_input &input = model.inputs[0];
  bool isToken = input.tensor.rank == 0 && input.tensor.dtype == SEQMIX_ABI_I32;
  return isToken ? input.limit : 0;
}
