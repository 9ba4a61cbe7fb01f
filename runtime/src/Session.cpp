//===- Session.cpp - a batch of token streams -----------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A call goes through three stages: everything the user gave is checked, the
// device is told to run, and only then are the tokens counted.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Session.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

using namespace seqmix;

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
  if (Status status = Shared->device().createSession(*Shared, batch, Device);
      !status.ok())
    return status;
  return Carried.create(abi, batch, *Device);
}

Status Session::copy(const Session &other) {
  int64_t batch = other.Carried.batch();
  if (Status status = create(batch); !status.ok())
    return status;
  if (Shared == other.Shared) {
    Carried.copySeen(other.Carried);
    return Device->copyState(*other.Device);
  }
  AlignedBuffer saved;
  size_t bytes = other.Carried.savedBytes(batch);
  if (Status status = saved.reserve(bytes, "a saved state"); !status.ok())
    return status;
  if (Status status = other.Carried.save(0, batch, saved.data(), bytes);
      !status.ok())
    return status;
  return restore(0, batch, saved.data(), bytes);
}

void Session::reset() { Unsaid = Carried.reset(); }

Status Session::restore(int64_t first, int64_t count, const void *saved,
                        size_t size) {
  Status status = Carried.restore(first, count, saved, size);
  if (status.ok() && count == Carried.batch())
    Unsaid = Status();
  return status;
}

Status Session::synchronize() {
  return Unsaid.ok() ? Device->synchronize() : Unsaid;
}

Status Session::prefill(int64_t length, const void *const *inputs,
                        void *const *outputs) {
  if (length < 0)
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "the length is %" PRId64 " when it should not be "
                         "negative",
                         length);
  int64_t piece = std::min(Shared->pieceLength(Carried.batch()), length);
  return run({Shared->prefillEntry(), false, length, piece, inputs, outputs});
}

Status Session::step(const void *const *inputs, void *const *outputs) {
  return run({Shared->stepEntry(), true, 1, 1, inputs, outputs});
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
  if (input.limit == 0 || !Device->isOnHost(data))
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

Status Session::run(const Request &request) {
  if (Status status = checkRequest(request); !status.ok())
    return status;
  if (request.length == 0 || !Unsaid.ok())
    return Unsaid;
  if (Status status = Device->run(request); !status.ok())
    return status;
  Carried.advance(request.length);
  return Status();
}
