//===- ExtractMixer.cpp - a mixer as a model of its own -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything that a mixer is given from outside becomes something that a caller
// of the compiled model gives, whatever the op is.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ExtractMixer.h"

#include "lib/Driver/Explain.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::seqmix;

SmallVector<MixerOpInterface> seqmix::listMixers(ModelOp model) {
  SmallVector<MixerOpInterface> mixers;
  if (auto entry = model.lookupSymbol<EntryOp>("prefill"))
    entry.walk([&](MixerOpInterface mixer) { mixers.push_back(mixer); });
  return mixers;
}

SmallVector<FoundMixer> seqmix::findMixers(ArrayRef<MixerOpInterface> mixers) {
  SmallVector<FoundMixer> found;
  for (auto [index, mixer] : llvm::enumerate(mixers)) {
    std::string place = describePlace(mixer->getLoc());
    std::string kind = mixer->getName().stripDialect().str();
    auto *known = llvm::find_if(found, [&, op = mixer](const FoundMixer &f) {
      return f.place == place && f.kind == kind &&
             mixers[f.index]->getOperandTypes() == op->getOperandTypes();
    });
    if (known == found.end())
      found.push_back({place, kind, index});
    else
      ++known->count;
  }
  return found;
}

StringRef seqmix::getForm(MixerOpInterface mixer) {
  if (auto form = mixer->getAttrOfType<StringAttr>("form"))
    return form.getValue();
  return mixer.getChunkLength() ? "chunkwise" : "step";
}

std::string seqmix::findObstacle(MixerOpInterface mixer) {
  auto isOpen = [](Value v) {
    auto type = cast<RankedTensorType>(v.getType());
    Type element = type.getElementType();
    return type.isDynamicDim(0) && type.isDynamicDim(1) &&
           (element.isF32() || element.isInteger(32) || element.isInteger(64));
  };
  for (Value v : llvm::concat<Value>(mixer.getSequenceOperands(),
                                     mixer.getSequenceResults()))
    if (!isOpen(v))
      return llvm::formatv("a sequence is {0}", v.getType());
  for (Value v : mixer.getInvariantOperands())
    if (!matchPattern(v, m_Constant()) &&
        !cast<RankedTensorType>(v.getType()).getElementType().isF32())
      return llvm::formatv("an invariant is {0}", v.getType());
  SmallVector<Value> states = mixer.getStateOperands();
  llvm::SmallPtrSet<Value, 4> distinct(states.begin(), states.end());
  return distinct.size() == states.size() ? ""
                                          : "two states begin as one value";
}

std::vector<std::optional<size_t>>
seqmix::findExponents(MixerOpInterface mixer) {
  SmallVector<Value> states = mixer.getStateOperands();
  std::vector<std::optional<size_t>> exponents(states.size());
  auto recurrence = dyn_cast<RecurrenceOp>(*mixer);
  auto carried = mixer->getAttrOfType<DictionaryAttr>("running_maximum");
  if (!recurrence || !carried)
    return exponents;
  for (size_t e = 0; e != states.size(); ++e) {
    auto scaled = carried.getAs<ArrayAttr>(recurrence.getStateName(e));
    ArrayRef<int64_t> shape = getTokenStateType(states[e].getType()).getShape();
    for (size_t s = 0; scaled && s != states.size(); ++s) {
      auto name =
          StringAttr::get(mixer->getContext(), recurrence.getStateName(s));
      ArrayRef<int64_t> full =
          getTokenStateType(states[s].getType()).getShape();
      if (llvm::is_contained(scaled, Attribute(name)) &&
          full.take_front(shape.size()) == shape)
        exponents[s] = e;
    }
  }
  return exponents;
}

namespace {
/// Builds the model around one mixer.
class Extraction {
public:
  explicit Extraction(MixerOpInterface mixer)
      : mixer(mixer), b(mixer.getContext()), loc(mixer.getLoc()) {}

  OwningOpRef<ModuleOp> run(bool byToken);

private:
  std::string makeUnique(StringRef name);
  std::string nameOf(Value value, StringRef otherwise, size_t index);
  void addModel(ModuleOp module);
  void addInvariants();
  void addStates();
  Operation *addMixer(bool byToken);
  void addReturn(Operation *copy);

  MixerOpInterface mixer;
  OpBuilder b;
  Location loc;
  IRMapping inside; ///< what the mixer's operands are in the new model
  llvm::StringSet<> taken;
  SmallVector<std::string> stateNames;
};
} // namespace

std::string Extraction::makeUnique(StringRef name) {
  std::string unique = name.str();
  for (unsigned i = 1; !taken.insert(unique).second; ++i)
    unique = (name + "." + Twine(i)).str();
  return unique;
}

