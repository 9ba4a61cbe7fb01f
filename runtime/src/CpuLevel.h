//===- CpuLevel.h - what the processor can do -------------------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_CPULEVEL_H
#define SEQMIX_RUNTIME_SRC_CPULEVEL_H

#include "runtime/src/Status.h"

#include <cstdint>
#include <string>

namespace seqmix {

/// The highest level of x86-64 there is.
inline constexpr uint32_t maxCpuLevel = 4;

/// The level of x86-64, from 1 to 4, that the processor and the system provide;
/// 0 on another architecture.
uint32_t detectCpuLevel();

/// That level, or what the environment variable SEQMIX_CPU_LEVEL lowers it to.
/// INVALID_ARGUMENT if that is no number from 1 to 4.
Status chooseCpuLevel(uint32_t &level);

/// What people call a level, "x86-64-v3" for 3.
std::string cpuLevelName(uint32_t level);

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_CPULEVEL_H
