//===- ExplainMixers.cpp - what each mixer is, and how it runs ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The structure is proven again from the token's program, which every form
// keeps; what the forms cost is what the pass that chose among them wrote down.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ExplainMixers.h"

#include "lib/Driver/Explain.h"
#include "lib/Driver/ExtractMixer.h"
#include "lib/Transforms/FormCost.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::seqmix;

/// The group's next state, in the letters of lib/Analysis/README.md.
static std::string writeEquation(const StateGroup &group) {
  size_t updates = 0;
  for (ArrayRef<Term> terms : group.updates)
    updates += llvm::count_if(terms, [](const Term &t) { return !t.variable; });
  std::string products = updates > 1 ? " + sum of k (x) v" : " + k (x) v";
  switch (group.kind) {
  case RecurrenceClass::decayedRankOne:
    return "S' = D S" + products;
  case RecurrenceClass::delta:
    return group.numSelfReads == 1
               ? "S' = (D - a (x) b) S" + products
               : llvm::formatv("S' = (D - sum of {0} a (x) b) S{1}",
                               group.numSelfReads, products)
                     .str();
  case RecurrenceClass::timeInvariant:
    return group.numSelfReads ? "s' = (D - a (x) b) s + u, D, a and b of the "
                                "parameters"
                              : "s' = a s + u, a of the parameters";
  case RecurrenceClass::runningMaximum:
    return group.semiring == Semiring::maxPlus ? "s' = max(s + a, u)"
                                               : "s' = min(s + a, u)";
  case RecurrenceClass::elementwiseAffine:
  case RecurrenceClass::logSpaceAffine:
    return group.states.size() > 1
               ? llvm::formatv("s' = a s + u, a of {0} by {0} in each element",
                               group.states.size())
                     .str()
               : "s' = a s + u";
  case RecurrenceClass::windowed:
    return group.forgets ? "s' = u" : "s' = u or s, element by element";
  case RecurrenceClass::denseAffine:
    return "s' = A s + u";
  case RecurrenceClass::nonlinear:
    return "s' = f(s, u)";
  }
  llvm_unreachable("a class");
}

static GroupFacts describeGroup(RecurrenceOp op, const StateGroup &group) {
  GroupFacts facts;
  for (unsigned state : group.states)
    facts.states.push_back(op.getStateName(state));
  facts.kind = stringify(group.kind).str();
  facts.equation = writeEquation(group);
  for (AxisRole role : group.roles)
    facts.axes.push_back(stringify(role).str());
  if (group.algebra && group.semiring == Semiring::plusTimes &&
      !group.forgets && group.kind != RecurrenceClass::denseAffine) {
    facts.hasDecay = true;
    facts.decay = computeDecayRange(group);
  }
  if (!group.reason.empty()) {
    facts.obstacle =
        describePlace(group.obstacle ? group.obstacle->getLoc() : op.getLoc());
    facts.reason = group.reason;
  }
  return facts;
}

/// Along what the work can be divided, beside the tokens.
static std::vector<std::string> findParallel(RecurrenceOp op,
                                             ArrayRef<StateGroup> groups) {
  std::vector<std::string> parallel = {"batch"};
  for (const StateGroup &group : groups) {
    if (!group.algebra || group.kind == RecurrenceClass::denseAffine)
      continue;
    for (auto [index, axis] : llvm::enumerate(group.axes)) {
      bool isSummed =
          group.isMatrix() && group.roles[index] == AxisRole::contracted;
      if (!isSummed && group.algebra->getExtent(axis) > 1)
        parallel.push_back(llvm::formatv("axis {0} of {1} ({2})", index,
                                         op.getStateName(group.states.front()),
                                         group.algebra->getExtent(axis)));
    }
  }
  return parallel;
}

static std::vector<FormFacts> collectForms(MixerOpInterface op) {
  std::vector<FormFacts> forms;
  auto costs = op->getAttrOfType<DictionaryAttr>("form_costs");
  if (!costs)
    return forms;
  double step = 0;
  for (NamedAttribute entry : costs) {
    FormFacts &facts = forms.emplace_back();
    StringRef name = entry.getName().strref();
    facts.name = name.rtrim("0123456789").str();
    facts.chunk = 1;
    (void)name.drop_front(facts.name.size()).getAsInteger(10, facts.chunk);
    auto numbers = llvm::map_to_vector(
        cast<ArrayAttr>(entry.getValue()).getAsValueRange<FloatAttr>(),
        [](const APFloat &number) { return number.convertToDouble(); });
    facts.contracted = numbers[0];
    facts.elementwise = numbers[1];
    facts.bytes = numbers[2];
    facts.time =
        FormCost{facts.contracted, facts.elementwise, facts.bytes}.time();
    step = facts.name == "step" ? facts.time : step;
    auto form = op->getAttrOfType<StringAttr>("form");
    facts.isChosen = form && form.getValue() == facts.name &&
                     (facts.chunk == 1 || facts.chunk == op.getChunkLength());
  }
  for (FormFacts &facts : forms)
    facts.time = step ? facts.time / step : 1;
  llvm::sort(forms, [](const FormFacts &a, const FormFacts &b) {
    auto place = [](const FormFacts &facts) {
      return std::tuple(facts.name != "step", StringRef(facts.name),
                        facts.chunk);
    };
    return place(a) < place(b);
  });
  return forms;
}

static void describeRecurrence(RecurrenceOp op, MixerFacts &facts) {
  RecurrenceStructure structure = RecurrenceStructure::compute(op);
  facts.className = stringify(structure.getClass()).str();
  for (const StateGroup &group : structure.getGroups())
    facts.groups.push_back(describeGroup(op, group));
  facts.parallel = findParallel(op, structure.getGroups());
  facts.forms = collectForms(op);
  auto exponents = op->getAttrOfType<DictionaryAttr>("running_maximum");
  for (NamedAttribute exponent :
       exponents ? exponents.getValue() : ArrayRef<NamedAttribute>()) {
    auto &scaled = facts.exponents.emplace_back();
    scaled.first = exponent.getName().str();
    for (auto name :
         cast<ArrayAttr>(exponent.getValue()).getAsRange<StringAttr>())
      scaled.second.push_back(name.str());
  }
}

std::vector<MixerFacts> seqmix::collectMixers(ModuleOp module) {
  std::vector<MixerFacts> mixers;
  ModelOp model = *module.getOps<ModelOp>().begin();
  SmallVector<MixerOpInterface> all = listMixers(model);
  for (const FoundMixer &found : findMixers(all)) {
    MixerOpInterface mixer = all[found.index];
    MixerFacts &facts = mixers.emplace_back();
    facts.place = found.place;
    facts.kind = found.kind;
    facts.count = found.count;
    auto recurrence = dyn_cast<RecurrenceOp>(*mixer);
    for (auto [index, state] : llvm::enumerate(mixer.getStateOperands())) {
      std::string name = recurrence ? recurrence.getStateName(index) + " " : "";
      facts.states.push_back(
          name + seqmix::describe(getTokenStateType(state.getType())));
    }
    if (recurrence)
      describeRecurrence(recurrence, facts);
    else if (mixer.isWindowed()) {
      facts.className = stringify(RecurrenceClass::windowed).str();
      facts.forms = collectForms(mixer);
    }
  }
  return mixers;
}
