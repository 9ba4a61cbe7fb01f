//===- Status.h - the outcome of a call inside the runtime ----*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_STATUS_H
#define SEQMIX_RUNTIME_SRC_STATUS_H

#include <string>

#include <seqmix/seqmix.h>

namespace seqmix {

/// Writes a code and a sentence, cut to fit, to `error` unless that is null.
/// Allocates nothing. Returns the code.
seqmix_status reportError(seqmix_status code, const char *message,
                          seqmix_error *error) noexcept;

/// Success, or a code and a sentence. The sentence begins in lower case, has no
/// final period and says both of the values that disagree.
class [[nodiscard]] Status {
public:
  /// Success.
  Status() = default;

  /// A failure whose message is formatted as by printf. Control characters,
  /// which may come from names in damaged files, are replaced by '?'.
  static Status error(seqmix_status code, const char *format, ...)
      __attribute__((format(printf, 2, 3)));

  bool ok() const { return Code == SEQMIX_OK; }
  seqmix_status code() const { return Code; }
  const std::string &message() const { return Message; }

  /// Writes code and message to `error` as reportError does.
  seqmix_status report(seqmix_error *error) const {
    return reportError(Code, Message.c_str(), error);
  }

private:
  seqmix_status Code = SEQMIX_OK;
  std::string Message;
};

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_STATUS_H
