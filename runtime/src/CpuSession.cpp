//===- CpuSession.cpp - a session on the processor ------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All memory is found before the first piece is run, and only after the last is
// anything made visible in the state. Buffers of the user that compiled code
// cannot take as they are, because of their alignment or because a piece of a
// batch is not contiguous in them, are staged.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CpuSession.h"

#include "runtime/src/Model.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

using namespace seqmix;

Status CpuSession::create(int64_t batch) {
  const seqmix_abi_model &abi = Owner.abi();
  Batch = batch;
  StagedInputs.resize(abi.num_inputs);
  StagedOutputs.resize(abi.num_outputs);
  InputPointers.resize(abi.num_inputs);
  OutputPointers.resize(abi.num_outputs);
  if (Status status = State::totalBytes(abi, batch, StateBytes); !status.ok())
    return status;
  if (Status status = reserveForStep(); !status.ok())
    return status;
  return Current.reserve(StateBytes, "the session's state");
}

/// Whatever buffers a step is given, it finds memory for them here.
Status CpuSession::reserveForStep() {
  const seqmix_abi_model &abi = Owner.abi();
  auto stage = [&](AlignedBuffer &buffer, const seqmix_abi_tensor &tensor) {
    uint64_t bytes;
    if (__builtin_mul_overflow(uint64_t(Batch), tensorBytes(tensor), &bytes))
      bytes = UINT64_MAX; // which no machine has
    return buffer.reserve(bytes, tensor.name);
  };
  for (uint32_t i = 0; i != abi.num_inputs; ++i)
    if (Status status = stage(StagedInputs[i], abi.inputs[i].tensor);
        !status.ok())
      return status;
  for (uint32_t i = 0; i != abi.num_outputs; ++i)
    if (Status status = stage(StagedOutputs[i], abi.outputs[i]); !status.ok())
      return status;
  return Status();
}

Status CpuSession::copyState(const DeviceSession &other) {
  const auto &source = static_cast<const CpuSession &>(other);
  std::memcpy(Current.data(), source.Current.data(), StateBytes);
  return Status();
}

Status CpuSession::setStream(void *stream) {
  if (!stream)
    return Status();
  return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                       "model '%s' is on the CPU, where there are no streams",
                       Owner.abi().name);
}

Status CpuSession::read(uint64_t offset, uint64_t bytes, void *target) const {
  std::memcpy(target, Current.data() + offset, bytes);
  return Status();
}

Status CpuSession::write(uint64_t offset, uint64_t bytes, const void *source) {
  std::memcpy(Current.data() + offset, source, bytes);
  return Status();
}

Status CpuSession::fill(uint64_t offset, uint64_t count, size_t unit,
                        const void *element) {
  char *at = Current.data() + offset;
  if (unit == 1)
    std::memset(at, *static_cast<const unsigned char *>(element), count);
  for (uint64_t i = 0; unit > 1 && i != count; ++i, at += unit)
    std::memcpy(at, element, unit);
  return Status();
}

/// True if compiled code can use the user's buffer itself for the piece that
/// starts at token `begin`.
bool CpuSession::isDirect(const Request &request, const char *data,
                          int64_t begin, size_t bytes) const {
  bool contiguous = Batch == 1 || request.piece == request.length;
  return data && contiguous && isAligned(data + begin * bytes);
}

/// Finds all the memory that the request needs.
Status CpuSession::prepare(const Request &request) {
  const seqmix_abi_model &abi = Owner.abi();
  int64_t tokens = Batch * request.piece, rest = request.length % request.piece;
  uint64_t scratch = request.entry.workspace_bytes(Batch, request.piece);
  if (rest)
    scratch = std::max(scratch, request.entry.workspace_bytes(Batch, rest));
  if (Status status = Workspace.reserve(scratch, "the workspace"); !status.ok())
    return status;
  if (request.piece != request.length)
    if (Status status =
            Spare.reserve(StateBytes, "a second copy of the session's state");
        !status.ok())
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

Status CpuSession::run(const Request &request) {
  if (Status status = prepare(request); !status.ok())
    return status;

  bool several = request.piece != request.length;
  char *target = several ? Spare.data() : Current.data();
  const char *source = Current.data();
  for (int64_t begin = 0; begin < request.length; begin += request.piece) {
    int64_t length = std::min(request.piece, request.length - begin);
    if (Status status = runPiece(request, begin, length, source, target);
        !status.ok())
      return status;
    source = target;
  }
  if (several)
    std::swap(Current, Spare);
  return Status();
}

Status CpuSession::runPiece(const Request &request, int64_t begin,
                            int64_t length, const char *stateIn,
                            char *stateOut) {
  const seqmix_abi_model &abi = Owner.abi();
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
  call.batch = Batch;
  call.length = length;
  call.inputs = InputPointers.data();
  call.outputs = OutputPointers.data();
  call.params = Owner.parameters();
  call.state_in = stateIn;
  call.state_out = stateOut;
  call.workspace = Workspace.data();
  if (int32_t code = request.entry.run(&Device.host(), &call))
    return Status::error(SEQMIX_ERROR_INTERNAL,
                         "entry '%s' of model '%s' refused %" PRId64
                         " tokens of %" PRId64 " sequences with code %d",
                         request.entry.name, abi.name, length, call.batch,
                         code);
  for (uint32_t i = 0; i != abi.num_outputs; ++i)
    scatter(request, i, begin, length);
  return Status();
}

const void *CpuSession::gather(const Request &request, uint32_t index,
                               int64_t begin, int64_t length) {
  size_t bytes = tensorBytes(Owner.abi().inputs[index].tensor);
  const char *data = static_cast<const char *>(request.inputs[index]);
  if (isDirect(request, data, begin, bytes))
    return data + begin * bytes;
  char *staged = StagedInputs[index].data();
  for (int64_t b = 0; b != Batch; ++b)
    std::memcpy(staged + b * length * bytes,
                data + (b * request.length + begin) * bytes, length * bytes);
  return staged;
}

void CpuSession::scatter(const Request &request, uint32_t index, int64_t begin,
                         int64_t length) {
  if (OutputPointers[index] != StagedOutputs[index].data() ||
      !request.outputs || !request.outputs[index])
    return;
  size_t bytes = tensorBytes(Owner.abi().outputs[index]);
  char *data = static_cast<char *>(request.outputs[index]);
  const char *staged = StagedOutputs[index].data();
  for (int64_t b = 0; b != Batch; ++b)
    std::memcpy(data + (b * request.length + begin) * bytes,
                staged + b * length * bytes, length * bytes);
}
