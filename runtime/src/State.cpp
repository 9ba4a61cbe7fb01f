//===- State.cpp - the carried state of a batch of sequences --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything a sequence remembers is in one flat buffer, so saving, forking and
// moving sequences between batches and devices are copies that no model code
// takes part in. A state is read and written for all its sequences at once,
// since a copy from or to a device takes long to begin.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/State.h"

#include "runtime/src/ElementType.h"
#include "runtime/src/ModelLibrary.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

using namespace seqmix;

namespace {
/// What a saved state begins with. Little-endian, like all that follows.
struct SavedHeader {
  char magic[8];
  uint32_t version;
  uint32_t headerBytes;
  uint64_t stateId;
  int64_t batch;
  uint64_t payloadBytes;
  uint64_t checksum; // of the header with this member 0, then the payload
};
static_assert(sizeof(SavedHeader) == 48, "the saved layout is fixed");
} // namespace

static constexpr char savedMagic[8] = {'S', 'Q', 'M', 'X', 'S', 'T', 'A', 'T'};
static constexpr uint32_t savedVersion = 1;

/// FNV-1a over one more block of bytes.
static uint64_t hashBytes(uint64_t hash, const void *data, size_t size) {
  const unsigned char *bytes = static_cast<const unsigned char *>(data);
  for (size_t i = 0; i != size; ++i)
    hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

static uint64_t checksum(SavedHeader header, const char *payload) {
  header.checksum = 0;
  uint64_t hash = hashBytes(0xcbf29ce484222325u, &header, sizeof(header));
  return hashBytes(hash, payload, header.payloadBytes);
}

uint64_t State::stateBytes(uint32_t index) const {
  return tensorBytes(Model->states[index].tensor);
}

uint64_t State::statePlace(uint32_t index, int64_t sequence) const {
  return batch() * Model->states[index].offset + sequence * stateBytes(index);
}

Status State::totalBytes(const seqmix_abi_model &model, int64_t batch,
                         uint64_t &bytes) {
  // A saved record may exceed state_bytes by the count of tokens.
  int64_t bound;
  if (__builtin_mul_overflow(static_cast<int64_t>(model.state_bytes) + 64,
                             batch, &bound))
    return Status::error(SEQMIX_ERROR_OUT_OF_MEMORY,
                         "the state of %" PRId64 " sequences is too large",
                         batch);
  bytes = batch * model.state_bytes;
  return Status();
}

Status State::create(const seqmix_abi_model &model, int64_t batch,
                     StateMemory &memory) {
  Model = &model;
  Memory = &memory;
  RecordBytes = sizeof(int64_t);
  for (uint32_t i = 0; i != model.num_states; ++i)
    RecordBytes += stateBytes(i);
  Seen.assign(batch, 0);
  return reset();
}

Status State::reset() {
  std::fill(Seen.begin(), Seen.end(), 0);
  const char zero[8] = {};
  if (Status status = Memory->fill(0, batch() * Model->state_bytes, 1, zero);
      !status.ok())
    return status;
  for (uint32_t i = 0; i != Model->num_states; ++i) {
    const seqmix_abi_state &state = Model->states[i];
    auto type = static_cast<ElementType>(state.tensor.dtype);
    char element[8] = {};
    storeElement(type, state.init, element);
    if (std::memcmp(element, zero, sizeof(zero)) == 0)
      continue;
    size_t unit = elementBytes(type);
    if (Status status = Memory->fill(
            statePlace(i, 0), batch() * stateBytes(i) / unit, unit, element);
        !status.ok())
      return status;
  }
  return Status();
}

int64_t State::mostSeen() const {
  return *std::max_element(Seen.begin(), Seen.end());
}

void State::advance(int64_t length) {
  for (int64_t &count : Seen)
    count += length;
}

size_t State::savedBytes(int64_t sequences) const {
  return sizeof(SavedHeader) + sequences * RecordBytes;
}

Status State::save(int64_t first, int64_t count, void *saved,
                   size_t size) const {
  if (size < savedBytes(count))
    return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                         "the buffer has %zu bytes when the state needs %zu",
                         size, savedBytes(count));
  SavedHeader header = {};
  std::memcpy(header.magic, savedMagic, sizeof(savedMagic));
  header.version = savedVersion;
  header.headerBytes = sizeof(header);
  header.stateId = Model->state_id;
  header.batch = count;
  header.payloadBytes = count * RecordBytes;

  char *payload = static_cast<char *>(saved) + sizeof(header);
  for (int64_t i = 0; i != count; ++i)
    std::memcpy(payload + i * RecordBytes, &Seen[first + i], sizeof(int64_t));
  std::vector<char> values;
  size_t place = sizeof(int64_t);
  for (uint32_t k = 0; k != Model->num_states; place += stateBytes(k++)) {
    size_t bytes = stateBytes(k);
    values.resize(count * bytes);
    if (Status status =
            Memory->read(statePlace(k, first), values.size(), values.data());
        !status.ok())
      return status;
    for (int64_t i = 0; i != count; ++i)
      std::memcpy(payload + i * RecordBytes + place, &values[i * bytes], bytes);
  }
  header.checksum = checksum(header, payload);
  std::memcpy(saved, &header, sizeof(header));
  return Status();
}

