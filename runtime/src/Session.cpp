//===- Session.cpp - a batch of token streams -----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A call goes through four stages: everything the user gave is checked, all
// memory is found, the pieces are run, and only then is anything of it made
// visible in the session. Buffers of the user that compiled code cannot take as
// they are, because of their alignment or because a piece of a batch is not
// contiguous in them, are staged.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Session.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

using namespace seqmix;

/// Pieces longer than this are a multiple of it, to suit chunked code.
static constexpr int64_t pieceGrain = 64;

Session::Session(std::shared_ptr<const Model> model)
    : Shared(std::move(model)) {}

Status Session::create(int64_t batch) {
  const seqmix_abi_model &abi = Shared->abi();
  if (batch < 1)
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "the batch is %" PRId64 " when it should be at least "
                         "1",
                         batch);
  if (!Shared->hasWeights())
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "model '%s' was opened without weights for its %u "
                         "parameters",
                         abi.name, abi.num_params);
  StagedInputs.resize(abi.num_inputs);
  StagedOutputs.resize(abi.num_outputs);
  InputPointers.resize(abi.num_inputs);
  OutputPointers.resize(abi.num_outputs);
  return Carried.create(abi, batch);
}

Status Session::copy(const Session &other) {
  StagedInputs.resize(other.StagedInputs.size());
  StagedOutputs.resize(other.StagedOutputs.size());
  InputPointers.resize(other.InputPointers.size());
  OutputPointers.resize(other.OutputPointers.size());
  return Carried.copy(other.Carried);
}

int64_t Session::pieceLength() const {
  int64_t piece = std::max<int64_t>(Shared->pieceTokens() / Carried.batch(), 1);
  return piece > pieceGrain ? piece - piece % pieceGrain : piece;
}

Status Session::prefill(int64_t length, const void *const *inputs,
                        void *const *outputs) {
  if (length < 0)
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "the length is %" PRId64 " when it should not be "
                         "negative",
                         length);
  int64_t piece = std::min(pieceLength(), length);
  return run({Shared->prefillEntry(), length, piece, inputs, outputs});
}

Status Session::step(const void *const *inputs, void *const *outputs) {
  return run({Shared->stepEntry(), 1, 1, inputs, outputs});
}

Status Session::checkRequest(const Request &request) const {
  const seqmix_abi_model &abi = Shared->abi();
  int64_t seen = Carried.mostSeen();
  int64_t most = abi.max_length ? abi.max_length : INT64_MAX;
  if (request.length > most - seen)
    return Status::error(SEQMIX_ERROR_OUT_OF_RANGE,
                         "%" PRId64 " more tokens after %" PRId64
                         " are more than the %" PRId64
                         " that model '%s' can see",
                         request.length, seen, most, abi.name);
  for (uint32_t i = 0; i != abi.num_inputs + abi.num_outputs; ++i) {
    const seqmix_abi_tensor &tensor = i < abi.num_inputs
                                          ? abi.inputs[i].tensor
                                          : abi.outputs[i - abi.num_inputs];
    int64_t size[] = {Carried.batch(), request.length}, bytes;
    if (!shapeProduct(size, 2, tensorBytes(tensor), bytes))
      return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                           "'%s' of %" PRId64 " tokens is too large to count",
                           tensor.name, request.length);
  }
  for (uint32_t i = 0; request.length && i != abi.num_inputs; ++i) {
    const seqmix_abi_input &input = abi.inputs[i];
    if (!request.inputs || !request.inputs[i])
      return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT, "input '%s' is null",
                           input.tensor.name);
    if (Status status = checkLimit(input, request.inputs[i], request.length);
        !status.ok())
      return status;
  }
  return Status();
}

template <typename Integer>
static int64_t findOutside(const void *data, int64_t count, int64_t limit,
                           int64_t &value) {
  for (int64_t i = 0; i != count; ++i) {
    Integer element;
    std::memcpy(&element, static_cast<const char *>(data) + i * sizeof(element),
                sizeof(element));
    value = element;
    if (value < 0 || value >= limit)
      return i;
  }
  return -1;
}

Status Session::checkLimit(const seqmix_abi_input &input, const void *data,
                           int64_t length) const {
  if (input.limit == 0)
    return Status();
  int64_t perToken = 1, value = 0;
  shapeProduct(input.tensor.shape, input.tensor.rank, 1, perToken);
  int64_t count = Carried.batch() * length * perToken;
  int64_t place = input.tensor.dtype == SEQMIX_ABI_I32
                      ? findOutside<int32_t>(data, count, input.limit, value)
                      : findOutside<int64_t>(data, count, input.limit, value);
  if (place < 0)
    return Status();
  int64_t token = place / perToken;
  return Status::error(SEQMIX_ERROR_OUT_OF_RANGE,
                       "input '%s' at index %" PRId64 " of sequence %" PRId64
                       " is %" PRId64 ", outside the limit [0, %" PRId64 ")",
                       input.tensor.name, token % length, token / length, value,
                       input.limit);
}

/// True if compiled code can use the user's buffer itself for the piece that
/// starts at token `begin`.
bool Session::isDirect(const Request &request, const char *data, int64_t begin,
                       size_t bytes) const {
  bool contiguous = Carried.batch() == 1 || request.piece == request.length;
  return data && contiguous && isAligned(data + begin * bytes);
}

