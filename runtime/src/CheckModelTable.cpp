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

#include "runtime/src/ElementType.h"
#include "runtime/src/ModelLibrary.h"

#include <cmath>
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
  Status checkInput(uint32_t index, const seqmix_abi_input &input);
  Status checkState(uint32_t index, const seqmix_abi_state &state,
                    uint64_t stateBytes);
  Status checkEntry(uint32_t index, const seqmix_abi_entry &entry);
  Status checkTables(const seqmix_abi_model &model);

  const char *File;
  std::set<std::string> Names; // "kind name"
  uint64_t StateEnd = 0;
  bool HasPrefill = false;
};
} // namespace

/// Extents a tensor may have.
static constexpr uint32_t maxRank = 16;

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

Status TableChecker::checkEntry(uint32_t index, const seqmix_abi_entry &entry) {
  std::string subject = "entry " + std::to_string(index) + " ";
  if (!entry.name || !entry.workspace_bytes || !entry.run)
    return fault(subject + "lacks its name or code");
  std::string name = entry.name;
  subject = "entry '" + name + "' ";
  if (!Names.insert(subject).second)
    return fault(subject + "is there twice");
  if ((name == "prefill" && entry.length != 0) ||
      (name == "step" && entry.length != 1) || entry.length < 0)
    return fault(subject + "takes the length " + std::to_string(entry.length));
  HasPrefill |= name == "prefill";
  return Status();
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
    if (Status status = checkTensor("parameter", i, model.params[i]);
        !status.ok())
      return status;
  for (uint32_t i = 0; i != model.num_states; ++i)
    if (Status status = checkState(i, model.states[i], model.state_bytes);
        !status.ok())
      return status;
  for (uint32_t i = 0; i != model.num_entries; ++i)
    if (Status status = checkEntry(i, model.entries[i]); !status.ok())
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
      (model.num_entries && !model.entries))
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
  if (Status status = checkTables(model); !status.ok())
    return status;
  if (!HasPrefill)
    return fault("it has no entry 'prefill'");
  return Status();
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
