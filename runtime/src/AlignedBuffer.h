//===- AlignedBuffer.h - memory for compiled code -------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_ALIGNEDBUFFER_H
#define SEQMIX_RUNTIME_SRC_ALIGNEDBUFFER_H

#include "runtime/src/Status.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace seqmix {

/// True if compiled code may be handed this address.
bool isAligned(const void *address);

/// Owned bytes at an address that compiled code accepts. Never null once
/// reserved, not even for zero bytes.
class AlignedBuffer {
public:
  /// Makes room for at least `bytes`, rounded up to the alignment. What was
  /// there before is lost if it has to grow. OUT_OF_MEMORY, saying that
  /// `purpose` needed it; the buffer is then as it was.
  Status reserve(uint64_t bytes, const char *purpose);

  char *data() const { return Memory.get(); }

  /// Hands the bytes over, to be freed with std::free.
  char *release() {
    Capacity = 0;
    return Memory.release();
  }

private:
  struct Free {
    void operator()(char *memory) const { std::free(memory); }
  };
  std::unique_ptr<char, Free> Memory;
  uint64_t Capacity = 0;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_ALIGNEDBUFFER_H
