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

/// State in the layout of model_abi.h, with the number of tokens that each
/// sequence has seen.
///
/// Saved, it is a header and one record a sequence: the tokens seen, then each
/// state's bytes in the order of the table, without the padding between them.
/// So a record does not depend on the batch it comes from.
class State {
public:
  /// Makes room for `batch` >= 1 sequences of `model`, whose table must outlive
  /// this, and resets them. OUT_OF_MEMORY.
  Status create(const seqmix_abi_model &model, int64_t batch);

  /// Becomes a copy of `other`, with memory of its own. OUT_OF_MEMORY.
  Status copy(const State &other);

  /// Puts every sequence before its first token.
  void reset();

  int64_t batch() const { return static_cast<int64_t>(Seen.size()); }

  /// The state that compiled code reads and writes in place.
  char *data() const { return Current.data(); }

  /// A second buffer of the same size, for calls that may be abandoned half
  /// way; `adopt` makes it the state. OUT_OF_MEMORY.
  Status reserveSpare();
  char *spare() const { return Spare.data(); }
  void adoptSpare() { std::swap(Current, Spare); }

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
  uint64_t totalBytes() const { return Seen.size() * Model->state_bytes; }
  uint64_t stateBytes(uint32_t index) const;
  char *statePlace(uint32_t index, int64_t sequence) const;
  Status checkSaved(int64_t count, const char *saved, size_t size) const;

  const seqmix_abi_model *Model = nullptr;
  AlignedBuffer Current;
  AlignedBuffer Spare;
  std::vector<int64_t> Seen;
  size_t RecordBytes = 0;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_STATE_H
