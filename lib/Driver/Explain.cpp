//===- Explain.cpp - what the compiler made of a model --------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Facts are gathered once into plain structs, then printed as text or as JSON.
// Layers whose states are alike are told once; so is a mixer that the source
// has once and the model many times.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Explain.h"

#include "lib/Analysis/ModelInterface.h"
#include "lib/Driver/ExplainMixers.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace mlir::seqmix;

namespace {
/// The states of one layer; names are relative to the layer.
struct LayerStates {
  struct State {
    std::string name;
    const StateEntry *entry;
    bool grows; ///< has an entry for every token, and room for so many
  };
  std::string layer;
  SmallVector<State> states;
  int64_t bytes = 0;        ///< for any number of tokens
  int64_t growingBytes = 0; ///< for as many as there is room for

  bool isLike(const LayerStates &other) const {
    return llvm::equal(states, other.states, [](const auto &a, const auto &b) {
      return a.name == b.name && a.entry->type == b.entry->type;
    });
  }
};
} // namespace

/// Splits "blocks.3.wkv.num" into the layer "blocks.3" and the rest.
static std::pair<StringRef, StringRef> splitLayer(StringRef name) {
  for (size_t at = 0; at != StringRef::npos;) {
    size_t end = name.find('.', at);
    StringRef part = name.slice(at, end);
    if (!part.empty() && llvm::all_of(part, llvm::isDigit) &&
        end != StringRef::npos)
      return {name.take_front(end), name.drop_front(end + 1)};
    at = end == StringRef::npos ? end : end + 1;
  }
  return {"", name};
}

std::string seqmix::describe(RankedTensorType type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(type.getShape(), os);
  os << "] " << type.getElementType();
  return text;
}

std::string seqmix::describePlace(Location loc) {
  std::string place = "unknown place";
  loc->walk([&](Location inner) {
    auto file = dyn_cast<FileLineColLoc>(inner);
    if (!file)
      return WalkResult::advance();
    place = llvm::formatv("{0}:{1}:{2}", file.getFilename().getValue(),
                          file.getLine(), file.getColumn());
    return WalkResult::interrupt();
  });
  return place;
}

/// The names of the states that have an entry for every token.
static llvm::StringSet<> findGrowingStates(ModuleOp module) {
  llvm::StringSet<> names;
  module.walk([&](MixerOpInterface mixer) {
    for (auto [index, operand] : llvm::enumerate(mixer.getStateOperands()))
      if (auto state = operand.getDefiningOp<StateOp>();
          state && mixer.growsWithSequence(index))
        names.insert(state.getName());
  });
  return names;
}

static SmallVector<LayerStates> groupStates(const ModelInterface &interface,
                                            const llvm::StringSet<> &growing) {
  llvm::MapVector<StringRef, LayerStates> layers;
  for (const StateEntry &state : interface.states) {
    auto [layer, rest] = splitLayer(state.name);
    LayerStates &group = layers[layer];
    group.layer = layer;
    bool grows = growing.contains(state.name);
    group.states.push_back({rest.str(), &state, grows});
    (grows ? group.growingBytes : group.bytes) += state.getBytes();
  }
  SmallVector<LayerStates> result;
  for (auto &[name, group] : layers)
    result.push_back(std::move(group));
  return result;
}

static int64_t sumBytes(ArrayRef<TensorEntry> tensors) {
  int64_t bytes = 0;
  for (const TensorEntry &tensor : tensors)
    bytes += tensor.getBytes();
  return bytes;
}

static void printText(const ModelInterface &interface,
                      ArrayRef<LayerStates> layers,
                      const std::vector<MixerFacts> &mixers, raw_ostream &os) {
  os << "model " << interface.name << "\n  parameters  "
     << interface.params.size() << " tensors, " << sumBytes(interface.params)
     << " bytes\n  states      " << interface.states.size() << ", "
     << interface.stateBytes << " bytes a sequence\n  entries    ";
  for (const EntryPoint &entry : interface.entries) {
    os << ' ' << entry.name << " (";
    if (entry.length)
      os << entry.length << (entry.length == 1 ? " token)" : " tokens)");
    else
      os << "any number of tokens)";
  }
  os << "\n\nstates by layer\n";
  for (size_t first = 0, next; first < layers.size(); first = next) {
    const LayerStates &layer = layers[first];
    for (next = first + 1; next < layers.size(); ++next)
      if (!layers[next].isLike(layer))
        break;
    os << "  " << (layer.layer.empty() ? "(outside of layers)" : layer.layer);
    if (next - first > 1)
      os << " and " << next - first - 1 << " more alike, to "
         << layers[next - 1].layer;
    os << ": " << layer.bytes << " bytes each";
    if (layer.growingBytes)
      os << ", and " << layer.growingBytes << " that grow with the sequence";
    os << '\n';
    for (const LayerStates::State &state : layer.states) {
      RankedTensorType type = state.entry->type;
      os << llvm::formatv("    {0,-28} {1,-20} {2,8} bytes", state.name,
                          describe(type), state.entry->getBytes());
      if (state.grows)
        os << ", room for " << type.getDimSize(0) << " tokens";
      os << '\n';
    }
  }
  printMixers(mixers, os);
}

static llvm::json::Array toJson(ArrayRef<int64_t> values) {
  return llvm::json::Array(values);
}

static void printJson(const ModelInterface &interface,
                      ArrayRef<LayerStates> layers,
                      const std::vector<MixerFacts> &mixers, raw_ostream &os) {
  llvm::json::OStream json(os, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("model", interface.name);
    json.attribute("parameters", interface.params.size());
    json.attribute("parameter_bytes", sumBytes(interface.params));
    json.attribute("state_bytes", interface.stateBytes);
    json.attributeArray("states", [&] {
      for (const LayerStates &layer : layers)
        for (const LayerStates::State &named : layer.states)
          json.object([&, state = named.entry] {
            json.attribute("name", state->name);
            json.attribute("layer", layer.layer);
            json.attribute("shape", toJson(state->type.getShape()));
            json.attribute(
                "type",
                llvm::formatv("{0}", state->type.getElementType()).str());
            json.attribute("bytes", state->getBytes());
            json.attribute("offset", state->offset);
            json.attribute("grows_with_sequence", named.grows);
          });
    });
    printMixers(mixers, json);
  });
  os << '\n';
}

void seqmix::explain(ModuleOp module, const ModelInterface &interface,
                     bool json, raw_ostream &os) {
  llvm::StringSet<> growing = findGrowingStates(module);
  SmallVector<LayerStates> layers = groupStates(interface, growing);
  std::vector<MixerFacts> mixers = collectMixers(module);
  if (json)
    printJson(interface, layers, mixers, os);
  else
    printText(interface, layers, mixers, os);
}
