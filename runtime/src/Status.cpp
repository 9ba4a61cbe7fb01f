//===- Status.cpp - the outcome of a call inside the runtime --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Failures travel through the runtime as values that carry their sentence, and
// are copied once, at the C boundary, into the caller's seqmix_error.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Status.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

using namespace seqmix;

Status Status::error(seqmix_status code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char text[sizeof(seqmix_error::message)];
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);

  Status status;
  status.Code = code;
  status.Message = text;
  for (char &c : status.Message)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = '?';
  return status;
}

seqmix_status seqmix::reportError(seqmix_status code, const char *message,
                                  seqmix_error *error) noexcept {
  if (!error)
    return code;
  size_t length = std::min(std::strlen(message), sizeof(error->message) - 1);
  error->code = code;
  std::memcpy(error->message, message, length);
  error->message[length] = '\0';
  return code;
}

extern "C" const char *seqmix_status_string(seqmix_status status) {
  switch (status) {
  case SEQMIX_OK:
    return "ok";
  case SEQMIX_ERROR_INVALID_ARGUMENT:
    return "invalid argument";
  case SEQMIX_ERROR_NOT_FOUND:
    return "not found";
  case SEQMIX_ERROR_INCOMPATIBLE:
    return "incompatible";
  case SEQMIX_ERROR_CORRUPT:
    return "corrupt";
  case SEQMIX_ERROR_OUT_OF_MEMORY:
    return "out of memory";
  case SEQMIX_ERROR_OUT_OF_RANGE:
    return "out of range";
  case SEQMIX_ERROR_IO:
    return "input or output failed";
  case SEQMIX_ERROR_INTERNAL:
    return "internal error";
  case SEQMIX_ERROR_NO_DEVICE:
    return "no device";
  }
  return "unknown status";
}
