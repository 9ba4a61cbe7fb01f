//===- SharedMemory.cpp - places in a block's shared memory ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/SharedMemory.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir::seqmix;

/// Places begin where the widest load may.
static constexpr int64_t alignment = 16;

std::optional<int64_t> SharedMemory::allocate(int memory, int64_t bytes,
                                              unsigned now, unsigned lastUse) {
  bytes = llvm::alignTo(bytes, alignment);
  llvm::SmallVector<Slot> live;
  for (const auto &entry : slots)
    if (entry.second.lastUse >= now)
      live.push_back(entry.second);
  llvm::sort(live,
             [](const Slot &a, const Slot &b) { return a.offset < b.offset; });
  int64_t offset = 0;
  for (const Slot &slot : live) {
    if (slot.offset - offset >= bytes)
      break;
    offset = std::max(offset, slot.offset + slot.bytes);
  }
  if (offset + bytes > limit)
    return std::nullopt;
  slots[memory] = {offset, bytes, lastUse};
  end = std::max(end, offset + bytes);
  return offset;
}

bool SharedMemory::overlap(int a, int b) const {
  if (a == b)
    return true;
  auto first = slots.find(a), second = slots.find(b);
  if (first == slots.end() || second == slots.end())
    return false;
  const Slot &x = first->second, &y = second->second;
  return x.offset < y.offset + y.bytes && y.offset < x.offset + x.bytes;
}
