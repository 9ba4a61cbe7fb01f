//===- SharedMemory.h - places in a block's shared memory -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_SHAREDMEMORY_H
#define SEQMIX_LIB_CONVERSION_SHAREDMEMORY_H

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>

namespace mlir {
namespace seqmix {

/// Lays values out in a block's shared memory, those of disjoint lifetimes in
/// the same place.
class SharedMemory {
public:
  /// What a block may use: two of them fit a multiprocessor of compute
  /// capability 9.0, and one that of every card since 8.0.
  static constexpr int64_t limit = 96 * 1024;

  /// A place of `bytes` for the memory numbered `memory`, from position `now`
  /// in the program to `lastUse`; none if there is no room.
  std::optional<int64_t> allocate(int memory, int64_t bytes, unsigned now,
                                  unsigned lastUse);

  /// Whether two memories have bytes in common; true of one with itself.
  bool overlap(int a, int b) const;

  /// Bytes used at most.
  int64_t size() const { return end; }

private:
  struct Slot {
    int64_t offset, bytes;
    unsigned lastUse;
  };
  llvm::DenseMap<int, Slot> slots;
  int64_t end = 0;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_SHAREDMEMORY_H
