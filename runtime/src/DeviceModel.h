//===- DeviceModel.h - a model on one device ------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_DEVICEMODEL_H
#define SEQMIX_RUNTIME_SRC_DEVICEMODEL_H

#include "runtime/src/State.h"

#include <memory>

#include <seqmix/device.h>

namespace seqmix {

class Model;

/// One call by the user, checked: `length` >= 1 tokens from and to the user's
/// buffers, in pieces of at most `piece`.
struct Request {
  const seqmix_abi_entry &entry;
  bool isStep;
  int64_t length;
  int64_t piece;
  const void *const *inputs;
  void *const *outputs; // null, or some of its members, when not wanted
};

/// What a step of a session costs.
struct StepWork {
  int64_t kernels = 0;
  int64_t graphs = 0;
};

/// The memory of one session on a device, and the running of compiled code
/// there. Knows nothing of how many tokens were seen.
class DeviceSession : public StateMemory {
public:
  /// Takes in the tokens of a request and updates the state. Where a device
  /// computes later than it is asked, this only enqueues.
  virtual Status run(const Request &request) = 0;

  /// Makes the state that of `other`, a session of the same model and batch on
  /// the same device.
  virtual Status copyState(const DeviceSession &other) = 0;

  /// Whether the CPU can read what is there.
  virtual bool isOnHost(const void *data) const = 0;

  /// Works on this stream from now on; null is the session's own.
  virtual Status setStream(void *stream) = 0;

  /// Waits for all work, and says what failed of it.
  virtual Status synchronize() = 0;

  virtual StepWork stepWork() const = 0;
};

/// The code and the parameters of a model on a device: what sessions share.
class DeviceModel {
public:
  virtual ~DeviceModel() = default;

  /// Makes the memory of a session of `batch` sequences of `model`, whose
  /// device this is and which outlives the session. The state is not yet
  /// written. OUT_OF_MEMORY.
  virtual Status
  createSession(const Model &model, int64_t batch,
                std::unique_ptr<DeviceSession> &session) const = 0;

  /// Threads that a call may use.
  virtual int threads() const = 0;

  /// Fills in the members that depend on the device.
  virtual void describe(seqmix_device_info &info) const = 0;
  virtual void describeKernel(uint32_t index,
                              seqmix_kernel_info &info) const = 0;

  /// Memory for the user, aligned for compiled code; copies wait.
  virtual Status allocate(size_t bytes, void *&memory) const = 0;
  virtual void release(void *memory) const = 0;
  virtual Status copy(void *target, const void *source, size_t bytes) const = 0;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_DEVICEMODEL_H
