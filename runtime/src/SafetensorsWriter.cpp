//===- SafetensorsWriter.cpp - write a safetensors file -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The format allows no holes between tensors, only blanks behind the header. So
// tensors are aligned by their order: the larger the power of two that divides
// its size, the earlier a tensor comes, and each begins at a multiple of what
// divides its own.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/SafetensorsWriter.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <seqmix/model_abi.h>

using namespace seqmix;

SafetensorsWriter::~SafetensorsWriter() {
  if (File >= 0)
    close(File);
  if (!Partial.empty())
    unlink(Partial.c_str());
}

size_t SafetensorsWriter::add(const std::string &name, ElementType type,
                              const std::vector<int64_t> &shape) {
  int64_t bytes = 0;
  shapeProduct(shape.data(), shape.size(), elementBytes(type), bytes);
  Entries.push_back({name, type, shape, static_cast<size_t>(bytes), 0});
  DataBytes += bytes;
  return Entries.size() - 1;
}

/// The largest power of two that divides `bytes`, up to the ABI's alignment.
static size_t alignmentOf(size_t bytes) {
  size_t lowest = bytes & -bytes;
  return lowest ? std::min<size_t>(lowest, SEQMIX_ABI_ALIGNMENT)
                : SEQMIX_ABI_ALIGNMENT;
}

/// A string in JSON. Bytes that are no UTF-8 stay as they are, so that a name
/// is the one that was read.
static std::string quoted(const std::string &text) {
  std::string json = "\"";
  for (char c : text) {
    char escaped[8];
    std::snprintf(escaped, sizeof(escaped), "\\u%04x", c);
    if (static_cast<unsigned char>(c) < 0x20)
      json += escaped;
    else
      json += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  }
  return json + "\"";
}

/// Gives every tensor its place; returns the header.
std::string SafetensorsWriter::arrange(const std::string &metadata) {
  std::vector<Entry *> order;
  for (Entry &entry : Entries)
    order.push_back(&entry);
  // Entries lie in one array: those alike stay in their order.
  std::sort(order.begin(), order.end(), [](const Entry *a, const Entry *b) {
    size_t left = alignmentOf(a->bytes), right = alignmentOf(b->bytes);
    return left != right ? left > right : a < b;
  });
  std::string header = "{";
  if (!metadata.empty())
    header += "\"__metadata__\":" + metadata;
  size_t begin = 0;
  for (Entry *entry : order) {
    entry->begin = begin;
    begin += entry->bytes;
    header += (header.size() > 1 ? "," : "") + quoted(entry->name) +
              ":{\"dtype\":\"" + elementTypeName(entry->type) +
              "\",\"shape\":" +
              shapeString(entry->shape.data(), entry->shape.size()) +
              ",\"data_offsets\":[" + std::to_string(entry->begin) + "," +
              std::to_string(begin) + "]}";
  }
  header += "}";
  while ((sizeof(uint64_t) + header.size()) % SEQMIX_ABI_ALIGNMENT)
    header += ' ';
  return header;
}

Status SafetensorsWriter::failed(const char *verb) const {
  int code = errno;
  return Status::error(
      code == ENOENT ? SEQMIX_ERROR_NOT_FOUND : SEQMIX_ERROR_IO,
      "cannot %s '%s': %s", verb, Path.c_str(), std::strerror(code));
}

Status SafetensorsWriter::create(const std::string &path,
                                 const std::string &metadata) {
  Path = path;
  struct stat info;
  // Naming the new file would put it in the place of a device.
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return Status::error(SEQMIX_ERROR_IO,
                         "cannot write '%s': it is not a regular file",
                         path.c_str());
  std::string partial = path + ".partial-" + std::to_string(getpid());
  File = open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (File < 0)
    return failed("create");
  Partial = partial;
  std::string header = arrange(metadata);
  uint64_t length = header.size();
  DataBegin = sizeof(length) + header.size();
  header.insert(0, reinterpret_cast<const char *>(&length), sizeof(length));
  return writeAt(0, header.data(), header.size());
}

Status SafetensorsWriter::writeAt(size_t place, const char *data,
                                  size_t bytes) {
  while (bytes != 0) {
    ssize_t count = pwrite(File, data, bytes, static_cast<off_t>(place));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return failed("write");
    place += count;
    data += count;
    bytes -= count;
  }
  return Status();
}

Status SafetensorsWriter::write(size_t number, size_t begin, const void *data,
                                size_t bytes) {
  Written += bytes;
  return writeAt(DataBegin + Entries[number].begin + begin,
                 static_cast<const char *>(data), bytes);
}

Status SafetensorsWriter::finish() {
  if (Written != DataBytes)
    return Status::error(SEQMIX_ERROR_INTERNAL,
                         "%zu bytes were written to '%s' when its tensors have "
                         "%zu",
                         Written, Path.c_str(), DataBytes);
  // What a full disk could not take may be known only now.
  if (fsync(File) != 0)
    return failed("write");
  int file = File;
  File = -1;
  if (close(file) != 0)
    return failed("write");
  if (rename(Partial.c_str(), Path.c_str()) != 0)
    return failed("name");
  Partial.clear();
  return Status();
}