Status State::checkSaved(int64_t count, const char *saved, size_t size) const {
  SavedHeader header;
  if (size < sizeof(header) ||
      std::memcmp(saved, savedMagic, sizeof(savedMagic)) != 0)
    return Status::error(SEQMIX_ERROR_CORRUPT,
                         "these %zu bytes are not a saved state", size);
  std::memcpy(&header, saved, sizeof(header));
  if (header.version != savedVersion || header.headerBytes != sizeof(header))
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "the saved state is of version %u, but this runtime "
                         "reads version %u",
                         header.version, savedVersion);
  if (header.payloadBytes != size - sizeof(header))
    return Status::error(SEQMIX_ERROR_CORRUPT,
                         "the saved state is %s: it has %zu bytes after its "
                         "header when it should have %" PRIu64,
                         header.payloadBytes > size - sizeof(header)
                             ? "truncated"
                             : "followed by other bytes",
                         size - sizeof(header), header.payloadBytes);
  if (checksum(header, saved + sizeof(header)) != header.checksum)
    return Status::error(
        SEQMIX_ERROR_CORRUPT,
        "the saved state was altered: its checksum does not match");
  if (header.stateId != Model->state_id)
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "the saved state is of another model: its identity "
                         "is %016" PRIx64 " when that of '%s' is %016" PRIx64,
                         header.stateId, Model->name, Model->state_id);
  if (header.batch != count)
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "the saved state is of %" PRId64
                         " sequences when it should be of %" PRId64,
                         header.batch, count);
  if (header.payloadBytes != count * RecordBytes)
    return Status::error(SEQMIX_ERROR_CORRUPT,
                         "the saved state has %" PRIu64
                         " bytes of sequences when the model's have %zu",
                         header.payloadBytes, count * RecordBytes);
  return Status();
}

Status State::restore(int64_t first, int64_t count, const void *saved,
                      size_t size) {
  const char *bytes = static_cast<const char *>(saved);
  if (Status status = checkSaved(count, bytes, size); !status.ok())
    return status;
  const char *payload = bytes + sizeof(SavedHeader);
  std::vector<int64_t> seen(count);
  for (int64_t i = 0; i != count; ++i) {
    std::memcpy(&seen[i], payload + i * RecordBytes, sizeof(int64_t));
    if (seen[i] < 0 || (Model->max_length && seen[i] > Model->max_length))
      return Status::error(SEQMIX_ERROR_OUT_OF_RANGE,
                           "the saved state has seen %" PRId64
                           " tokens, but the model's maximum is %" PRId64,
                           seen[i], Model->max_length);
  }

  std::vector<char> values;
  size_t place = sizeof(int64_t);
  for (uint32_t k = 0; k != Model->num_states; place += stateBytes(k++)) {
    size_t stateSize = stateBytes(k);
    values.resize(count * stateSize);
    for (int64_t i = 0; i != count; ++i)
      std::memcpy(&values[i * stateSize], payload + i * RecordBytes + place,
                  stateSize);
    if (Status status =
            Memory->write(statePlace(k, first), values.size(), values.data());
        !status.ok())
      return status;
  }
  std::copy(seen.begin(), seen.end(), Seen.begin() + first);
  return Status();
}
