//===- CudaSession.cpp - a session on a card ------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The running of calls. What is planned and made once for a session is in
// CudaSessionPlan.cpp.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CudaSession.h"

#include "runtime/src/AlignedBuffer.h"
#include "runtime/src/Model.h"
#include "runtime/src/ModelLibrary.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

using namespace seqmix;

CudaSession::Place CudaSession::placeOf(const void *data) const {
  // The form for several attributes has no error, and answers 0, for memory
  // that the driver has never heard of.
  unsigned type = 0;
  int attribute = cuda::pointerMemoryType;
  void *value = &type;
  if (driver().pointerGetAttributes(1, &attribute, &value, toAddress(data)) !=
      cuda::success)
    return Place::Pageable;
  if (type == cuda::memoryOfDevice)
    return Place::OnDevice;
  return type == cuda::memoryOfHost ? Place::PageLocked : Place::Pageable;
}

bool CudaSession::isOnHost(const void *data) const {
  CudaScope scope(*Device.device());
  return placeOf(data) != Place::OnDevice;
}

Status CudaSession::refuseCapture(const char *kind,
                                  const seqmix_abi_tensor &tensor) const {
  return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                       "%s '%s' is in pageable memory of the CPU, whose copies "
                       "the capturing stream cannot hold: use memory of the "
                       "device or page-locked memory",
                       kind, tensor.name);
}

/// Finds out where the user's buffers are and whether the stream is capturing.
Status CudaSession::findPlaces(const Request &request) {
  const seqmix_abi_model &abi = Owner.abi();
  if (Status status = isCapturing(Stream, Capturing); !status.ok())
    return status;
  for (uint32_t i = 0; i != abi.num_inputs; ++i) {
    InputPlaces[i] = placeOf(request.inputs[i]);
    if (Capturing && InputPlaces[i] == Place::Pageable)
      return refuseCapture("input", abi.inputs[i].tensor);
  }
  for (uint32_t i = 0; i != abi.num_outputs; ++i) {
    if (!request.outputs || !request.outputs[i])
      continue;
    OutputPlaces[i] = placeOf(request.outputs[i]);
    if (Capturing && OutputPlaces[i] == Place::Pageable)
      return refuseCapture("output", abi.outputs[i]);
  }
  return Status();
}

Status CudaSession::run(const Request &request) {
  CudaScope scope(*Device.device());
  if (Status status = findPlaces(request); !status.ok())
    return status;
  // Inside the user's graph ours would be a graph in a graph, which not every
  // driver takes.
  if (request.isStep && Graph && !Capturing)
    return launchGraph(request);
  Host.begin(Stream);
  for (int64_t begin = 0; begin < request.length; begin += request.piece) {
    int64_t length = std::min(request.piece, request.length - begin);
    if (Status status = runPiece(request, begin, length); !status.ok())
      return status;
  }
  if (request.isStep)
    StepKernels = Host.kernels();
  return Status();
}

Status CudaSession::launchGraph(const Request &request) {
  const seqmix_abi_model &abi = Owner.abi();
  for (uint32_t i = 0; i != abi.num_inputs; ++i) {
    InputPointers[i] = toPointer(StagedInputs[i]);
    if (Status status = gather(request, i, 0, 1); !status.ok())
      return status;
  }
  if (Status status = driver().check(driver().graphLaunch(Graph, Stream),
                                     "launching the step's graph");
      !status.ok())
    return status;
  for (uint32_t i = 0; i != abi.num_outputs; ++i) {
    OutputPointers[i] = toPointer(StagedOutputs[i]);
    if (Status status = scatter(request, i, 0, 1); !status.ok())
      return status;
  }
  return Status();
}

/// True if compiled code can use the user's buffer itself for a piece that
/// begins at `data`.
bool CudaSession::isDirect(const Request &request, Place place,
                           const char *data) const {
  bool contiguous = Batch == 1 || request.piece == request.length;
  return place == Place::OnDevice && contiguous && isAligned(data);
}

Status CudaSession::runPiece(const Request &request, int64_t begin,
                             int64_t length) {
  const seqmix_abi_model &abi = Owner.abi();
  seqmix_abi_call call = stagedCall(length);
  for (uint32_t i = 0; i != abi.num_inputs; ++i) {
    const char *data = static_cast<const char *>(request.inputs[i]) +
                       begin * tensorBytes(abi.inputs[i].tensor);
    if (isDirect(request, InputPlaces[i], data))
      InputPointers[i] = data;
    else if (Status status = gather(request, i, begin, length); !status.ok())
      return status;
  }
  for (uint32_t i = 0; request.outputs && i != abi.num_outputs; ++i) {
    if (!request.outputs[i])
      continue;
    char *data = static_cast<char *>(request.outputs[i]) +
                 begin * tensorBytes(abi.outputs[i]);
    if (isDirect(request, OutputPlaces[i], data))
      OutputPointers[i] = data;
  }
  if (Status status = runEntry(request.entry, call); !status.ok())
    return status;
  for (uint32_t i = 0; i != abi.num_outputs; ++i)
    if (Status status = scatter(request, i, begin, length); !status.ok())
      return status;
  return Status();
}

