//===- Parameters.cpp - a model's parameters, bound to values -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights meet the model here, and this is where most first attempts fail: so
// every refusal names the tensor, the file, and both sides, and a name that was
// not found comes with the names that are nearest to it.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Parameters.h"

#include "runtime/src/ModelLibrary.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

using namespace seqmix;

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

/// "; the nearest names are 'x', 'y' and 'z'", or nothing.
static std::string nearestNames(const std::vector<SafetensorsFile> &files,
                                const std::string &wanted) {
  constexpr size_t longest = 256; // bounds the work on a hostile file
  std::vector<std::pair<size_t, std::string>> candidates;
  for (const SafetensorsFile &file : files)
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

static std::string fileNames(const std::vector<SafetensorsFile> &files) {
  return files.size() == 1
             ? files[0].name()
             : "the " + std::to_string(files.size()) + " weight files";
}

Status Parameters::describeMissing(const seqmix_abi_model &model) const {
  size_t missing = 0;
  std::string first;
  for (uint32_t i = 0; i != model.num_params; ++i) {
    if (Pointers[i])
      continue;
    if (missing++ == 0)
      first = model.params[i].name;
  }
  if (missing == 0)
    return Status();
  std::string others =
      missing == 1 ? ""
                   : " (and " + std::to_string(missing - 1) + " more of the " +
                         std::to_string(model.num_params) + " parameters)";
  return Status::error(SEQMIX_ERROR_NOT_FOUND, "tensor '%s'%s is not in %s%s",
                       first.c_str(), others.c_str(), fileNames(Files).c_str(),
                       nearestNames(Files, first).c_str());
}

Status Parameters::load(const seqmix_abi_model &model,
                        const std::vector<std::string> &paths) {
  Files.resize(paths.size());
  for (size_t i = 0; i != paths.size(); ++i)
    if (Status status = Files[i].open(paths[i]); !status.ok())
      return status;
  for (uint32_t i = 0; i != model.num_params; ++i)
    if (Status status = bind(model.params[i]); !status.ok())
      return status;
  return describeMissing(model);
}

/// Appends the parameter's pointer, null if no file has it.
Status Parameters::bind(const seqmix_abi_tensor &parameter) {
  const SafetensorsFile *home = nullptr;
  const SafetensorsTensor *tensor = nullptr;
  for (const SafetensorsFile &file : Files) {
    const SafetensorsTensor *found = file.find(parameter.name);
    if (found && tensor)
      return Status::error(
          SEQMIX_ERROR_INCOMPATIBLE, "tensor '%s' is both in %s and in %s",
          parameter.name, home->name().c_str(), file.name().c_str());
    if (found) {
      tensor = found;
      home = &file;
    }
  }
  if (!tensor) {
    Pointers.push_back(nullptr);
    return Status();
  }

  std::vector<int64_t> wanted(parameter.shape,
                              parameter.shape + parameter.rank);
  if (tensor->shape != wanted)
    return Status::error(
        SEQMIX_ERROR_INCOMPATIBLE,
        "tensor '%s' is %s in %s but the model wants %s", parameter.name,
        shapeString(tensor->shape.data(), tensor->shape.size()).c_str(),
        home->name().c_str(),
        shapeString(wanted.data(), wanted.size()).c_str());
  auto type = static_cast<ElementType>(parameter.dtype);
  if (type != tensor->type && !(isFloat(type) && isFloat(tensor->type)))
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "tensor '%s' is %s in %s but the model wants %s",
                         parameter.name, elementTypeName(tensor->type),
                         home->name().c_str(), elementTypeName(type));
  if (type == tensor->type && isAligned(tensor->data)) {
    Pointers.push_back(tensor->data);
    return Status();
  }
  return convert(parameter, *tensor);
}

Status Parameters::convert(const seqmix_abi_tensor &parameter,
                           const SafetensorsTensor &tensor) {
  auto type = static_cast<ElementType>(parameter.dtype);
  size_t count = tensor.count();
  AlignedBuffer values;
  if (Status status =
          values.reserve(count * elementBytes(type), "the parameters");
      !status.ok())
    return status;
  if (isFloat(type))
    convertFloats(tensor.type, tensor.data, type, values.data(), count);
  else
    std::memcpy(values.data(), tensor.data, tensor.bytes);
  Pointers.push_back(values.data());
  Owned.push_back(std::move(values));
  return Status();
}

Status Parameters::randomize(const seqmix_abi_model &model, uint64_t seed) {
  std::mt19937_64 generator(seed);
  for (uint32_t i = 0; i != model.num_params; ++i) {
    const seqmix_abi_tensor &parameter = model.params[i];
    auto type = static_cast<ElementType>(parameter.dtype);
    size_t unit = elementBytes(type);
    uint64_t bytes = tensorBytes(parameter);
    AlignedBuffer values;
    if (Status status = values.reserve(bytes, "the parameters"); !status.ok())
      return status;
    double fanIn = parameter.rank ? parameter.shape[parameter.rank - 1] : 1;
    double bound = 1.0 / std::sqrt(fanIn);
    for (char *at = values.data(); at != values.data() + bytes; at += unit) {
      double uniform = static_cast<double>(generator() >> 11) * 0x1p-53;
      storeElement(type, bound * (2.0 * uniform - 1.0), at);
    }
    Pointers.push_back(values.data());
    Owned.push_back(std::move(values));
  }
  return Status();
}
