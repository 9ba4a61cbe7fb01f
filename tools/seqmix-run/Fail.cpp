//===- Fail.cpp - how seqmix-run gives up ---------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever a user can cause ends here: one line, status 1.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Fail.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

void seqmix::fail(const char *format, ...) {
  std::fflush(stdout);
  va_list arguments;
  va_start(arguments, format);
  std::fputs("seqmix-run: error: ", stderr);
  std::vfprintf(stderr, format, arguments);
  std::fputc('\n', stderr);
  va_end(arguments);
  std::exit(1);
}
