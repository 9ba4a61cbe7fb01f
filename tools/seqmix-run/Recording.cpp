//===- Recording.cpp - recorded inputs and outputs ------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recordings are made elsewhere, in whatever types were at hand there: 64-bit
// tokens, logits in single or double precision. They are brought into the
// model's types, outputs into double, and anything that does not fit is named.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Recording.h"

#include "runtime/src/Safetensors.h"
#include "tools/seqmix-run/Fail.h"

#include <cinttypes>
#include <cmath>
#include <cstring>
#include <limits>

using namespace seqmix;

namespace {
/// Reads the tensors of one file for one model.
class Reader {
public:
  Reader(const SafetensorsFile &file, const ModelHandle &model)
      : File(file), IsTokenModel(seqmix_model_vocabulary(model.get()) != 0) {}

  void readInput(const seqmix_tensor_info &input);
  void readOutput(const seqmix_tensor_info &output);
  void readGreedy();

  Recording Result;

private:
  const SafetensorsTensor *find(const seqmix_tensor_info &wanted,
                                const char *synonym) const;
  void checkShape(const SafetensorsTensor &tensor,
                  const seqmix_tensor_info &wanted);
  std::vector<int64_t> readIntegers(const SafetensorsTensor &tensor) const;

  const SafetensorsFile &File;
  bool IsTokenModel;
  bool HasSize = false;
};
} // namespace

const SafetensorsTensor *Reader::find(const seqmix_tensor_info &wanted,
                                      const char *synonym) const {
  const SafetensorsTensor *tensor = File.find(wanted.name);
  return tensor || !IsTokenModel ? tensor : File.find(synonym);
}

/// The first tensor fixes batch and length, the others must agree.
void Reader::checkShape(const SafetensorsTensor &tensor,
                        const seqmix_tensor_info &wanted) {
  const std::vector<int64_t> &shape = tensor.shape;
  if (!HasSize && shape.size() >= 2) {
    Result.batch = shape[0];
    Result.length = shape[1];
    HasSize = true;
  }
  std::vector<int64_t> fit = {Result.batch, Result.length};
  fit.insert(fit.end(), wanted.shape, wanted.shape + wanted.rank);
  if (!HasSize || shape != fit)
    fail("tensor '%s' is %s in %s when it should be [batch, length] and then "
         "%s, with the batch and length of the others",
         tensor.name.c_str(), shapeString(shape.data(), shape.size()).c_str(),
         File.name().c_str(), shapeString(wanted.shape, wanted.rank).c_str());
  if (Result.batch == 0)
    fail("tensor '%s' in %s has no sequences", tensor.name.c_str(),
         File.name().c_str());
}

std::vector<int64_t>
Reader::readIntegers(const SafetensorsTensor &tensor) const {
  if (tensor.type != ElementType::I32 && tensor.type != ElementType::I64)
    fail("tensor '%s' is %s in %s when it should be I64", tensor.name.c_str(),
         elementTypeName(tensor.type), File.name().c_str());
  std::vector<int64_t> values(tensor.count());
  for (size_t i = 0; i != values.size(); ++i) {
    int32_t narrow = 0;
    if (tensor.type == ElementType::I64)
      std::memcpy(&values[i], tensor.data + i * 8, 8);
    else
      std::memcpy(&narrow, tensor.data + i * 4, 4);
    if (tensor.type == ElementType::I32)
      values[i] = narrow;
  }
  return values;
}

void Reader::readInput(const seqmix_tensor_info &input) {
  const SafetensorsTensor *tensor = find(input, "tokens");
  if (!tensor)
    fail("%s holds no tensor '%s'%s", File.name().c_str(), input.name,
         IsTokenModel ? " or 'tokens'" : "");
  checkShape(*tensor, input);
  auto type = static_cast<ElementType>(input.dtype);
  std::vector<char> bytes(tensor->count() * elementBytes(type));
  if (isFloat(type)) {
    if (!isFloat(tensor->type))
      fail("tensor '%s' is %s in %s but the model wants %s", input.name,
           elementTypeName(tensor->type), File.name().c_str(),
           elementTypeName(type));
    convertFloats(tensor->type, tensor->data, type, bytes.data(),
                  tensor->count());
  } else {
    std::vector<int64_t> values = readIntegers(*tensor);
    for (size_t i = 0; i != values.size(); ++i) {
      auto narrow = static_cast<int32_t>(values[i]);
      if (type == ElementType::I32 && narrow != values[i])
        fail("tensor '%s' holds %" PRId64 " in %s, which is no I32",
             tensor->name.c_str(), values[i], File.name().c_str());
      if (type == ElementType::I32)
        std::memcpy(&bytes[i * 4], &narrow, 4);
      else
        std::memcpy(&bytes[i * 8], &values[i], 8);
    }
  }
  Result.inputs.push_back(std::move(bytes));
}

void Reader::readOutput(const seqmix_tensor_info &output) {
  Result.outputs.emplace_back();
  const SafetensorsTensor *tensor = find(output, "logits");
  if (!tensor)
    return;
  checkShape(*tensor, output);
  if (!isFloat(tensor->type))
    fail("tensor '%s' is %s in %s when it should be F32 or F64",
         tensor->name.c_str(), elementTypeName(tensor->type),
         File.name().c_str());
  std::vector<double> &values = Result.outputs.back();
  values.resize(tensor->count());
  convertFloats(tensor->type, tensor->data, ElementType::F64, values.data(),
                values.size());
  for (double value : values)
    if (!std::isfinite(value))
      fail("tensor '%s' in %s holds a value that is not finite",
           tensor->name.c_str(), File.name().c_str());
}

void Reader::readGreedy() {
  const SafetensorsTensor *tensor = File.find("greedy");
  if (!tensor || !IsTokenModel)
    return;
  if (tensor->shape.size() != 2 || tensor->shape[0] != Result.batch)
    fail("tensor 'greedy' is %s in %s when it should be [%" PRId64 ", tokens]",
         shapeString(tensor->shape.data(), tensor->shape.size()).c_str(),
         File.name().c_str(), Result.batch);
  Result.greedyLength = tensor->shape[1];
  Result.greedy = readIntegers(*tensor);
  if (Result.greedyLength && Result.length == 0)
    fail("%s holds 'greedy' but no tokens that it could follow",
         File.name().c_str());
}

Recording seqmix::readRecording(const std::string &path,
                                const ModelHandle &model) {
  SafetensorsFile file;
  if (Status status = file.open(path); !status.ok())
    fail("%s", status.message().c_str());
  Reader reader(file, model);
  for (const seqmix_tensor_info &input : listTensors(model, SEQMIX_INPUTS))
    reader.readInput(input);
  for (const seqmix_tensor_info &output : listTensors(model, SEQMIX_OUTPUTS)) {
    if (!isFloat(static_cast<ElementType>(output.dtype)))
      fail("output '%s' of the model is not of floats, so it has no error",
           output.name);
    reader.readOutput(output);
  }
  reader.readGreedy();
  return std::move(reader.Result);
}

bool Recording::hasExpectations() const {
  bool hasAny = !greedy.empty();
  for (const std::vector<double> &output : outputs)
    hasAny |= !output.empty();
  return hasAny;
}
