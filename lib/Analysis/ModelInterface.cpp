//===- ModelInterface.cpp - what a model shows to the outside -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ModelInterface.h"

#include "runtime/include/seqmix/model_abi.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace mlir::seqmix;

int64_t TensorEntry::getBytes() const {
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// The inputs and outputs of one entry point.
static void collectSequences(EntryOp entry, std::vector<InputEntry> &inputs,
                             std::vector<TensorEntry> &outputs) {
  for (auto [argument, name, limit] :
       llvm::zip_equal(entry.getBody().getArguments(),
                       entry.getInputNames().getAsRange<StringAttr>(),
                       entry.getInputLimits()))
    inputs.push_back(
        {{name.str(), getTokenType(argument.getType()), argument.getLoc()},
         limit});
  auto end = cast<ReturnOp>(entry.getBody().front().getTerminator());
  for (auto [value, name] : llvm::zip_equal(
           end.getOutputs(), end.getOutputNames().getAsRange<StringAttr>()))
    outputs.push_back(
        {name.str(), getTokenType(value.getType()), value.getLoc()});
}

template <typename A, typename B>
static bool sameTensors(const A &a, const B &b) {
  return a.size() == b.size() &&
         llvm::all_of(llvm::zip_equal(a, b), [](auto pair) {
           auto &[x, y] = pair;
           return x.name == y.name && x.type == y.type;
         });
}

/// The position of `name` in a table, or its size.
template <typename Table>
static unsigned indexOf(const Table &table, StringRef name) {
  auto it = llvm::find_if(table, [&](auto &e) { return e.name == name; });
  return it - table.begin();
}

FailureOr<ModelInterface> ModelInterface::compute(ModelOp model) {
  ModelInterface result;
  result.name = model.getSymName();
  result.maxLength = model.getMaxLength().value_or(0);
  for (EntryOp entry : model.getOps<EntryOp>()) {
    std::vector<InputEntry> inputs;
    std::vector<TensorEntry> outputs;
    collectSequences(entry, inputs, outputs);
    if (result.entries.empty()) {
      result.inputs = inputs;
      result.outputs = outputs;
    } else if (!sameTensors(inputs, result.inputs) ||
               !sameTensors(outputs, result.outputs)) {
      return entry.emitError("inputs and outputs of @")
             << entry.getSymName() << " differ from those of @"
             << result.entries.front().name;
    }
    result.entries.push_back(
        {entry.getSymName().str(),
         static_cast<int64_t>(entry.getLength().value_or(0))});
    for (ParamOp param : entry.getOps<ParamOp>())
      if (indexOf(result.params, param.getName()) == result.params.size())
        result.params.push_back(
            {param.getName().str(), param.getType(), param.getLoc()});
    for (StateOp state : entry.getOps<StateOp>()) {
      if (indexOf(result.states, state.getName()) < result.states.size())
        continue;
      StateEntry added{{state.getName().str(),
                        getTokenStateType(state.getType()), state.getLoc()},
                       result.stateBytes,
                       state.getInit().convertToDouble()};
      result.stateBytes +=
          llvm::alignTo(added.getBytes(), SEQMIX_ABI_ALIGNMENT);
      result.states.push_back(added);
    }
  }
  return result;
}

unsigned ModelInterface::getParamIndex(StringRef name) const {
  return indexOf(params, name);
}

unsigned ModelInterface::getStateIndex(StringRef name) const {
  return indexOf(states, name);
}

uint64_t ModelInterface::getStateId() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << name;
  for (const StateEntry &state : states)
    os << '\n' << state.name << ' ' << state.type << ' ' << state.offset;
  return std::max<uint64_t>(llvm::xxh3_64bits(text), 1);
}
