//===- CheckModelTable.cpp - does a model's table hold its promises? ------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// After this check the rest of the runtime computes with the table's sizes and
// offsets without looking twice. It cannot make hostile code safe, since a
// model is code; it turns a compiler's mistake into a sentence.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CpuLevel.h"
#include "runtime/src/ElementType.h"
#include "runtime/src/ModelLibrary.h"
#include "runtime/src/Quantized.h"

#include <cmath>
#include <cstring>
#include <set>

using namespace seqmix;

namespace {
/// Collects the first fault found, with the file it is in.
class TableChecker {
public:
  explicit TableChecker(const char *file) : File(file) {}

  Status check(const seqmix_abi_model &model);

private:
  Status fault(const std::string &what) const;
  Status checkTensor(const char *kind, uint32_t index,
                     const seqmix_abi_tensor &tensor);
  Status checkScales(const seqmix_abi_model &model,
                     const seqmix_abi_tensor &weight);
  Status checkInput(uint32_t index, const seqmix_abi_input &input);
  Status checkState(uint32_t index, const seqmix_abi_state &state,
                    uint64_t stateBytes);
  Status checkEntry(const std::string &place, uint32_t index,
                    const seqmix_abi_entry &entry);
  Status checkKernel(const std::string &place, uint32_t index,
                     const seqmix_abi_kernel &kernel);
  Status checkCuda(const std::string &place, const seqmix_abi_target &target);
  Status checkTarget(uint32_t index, const seqmix_abi_target &target);
  Status checkTables(const seqmix_abi_model &model);

  const char *File;
  std::set<std::string> Names; // "kind name"
  uint64_t StateEnd = 0;
};
} // namespace

/// Extents a tensor may have.
static constexpr uint32_t maxRank = 16;

/// Threads of a block that every card has.
static constexpr uint32_t maxThreads = 1024;

/// Arguments of a kernel; the driver takes 4 KiB of them.
static constexpr uint32_t maxArguments = 512;

/// The only kind of tensor that may be of I8.
static const char parameter[] = "parameter";

Status TableChecker::fault(const std::string &what) const {
  return Status::error(SEQMIX_ERROR_INCOMPATIBLE, "model '%s' is damaged: %s",
                       File, what.c_str());
}

Status TableChecker::checkTensor(const char *kind, uint32_t index,
                                 const seqmix_abi_tensor &tensor) {
  std::string subject = std::string(kind) + " " + std::to_string(index) + " ";
  if (!tensor.name || !*tensor.name)
    return fault(subject + "has no name");
  subject = std::string(kind) + " '" + tensor.name + "' ";
  if (!Names.insert(subject).second)
    return fault(subject + "is there twice");
  if (!isModelElementType(tensor.dtype))
    return fault(subject + "has the unknown element type " +
                 std::to_string(tensor.dtype));
  if (tensor.dtype == SEQMIX_ABI_I8 && std::strcmp(kind, parameter) != 0)
    return fault(subject + "is of I8 when only parameters may be");
  if (tensor.rank > maxRank || (tensor.rank && !tensor.shape))
    return fault(subject + "has no usable shape");
  for (uint32_t i = 0; i != tensor.rank; ++i)
    if (tensor.shape[i] <= 0)
      return fault(subject + "has the shape " +
                   shapeString(tensor.shape, tensor.rank) +
                   ", whose extents should be positive");
  int64_t bytes;
  if (!shapeProduct(tensor.shape, tensor.rank,
                    elementBytes(static_cast<ElementType>(tensor.dtype)),
                    bytes))
    return fault(subject + "is too large to count");
  return Status();
}

Status TableChecker::checkScales(const seqmix_abi_model &model,
                                 const seqmix_abi_tensor &weight) {
  std::string subject = "parameter '" + std::string(weight.name) + "' of I8 ";
  const seqmix_abi_tensor *scales = scalesOf(model, weight);
  if (!scales)
    return fault(subject + "has no scales '" + scaleName(weight.name) + "'");
  if (scales->dtype != SEQMIX_ABI_F32)
    return fault(subject + "has scales of " +
                 elementTypeName(static_cast<ElementType>(scales->dtype)) +
                 " when they should be of F32");
  if (groupSize(weight.shape, weight.rank, scales->shape, scales->rank) == 0)
    return fault(subject + "is " + shapeString(weight.shape, weight.rank) +
                 " but its scales are " +
                 shapeString(scales->shape, scales->rank) +
                 ", which do not divide its rows");
  return Status();
}

