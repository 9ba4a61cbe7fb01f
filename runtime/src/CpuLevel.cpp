//===- CpuLevel.cpp - what the processor can do ---------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiler's own table of processors knows what belongs to a level, and
// asks the system too whether it saves the wider registers.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CpuLevel.h"

#include <algorithm>
#include <cstdlib>

using namespace seqmix;

uint32_t seqmix::detectCpuLevel() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("x86-64-v4"))
    return 4;
  if (__builtin_cpu_supports("x86-64-v3"))
    return 3;
  return __builtin_cpu_supports("x86-64-v2") ? 2 : 1;
#else
  return 0;
#endif
}

Status seqmix::chooseCpuLevel(uint32_t &level) {
  level = detectCpuLevel();
  const char *text = std::getenv("SEQMIX_CPU_LEVEL");
  if (!text || !*text)
    return Status();
  char *end;
  long value = std::strtol(text, &end, 10);
  if (*end || value < 1 || value > static_cast<long>(maxCpuLevel))
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "SEQMIX_CPU_LEVEL is '%.32s' when it should be a "
                         "number from 1 to %u",
                         text, maxCpuLevel);
  level = std::min(level, static_cast<uint32_t>(value));
  return Status();
}

std::string seqmix::cpuLevelName(uint32_t level) {
  if (level == 0)
    return "another architecture";
  return level == 1 ? "x86-64" : "x86-64-v" + std::to_string(level);
}
