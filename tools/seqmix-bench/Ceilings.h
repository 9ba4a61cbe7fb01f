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
#include <cstdlib>
#include <memory>
#include <vector>

namespace seqmix {

/// What a machine does in a second.
struct Rates {
  double copy = 0; ///< bytes read and written
  double read = 0; ///< bytes read
  double fma = 0;  ///< floating-point operations
};

/// The middle of some measurements, of which there is at least one.
double medianOf(std::vector<double> measured);

/// What several threads can do at most: copy or read large buffers, each its
/// own part, or multiply and add in registers, with the widest vectors that the
/// processor has. Each call returns the bytes moved or the operations done.
class Machine {
public:
  explicit Machine(int threads);

  double copy();
  double read();
  double multiplyAdd();

  /// All of these, in less than a fifth of a second.
  Rates measure();

private:
  struct Free {
    void operator()(char *memory) const { std::free(memory); }
  };

  int threads;
  std::unique_ptr<char, Free> from, to;
};

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_BENCH_CEILINGS_H
