//===- Quantizer.cpp - round a checkpoint to eight bits -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only a model knows which matrices it multiplies by: a checkpoint does not
// tell a projection from a table that is looked up in. So the model's table
// decides, and tensors that it leaves alone or has no use for are copied as
// they are, for whoever else reads the file. A piece at a time is read from the
// mapped files and written, never the whole.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Quantizer.h"

#include "runtime/src/ModelLibrary.h"
#include "runtime/src/Quantized.h"
#include "runtime/src/SafetensorsWriter.h"
#include "runtime/src/WeightFiles.h"
#include "tools/seqmix-run/Checkpoint.h"
#include "tools/seqmix-run/Progress.h"

#include <algorithm>
#include <cmath>

#include <sys/stat.h>

using namespace seqmix;

namespace {
/// A tensor of the checkpoint and what becomes of it.
struct Item {
  WeightTensor given;
  int64_t group = 0;   // 0: it is copied
  size_t number = 0;   // of the tensor in the new file
  size_t scalesAt = 0; // and of its scales
};

/// Turns one checkpoint into another.
class Quantizer {
public:
  Quantizer(const Args &args, QuantizeSummary &summary)
      : Options(args), Summary(summary) {}

  Status run();

private:
  Status checkOutput() const;
  Status checkNames(const seqmix_abi_model &model) const;
  Status plan(const seqmix_abi_model &model);
  Status planQuantized(const seqmix_abi_model &model, Item &item);
  Status copy(const Item &item);
  Status round(const Item &item);
  void advance(size_t bytes);

  const Args &Options;
  QuantizeSummary &Summary;
  WeightFiles Files;
  std::vector<Item> Items;
  SafetensorsWriter Writer;
  Progress Line;
  size_t Done = 0;
};
} // namespace

/// Elements or bytes of a piece.
static constexpr int64_t pieceSize = 1 << 18;

/// The new file must not take the place of one that is being read.
Status Quantizer::checkOutput() const {
  struct stat out, in;
  if (stat(Options.output.c_str(), &out) != 0)
    return Status();
  for (const std::string &path : Options.weights)
    if (stat(path.c_str(), &in) == 0 && in.st_dev == out.st_dev &&
        in.st_ino == out.st_ino)
      return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                           "'%s' would be written over the weights in '%s'",
                           Options.output.c_str(), path.c_str());
  return Status();
}

/// A checkpoint with a shard forgotten would otherwise be found out late.
Status Quantizer::checkNames(const seqmix_abi_model &model) const {
  std::vector<std::string> missing;
  for (uint32_t i = 0; i != model.num_params; ++i) {
    WeightTensor found;
    if (weightOf(model, model.params[i]))
      continue;
    if (Status status = Files.find(model.params[i].name, found); !status.ok())
      return status;
    if (!found.tensor)
      missing.push_back(model.params[i].name);
  }
  if (missing.empty())
    return Status();
  return Status::error(SEQMIX_ERROR_NOT_FOUND,
                       "of the model's parameters %s does not have %s",
                       Files.describe().c_str(), listNames(missing).c_str());
}

/// Checks a weight that is to be rounded, and declares what becomes of it.
Status Quantizer::planQuantized(const seqmix_abi_model &model, Item &item) {
  const SafetensorsTensor &tensor = *item.given.tensor;
  const seqmix_abi_tensor &weight = *findParameter(model, tensor.name);
  const seqmix_abi_tensor &scales = *scalesOf(model, weight);
  const char *name = weight.name, *file = item.given.file->name().c_str();
  std::vector<int64_t> wanted(weight.shape, weight.shape + weight.rank);
  if (tensor.shape != wanted)
    return Status::error(
        SEQMIX_ERROR_INCOMPATIBLE,
        "tensor '%s' is %s in %s but the model wants %s", name,
        shapeString(tensor.shape.data(), tensor.shape.size()).c_str(), file,
        shapeString(weight.shape, weight.rank).c_str());
  if (!isFloat(tensor.type))
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "tensor '%s' is %s in %s when it should be of floats "
                         "to be quantized",
                         name, elementTypeName(tensor.type), file);
  WeightTensor other;
  if (Status status = Files.find(scales.name, other); !status.ok())
    return status;
  if (other.tensor)
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "tensor '%s' is in %s, although '%s' is %s in %s and "
                         "has no scales",
                         scales.name, other.file->name().c_str(), name,
                         elementTypeName(tensor.type), file);
  item.group = groupSize(weight.shape, weight.rank, scales.shape, scales.rank);
  item.number = Writer.add(name, ElementType::I8, wanted);
  item.scalesAt = Writer.add(scales.name, ElementType::F32,
                             {scales.shape, scales.shape + scales.rank});
  ++Summary.quantized;
  return Status();
}

