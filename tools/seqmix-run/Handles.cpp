//===- Handles.cpp - the C interface, owned and checked -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tool uses the runtime as any program would, through its C interface;
// this turns that interface's errors into the tool's.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Handles.h"

#include "tools/seqmix-run/Checkpoint.h"
#include "tools/seqmix-run/Fail.h"

#include <unistd.h>

#include <seqmix/device.h>

using namespace seqmix;

void seqmix::check(seqmix_status status, const seqmix_error &error) {
  if (status != SEQMIX_OK)
    fail("%s", error.message);
}

/// Several missing parameters are all told, not only the first.
static void explainMissing(const Args &args, const seqmix_error &error) {
  if (access(args.model.c_str(), R_OK) != 0)
    return;
  CheckpointNames names = compareNames(args);
  if (names.missing.size() > 1)
    fail("%s; all that are missing: %s", error.message,
         listNames(names.missing).c_str());
}

ModelHandle seqmix::openModel(const Args &args, uint64_t randomSeed) {
  std::vector<const char *> weights;
  for (const std::string &path : args.weights)
    weights.push_back(path.c_str());
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.threads = args.threads;
  options.random_weights_seed = randomSeed;
  options.piece_tokens = args.piece;
  options.device = args.device.isCuda ? SEQMIX_CUDA : SEQMIX_CPU;
  options.device_index = args.device.index;
  options.no_vendor_matmul = args.ownMatmul;
  seqmix_model *model;
  seqmix_error error;
  seqmix_status status =
      seqmix_model_open_sharded(args.model.c_str(), weights.data(),
                                weights.size(), &options, &model, &error);
  if (status == SEQMIX_ERROR_NOT_FOUND && !weights.empty())
    explainMissing(args, error);
  check(status, error);
  return ModelHandle(model);
}

SessionHandle seqmix::createSession(const ModelHandle &model, int64_t batch) {
  seqmix_session *session;
  seqmix_error error;
  check(seqmix_session_create(model.get(), batch, &session, &error), error);
  return SessionHandle(session);
}

void seqmix::wait(const SessionHandle &session) {
  seqmix_error error;
  check(seqmix_session_synchronize(session.get(), &error), error);
}

std::vector<seqmix_tensor_info> seqmix::listTensors(const ModelHandle &model,
                                                    seqmix_table table) {
  std::vector<seqmix_tensor_info> tensors(
      seqmix_model_count(model.get(), table));
  for (size_t i = 0; i != tensors.size(); ++i)
    seqmix_model_tensor(model.get(), table, i, &tensors[i]);
  return tensors;
}

Buffers::Buffers(const std::vector<seqmix_tensor_info> &tensors,
                 int64_t tokens) {
  for (const seqmix_tensor_info &tensor : tensors)
    Bytes.emplace_back(tensor.bytes * tokens);
  for (std::vector<char> &bytes : Bytes)
    Pointers.push_back(bytes.data());
}

DeviceBuffers::DeviceBuffers(const ModelHandle &model,
                             const std::vector<seqmix_tensor_info> &tensors,
                             int64_t tokens)
    : Model(model) {
  for (const seqmix_tensor_info &tensor : tensors) {
    seqmix_error error;
    void *memory;
    check(seqmix_device_alloc(model.get(), tensor.bytes * tokens, &memory,
                              &error),
          error);
    Pointers.push_back(memory);
  }
}

DeviceBuffers::~DeviceBuffers() {
  for (void *memory : Pointers)
    seqmix_device_free(Model.get(), memory);
}

void seqmix::copyBytes(const ModelHandle &model, void *target,
                       const void *source, size_t bytes) {
  seqmix_error error;
  check(seqmix_device_copy(model.get(), target, source, bytes, &error), error);
}
