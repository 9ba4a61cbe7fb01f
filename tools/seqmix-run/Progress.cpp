//===- Progress.cpp - a line that says how far we are ---------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Printing is cheap to ask for and rare: at most ten times a second, and never
// for what is over before one would wonder.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Progress.h"

#include <cstdio>

#include <unistd.h>

using namespace seqmix;

static constexpr std::chrono::seconds patience(2);
static constexpr std::chrono::milliseconds interval(100);

Progress::Progress()
    : Started(Clock::now()), Printed(Started), Enabled(isatty(STDERR_FILENO)) {}

Progress::~Progress() {
  if (Visible)
    std::fputs("\r\033[K", stderr);
}

void Progress::update(const std::string &what, int64_t done, int64_t total) {
  if (!Enabled)
    return;
  Clock::time_point now = Clock::now();
  if (now - Started < patience || now - Printed < interval)
    return;
  std::fprintf(stderr, "\r\033[K%s: %lld of %lld", what.c_str(),
               static_cast<long long>(done), static_cast<long long>(total));
  std::fflush(stderr);
  Printed = now;
  Visible = true;
}
