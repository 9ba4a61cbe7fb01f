//===- CpuSession.h - a session on the processor --------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_CPUSESSION_H
#define SEQMIX_RUNTIME_SRC_CPUSESSION_H

#include "runtime/src/CpuModel.h"

#include <vector>

namespace seqmix {

/// State, workspace and staging in the program's memory.
///
/// Compiled code either carries out a call or refuses it before it touches
/// anything, so a call that is one piece updates the state in place. A call of
/// several pieces works on the state's spare copy, which becomes the state
/// after the last piece. Either way a failing call leaves the state as it was.
class CpuSession : public DeviceSession {
public:
  CpuSession(const Model &model, const CpuModel &device)
      : Owner(model), Device(device) {}

  /// Makes room for the state of `batch` sequences. OUT_OF_MEMORY.
  Status create(int64_t batch);

  Status run(const Request &request) override;
  Status copyState(const DeviceSession &other) override;
  bool isOnHost(const void *) const override { return true; }
  Status setStream(void *stream) override;
  Status synchronize() override { return Status(); }
  StepWork stepWork() const override { return {}; }

  Status read(uint64_t offset, uint64_t bytes, void *target) const override;
  Status write(uint64_t offset, uint64_t bytes, const void *source) override;
  Status fill(uint64_t offset, uint64_t count, size_t unit,
              const void *element) override;

private:
  Status reserveForStep();
  Status prepare(const Request &request);
  Status runPiece(const Request &request, int64_t begin, int64_t length,
                  const char *stateIn, char *stateOut);
  const void *gather(const Request &request, uint32_t index, int64_t begin,
                     int64_t length);
  void scatter(const Request &request, uint32_t index, int64_t begin,
               int64_t length);
  bool isDirect(const Request &request, const char *data, int64_t begin,
                size_t bytes) const;

  const Model &Owner;
  const CpuModel &Device;
  int64_t Batch = 0;
  uint64_t StateBytes = 0; // of all sequences
  AlignedBuffer Current;
  AlignedBuffer Spare;
  AlignedBuffer Workspace;
  std::vector<AlignedBuffer> StagedInputs;
  std::vector<AlignedBuffer> StagedOutputs;
  std::vector<const void *> InputPointers;
  std::vector<void *> OutputPointers;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_CPUSESSION_H
