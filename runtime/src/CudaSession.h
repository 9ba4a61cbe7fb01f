//===- CudaSession.h - a session on a card --------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_CUDASESSION_H
#define SEQMIX_RUNTIME_SRC_CUDASESSION_H

#include "runtime/src/CudaHost.h"

namespace seqmix {

/// State, staging and workspace in one allocation on the card, a stream, and
/// the step as a graph.
///
/// Running only enqueues: copies of the user's buffers to the staging ones, the
/// model's launches, copies back. All updates of the state are in place, since
/// what fails on the card is known too late to go back.
class CudaSession : public DeviceSession {
public:
  CudaSession(const Model &model, const CudaModel &device, int64_t batch)
      : Owner(model), Device(device), Batch(batch), Host(device) {}
  ~CudaSession() override;

  /// Plans and allocates the memory, makes the stream and the graph.
  /// OUT_OF_MEMORY.
  Status create();

  Status run(const Request &request) override;
  Status copyState(const DeviceSession &other) override;
  bool isOnHost(const void *data) const override;
  Status setStream(void *stream) override;
  Status synchronize() override { return wait(); }
  StepWork stepWork() const override;

  Status read(uint64_t offset, uint64_t bytes, void *target) const override;
  Status write(uint64_t offset, uint64_t bytes, const void *source) override;
  Status fill(uint64_t offset, uint64_t count, size_t unit,
              const void *element) override;

private:
  /// Where a buffer of the user's is. Copies of pageable memory cannot be
  /// captured.
  enum class Place { Pageable, PageLocked, OnDevice };

  const CudaDriver &driver() const { return Device.device()->driver(); }
  Status allocate();
  Status makeStream();
  cuda::Graph capture(const seqmix_abi_entry &entry, int64_t length);

  /// Makes the step's graph, if the driver lets it be captured.
  void captureStep();

  /// Lets the vendor's library choose and load what a long prefill needs.
  void prepareProducts();

  Status wait() const;
  Status isCapturing(cuda::Stream stream, bool &capturing) const;
  Place placeOf(const void *data) const;
  Status findPlaces(const Request &request);
  Status refuseCapture(const char *kind, const seqmix_abi_tensor &tensor) const;
  seqmix_abi_call stagedCall(int64_t length);
  Status runEntry(const seqmix_abi_entry &entry, const seqmix_abi_call &call);
  Status runPiece(const Request &request, int64_t begin, int64_t length);
  Status launchGraph(const Request &request);
  Status gather(const Request &request, uint32_t index, int64_t begin,
                int64_t length);
  Status scatter(const Request &request, uint32_t index, int64_t begin,
                 int64_t length);
  bool isDirect(const Request &request, Place place, const char *data) const;

  const Model &Owner;
  const CudaModel &Device;
  int64_t Batch;
  uint64_t StateBytes = 0;
  CudaMemory Memory;
  cuda::Address State = 0;
  cuda::Address Workspace = 0;
  std::vector<cuda::Address> StagedInputs;
  std::vector<cuda::Address> StagedOutputs;

  CudaHost Host;
  cuda::Stream Own = nullptr;
  cuda::Stream Stream = nullptr; // the user's, or Own
  cuda::Event Ordering = nullptr;
  cuda::GraphExec Graph = nullptr; // null: steps are launched one by one
  int64_t StepKernels = 0;

  // Of the call in progress; here so that calls allocate nothing.
  bool Capturing = false;
  std::vector<Place> InputPlaces;
  std::vector<Place> OutputPlaces;
  std::vector<const void *> InputPointers;
  std::vector<void *> OutputPointers;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_CUDASESSION_H
