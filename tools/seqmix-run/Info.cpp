//===- Info.cpp - list what is in a model ---------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Works without weights: everything it prints is in the compiled model, and of
// a card in its driver.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ElementType.h"
#include "tools/seqmix-run/Checkpoint.h"
#include "tools/seqmix-run/Commands.h"
#include "tools/seqmix-run/DeviceFacts.h"
#include "tools/seqmix-run/Handles.h"
#include "tools/seqmix-run/JsonWriter.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include <seqmix/device.h>

using namespace seqmix;

namespace {
/// A table and what to call it.
struct Section {
  seqmix_table table;
  const char *title;
};
} // namespace

static constexpr Section sections[] = {{SEQMIX_INPUTS, "inputs"},
                                       {SEQMIX_OUTPUTS, "outputs"},
                                       {SEQMIX_STATES, "states"},
                                       {SEQMIX_PARAMS, "parameters"}};

static size_t totalBytes(const std::vector<seqmix_tensor_info> &tensors) {
  size_t bytes = 0;
  for (const seqmix_tensor_info &tensor : tensors)
    bytes += tensor.bytes;
  return bytes;
}

static size_t totalElements(const std::vector<seqmix_tensor_info> &tensors) {
  size_t elements = 0;
  for (const seqmix_tensor_info &tensor : tensors)
    elements += tensor.bytes / seqmix_dtype_size(tensor.dtype);
  return elements;
}

static void printSection(const Section &section,
                         const std::vector<seqmix_tensor_info> &tensors) {
  std::printf("\n%s: %zu, %zu values, %zu bytes%s\n", section.title,
              tensors.size(), totalElements(tensors), totalBytes(tensors),
              section.table == SEQMIX_STATES   ? " for each sequence"
              : section.table == SEQMIX_PARAMS ? ""
                                               : " for each token");
  int width = 0;
  for (const seqmix_tensor_info &tensor : tensors)
    width = std::max(width, static_cast<int>(std::string(tensor.name).size()));
  for (const seqmix_tensor_info &tensor : tensors) {
    std::printf("  %-*s  %-4s  %s", width, tensor.name,
                seqmix_dtype_name(tensor.dtype),
                shapeString(tensor.shape, tensor.rank).c_str());
    if (tensor.limit)
      std::printf("  in [0, %" PRId64 ")", tensor.limit);
    std::printf("\n");
  }
}

static void writeSection(JsonWriter &json, const Section &section,
                         const std::vector<seqmix_tensor_info> &tensors) {
  json.key(section.title).open('[');
  for (const seqmix_tensor_info &tensor : tensors) {
    json.open('{').key("name").string(tensor.name);
    json.key("dtype").string(seqmix_dtype_name(tensor.dtype));
    json.key("shape").open('[');
    for (uint32_t i = 0; i != tensor.rank; ++i)
      json.integer(tensor.shape[i]);
    json.close(']').key("bytes").integer(tensor.bytes);
    if (tensor.limit)
      json.key("limit").integer(tensor.limit);
    json.close('}');
  }
  json.close(']');
}

static std::vector<seqmix_target_info> listTargets(const ModelHandle &model) {
  std::vector<seqmix_target_info> targets(
      seqmix_model_target_count(model.get()));
  for (size_t i = 0; i != targets.size(); ++i)
    seqmix_model_target(model.get(), i, &targets[i]);
  return targets;
}

/// What runs, and what the model has besides.
static std::string targetText(const ModelHandle &model) {
  std::string others;
  for (const seqmix_target_info &target : listTargets(model))
    if (!target.is_chosen)
      others += (others.empty() ? ", and not used here: " : ", ") +
                std::string(target.name);
  return deviceOf(model).target + others;
}

static void writeTargets(JsonWriter &json, const ModelHandle &model) {
  json.key("targets").open('[');
  for (const seqmix_target_info &target : listTargets(model)) {
    bool onCuda = target.device == SEQMIX_CUDA;
    json.open('{').key("device").string(onCuda ? "cuda" : "cpu");
    json.key("name").string(target.name);
    json.key("capability").integer(target.capability);
    json.key("chosen").boolean(target.is_chosen).close('}');
  }
  json.close(']');
}

static std::vector<seqmix_kernel_info> listKernels(const ModelHandle &model) {
  std::vector<seqmix_kernel_info> kernels(
      seqmix_model_kernel_count(model.get()));
  for (size_t i = 0; i != kernels.size(); ++i)
    seqmix_model_kernel(model.get(), i, &kernels[i]);
  return kernels;
}

