//===- ModelApi.cpp - the C interface of models ---------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opening, closing and questions. The public element types are those of the
// model interface, checked here once, so that no table translates between them.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Boundary.h"

using namespace seqmix;

static_assert(int(SEQMIX_F32) == int(SEQMIX_ABI_F32) &&
                  int(SEQMIX_F64) == int(SEQMIX_ABI_F64) &&
                  int(SEQMIX_F16) == int(SEQMIX_ABI_F16) &&
                  int(SEQMIX_BF16) == int(SEQMIX_ABI_BF16) &&
                  int(SEQMIX_I32) == int(SEQMIX_ABI_I32) &&
                  int(SEQMIX_I64) == int(SEQMIX_ABI_I64) &&
                  int(SEQMIX_I8) == int(SEQMIX_ABI_I8),
              "the public element types are those of the model interface");
static_assert(SEQMIX_ALIGNMENT == SEQMIX_ABI_ALIGNMENT,
              "what is used in place is what compiled code accepts");

int seqmix_api_version(void) { return SEQMIX_API_VERSION; }

void seqmix_model_options_init(seqmix_model_options *options) {
  if (!options)
    return;
  *options = {};
  options->size = sizeof(*options);
}

seqmix_status seqmix_model_open(const char *path, const char *weights,
                                const seqmix_model_options *options,
                                seqmix_model **model, seqmix_error *error) {
  return seqmix_model_open_sharded(path, &weights, weights ? 1 : 0, options,
                                   model, error);
}

seqmix_status seqmix_model_open_sharded(const char *path,
                                        const char *const *weights,
                                        size_t num_weights,
                                        const seqmix_model_options *options,
                                        seqmix_model **model,
                                        seqmix_error *error) {
  if (model)
    *model = nullptr;
  return atBoundary(error, [&] {
    if (!path || !model || (num_weights && !weights))
      return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                           "path, model or weights is null");
    seqmix_model_options chosen;
    seqmix_model_options_init(&chosen);
    if (options && options->size != sizeof(chosen))
      return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                           "the options' size is %zu when it should be %zu: "
                           "call seqmix_model_options_init first",
                           options->size, sizeof(chosen));
    if (options)
      chosen = *options;
    std::vector<std::string> paths;
    for (size_t i = 0; i != num_weights; ++i) {
      if (!weights[i])
        return Status::error(SEQMIX_ERROR_INVALID_ARGUMENT,
                             "the path of weight file %zu is null", i);
      paths.push_back(weights[i]);
    }
    auto opened = std::make_shared<Model>();
    if (Status status = opened->open(path, paths, chosen); !status.ok())
      return status;
    *model = new seqmix_model{std::move(opened)};
    return Status();
  });
}

void seqmix_model_close(seqmix_model *model) { delete model; }

int64_t seqmix_model_vocabulary(const seqmix_model *model) {
  return model->shared->vocabulary();
}

size_t seqmix_dtype_size(seqmix_dtype dtype) {
  return isModelElementType(dtype)
             ? elementBytes(static_cast<ElementType>(dtype))
             : 0;
}

const char *seqmix_dtype_name(seqmix_dtype dtype) {
  return isModelElementType(dtype)
             ? elementTypeName(static_cast<ElementType>(dtype))
             : "unknown type";
}

const char *seqmix_model_name(const seqmix_model *model) {
  return model->shared->abi().name;
}

const char *seqmix_model_producer(const seqmix_model *model) {
  return model->shared->abi().producer;
}

size_t seqmix_model_count(const seqmix_model *model, seqmix_table table) {
  const seqmix_abi_model &abi = model->shared->abi();
  switch (table) {
  case SEQMIX_INPUTS:
    return abi.num_inputs;
  case SEQMIX_OUTPUTS:
    return abi.num_outputs;
  case SEQMIX_PARAMS:
    return abi.num_params;
  case SEQMIX_STATES:
    return abi.num_states;
  }
  return 0;
}

static const seqmix_abi_tensor &tensorAt(const seqmix_abi_model &abi,
                                         seqmix_table table, size_t index) {
  if (table == SEQMIX_INPUTS)
    return abi.inputs[index].tensor;
  if (table == SEQMIX_OUTPUTS)
    return abi.outputs[index];
  return table == SEQMIX_PARAMS ? abi.params[index] : abi.states[index].tensor;
}

seqmix_status seqmix_model_tensor(const seqmix_model *model, seqmix_table table,
                                  size_t index, seqmix_tensor_info *info) {
  if (!info)
    return SEQMIX_ERROR_INVALID_ARGUMENT;
  *info = {};
  if (index >= seqmix_model_count(model, table))
    return SEQMIX_ERROR_OUT_OF_RANGE;
  const seqmix_abi_model &abi = model->shared->abi();
  const seqmix_abi_tensor &tensor = tensorAt(abi, table, index);
  info->name = tensor.name;
  info->dtype = static_cast<seqmix_dtype>(tensor.dtype);
  info->rank = tensor.rank;
  info->shape = tensor.rank ? tensor.shape : nullptr;
  info->bytes = tensorBytes(tensor);
  info->limit = table == SEQMIX_INPUTS ? abi.inputs[index].limit : 0;
  return SEQMIX_OK;
}

size_t seqmix_model_entry_count(const seqmix_model *model) {
  return model->shared->target().num_entries;
}

const char *seqmix_model_entry_name(const seqmix_model *model, size_t index) {
  const seqmix_abi_target &target = model->shared->target();
  return index < target.num_entries ? target.entries[index].name : nullptr;
}

size_t seqmix_model_state_bytes(const seqmix_model *model) {
  return model->shared->abi().state_bytes;
}

uint64_t seqmix_model_state_id(const seqmix_model *model) {
  return model->shared->abi().state_id;
}

int64_t seqmix_model_max_length(const seqmix_model *model) {
  return model->shared->abi().max_length;
}

int32_t seqmix_model_threads(const seqmix_model *model) {
  return model->shared->device().threads();
}

int seqmix_model_has_weights(const seqmix_model *model) {
  return model->shared->hasWeights();
}
