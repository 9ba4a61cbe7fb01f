//===- Ceilings.h - what the machine can do ---------------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_BENCH_CEILINGS_H
#define SEQMIX_TOOLS_SEQMIX_BENCH_CEILINGS_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace seqmix {

/// Large buffers that several threads copy or read, each its own part.
class Memory {
public:
  explicit Memory(int threads);

  /// Bytes that a call of copy() reads and writes.
  double copied() const { return 2.0 * static_cast<double>(from.size()); }
  /// Bytes that a call of read() reads.
  double readOnce() const { return static_cast<double>(from.size()); }
  void copy();
  void read();

private:
  int threads;
  std::vector<char> from, to;
};

/// Multiplies and adds in registers on every thread, with the widest vectors
/// that the processor has. Returns the floating-point operations done.
double multiplyAdd(int threads);

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_BENCH_CEILINGS_H
