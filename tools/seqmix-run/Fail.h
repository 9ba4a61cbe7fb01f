//===- Fail.h - how seqmix-run gives up -----------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_TOOLS_SEQMIX_RUN_FAIL_H
#define SEQMIX_TOOLS_SEQMIX_RUN_FAIL_H

namespace seqmix {

/// Prints "seqmix-run: error: " and a sentence, formatted as by printf, to
/// stderr and exits with status 1.
[[noreturn]] void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

} // namespace seqmix

#endif // SEQMIX_TOOLS_SEQMIX_RUN_FAIL_H