static void printKernels(const std::vector<seqmix_kernel_info> &kernels) {
  if (kernels.empty())
    return;
  int width = 4;
  for (const seqmix_kernel_info &kernel : kernels)
    width = std::max(width, static_cast<int>(std::string(kernel.name).size()));
  std::printf("\nkernels: %zu\n  %-*s  threads  registers  shared bytes  local "
              "bytes\n",
              kernels.size(), width, "name");
  for (const seqmix_kernel_info &kernel : kernels)
    std::printf("  %-*s  %7d  %9d  %12d  %11d\n", width, kernel.name,
                kernel.threads, kernel.registers, kernel.shared_bytes,
                kernel.local_bytes);
}

static void writeKernels(JsonWriter &json,
                         const std::vector<seqmix_kernel_info> &kernels) {
  json.key("kernels").open('[');
  for (const seqmix_kernel_info &kernel : kernels) {
    json.open('{').key("name").string(kernel.name);
    json.key("threads").integer(kernel.threads);
    json.key("registers").integer(kernel.registers);
    json.key("shared_bytes").integer(kernel.shared_bytes);
    json.key("local_bytes").integer(kernel.local_bytes).close('}');
  }
  json.close(']');
}

static void printJson(const ModelHandle &model, const CheckpointNames &names) {
  JsonWriter json;
  json.open('{').key("model").string(seqmix_model_name(model.get()));
  json.key("producer").string(seqmix_model_producer(model.get()));
  writeDevice(json, model);
  writeTargets(json, model);
  json.key("threads").integer(seqmix_model_threads(model.get()));
  json.key("weights").boolean(seqmix_model_has_weights(model.get()));
  json.key("max_length").integer(seqmix_model_max_length(model.get()));
  json.key("state_bytes").integer(seqmix_model_state_bytes(model.get()));
  std::vector<seqmix_tensor_info> params = listTensors(model, SEQMIX_PARAMS);
  json.key("parameter_count").integer(totalElements(params));
  json.key("parameter_bytes").integer(totalBytes(params));
  json.key("entries").open('[');
  for (size_t i = 0; i != seqmix_model_entry_count(model.get()); ++i)
    json.string(seqmix_model_entry_name(model.get(), i));
  json.close(']');
  for (const Section &section : sections)
    writeSection(json, section, listTensors(model, section.table));
  writeKernels(json, listKernels(model));
  json.key("unused_tensors").open('[');
  for (const std::string &name : names.unused)
    json.string(name);
  json.close(']');
  json.close('}').print();
}

/// What a checkpoint has beyond the model is often a head that is tied, and
/// sometimes half of a model that somebody forgot to write.
static void warnOfUnused(const CheckpointNames &names) {
  if (!names.unused.empty())
    std::fprintf(stderr,
                 "seqmix-run: warning: the model does not use %zu of the "
                 "checkpoint's tensors: %s\n",
                 names.unused.size(), listNames(names.unused).c_str());
}

int seqmix::runInfo(const Args &args) {
  ModelHandle model = openModel(args);
  CheckpointNames names =
      args.weights.empty() ? CheckpointNames() : compareNames(args);
  warnOfUnused(names);
  if (args.json) {
    printJson(model, names);
    return 0;
  }
  std::printf("model %s\n", seqmix_model_name(model.get()));
  std::printf("  producer    %s\n", seqmix_model_producer(model.get()));
  std::printf("  device      %s\n", deviceText(model).c_str());
  std::printf("  code for    %s\n", targetText(model).c_str());
  if (args.device.isCuda)
    std::printf("  products    %s\n", deviceOf(model).matmul);
  std::printf("  weights     %s\n",
              seqmix_model_has_weights(model.get()) ? "bound" : "not given");
  if (int64_t most = seqmix_model_max_length(model.get()))
    std::printf("  max length  %" PRId64 " tokens\n", most);
  std::printf("  state       %zu bytes for each sequence, %016" PRIx64 "\n",
              seqmix_model_state_bytes(model.get()),
              seqmix_model_state_id(model.get()));
  std::printf("  entries    ");
  for (size_t i = 0; i != seqmix_model_entry_count(model.get()); ++i)
    std::printf(" %s", seqmix_model_entry_name(model.get(), i));
  std::printf("\n");
  for (const Section &section : sections)
    printSection(section, listTensors(model, section.table));
  printKernels(listKernels(model));
  return 0;
}
