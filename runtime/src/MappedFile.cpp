//===- MappedFile.cpp - a file as read-only memory ------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are mapped rather than read: processes that serve the same model
// share one copy, and a tensor that is never asked for is never loaded.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/MappedFile.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace seqmix;

MappedFile::~MappedFile() {
  if (Data)
    munmap(const_cast<char *>(Data), Size);
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : Data(std::exchange(other.Data, nullptr)),
      Size(std::exchange(other.Size, 0)) {}

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(Data, other.Data);
  std::swap(Size, other.Size);
  return *this;
}

static Status systemError(const char *verb, const std::string &path) {
  int code = errno;
  return Status::error(
      code == ENOENT ? SEQMIX_ERROR_NOT_FOUND : SEQMIX_ERROR_IO,
      "cannot %s '%s': %s", verb, path.c_str(), std::strerror(code));
}

Status MappedFile::open(const std::string &path) {
  // Without O_NONBLOCK opening a pipe would wait for a writer.
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return systemError("open", path);
  struct stat info;
  Status status;
  if (fstat(file, &info) != 0) {
    status = systemError("read", path);
  } else if (!S_ISREG(info.st_mode)) {
    status = Status::error(SEQMIX_ERROR_IO,
                           "cannot map '%s': it is not a regular file",
                           path.c_str());
  } else if (info.st_size > 0) {
    size_t size = static_cast<size_t>(info.st_size);
    void *data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED) {
      status = systemError("map", path);
    } else {
      *this = MappedFile();
      Data = static_cast<const char *>(data);
      Size = size;
    }
  }
  close(file);
  return status;
}