Status TableChecker::checkInput(uint32_t index, const seqmix_abi_input &input) {
  if (Status status = checkTensor("input", index, input.tensor); !status.ok())
    return status;
  bool isInteger = !isFloat(static_cast<ElementType>(input.tensor.dtype));
  if (input.limit < 0 || (input.limit > 0 && !isInteger))
    return fault("input '" + std::string(input.tensor.name) + "' of " +
                 elementTypeName(static_cast<ElementType>(input.tensor.dtype)) +
                 " has the limit " + std::to_string(input.limit));
  return Status();
}

Status TableChecker::checkState(uint32_t index, const seqmix_abi_state &state,
                                uint64_t stateBytes) {
  if (Status status = checkTensor("state", index, state.tensor); !status.ok())
    return status;
  std::string subject = "state '" + std::string(state.tensor.name) + "' ";
  auto type = static_cast<ElementType>(state.tensor.dtype);
  uint64_t bytes = tensorBytes(state.tensor);
  if (state.offset % SEQMIX_ABI_ALIGNMENT != 0)
    return fault(subject + "begins at byte " + std::to_string(state.offset) +
                 ", no multiple of " + std::to_string(SEQMIX_ABI_ALIGNMENT));
  if (state.offset < StateEnd)
    return fault(subject + "begins at byte " + std::to_string(state.offset) +
                 ", before the state ahead of it ends at " +
                 std::to_string(StateEnd));
  if (state.offset > stateBytes || bytes > stateBytes - state.offset)
    return fault(subject + "ends beyond the " + std::to_string(stateBytes) +
                 " bytes of a sequence's state");
  if (!isFloat(type) && !(std::abs(state.init) <= 2147483647.0 &&
                          state.init == std::trunc(state.init)))
    return fault(subject + "of integers begins as " +
                 std::to_string(state.init));
  StateEnd = state.offset + bytes;
  return Status();
}

Status TableChecker::checkEntry(const std::string &place, uint32_t index,
                                const seqmix_abi_entry &entry) {
  std::string subject = place + "entry " + std::to_string(index) + " ";
  if (!entry.name || !entry.workspace_bytes || !entry.run)
    return fault(subject + "lacks its name or code");
  std::string name = entry.name;
  subject = place + "entry '" + name + "' ";
  if (!Names.insert(subject).second)
    return fault(subject + "is there twice");
  if ((name == "prefill" && entry.length != 0) ||
      (name == "step" && entry.length != 1) || entry.length < 0)
    return fault(subject + "takes the length " + std::to_string(entry.length));
  return Status();
}

Status TableChecker::checkKernel(const std::string &place, uint32_t index,
                                 const seqmix_abi_kernel &kernel) {
  std::string subject = place + "kernel " + std::to_string(index) + " ";
  if (!kernel.name || !*kernel.name)
    return fault(subject + "has no name");
  subject = place + "kernel '" + kernel.name + "' ";
  if (!Names.insert(subject).second)
    return fault(subject + "is there twice");
  if (kernel.threads < 1 || kernel.threads > maxThreads)
    return fault(subject + "has " + std::to_string(kernel.threads) +
                 " threads when it should have 1 to " +
                 std::to_string(maxThreads));
  if (kernel.num_arguments > maxArguments)
    return fault(subject + "takes " + std::to_string(kernel.num_arguments) +
                 " arguments when " + std::to_string(maxArguments) +
                 " is the limit");
  return Status();
}

Status TableChecker::checkCuda(const std::string &place,
                               const seqmix_abi_target &target) {
  if (!target.module)
    return fault(place + "has no module");
  if (target.capability == 0)
    return fault(place + "does not say what compute capability it needs");
  for (uint32_t i = 0; i != target.num_kernels; ++i)
    if (Status status = checkKernel(place, i, target.kernels[i]); !status.ok())
      return status;
  return Status();
}

