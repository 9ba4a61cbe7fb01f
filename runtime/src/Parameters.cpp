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
#include "runtime/src/Quantized.h"

#include <cmath>
#include <cstring>

using namespace seqmix;

Status Parameters::describeMissing() const {
  size_t missing = 0;
  std::string first;
  for (uint32_t i = 0; i != Table->num_params; ++i) {
    if (Pointers[i] || weightOf(*Table, Table->params[i]))
      continue;
    if (missing++ == 0)
      first = Table->params[i].name;
  }
  if (missing == 0)
    return Status();
  std::string others =
      missing == 1 ? ""
                   : " (and " + std::to_string(missing - 1) + " more of the " +
                         std::to_string(Table->num_params) + " parameters)";
  return Status::error(SEQMIX_ERROR_NOT_FOUND, "tensor '%s'%s is not in %s%s",
                       first.c_str(), others.c_str(), Files.describe().c_str(),
                       Files.nearestNames(first).c_str());
}

Status Parameters::load(const seqmix_abi_model &model,
                        const std::vector<std::string> &paths) {
  Table = &model;
  Pointers.assign(model.num_params, nullptr);
  if (Status status = Files.open(paths); !status.ok())
    return status;
  for (uint32_t i = 0; i != model.num_params; ++i) {
    if (weightOf(model, model.params[i]))
      continue; // scales are bound with their weight
    if (Status status = bind(model.params[i]); !status.ok())
      return status;
  }
  return describeMissing();
}

/// Sets the parameter's pointer, if a file has it.
Status Parameters::bind(const seqmix_abi_tensor &parameter) {
  WeightTensor given;
  if (Status status = Files.find(parameter.name, given); !status.ok())
    return status;
  if (!given.tensor)
    return Status();
  std::vector<int64_t> wanted(parameter.shape,
                              parameter.shape + parameter.rank);
  if (given.tensor->shape != wanted)
    return Status::error(
        SEQMIX_ERROR_INCOMPATIBLE,
        "tensor '%s' is %s in %s but the model wants %s", parameter.name,
        shapeString(given.tensor->shape.data(), given.tensor->shape.size())
            .c_str(),
        given.file->name().c_str(),
        shapeString(wanted.data(), wanted.size()).c_str());

  auto type = static_cast<ElementType>(parameter.dtype);
  ElementType has = given.tensor->type;
  if (type == ElementType::I8 && has == ElementType::I8)
    return bindQuantized(parameter, given);
  if (type == ElementType::I8 && isFloat(has))
    return quantize(parameter, given);
  if (isFloat(type) && has == ElementType::I8)
    return dequantize(parameter, given);
  if (type != has && !(isFloat(type) && isFloat(has)))
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "tensor '%s' is %s in %s but the model wants %s",
                         parameter.name, elementTypeName(has),
                         given.file->name().c_str(), elementTypeName(type));
  return place(parameter, *given.tensor);
}

/// Binds in place, or copies what is of another type or not aligned.
Status Parameters::place(const seqmix_abi_tensor &parameter,
                         const SafetensorsTensor &tensor) {
  auto type = static_cast<ElementType>(parameter.dtype);
  if (type == tensor.type && isAligned(tensor.data)) {
    slot(parameter) = tensor.data;
    return Status();
  }
  char *values;
  if (Status status = allocate(parameter, values); !status.ok())
    return status;
  if (isFloat(type))
    convertFloats(tensor.type, tensor.data, type, values, tensor.count());
  else
    std::memcpy(values, tensor.data, tensor.bytes);
  return Status();
}

Status Parameters::allocate(const seqmix_abi_tensor &parameter, char *&values) {
  AlignedBuffer buffer;
  if (Status status = buffer.reserve(tensorBytes(parameter), "the parameters");
      !status.ok())
    return status;
  values = buffer.data();
  slot(parameter) = values;
  Owned.push_back(std::move(buffer));
  return Status();
}

Status Parameters::randomize(const seqmix_abi_model &model, uint64_t seed) {
  Table = &model;
  Pointers.assign(model.num_params, nullptr);
  std::mt19937_64 generator(seed);
  for (uint32_t i = 0; i != model.num_params; ++i) {
    const seqmix_abi_tensor &parameter = model.params[i];
    if (weightOf(model, parameter))
      continue; // scales are drawn with their weight
    if (Status status = parameter.dtype == SEQMIX_ABI_I8
                            ? drawQuantized(parameter, generator)
                            : draw(parameter, generator);
        !status.ok())
      return status;
  }
  return Status();
}

/// The next value of a parameter, uniform between two bounds.
static double drawValue(const seqmix_abi_tensor &parameter,
                        std::mt19937_64 &generator) {
  double fanIn = parameter.rank ? parameter.shape[parameter.rank - 1] : 1;
  double bound = 1.0 / std::sqrt(fanIn);
  double uniform = static_cast<double>(generator() >> 11) * 0x1p-53;
  return bound * (2.0 * uniform - 1.0);
}

Status Parameters::draw(const seqmix_abi_tensor &parameter,
                        std::mt19937_64 &generator) {
  char *values;
  if (Status status = allocate(parameter, values); !status.ok())
    return status;
  auto type = static_cast<ElementType>(parameter.dtype);
  size_t unit = elementBytes(type);
  uint64_t bytes = tensorBytes(parameter);
  for (char *at = values; at != values + bytes; at += unit)
    storeElement(type, drawValue(parameter, generator), at);
  return Status();
}

/// Rounds what a parameter of floats would have got.
Status Parameters::drawQuantized(const seqmix_abi_tensor &parameter,
                                 std::mt19937_64 &generator) {
  const seqmix_abi_tensor &scales = *scalesOf(*Table, parameter);
  char *values, *units;
  if (Status status = allocate(parameter, values); !status.ok())
    return status;
  if (Status status = allocate(scales, units); !status.ok())
    return status;
  std::vector<double> group(
      groupSize(parameter.shape, parameter.rank, scales.shape, scales.rank));
  auto *integers = reinterpret_cast<int8_t *>(values);
  auto *scale = reinterpret_cast<float *>(units);
  int64_t count = tensorBytes(parameter);
  for (int64_t begin = 0; begin != count; begin += group.size()) {
    for (double &value : group)
      value = drawValue(parameter, generator);
    quantizeGroups(ElementType::F64, group.data(), group.size(), group.size(),
                   integers + begin, scale++);
  }
  return Status();
}