/// The name that a value has in its model, if it has one.
std::string Extraction::nameOf(Value value, StringRef otherwise, size_t index) {
  if (auto param = value.getDefiningOp<ParamOp>())
    return param.getName().str();
  if (auto argument = dyn_cast<BlockArgument>(value))
    if (auto entry = dyn_cast<EntryOp>(argument.getOwner()->getParentOp()))
      return cast<StringAttr>(entry.getInputNames()[argument.getArgNumber()])
          .str();
  for (OpOperand &use : value.getUses())
    if (auto end = dyn_cast<ReturnOp>(use.getOwner());
        end && use.getOperandNumber() < end.getOutputs().size())
      return cast<StringAttr>(end.getOutputNames()[use.getOperandNumber()])
          .str();
  return (otherwise + Twine(index)).str();
}

/// The tokens that the smallest of the states that grow has room for; 0: there
/// is none.
static int64_t findRoom(MixerOpInterface mixer) {
  int64_t room = 0;
  for (auto [index, state] : llvm::enumerate(mixer.getStateOperands()))
    if (mixer.growsWithSequence(index)) {
      int64_t slots = getTokenStateType(state.getType()).getDimSize(0);
      room = room ? std::min(room, slots) : slots;
    }
  return room;
}

/// The model, its entry point and the inputs of that.
void Extraction::addModel(ModuleOp module) {
  SmallVector<std::string> names;
  SmallVector<Value> sequences;
  for (Value sequence : mixer.getSequenceOperands())
    if (!llvm::is_contained(sequences, sequence)) {
      names.push_back(makeUnique(nameOf(sequence, "x", sequences.size())));
      sequences.push_back(sequence);
    }
  b.setInsertionPointToEnd(module.getBody());
  int64_t room = findRoom(mixer);
  auto model = ModelOp::create(b, loc, "mixer",
                               room ? b.getI64IntegerAttr(room) : nullptr);
  b.setInsertionPointToEnd(&model.getBody().emplaceBlock());
  SmallVector<StringRef> refs(names.begin(), names.end());
  auto entry = EntryOp::create(
      b, loc, "prefill", b.getStrArrayAttr(refs),
      b.getDenseI64ArrayAttr(SmallVector<int64_t>(names.size(), 0)), nullptr);
  Block &body = entry.getBody().emplaceBlock();
  b.setInsertionPointToEnd(&body);
  for (Value sequence : sequences)
    inside.map(sequence, body.addArgument(sequence.getType(), loc));
}

void Extraction::addInvariants() {
  for (auto [index, value] : llvm::enumerate(mixer.getInvariantOperands())) {
    if (inside.contains(value))
      continue;
    Attribute constant;
    if (matchPattern(value, m_Constant(&constant))) {
      inside.map(value, b.clone(*value.getDefiningOp())->getResult(0));
      continue;
    }
    std::string name = makeUnique(nameOf(value, "p", index));
    inside.map(value,
               ParamOp::create(b, loc, value.getType(), b.getStringAttr(name)));
  }
}

void Extraction::addStates() {
  auto recurrence = dyn_cast<RecurrenceOp>(*mixer);
  for (auto [index, value] : llvm::enumerate(mixer.getStateOperands())) {
    auto state = value.getDefiningOp<StateOp>();
    stateNames.push_back(makeUnique(recurrence
                                        ? recurrence.getStateName(index)
                                        : ("state" + Twine(index)).str()));
    inside.map(value, StateOp::create(b, loc, value.getType(),
                                      b.getStringAttr(stateNames.back()),
                                      state ? state.getInitAttr()
                                            : b.getF64FloatAttr(0)));
  }
}

/// A copy of the mixer, which takes one token at a time if it is asked to.
Operation *Extraction::addMixer(bool byToken) {
  Operation *copy = b.clone(*mixer, inside);
  if (byToken)
    cast<MixerOpInterface>(copy).takeChunks(0);
  return copy;
}

void Extraction::addReturn(Operation *copy) {
  auto whole = cast<MixerOpInterface>(copy);
  SmallVector<std::string> names;
  for (auto [index, value] : llvm::enumerate(mixer.getSequenceResults()))
    names.push_back(makeUnique(nameOf(value, "y", index)));
  SmallVector<StringRef> refs(names.begin(), names.end());
  SmallVector<StringRef> states(stateNames.begin(), stateNames.end());
  ReturnOp::create(b, loc, whole.getSequenceResults(), whole.getStateResults(),
                   b.getStrArrayAttr(refs), b.getStrArrayAttr(states));
}

OwningOpRef<ModuleOp> Extraction::run(bool byToken) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  addModel(*module);
  addInvariants();
  addStates();
  addReturn(addMixer(byToken));
  return module;
}

OwningOpRef<ModuleOp> seqmix::extractMixer(MixerOpInterface mixer,
                                           bool byToken) {
  return Extraction(mixer).run(byToken);
}

