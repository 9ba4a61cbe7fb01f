//===- State.h - the carried state of a batch of sequences ----*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_STATE_H
#define SEQMIX_RUNTIME_SRC_STATE_H

#include "runtime/src/AlignedBuffer.h"

#include <vector>

#include <seqmix/model_abi.h>

namespace seqmix {

/// The bytes of a batch's state, in the layout of model_abi.h, wherever they
/// are. Offsets are within the state of the whole batch.
class StateMemory {
public:
  virtual ~StateMemory() = default;

  /// Copies bytes to or from memory of the CPU. Waits for all earlier work.
  virtual Status read(uint64_t offset, uint64_t bytes, void *target) const = 0;
  virtual Status write(uint64_t offset, uint64_t bytes, const void *source) = 0;

  /// Writes the same element of `unit` bytes (1, 2, 4 or 8) `count` times. May
  /// be done later, but before what is asked for after it.
  virtual Status fill(uint64_t offset, uint64_t count, size_t unit,
                      const void *element) = 0;
};

/// What the memory of a batch's state means, with the number of tokens that
/// each sequence has seen.
///
/// Saved, it is a header and one record a sequence: the tokens seen, then each
/// state's bytes in the order of the table, without the padding between them.
/// So a record does not depend on the batch it comes from.
class State {
public:
  /// Bytes of the state of `batch` >= 1 sequences. OUT_OF_MEMORY if they cannot
  /// be counted.
  static Status totalBytes(const seqmix_abi_model &model, int64_t batch,
                           uint64_t &bytes);

  /// Describes `batch` >= 1 sequences of `model` in `memory`, which both
  /// outlive this, and resets them.
  Status create(const seqmix_abi_model &model, int64_t batch,
                StateMemory &memory);

  /// Has seen what `other` has, a state of the same model and batch.
  void copySeen(const State &other) { Seen = other.Seen; }

  /// Puts every sequence before its first token.
  Status reset();

  int64_t batch() const { return static_cast<int64_t>(Seen.size()); }

  /// Tokens that a sequence has seen, and the most that any has.
  int64_t seen(int64_t sequence) const { return Seen[sequence]; }
  int64_t mostSeen() const;

  /// Counts `length` more tokens for every sequence.
  void advance(int64_t length);

  /// Bytes that `sequences` sequences take when saved.
  size_t savedBytes(int64_t sequences) const;

  /// Saves sequences [first, first + count). INVALID_ARGUMENT if `size` is too
  /// small.
  Status save(int64_t first, int64_t count, void *saved, size_t size) const;

  /// Replaces those sequences by saved ones, after checking everything.
  /// CORRUPT, INCOMPATIBLE, OUT_OF_RANGE.
  Status restore(int64_t first, int64_t count, const void *saved, size_t size);

private:
  uint64_t stateBytes(uint32_t index) const;
  uint64_t statePlace(uint32_t index, int64_t sequence) const;
  Status checkSaved(int64_t count, const char *saved, size_t size) const;

  const seqmix_abi_model *Model = nullptr;
  StateMemory *Memory = nullptr;
  std::vector<int64_t> Seen;
  size_t RecordBytes = 0;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_STATE_H
