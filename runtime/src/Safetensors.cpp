//===- Safetensors.cpp - read tensors from a safetensors file -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The checks are those that the format's own description makes: names are
// unique, every tensor's byte range is exactly as long as its type and shape
// require, and the ranges tile the data section without holes or overlaps.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Safetensors.h"

#include "runtime/src/JsonReader.h"

#include <algorithm>
#include <cstring>

using namespace seqmix;

/// The format's own limit for the header.
static constexpr uint64_t maxHeaderBytes = 100'000'000;

Status SafetensorsFile::corrupt(const std::string &reason) const {
  return Status::error(SEQMIX_ERROR_CORRUPT, "%s: %s", Name.c_str(),
                       reason.c_str());
}

Status SafetensorsFile::open(const std::string &path) {
  Name = path.substr(path.find_last_of('/') + 1);
  if (Status status = File.open(path); !status.ok())
    return status;

  uint64_t headerBytes = 0;
  if (File.size() < sizeof(headerBytes))
    return corrupt("no safetensors file: it has " +
                   std::to_string(File.size()) +
                   " bytes, fewer than the 8 that give the header's length");
  std::memcpy(&headerBytes, File.data(), sizeof(headerBytes));
  size_t rest = File.size() - sizeof(headerBytes);
  if (headerBytes > maxHeaderBytes)
    return corrupt("no safetensors file: its header would be " +
                   std::to_string(headerBytes) +
                   " bytes long, more than the limit of " +
                   std::to_string(maxHeaderBytes));
  if (headerBytes > rest)
    return corrupt("truncated: the header is " + std::to_string(headerBytes) +
                   " bytes long, but only " + std::to_string(rest) +
                   " bytes follow");
  DataBytes = rest - headerBytes;
  return readHeader(File.data() + sizeof(headerBytes), headerBytes);
}

/// Reads the members of one tensor's entry. The range's bounds go to
/// tensor.begin and end.
static bool readEntry(JsonReader &reader, SafetensorsTensor &tensor,
                      std::string &typeName, int64_t &end) {
  std::string member;
  int64_t begin = -1;
  end = -1;
  bool hasShape = false, ok = true;
  for (bool more = reader.enter('{', '}'); more; more = reader.next('}')) {
    if (!reader.key(member))
      return false;
    if (member == "dtype") {
      ok = typeName.empty() && reader.string(typeName) && !typeName.empty();
    } else if (member == "shape") {
      int64_t extent;
      ok = !hasShape;
      hasShape = true;
      for (bool go = reader.enter('[', ']'); go; go = reader.next(']'))
        if (reader.integer(extent))
          tensor.shape.push_back(extent);
    } else if (member == "data_offsets") {
      ok = end < 0 && reader.enter('[', ']') && reader.integer(begin) &&
           reader.next(']') && reader.integer(end) && !reader.next(']');
    } else {
      ok = false;
    }
    if (!ok || reader.failed())
      return false;
  }
  tensor.begin = begin;
  return !reader.failed() && !typeName.empty() && hasShape && end >= 0;
}

Status SafetensorsFile::readHeader(const char *text, size_t size) {
  JsonReader reader(text, size);
  std::string name;
  for (bool more = reader.enter('{', '}'); more; more = reader.next('}')) {
    if (!reader.key(name))
      break;
    if (name == "__metadata__") {
      reader.raw(Metadata);
      continue;
    }
    SafetensorsTensor tensor;
    tensor.name = name;
    std::string typeName;
    int64_t end;
    if (!readEntry(reader, tensor, typeName, end)) {
      if (reader.failed())
        break;
      return corrupt("the header's entry for '" + name +
                     "' is not one dtype, one shape and two data_offsets");
    }
    if (Status status = checkTensor(tensor, typeName, end); !status.ok())
      return status;
    Tensors.push_back(std::move(tensor));
  }
  if (!reader.finish())
    return corrupt("the header is not valid JSON: " + reader.error());
  if (Status status = checkNames(); !status.ok())
    return status;
  return checkRanges();
}

Status SafetensorsFile::checkTensor(SafetensorsTensor &tensor,
                                    const std::string &typeName,
                                    int64_t end) const {
  std::string subject = "tensor '" + tensor.name + "' ";
  if (!parseElementType(typeName, tensor.type))
    return corrupt(subject + "has the unknown dtype '" + typeName + "'");
  if (static_cast<size_t>(end) < tensor.begin)
    return corrupt(subject + "ends at byte " + std::to_string(end) +
                   ", before it begins at " + std::to_string(tensor.begin));
  if (static_cast<size_t>(end) > DataBytes)
    return corrupt("truncated: " + subject + "ends at byte " +
                   std::to_string(end) + " of the data, which has " +
                   std::to_string(DataBytes));
  int64_t wanted;
  std::string shape = shapeString(tensor.shape.data(), tensor.shape.size());
  if (!shapeProduct(tensor.shape.data(), tensor.shape.size(),
                    elementBytes(tensor.type), wanted))
    return corrupt(subject + "has a shape too large to count: " + shape);
  tensor.bytes = end - tensor.begin;
  if (tensor.bytes != static_cast<size_t>(wanted))
    return corrupt(subject + "of " + typeName + " " + shape + " needs " +
                   std::to_string(wanted) + " bytes but is given " +
                   std::to_string(tensor.bytes));
  tensor.data = File.data() + (File.size() - DataBytes) + tensor.begin;
  return Status();
}

Status SafetensorsFile::checkNames() {
  std::sort(Tensors.begin(), Tensors.end(),
            [](const SafetensorsTensor &a, const SafetensorsTensor &b) {
              return a.name < b.name;
            });
  for (size_t i = 1; i < Tensors.size(); ++i)
    if (Tensors[i].name == Tensors[i - 1].name)
      return corrupt("tensor '" + Tensors[i].name + "' is there twice");
  return Status();
}

Status SafetensorsFile::checkRanges() const {
  std::vector<const SafetensorsTensor *> order;
  for (const SafetensorsTensor &tensor : Tensors)
    order.push_back(&tensor);
  std::sort(order.begin(), order.end(),
            [](const SafetensorsTensor *a, const SafetensorsTensor *b) {
              return a->begin != b->begin ? a->begin < b->begin
                                          : a->bytes < b->bytes;
            });
  size_t covered = 0;
  const SafetensorsTensor *last = nullptr;
  for (const SafetensorsTensor *tensor : order) {
    if (tensor->begin < covered)
      return corrupt("tensors '" + last->name + "' and '" + tensor->name +
                     "' overlap");
    if (tensor->begin > covered)
      break;
    covered += tensor->bytes;
    last = tensor;
  }
  if (covered != DataBytes)
    return corrupt("the data from byte " + std::to_string(covered) +
                   " on belongs to no tensor");
  return Status();
}

const SafetensorsTensor *SafetensorsFile::find(const std::string &name) const {
  auto found = std::lower_bound(
      Tensors.begin(), Tensors.end(), name,
      [](const SafetensorsTensor &tensor, const std::string &wanted) {
        return tensor.name < wanted;
      });
  return found != Tensors.end() && found->name == name ? &*found : nullptr;
}