Status CudaSession::runEntry(const seqmix_abi_entry &entry,
                             const seqmix_abi_call &call) {
  if (int32_t code = entry.run(&Host.table(), &call))
    return Status::error(SEQMIX_ERROR_INTERNAL,
                         "entry '%s' of model '%s' refused %" PRId64
                         " tokens of %" PRId64 " sequences with code %d",
                         entry.name, Owner.abi().name, call.length, call.batch,
                         code);
  return Host.status();
}

/// Copies a piece of an input to its staging buffer: one copy if the piece is
/// contiguous, otherwise one for each sequence.
Status CudaSession::gather(const Request &request, uint32_t index,
                           int64_t begin, int64_t length) {
  uint64_t bytes = tensorBytes(Owner.abi().inputs[index].tensor);
  const char *data = static_cast<const char *>(request.inputs[index]);
  bool whole = length == request.length;
  int64_t rows = whole ? 1 : Batch;
  uint64_t row = (whole ? Batch : 1) * length * bytes;
  for (int64_t b = 0; b != rows; ++b) {
    const char *source = data + (b * request.length + begin) * bytes;
    cuda::Address target = StagedInputs[index] + b * row;
    cuda::Result result =
        InputPlaces[index] == Place::OnDevice
            ? driver().memcpyOnDevice(target, toAddress(source), row, Stream)
            : driver().memcpyToDevice(target, source, row, Stream);
    if (Status status = driver().check(result, "copying an input");
        !status.ok())
      return status;
  }
  return Status();
}

/// Copies a piece of an output to the user, if it is wanted and staged.
Status CudaSession::scatter(const Request &request, uint32_t index,
                            int64_t begin, int64_t length) {
  if (!request.outputs || !request.outputs[index] ||
      OutputPointers[index] != toPointer(StagedOutputs[index]))
    return Status();
  uint64_t bytes = tensorBytes(Owner.abi().outputs[index]);
  char *data = static_cast<char *>(request.outputs[index]);
  bool whole = length == request.length;
  int64_t rows = whole ? 1 : Batch;
  uint64_t row = (whole ? Batch : 1) * length * bytes;
  for (int64_t b = 0; b != rows; ++b) {
    char *target = data + (b * request.length + begin) * bytes;
    cuda::Address source = StagedOutputs[index] + b * row;
    cuda::Result result =
        OutputPlaces[index] == Place::OnDevice
            ? driver().memcpyOnDevice(toAddress(target), source, row, Stream)
            : driver().memcpyToHost(target, source, row, Stream);
    if (Status status = driver().check(result, "copying an output");
        !status.ok())
      return status;
  }
  return Status();
}

Status CudaSession::isCapturing(cuda::Stream stream, bool &capturing) const {
  int state = 0;
  cuda::Result result = driver().streamIsCapturing(stream, &state);
  capturing = state != 0;
  if (result == cuda::success)
    return Status();
  return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                       "the stream cannot be used: %s",
                       driver().errorName(result).c_str());
}

Status CudaSession::wait() const {
  CudaScope scope(*Device.device());
  bool capturing;
  if (Status status = isCapturing(Stream, capturing); !status.ok())
    return status;
  if (capturing)
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "the stream is capturing, so nothing can be waited "
                         "for");
  return driver().check(driver().streamSynchronize(Stream),
                        "the work on the device");
}

Status CudaSession::setStream(void *stream) {
  CudaScope scope(*Device.device());
  cuda::Stream next = stream ? static_cast<cuda::Stream>(stream) : Own;
  bool oldCaptures = false, newCaptures = false;
  if (Status status = isCapturing(next, newCaptures); !status.ok())
    return status;
  if (Status status = isCapturing(Stream, oldCaptures); !status.ok())
    return status;
  // What was captured is not work yet; a captured wait would be for ever.
  cuda::Result result = cuda::success;
  if (next != Stream && !oldCaptures && newCaptures)
    result = driver().streamSynchronize(Stream);
  if (next != Stream && !oldCaptures && !newCaptures) {
    result = driver().eventRecord(Ordering, Stream);
    if (result == cuda::success)
      result = driver().streamWaitEvent(next, Ordering, 0);
  }
  if (result == cuda::success)
    Stream = next;
  return driver().check(result, "changing the stream");
}

Status CudaSession::copyState(const DeviceSession &other) {
  const auto &source = static_cast<const CudaSession &>(other);
  if (Status status = source.wait(); !status.ok())
    return status;
  CudaScope scope(*Device.device());
  if (StateBytes == 0)
    return Status();
  if (Status status = driver().check(
          driver().memcpyOnDevice(State, source.State, StateBytes, Stream),
          "copying the state");
      !status.ok())
    return status;
  return wait(); // before the other goes on
}

Status CudaSession::read(uint64_t offset, uint64_t bytes, void *target) const {
  if (Status status = wait(); !status.ok())
    return status;
  CudaScope scope(*Device.device());
  if (Status status = driver().check(
          driver().memcpyToHost(target, State + offset, bytes, Stream),
          "copying the state");
      !status.ok())
    return status;
  return wait();
}

Status CudaSession::write(uint64_t offset, uint64_t bytes, const void *source) {
  if (Status status = wait(); !status.ok())
    return status;
  CudaScope scope(*Device.device());
  if (Status status = driver().check(
          driver().memcpyToDevice(State + offset, source, bytes, Stream),
          "copying the state");
      !status.ok())
    return status;
  return wait();
}