Status TableChecker::checkTarget(uint32_t index,
                                 const seqmix_abi_target &target) {
  std::string place = "target " + std::to_string(index) + " ";
  const char *device = deviceName(target.device);
  if (!device)
    return fault(place + "is for the unknown device " +
                 std::to_string(target.device));
  // Which of several cards' code is for a card, nothing would say.
  bool onCpu = target.device == SEQMIX_ABI_CPU;
  place = "target " +
          (onCpu && target.capability ? cpuLevelName(target.capability)
                                      : std::string(device)) +
          " ";
  if (onCpu && target.capability > maxCpuLevel)
    return fault(
        "target cpu needs the level " + std::to_string(target.capability) +
        " of x86-64 when the highest is " + std::to_string(maxCpuLevel));
  if (!target.name || !*target.name)
    return fault(place + "has no name");
  if (!Names.insert(place).second)
    return fault(place + "is there twice");
  if ((target.num_entries && !target.entries) ||
      (target.num_kernels && !target.kernels))
    return fault(place + "has a table that should have members and is null");
  bool hasPrefill = false;
  for (uint32_t i = 0; i != target.num_entries; ++i) {
    const seqmix_abi_entry &entry = target.entries[i];
    if (Status status = checkEntry(place, i, entry); !status.ok())
      return status;
    hasPrefill |= std::strcmp(entry.name, "prefill") == 0;
  }
  if (!hasPrefill)
    return fault(place + "has no entry 'prefill'");
  return target.device == SEQMIX_ABI_CUDA ? checkCuda(place, target) : Status();
}

Status TableChecker::checkTables(const seqmix_abi_model &model) {
  for (uint32_t i = 0; i != model.num_inputs; ++i)
    if (Status status = checkInput(i, model.inputs[i]); !status.ok())
      return status;
  for (uint32_t i = 0; i != model.num_outputs; ++i)
    if (Status status = checkTensor("output", i, model.outputs[i]);
        !status.ok())
      return status;
  for (uint32_t i = 0; i != model.num_params; ++i)
    if (Status status = checkTensor(parameter, i, model.params[i]);
        !status.ok())
      return status;
  for (uint32_t i = 0; i != model.num_params; ++i)
    if (model.params[i].dtype == SEQMIX_ABI_I8)
      if (Status status = checkScales(model, model.params[i]); !status.ok())
        return status;
  for (uint32_t i = 0; i != model.num_states; ++i)
    if (Status status = checkState(i, model.states[i], model.state_bytes);
        !status.ok())
      return status;
  for (uint32_t i = 0; i != model.num_targets; ++i)
    if (Status status = checkTarget(i, model.targets[i]); !status.ok())
      return status;
  return Status();
}

Status TableChecker::check(const seqmix_abi_model &model) {
  if (!model.name || !*model.name || !model.producer)
    return fault("it lacks its name or its producer");
  if ((model.num_inputs && !model.inputs) ||
      (model.num_outputs && !model.outputs) ||
      (model.num_params && !model.params) ||
      (model.num_states && !model.states) ||
      (model.num_targets && !model.targets))
    return fault("a table that should have members is null");
  if (model.state_id == 0)
    return fault("its state has no identity");
  if (model.state_bytes % SEQMIX_ABI_ALIGNMENT != 0 ||
      model.state_bytes > INT64_MAX)
    return fault("a sequence's state has " + std::to_string(model.state_bytes) +
                 " bytes, no multiple of " +
                 std::to_string(SEQMIX_ABI_ALIGNMENT));
  if (model.max_length < 0)
    return fault("its maximum length is " + std::to_string(model.max_length));
  if (model.num_targets == 0)
    return fault("it was compiled for no device");
  return checkTables(model);
}

const char *seqmix::deviceName(uint32_t device) {
  switch (device) {
  case SEQMIX_ABI_CPU:
    return "cpu";
  case SEQMIX_ABI_CUDA:
    return "cuda";
  }
  return nullptr;
}

uint64_t seqmix::tensorBytes(const seqmix_abi_tensor &tensor) {
  int64_t bytes = 0;
  shapeProduct(tensor.shape, tensor.rank,
               elementBytes(static_cast<ElementType>(tensor.dtype)), bytes);
  return bytes;
}

Status seqmix::checkModelTable(const seqmix_abi_model &model,
                               const char *file) {
  return TableChecker(file).check(model);
}
