//===- DeviceFacts.cpp - what a model runs on, for people -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One wording for every command.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/DeviceFacts.h"

#include <cstdio>

using namespace seqmix;

seqmix_device_info seqmix::deviceOf(const ModelHandle &model) {
  seqmix_device_info info;
  seqmix_model_device(model.get(), &info);
  return info;
}

/// "12.4" for 12040.
static std::string driverText(int32_t version) {
  return std::to_string(version / 1000) + "." +
         std::to_string(version % 1000 / 10);
}

static std::string capabilityText(int32_t capability) {
  return std::to_string(capability / 10) + "." +
         std::to_string(capability % 10);
}

std::string seqmix::deviceText(const ModelHandle &model) {
  seqmix_device_info info = deviceOf(model);
  if (info.device == SEQMIX_CPU)
    return "cpu, " + std::to_string(seqmix_model_threads(model.get())) +
           " threads";
  char memory[32];
  std::snprintf(memory, sizeof(memory), "%.1f GiB",
                static_cast<double>(info.memory_bytes) / (1 << 30));
  return std::string(info.name) + " (compute capability " +
         capabilityText(info.capability) + ", " + memory + ", driver of CUDA " +
         driverText(info.driver_version) + ")";
}

void seqmix::writeDevice(JsonWriter &json, const ModelHandle &model) {
  seqmix_device_info info = deviceOf(model);
  bool onCuda = info.device == SEQMIX_CUDA;
  json.key("device").string(onCuda ? "cuda" : "cpu");
  json.key("target").string(info.target);
  json.key("matmul").string(info.matmul);
  if (!onCuda)
    return;
  json.key("device_index").integer(info.index);
  json.key("card").string(info.name);
  json.key("driver").string(driverText(info.driver_version));
  json.key("capability").string(capabilityText(info.capability));
  json.key("memory_bytes").integer(static_cast<int64_t>(info.memory_bytes));
}