/// Declares every tensor of the new file.
Status Quantizer::plan(const seqmix_abi_model &model) {
  for (const SafetensorsFile &file : Files.files()) {
    for (const SafetensorsTensor &tensor : file.tensors()) {
      Item item;
      if (Status status = Files.find(tensor.name, item.given); !status.ok())
        return status;
      const seqmix_abi_tensor *wanted = findParameter(model, tensor.name);
      if (!wanted || wanted->dtype != SEQMIX_ABI_I8)
        item.number = Writer.add(tensor.name, tensor.type, tensor.shape);
      else if (Status status = planQuantized(model, item); !status.ok())
        return status;
      Items.push_back(item);
      Summary.bytesBefore += tensor.bytes;
    }
  }
  Summary.tensors = Items.size();
  Summary.bytesAfter = Writer.dataBytes();
  return Status();
}

void Quantizer::advance(size_t bytes) {
  Done += bytes;
  Line.update("megabytes", Done >> 20, Summary.bytesBefore >> 20);
}

Status Quantizer::copy(const Item &item) {
  const SafetensorsTensor &tensor = *item.given.tensor;
  for (size_t begin = 0; begin < tensor.bytes; begin += pieceSize) {
    size_t bytes = std::min<size_t>(pieceSize, tensor.bytes - begin);
    if (Status status =
            Writer.write(item.number, begin, tensor.data + begin, bytes);
        !status.ok())
      return status;
    advance(bytes);
  }
  return Status();
}

/// Adds the squares of weights and of what they lose to the sums.
static void measure(const SafetensorsTensor &tensor, int64_t begin,
                    const std::vector<double> &rounded, double &weights,
                    double &losses) {
  std::vector<double> exact(rounded.size());
  convertFloats(tensor.type, tensor.data + begin * elementBytes(tensor.type),
                ElementType::F64, exact.data(), exact.size());
  for (size_t i = 0; i != exact.size(); ++i) {
    weights += exact[i] * exact[i];
    losses += (exact[i] - rounded[i]) * (exact[i] - rounded[i]);
  }
}

Status Quantizer::round(const Item &item) {
  const SafetensorsTensor &tensor = *item.given.tensor;
  size_t unit = elementBytes(tensor.type);
  int64_t most = std::max<int64_t>(pieceSize / item.group, 1) * item.group;
  double weights = 0, losses = 0;
  for (int64_t begin = 0; begin < tensor.count(); begin += most) {
    int64_t count = std::min(most, tensor.count() - begin);
    std::vector<int8_t> values(count);
    std::vector<float> scales(count / item.group);
    int64_t done =
        quantizeGroups(tensor.type, tensor.data + begin * unit, count,
                       item.group, values.data(), scales.data());
    if (done != count)
      return notFinite(item.given, begin + done);
    if (Status status =
            Writer.write(item.number, begin, values.data(), values.size());
        !status.ok())
      return status;
    if (Status status =
            Writer.write(item.scalesAt, begin / item.group * sizeof(float),
                         scales.data(), scales.size() * sizeof(float));
        !status.ok())
      return status;
    std::vector<double> rounded(count);
    dequantizeGroups(values.data(), scales.data(), count, item.group,
                     ElementType::F64, rounded.data());
    measure(tensor, begin, rounded, weights, losses);
    advance(count * unit);
  }
  double error = losses > 0 ? std::sqrt(losses / weights) : 0;
  if (Summary.worstTensor.empty() || error > Summary.worstError) {
    Summary.worstError = error;
    Summary.worstTensor = tensor.name;
  }
  return Status();
}

/// Of several files the first that says anything speaks for all.
static std::string metadataOf(const WeightFiles &files) {
  for (const SafetensorsFile &file : files.files())
    if (file.metadata().compare(0, 1, "{") == 0)
      return file.metadata();
  return "";
}

Status Quantizer::run() {
  ModelLibrary library; // its table alone: code for a card needs no card here
  if (Status status = library.open(Options.model); !status.ok())
    return status;
  const seqmix_abi_model &model = library.model();
  Summary.model = model.name;
  if (std::none_of(model.params, model.params + model.num_params,
                   [](const seqmix_abi_tensor &parameter) {
                     return parameter.dtype == SEQMIX_ABI_I8;
                   }))
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "model '%s' has no weights of eight bits, which would "
                         "say what to quantize: compile it with seqmixc "
                         "--weights=int8",
                         model.name);
  if (Status status = Files.open(Options.weights); !status.ok())
    return status;
  if (Status status = checkOutput(); !status.ok())
    return status;
  if (Status status = checkNames(model); !status.ok())
    return status;
  if (Status status = plan(model); !status.ok())
    return status;
  if (Status status = Writer.create(Options.output, metadataOf(Files));
      !status.ok())
    return status;
  for (const Item &item : Items)
    if (Status status = item.group ? round(item) : copy(item); !status.ok())
      return status;
  return Writer.finish();
}

Status seqmix::quantizeCheckpoint(const Args &args, QuantizeSummary &summary) {
  return Quantizer(args, summary).run();
}
