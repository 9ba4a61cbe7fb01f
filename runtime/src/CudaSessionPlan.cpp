//===- CudaSessionPlan.cpp - what a session on a card makes once ----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One allocation holds the state, a staging buffer for every input and output
// of the longest piece, and scratch memory for the model and for the vendor's
// matrix product. The step always has the same shape, so it is captured into a
// graph that works on the staging buffers.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CudaSession.h"
#include "runtime/src/Model.h"
#include "runtime/src/ModelLibrary.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

using namespace seqmix;

CudaSession::~CudaSession() {
  CudaScope scope(*Device.device());
  // Memory must not go away under work that uses it. A session on a capturing
  // stream has none.
  if (Stream)
    (void)wait();
  if (Graph)
    driver().graphExecDestroy(Graph);
  if (Ordering)
    driver().eventDestroy(Ordering);
  if (Own)
    driver().streamDestroy(Own);
}

Status CudaSession::create() {
  const seqmix_abi_model &abi = Owner.abi();
  InputPlaces.resize(abi.num_inputs);
  OutputPlaces.resize(abi.num_outputs);
  InputPointers.resize(abi.num_inputs);
  OutputPointers.resize(abi.num_outputs);
  if (Status status = allocate(); !status.ok())
    return status;
  if (Status status = makeStream(); !status.ok())
    return status;
  captureStep();
  prepareProducts();
  return Status();
}

namespace {
/// Lays parts out one after the other, each aligned; too much stays too much.
class Layout {
public:
  /// Place of `count` times `bytes`, from the beginning.
  uint64_t add(uint64_t bytes, uint64_t count = 1) {
    uint64_t place = Total, part;
    if (__builtin_mul_overflow(bytes, count, &part) ||
        __builtin_add_overflow(Total, CudaMemory::roundUp(part), &Total))
      Total = UINT64_MAX;
    return place;
  }
  uint64_t total() const { return Total; }

private:
  uint64_t Total = 0;
};
} // namespace

Status CudaSession::allocate() {
  const seqmix_abi_model &abi = Owner.abi();
  if (Status status = State::totalBytes(abi, Batch, StateBytes); !status.ok())
    return status;
  int64_t piece = Owner.pieceLength(Batch);
  uint64_t tokens = static_cast<uint64_t>(Batch) * piece;
  Layout layout;
  uint64_t state = layout.add(StateBytes);
  for (uint32_t i = 0; i != abi.num_inputs; ++i)
    StagedInputs.push_back(
        layout.add(tensorBytes(abi.inputs[i].tensor), tokens));
  for (uint32_t i = 0; i != abi.num_outputs; ++i)
    StagedOutputs.push_back(layout.add(tensorBytes(abi.outputs[i]), tokens));
  uint64_t workspace =
      layout.add(std::max(Owner.prefillEntry().workspace_bytes(Batch, piece),
                          Owner.stepEntry().workspace_bytes(Batch, 1)));
  uint64_t product = layout.add(Device.matmul() ? CublasLt::workspaceBytes : 0);

  char purpose[64];
  std::snprintf(purpose, sizeof(purpose), "a session of %" PRId64 " sequences",
                Batch);
  if (Status status = Memory.allocate(Device.device(), layout.total(), purpose);
      !status.ok())
    return status;
  State = Memory.address() + state;
  Workspace = Memory.address() + workspace;
  Host.setMatmulWorkspace(Memory.address() + product);
  for (std::vector<cuda::Address> *staged : {&StagedInputs, &StagedOutputs})
    for (cuda::Address &address : *staged)
      address += Memory.address();
  return Status();
}

Status CudaSession::makeStream() {
  CudaScope scope(*Device.device());
  if (Status status =
          driver().check(driver().streamCreate(&Own, cuda::streamNonBlocking),
                         "creating a stream");
      !status.ok())
    return status;
  Stream = Own;
  return driver().check(
      driver().eventCreate(&Ordering, cuda::eventDisableTiming),
      "creating an event");
}

seqmix_abi_call CudaSession::stagedCall(int64_t length) {
  for (size_t i = 0; i != InputPointers.size(); ++i)
    InputPointers[i] = toPointer(StagedInputs[i]);
  for (size_t i = 0; i != OutputPointers.size(); ++i)
    OutputPointers[i] = toPointer(StagedOutputs[i]);
  seqmix_abi_call call = {};
  call.batch = Batch;
  call.length = length;
  call.inputs = InputPointers.data();
  call.outputs = OutputPointers.data();
  call.params = Device.parameters();
  call.state_in = toPointer(State);
  call.state_out = toPointer(State);
  call.workspace = toPointer(Workspace);
  return call;
}

/// Captures a call on the staging buffers, without running it; null if anything
/// stands in the way. That is no error here: the call will say itself what is
/// wrong.
cuda::Graph CudaSession::capture(const seqmix_abi_entry &entry,
                                 int64_t length) {
  // Relaxed: nothing of it is anybody else's concern.
  if (driver().streamBeginCapture(Own, cuda::captureRelaxed) != cuda::success)
    return nullptr;
  seqmix_abi_call call = stagedCall(length);
  Host.begin(Own);
  bool complete = runEntry(entry, call).ok();
  cuda::Graph graph = nullptr;
  complete &= driver().streamEndCapture(Own, &graph) == cuda::success;
  if (complete || !graph)
    return graph;
  driver().graphDestroy(graph);
  return nullptr;
}

void CudaSession::captureStep() {
  CudaScope scope(*Device.device());
  cuda::Graph graph = capture(Owner.stepEntry(), 1);
  if (!graph)
    return;
  if (driver().graphInstantiate(&Graph, graph, 0) == cuda::success) {
    StepKernels = Host.kernels();
    // Otherwise the first launch would do it, and steps allocate nothing.
    driver().graphUpload(Graph, Own);
  } else {
    Graph = nullptr;
  }
  driver().graphDestroy(graph);
}

void CudaSession::prepareProducts() {
  CudaScope scope(*Device.device());
  if (!Device.matmul())
    return;
  if (cuda::Graph graph =
          capture(Owner.prefillEntry(), Owner.pieceLength(Batch)))
    driver().graphDestroy(graph);
}

StepWork CudaSession::stepWork() const { return {StepKernels, Graph ? 1 : 0}; }

Status CudaSession::fill(uint64_t offset, uint64_t count, size_t unit,
                         const void *element) {
  if (count == 0)
    return Status();
  CudaScope scope(*Device.device());
  cuda::Address place = State + offset;
  uint32_t words[2] = {};
  std::memcpy(words, element, unit);
  cuda::Result result;
  if (unit == 1)
    result = driver().memset8(place, words[0], count, Stream);
  else if (unit == 2)
    result = driver().memset16(place, words[0], count, Stream);
  else if (unit == 4)
    result = driver().memset32(place, words[0], count, Stream);
  else {
    // The first words of all elements, then the second ones.
    result = driver().memset32Rows(place, unit, words[0], 1, count, Stream);
    if (result == cuda::success)
      result = driver().memset32Rows(place + sizeof(uint32_t), unit, words[1],
                                     1, count, Stream);
  }
  return driver().check(result, "setting the state");
}