/// Finds all the memory that the request needs.
Status Session::prepare(const Request &request) {
  const seqmix_abi_model &abi = Shared->abi();
  int64_t batch = Carried.batch();
  int64_t tokens = batch * request.piece, rest = request.length % request.piece;
  uint64_t scratch = request.entry.workspace_bytes(batch, request.piece);
  if (rest)
    scratch = std::max(scratch, request.entry.workspace_bytes(batch, rest));
  if (Status status = Workspace.reserve(scratch, "the workspace"); !status.ok())
    return status;
  if (request.piece != request.length)
    if (Status status = Carried.reserveSpare(); !status.ok())
      return status;

  // A piece that is direct at its first token may not be at a later one.
  auto stage = [&](AlignedBuffer &buffer, const seqmix_abi_tensor &tensor,
                   const void *data) {
    size_t bytes = tensorBytes(tensor);
    const char *user = static_cast<const char *>(data);
    bool direct = isDirect(request, user, 0, bytes) &&
                  (request.piece == request.length ||
                   request.piece * bytes % SEQMIX_ABI_ALIGNMENT == 0);
    return direct ? Status() : buffer.reserve(tokens * bytes, tensor.name);
  };
  for (uint32_t i = 0; i != abi.num_inputs; ++i)
    if (Status status =
            stage(StagedInputs[i], abi.inputs[i].tensor, request.inputs[i]);
        !status.ok())
      return status;
  for (uint32_t i = 0; i != abi.num_outputs; ++i)
    if (Status status = stage(StagedOutputs[i], abi.outputs[i],
                              request.outputs ? request.outputs[i] : nullptr);
        !status.ok())
      return status;
  return Status();
}

Status Session::run(const Request &request) {
  if (Status status = checkRequest(request); !status.ok())
    return status;
  if (request.length == 0)
    return Status();
  if (Status status = prepare(request); !status.ok())
    return status;

  bool several = request.piece != request.length;
  char *target = several ? Carried.spare() : Carried.data();
  const char *source = Carried.data();
  for (int64_t begin = 0; begin < request.length; begin += request.piece) {
    int64_t length = std::min(request.piece, request.length - begin);
    if (Status status = runPiece(request, begin, length, source, target);
        !status.ok())
      return status;
    source = target;
  }
  if (several)
    Carried.adoptSpare();
  Carried.advance(request.length);
  return Status();
}

Status Session::runPiece(const Request &request, int64_t begin, int64_t length,
                         const char *stateIn, char *stateOut) {
  const seqmix_abi_model &abi = Shared->abi();
  for (uint32_t i = 0; i != abi.num_inputs; ++i)
    InputPointers[i] = gather(request, i, begin, length);
  for (uint32_t i = 0; i != abi.num_outputs; ++i) {
    size_t bytes = tensorBytes(abi.outputs[i]);
    char *data =
        request.outputs ? static_cast<char *>(request.outputs[i]) : nullptr;
    OutputPointers[i] = isDirect(request, data, begin, bytes)
                            ? data + begin * bytes
                            : StagedOutputs[i].data();
  }
  seqmix_abi_call call = {};
  call.batch = Carried.batch();
  call.length = length;
  call.inputs = InputPointers.data();
  call.outputs = OutputPointers.data();
  call.params = Shared->parameters();
  call.state_in = stateIn;
  call.state_out = stateOut;
  call.workspace = Workspace.data();
  if (int32_t code = request.entry.run(&Shared->host(), &call))
    return Status::error(SEQMIX_ERROR_INTERNAL,
                         "entry '%s' of model '%s' refused %" PRId64
                         " tokens of %" PRId64 " sequences with code %d",
                         request.entry.name, abi.name, length, call.batch,
                         code);
  for (uint32_t i = 0; i != abi.num_outputs; ++i)
    scatter(request, i, begin, length);
  return Status();
}

const void *Session::gather(const Request &request, uint32_t index,
                            int64_t begin, int64_t length) {
  size_t bytes = tensorBytes(Shared->abi().inputs[index].tensor);
  const char *data = static_cast<const char *>(request.inputs[index]);
  if (isDirect(request, data, begin, bytes))
    return data + begin * bytes;
  char *staged = StagedInputs[index].data();
  for (int64_t b = 0; b != Carried.batch(); ++b)
    std::memcpy(staged + b * length * bytes,
                data + (b * request.length + begin) * bytes, length * bytes);
  return staged;
}

void Session::scatter(const Request &request, uint32_t index, int64_t begin,
                      int64_t length) {
  if (OutputPointers[index] != StagedOutputs[index].data() ||
      !request.outputs || !request.outputs[index])
    return;
  size_t bytes = tensorBytes(Shared->abi().outputs[index]);
  char *data = static_cast<char *>(request.outputs[index]);
  const char *staged = StagedOutputs[index].data();
  for (int64_t b = 0; b != Carried.batch(); ++b)
    std::memcpy(data + (b * request.length + begin) * bytes,
                staged + b * length * bytes, length * bytes);
}
