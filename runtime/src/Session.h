//===- Session.h - a batch of token streams -------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_SESSION_H
#define SEQMIX_RUNTIME_SRC_SESSION_H

#include "runtime/src/Model.h"
#include "runtime/src/State.h"

namespace seqmix {

/// Sequences that advance together: what they have seen, and their state on a
/// device. One thread at a time. What a call means is here; how it is done is
/// the DeviceSession's.
class Session {
public:
  explicit Session(std::shared_ptr<const Model> model);

  /// Makes room for `batch` sequences. INVALID_ARGUMENT, OUT_OF_MEMORY.
  Status create(int64_t batch);

  /// Becomes a copy of `other`, a session of this model or of one with the same
  /// state, possibly on another device. As create and restore.
  Status copy(const Session &other);

  /// Puts every sequence before its first token. What fails of it is said by
  /// the next call.
  void reset();

  /// As State::restore.
  Status restore(int64_t first, int64_t count, const void *saved, size_t size);

  /// As seqmix_session_synchronize.
  Status synchronize();

  /// As seqmix_prefill and seqmix_step.
  Status prefill(int64_t length, const void *const *inputs,
                 void *const *outputs);
  Status step(const void *const *inputs, void *const *outputs);

  const Model &model() const { return *Shared; }
  const std::shared_ptr<const Model> &sharedModel() const { return Shared; }
  const State &state() const { return Carried; }
  DeviceSession &device() { return *Device; }
  const DeviceSession &device() const { return *Device; }

private:
  Status checkRequest(const Request &request) const;
  Status checkLimit(const seqmix_abi_input &input, const void *data,
                    int64_t length) const;
  Status run(const Request &request);

  std::shared_ptr<const Model> Shared; // first: the device's session needs it
  std::unique_ptr<DeviceSession> Device;
  State Carried;
  Status Unsaid; // of a reset
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_SESSION_H