/// A model like `model` but for its entry point, which is still to be filled,
/// at the end of `module`.
static EntryOp beginProbe(ModuleOp module, ModelOp model,
                          ArrayRef<std::string> inputs) {
  Location loc = model.getLoc();
  auto b = OpBuilder::atBlockEnd(module.getBody());
  auto probe = ModelOp::create(b, loc, model.getSymName(), IntegerAttr());
  b.setInsertionPointToEnd(&probe.getBody().emplaceBlock());
  SmallVector<StringRef> names(inputs.begin(), inputs.end());
  SmallVector<int64_t> limits(names.size(), 0);
  auto entry = EntryOp::create(b, loc, "prefill", b.getStrArrayAttr(names),
                               b.getDenseI64ArrayAttr(limits), IntegerAttr());
  entry.getBody().emplaceBlock();
  return entry;
}

/// A sequence of states.
static RankedTensorType getSequenceOf(Type state) {
  RankedTensorType one = getTokenStateType(state);
  SmallVector<int64_t> shape(2, ShapedType::kDynamic);
  llvm::append_range(shape, one.getShape());
  return RankedTensorType::get(shape, one.getElementType());
}

OwningOpRef<ModuleOp> seqmix::buildProbe(ModuleOp extracted) {
  ModelOp model = *extracted.getOps<ModelOp>().begin();
  auto mixer = model.lookupSymbol<EntryOp>("prefill");
  Location loc = mixer.getLoc();
  SmallVector<std::string> inputs, outputs;
  SmallVector<StringRef> names;
  for (StateOp state : mixer.getOps<StateOp>()) {
    names.push_back(state.getName());
    inputs.push_back(("new " + state.getName()).str());
    outputs.push_back(("old " + state.getName()).str());
  }
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  EntryOp entry = beginProbe(*module, model, inputs);
  Block &body = entry.getBody().front();
  auto b = OpBuilder::atBlockEnd(&body);
  SmallVector<Type> types;
  SmallVector<Value> given, states;
  for (StateOp state : mixer.getOps<StateOp>()) {
    types.push_back(getSequenceOf(state.getType()));
    given.push_back(body.addArgument(types.back(), loc));
    states.push_back(b.clone(*state)->getResult(0));
  }
  auto recurrence = RecurrenceOp::create(b, loc, types, given, ValueRange(),
                                         states, ArrayRef<StringRef>());
  SmallVector<StringRef> results(outputs.begin(), outputs.end());
  ReturnOp::create(b, loc, recurrence.getOutputs(), recurrence.getFinalStates(),
                   b.getStrArrayAttr(results), b.getStrArrayAttr(names));
  SmallVector<Value> yielded;
  llvm::append_range(yielded, recurrence.getStateArguments());
  llvm::append_range(yielded, recurrence.getTokenArguments());
  b.setInsertionPointToEnd(&recurrence.getToken().front());
  YieldOp::create(b, loc, yielded);
  return module;
}

OwningOpRef<ModuleOp> seqmix::widenToF64(ModuleOp module) {
  OwningOpRef<ModuleOp> wide(module.clone());
  Type f64 = Float64Type::get(module.getContext());
  auto widen = [](APFloat value) {
    bool isInexact;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                  &isInexact);
    return value;
  };
  // A number that a mixer is told becomes one of its elements' type.
  wide->walk([&](MixerOpInterface mixer) {
    Value first = mixer.getSequenceOperands().front();
    if (!getElementTypeOrSelf(first).isF32())
      return;
    for (NamedAttribute named : mixer->getAttrs())
      if (auto number = dyn_cast<FloatAttr>(named.getValue()))
        mixer->setAttr(
            named.getName(),
            FloatAttr::get(number.getType(),
                           static_cast<float>(number.getValueAsDouble())));
  });
  AttrTypeReplacer replacer;
  replacer.addReplacement([f64](Float32Type) { return f64; });
  replacer.addReplacement([=](FloatAttr attr) -> std::optional<Attribute> {
    if (!attr.getType().isF32())
      return std::nullopt;
    return FloatAttr::get(f64, widen(attr.getValue()));
  });
  replacer.addReplacement(
      [=](DenseFPElementsAttr attr)
          -> std::optional<std::pair<Attribute, WalkResult>> {
        if (!attr.getElementType().isF32())
          return std::nullopt;
        return std::make_pair(
            Attribute(attr.mapValues(f64,
                                     [&](const APFloat &value) {
                                       return widen(value).bitcastToAPInt();
                                     })),
            WalkResult::skip());
      });
  replacer.recursivelyReplaceElementsIn(*wide, /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
  // Conversions between the two types have become none.
  wide->walk([](Operation *op) {
    if (isa<arith::ExtFOp, arith::TruncFOp>(op) &&
        op->getOperand(0).getType() == op->getResult(0).getType()) {
      op->getResult(0).replaceAllUsesWith(op->getOperand(0));
      op->erase();
    }
  });
  return wide;
}
