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

/// Sequences that advance together. One thread at a time.
///
/// Compiled code either carries out a call or refuses it before it touches
/// anything, so a call that is one piece updates the state in place. A call of
/// several pieces works on the state's spare copy, which becomes the state
/// after the last piece. Either way a failing call leaves the session as it
/// was.
class Session {
public:
  explicit Session(std::shared_ptr<const Model> model);

  /// Makes room for `batch` sequences. INVALID_ARGUMENT, OUT_OF_MEMORY.
  Status create(int64_t batch);

  /// Becomes a copy of `other`, a session of the same model. OUT_OF_MEMORY.
  Status copy(const Session &other);

  /// As seqmix_prefill and seqmix_step.
  Status prefill(int64_t length, const void *const *inputs,
                 void *const *outputs);
  Status step(const void *const *inputs, void *const *outputs);

  const Model &model() const { return *Shared; }
  const std::shared_ptr<const Model> &sharedModel() const { return Shared; }
  State &state() { return Carried; }
  const State &state() const { return Carried; }

private:
  /// One call by the user: `length` tokens from and to the user's buffers, in
  /// pieces of at most `piece`.
  struct Request {
    const seqmix_abi_entry &entry;
    int64_t length;
    int64_t piece;
    const void *const *inputs;
    void *const *outputs;
  };

  Status checkRequest(const Request &request) const;
  Status checkLimit(const seqmix_abi_input &input, const void *data,
                    int64_t length) const;
  Status prepare(const Request &request);
  Status run(const Request &request);
  Status runPiece(const Request &request, int64_t begin, int64_t length,
                  const char *stateIn, char *stateOut);
  const void *gather(const Request &request, uint32_t index, int64_t begin,
                     int64_t length);
  void scatter(const Request &request, uint32_t index, int64_t begin,
               int64_t length);
  bool isDirect(const Request &request, const char *data, int64_t begin,
                size_t bytes) const;
  int64_t pieceLength() const;

  std::shared_ptr<const Model> Shared;
  State Carried;
  AlignedBuffer Workspace;
  std::vector<AlignedBuffer> StagedInputs;
  std::vector<AlignedBuffer> StagedOutputs;
  std::vector<const void *> InputPointers;
  std::vector<void *> OutputPointers;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_SESSION_H
