//===- WeightFiles.cpp - a checkpoint in one or several files -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A name that no file has is most often one that is spelt in another way.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/WeightFiles.h"

#include <algorithm>
#include <numeric>

using namespace seqmix;

Status seqmix::notFinite(const WeightTensor &matrix, int64_t index) {
  const SafetensorsTensor &tensor = *matrix.tensor;
  int64_t columns = tensor.shape.back();
  int64_t place[] = {index / columns, index % columns};
  double value;
  convertFloats(tensor.type, tensor.data + index * elementBytes(tensor.type),
                ElementType::F64, &value, 1);
  return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                       "tensor '%s' holds %g at %s in %s, which eight bits "
                       "cannot hold",
                       tensor.name.c_str(), value,
                       shapeString(place, 2).c_str(),
                       matrix.file->name().c_str());
}

Status WeightFiles::open(const std::vector<std::string> &paths) {
  Files.resize(paths.size());
  for (size_t i = 0; i != paths.size(); ++i)
    if (Status status = Files[i].open(paths[i]); !status.ok())
      return status;
  return Status();
}

Status WeightFiles::find(const std::string &name, WeightTensor &found) const {
  found = WeightTensor();
  for (const SafetensorsFile &file : Files) {
    const SafetensorsTensor *tensor = file.find(name);
    if (tensor && found.tensor)
      return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                           "tensor '%s' is both in %s and in %s", name.c_str(),
                           found.file->name().c_str(), file.name().c_str());
    if (tensor)
      found = {tensor, &file};
  }
  return Status();
}

std::string WeightFiles::describe() const {
  return Files.size() == 1
             ? Files[0].name()
             : "the " + std::to_string(Files.size()) + " weight files";
}

/// Suggestions for a name that was not found.
static constexpr size_t maxSuggestions = 3;

/// Letters to insert, remove or replace to make one name of the other.
static size_t editDistance(const std::string &a, const std::string &b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t(0));
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string WeightFiles::nearestNames(const std::string &wanted) const {
  constexpr size_t longest = 256; // bounds the work on a hostile file
  std::vector<std::pair<size_t, std::string>> candidates;
  for (const SafetensorsFile &file : Files)
    for (const SafetensorsTensor &tensor : file.tensors())
      if (tensor.name.size() <= longest)
        candidates.emplace_back(editDistance(wanted, tensor.name), tensor.name);
  size_t kept = std::min(maxSuggestions, candidates.size());
  std::partial_sort(candidates.begin(), candidates.begin() + kept,
                    candidates.end());
  std::string text;
  for (size_t i = 0; i != kept; ++i) {
    text += i == 0 ? (kept == 1 ? "; the nearest name is "
                                : "; the nearest names are ")
                   : (i + 1 == kept ? " and " : ", ");
    text += "'" + candidates[i].second + "'";
  }
  return text;
}
