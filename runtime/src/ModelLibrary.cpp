//===- ModelLibrary.cpp - a compiled model, loaded ------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model is found by its one exported function. What can be wrong with a
// library is told apart here: it is not there, it is no library, it is no
// model, it speaks another version of the interface.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ModelLibrary.h"

#include "runtime/src/CpuLevel.h"

#include <cinttypes>
#include <cstring>

#include <dlfcn.h>
#include <sys/stat.h>

using namespace seqmix;

void ModelLibrary::Close::operator()(void *handle) const { dlclose(handle); }

Status ModelLibrary::open(const std::string &path) {
  const char *file = path.c_str();
  struct stat facts;
  if (stat(file, &facts) != 0)
    return Status::error(SEQMIX_ERROR_NOT_FOUND,
                         "cannot open model '%s': no such file", file);
  // Loading a pipe would wait for a writer.
  if (!S_ISREG(facts.st_mode))
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "cannot load model '%s': it is not a regular file",
                         file);
  // Without a slash dlopen would search the system's folders instead.
  std::string place = path.find('/') == std::string::npos ? "./" + path : path;
  Handle.reset(dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!Handle) {
    const char *reason = dlerror();
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "cannot load model '%s': %s", file,
                         reason ? reason : "unknown reason");
  }

  void *symbol = dlsym(Handle.get(), SEQMIX_MODEL_QUERY_SYMBOL);
  if (!symbol)
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "'%s' is not a seqmix model: it does not export %s",
                         file, SEQMIX_MODEL_QUERY_SYMBOL);
  auto query = reinterpret_cast<seqmix_model_query_fn>(symbol);
  const seqmix_abi_model *model = query(SEQMIX_ABI_VERSION);
  if (!model)
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "model '%s' does not speak version %u of the model "
                         "interface: compile it again with a matching seqmixc",
                         file, SEQMIX_ABI_VERSION);
  if (model->magic != SEQMIX_ABI_MAGIC)
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "'%s' is not a seqmix model: its magic is %#x when "
                         "it should be %#x",
                         file, model->magic, SEQMIX_ABI_MAGIC);
  if (model->version != SEQMIX_ABI_VERSION ||
      model->size != sizeof(seqmix_abi_model))
    return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                         "model '%s' was compiled for version %u of the model "
                         "interface (%" PRIu64 " bytes), but this runtime "
                         "speaks version %u (%zu bytes)",
                         file, model->version, model->size, SEQMIX_ABI_VERSION,
                         sizeof(seqmix_abi_model));
  if (Status status = checkModelTable(*model, file); !status.ok())
    return status;
  Model = model;
  return Status();
}

static void addTo(std::string &list, const std::string &item) {
  list += list.empty() ? item : " and " + item;
}

Status ModelLibrary::findTarget(uint32_t device,
                                const seqmix_abi_target *&target) const {
  target = nullptr;
  uint32_t level = 0;
  bool onCpu = device == SEQMIX_ABI_CPU;
  if (onCpu)
    if (Status status = chooseCpuLevel(level); !status.ok())
      return status;
  std::string others, beyond;
  for (uint32_t i = 0; i != Model->num_targets; ++i) {
    const seqmix_abi_target &one = Model->targets[i];
    if (one.device != device)
      addTo(others,
            std::string(deviceName(one.device)) + " (" + one.name + ")");
    else if (onCpu && one.capability > level)
      addTo(beyond, cpuLevelName(one.capability));
    else if (!target || one.capability > target->capability)
      target = &one;
  }
  if (target)
    return Status();
  if (!beyond.empty())
    return Status::error(
        SEQMIX_ERROR_INCOMPATIBLE,
        "model '%s' has code for %s but this processor has %s%s", Model->name,
        beyond.c_str(), cpuLevelName(level).c_str(),
        level < detectCpuLevel() ? " by SEQMIX_CPU_LEVEL" : "");
  return Status::error(SEQMIX_ERROR_INCOMPATIBLE,
                       "model '%s' was compiled for %s and has no code for %s",
                       Model->name, others.c_str(), deviceName(device));
}

const seqmix_abi_entry *ModelLibrary::findEntry(const seqmix_abi_target &target,
                                                const char *name) {
  for (uint32_t i = 0; i != target.num_entries; ++i)
    if (std::strcmp(target.entries[i].name, name) == 0)
      return &target.entries[i];
  return nullptr;
}
