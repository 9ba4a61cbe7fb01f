//===- AlignedBuffer.cpp - memory for compiled code -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that compiled code touches starts on a cache line of its own; the
// size is rounded up to whole lines too, so that a vector load may run over the
// last element. Long buffers ask for huge pages: heads and channels of a token
// stand a row apart from the next token's, so that with small pages nearly
// every row is a miss of the translation cache (GLA's chunks take 8.2 to 10.4
// ms so and 7.3 ms with huge ones, the RG-LRU's scan 22.6 and 15.5).
//
//===----------------------------------------------------------------------===//

#include "runtime/src/AlignedBuffer.h"

#include <cinttypes>

#include <sys/mman.h>

#include <seqmix/model_abi.h>

using namespace seqmix;

bool seqmix::isAligned(const void *address) {
  return reinterpret_cast<uintptr_t>(address) % SEQMIX_ABI_ALIGNMENT == 0;
}

#ifdef MADV_HUGEPAGE
/// What a large page holds where pages of the base size hold 4 KiB.
static constexpr uint64_t hugePage = uint64_t(2) << 20;

static char *allocateHuge(uint64_t bytes) {
  uint64_t whole = (bytes + hugePage - 1) / hugePage * hugePage;
  auto *memory = static_cast<char *>(std::aligned_alloc(hugePage, whole));
  // Where the kernel has no such pages, small ones do as well. Of the last,
  // only what is touched is used.
  if (memory)
    (void)madvise(memory, bytes / hugePage * hugePage, MADV_HUGEPAGE);
  return memory;
}
#endif

/// `bytes` are whole lines. Null if there is no such memory.
static char *allocateLines(uint64_t bytes) {
#ifdef MADV_HUGEPAGE
  if (bytes >= 2 * hugePage)
    return allocateHuge(bytes);
#endif
  return static_cast<char *>(std::aligned_alloc(SEQMIX_ABI_ALIGNMENT, bytes));
}

Status AlignedBuffer::reserve(uint64_t bytes, const char *purpose) {
  if (Memory && bytes <= Capacity)
    return Status();
  constexpr uint64_t line = SEQMIX_ABI_ALIGNMENT;
  uint64_t rounded = bytes ? (bytes + line - 1) / line * line : line;
  char *memory = nullptr;
  if (rounded >= bytes && rounded <= PTRDIFF_MAX)
    memory = allocateLines(rounded);
  if (!memory)
    return Status::error(SEQMIX_ERROR_OUT_OF_MEMORY,
                         "cannot allocate %" PRIu64 " bytes for %s", bytes,
                         purpose);
  Memory.reset(memory);
  Capacity = rounded;
  return Status();
}
