//===- ParametersQuantized.cpp - weights of eight bits, bound -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model and a file may each have a weight in eight bits or in floats.
// Integers that were rounded for one group are never rounded again for another,
// which would lose twice.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Parameters.h"
#include "runtime/src/Quantized.h"

#include <cinttypes>

using namespace seqmix;

static std::string shapeOf(const SafetensorsTensor &tensor) {
  return shapeString(tensor.shape.data(), tensor.shape.size());
}

/// Finds the scales of a weight that a file has in eight bits, which may be in
/// another file.
Status Parameters::findScales(const WeightTensor &weight, WeightTensor &scales,
                              int64_t &group) const {
  const std::string &name = weight.tensor->name;
  std::string wanted = scaleName(name);
  if (Status status = Files.find(wanted, scales); !status.ok())
    return status;
  if (!scales.tensor)
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "tensor '%s' is I8 in %s, but its scales '%s' are not "
                         "in %s",
                         name.c_str(), weight.file->name().c_str(),
                         wanted.c_str(), Files.describe().c_str());
  if (scales.tensor->type != ElementType::F32)
    return Status::error(
        SEQMIX_ERROR_INCOMPATIBLE,
        "tensor '%s' is %s in %s but the scales of weights of I8 are F32",
        wanted.c_str(), elementTypeName(scales.tensor->type),
        scales.file->name().c_str());
  const std::vector<int64_t> &shape = weight.tensor->shape;
  const std::vector<int64_t> &scaleShape = scales.tensor->shape;
  group = groupSize(shape.data(), shape.size(), scaleShape.data(),
                    scaleShape.size());
  if (group == 0)
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "tensor '%s' of I8 is %s in %s but its scales '%s' "
                         "are %s in %s, which do not divide its rows",
                         name.c_str(), shapeOf(*weight.tensor).c_str(),
                         weight.file->name().c_str(), wanted.c_str(),
                         shapeOf(*scales.tensor).c_str(),
                         scales.file->name().c_str());
  return Status();
}

/// Eight bits on both sides: nothing to compute.
Status Parameters::bindQuantized(const seqmix_abi_tensor &parameter,
                                 const WeightTensor &given) {
  const seqmix_abi_tensor &table = *scalesOf(*Table, parameter);
  WeightTensor scales;
  int64_t group, wanted = groupSize(parameter.shape, parameter.rank,
                                    table.shape, table.rank);
  if (Status status = findScales(given, scales, group); !status.ok())
    return status;
  if (group != wanted)
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "tensor '%s' has a scale for every %" PRId64
                         " weights in %s but the model wants one for every "
                         "%" PRId64 ": quantize the original weights for it",
                         parameter.name, group, given.file->name().c_str(),
                         wanted);
  if (Status status = place(parameter, *given.tensor); !status.ok())
    return status;
  return place(table, *scales.tensor);
}

/// From floats to the model's integers and scales.
Status Parameters::quantize(const seqmix_abi_tensor &parameter,
                            const WeightTensor &given) {
  const seqmix_abi_tensor &table = *scalesOf(*Table, parameter);
  const SafetensorsTensor &tensor = *given.tensor;
  char *values, *scales;
  if (Status status = allocate(parameter, values); !status.ok())
    return status;
  if (Status status = allocate(table, scales); !status.ok())
    return status;
  int64_t group =
      groupSize(parameter.shape, parameter.rank, table.shape, table.rank);
  int64_t done = quantizeGroups(tensor.type, tensor.data, tensor.count(), group,
                                reinterpret_cast<int8_t *>(values),
                                reinterpret_cast<float *>(scales));
  return done == tensor.count() ? Status() : notFinite(given, done);
}

/// From the file's integers and scales to floats.
Status Parameters::dequantize(const seqmix_abi_tensor &parameter,
                              const WeightTensor &given) {
  WeightTensor scales;
  int64_t group;
  if (Status status = findScales(given, scales, group); !status.ok())
    return status;
  char *values;
  if (Status status = allocate(parameter, values); !status.ok())
    return status;
  dequantizeGroups(given.tensor->data, scales.tensor->data,
                   given.tensor->count(), group,
                   static_cast<ElementType>(parameter.dtype), values);
  return Status();
}
