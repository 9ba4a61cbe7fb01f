//===- Boundary.h - from C++ to the C interface ---------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_BOUNDARY_H
#define SEQMIX_RUNTIME_SRC_BOUNDARY_H

#include "runtime/src/Model.h"

#include <exception>
#include <memory>
#include <new>
#include <stdexcept>

/// The C interface's handle of a model: one hold on it.
struct seqmix_model {
  std::shared_ptr<const seqmix::Model> shared;
};

namespace seqmix {

/// Runs `body`, which returns a Status, for a function of the C interface: no
/// exception passes, and the outcome goes to `error` and the return value.
template <typename Body>
seqmix_status atBoundary(seqmix_error *error, Body body) noexcept {
  try {
    return body().report(error);
  } catch (const std::bad_alloc &) {
    return reportError(SEQMIX_ERROR_OUT_OF_MEMORY, "memory ran out", error);
  } catch (const std::length_error &) {
    return reportError(SEQMIX_ERROR_OUT_OF_MEMORY,
                       "more memory was asked for than can be addressed",
                       error);
  } catch (const std::exception &fault) {
    return reportError(SEQMIX_ERROR_INTERNAL, fault.what(), error);
  }
}

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_BOUNDARY_H
