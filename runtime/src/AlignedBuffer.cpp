//===- AlignedBuffer.cpp - memory for compiled code -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that compiled code touches starts on a cache line of its own; the
// size is rounded up to whole lines too, so that a vector load may run over the
// last element.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/AlignedBuffer.h"

#include <cinttypes>

#include <seqmix/model_abi.h>

using namespace seqmix;

bool seqmix::isAligned(const void *address) {
  return reinterpret_cast<uintptr_t>(address) % SEQMIX_ABI_ALIGNMENT == 0;
}

Status AlignedBuffer::reserve(uint64_t bytes, const char *purpose) {
  if (Memory && bytes <= Capacity)
    return Status();
  constexpr uint64_t line = SEQMIX_ABI_ALIGNMENT;
  uint64_t rounded = bytes ? (bytes + line - 1) / line * line : line;
  char *memory = nullptr;
  if (rounded >= bytes && rounded <= PTRDIFF_MAX)
    memory = static_cast<char *>(std::aligned_alloc(line, rounded));
  if (!memory)
    return Status::error(SEQMIX_ERROR_OUT_OF_MEMORY,
                         "cannot allocate %" PRIu64 " bytes for %s", bytes,
                         purpose);
  Memory.reset(memory);
  Capacity = rounded;
  return Status();
}
