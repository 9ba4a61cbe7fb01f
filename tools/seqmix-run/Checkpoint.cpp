//===- Checkpoint.cpp - a checkpoint's tensors and a model's --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime stops at the first parameter that it does not find. Whoever
// writes a model text wants to see all of them, and what of the checkpoint is
// left over.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Checkpoint.h"

#include "runtime/src/Quantized.h"
#include "runtime/src/Safetensors.h"
#include "tools/seqmix-run/Fail.h"
#include "tools/seqmix-run/Handles.h"

#include <set>

using namespace seqmix;

CheckpointNames seqmix::compareNames(const Args &args) {
  Args bare = args;
  bare.weights.clear();
  bare.device = Device();
  ModelHandle model = openModel(bare);
  std::set<std::string> wanted, given, scales;
  CheckpointNames names;
  std::vector<seqmix_tensor_info> params = listTensors(model, SEQMIX_PARAMS);
  for (const seqmix_tensor_info &param : params) {
    wanted.insert(param.name);
    if (param.dtype == SEQMIX_I8)
      scales.insert(scaleName(param.name));
  }
  for (const std::string &path : args.weights) {
    SafetensorsFile file;
    if (Status status = file.open(path); !status.ok())
      fail("%s", status.message().c_str());
    for (const SafetensorsTensor &tensor : file.tensors()) {
      given.insert(tensor.name);
      if (tensor.type == ElementType::I8 && wanted.count(tensor.name))
        scales.insert(scaleName(tensor.name));
    }
  }
  // Scales belong to their weight: either side may have it in floats.
  for (const seqmix_tensor_info &param : params)
    if (!given.count(param.name) && !scales.count(param.name))
      names.missing.push_back(param.name);
  for (const std::string &name : given)
    if (!wanted.count(name) && !scales.count(name))
      names.unused.push_back(name);
  return names;
}

std::string seqmix::listNames(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}
