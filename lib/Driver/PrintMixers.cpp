//===- PrintMixers.cpp - mixers as text and as JSON -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ExplainMixers.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix;

static std::string describeBound(double bound) {
  if (std::isinf(bound))
    return bound < 0 ? "-inf" : "inf";
  return llvm::formatv("{0}", llvm::format("%.4g", bound));
}

static void printGroup(const GroupFacts &group, raw_ostream &os) {
  os << "      ";
  llvm::interleaveComma(group.states, os);
  os << ": " << group.kind << ", " << group.equation;
  if (!group.axes.empty()) {
    os << "; axes ";
    llvm::interleaveComma(group.axes, os);
  }
  os << '\n';
  if (group.hasDecay)
    os << "        decay in [" << describeBound(group.decay.low) << ", "
       << describeBound(group.decay.high) << ']'
       << (group.decay.isDecay()
               ? ", proven: no product of decays exceeds 1\n"
               : ": products of decays are as large as the state's own\n");
  if (!group.reason.empty())
    os << "        " << group.obstacle << ": " << group.reason << '\n';
}

/// Why the chosen form was.
static std::string explainChoice(const std::vector<FormFacts> &forms) {
  auto chosen = llvm::find_if(forms, [](const auto &f) { return f.isChosen; });
  if (chosen == forms.end())
    return "";
  if (forms.size() == 1)
    return ", the only form";
  if (chosen->name != "step")
    return llvm::formatv(", {0} of the step's time",
                         llvm::format("%.2f", chosen->time));
  double best = INFINITY;
  for (const FormFacts &form : forms)
    if (form.name != "step")
      best = std::min(best, form.time);
  return llvm::formatv(", the best other form takes {0} of its time",
                       llvm::format("%.2f", best));
}

static void printForms(const MixerFacts &mixer, raw_ostream &os) {
  if (mixer.forms.empty()) {
    os << "    form: step, one token after the other\n";
    return;
  }
  os << "    forms, with operations and bytes of a token (contracted + "
        "others)\n";
  for (const FormFacts &form : mixer.forms) {
    std::string name = form.chunk > 1
                           ? llvm::formatv("{0} by {1}", form.name, form.chunk)
                           : form.name;
    os << "      " << llvm::formatv("{0,-16}", name)
       << llvm::formatv("{0,10} + {1,-10} {2,9} bytes",
                        llvm::format("%.0f", form.contracted),
                        llvm::format("%.0f", form.elementwise),
                        llvm::format("%.0f", form.bytes));
    if (form.isChosen)
      os << "  chosen" << explainChoice(mixer.forms);
    os << '\n';
  }
  bool isChunked = llvm::any_of(mixer.forms, [](const FormFacts &form) {
    return form.isChosen && form.chunk > 1;
  });
  if (isChunked)
    os << "    anchored at the halves of a chunk, of its halves, and so on: "
          "nothing is divided, no exponents are subtracted\n";
}

void seqmix::printMixers(const std::vector<MixerFacts> &mixers,
                         raw_ostream &os) {
  os << "\nmixers\n";
  for (const MixerFacts &mixer : mixers) {
    os << "  " << mixer.place << ": " << mixer.kind;
    if (mixer.count > 1)
      os << ", " << mixer.count << " times";
    os << "\n    states: ";
    llvm::interleaveComma(mixer.states, os);
    os << '\n';
    if (!mixer.className.empty())
      os << "    class: " << mixer.className << '\n';
    for (const GroupFacts &group : mixer.groups)
      printGroup(group, os);
    if (!mixer.parallel.empty()) {
      os << "    parallel: ";
      llvm::interleaveComma(mixer.parallel, os);
      os << '\n';
    }
    printForms(mixer, os);
    for (auto &[exponent, scaled] : mixer.exponents) {
      os << "    ";
      llvm::interleave(scaled, os, " and ");
      os << " are sums of exponentials, carried with a running maximum ("
         << exponent << ")\n";
    }
  }
}

static void printGroup(const GroupFacts &group, llvm::json::OStream &json) {
  json.object([&] {
    json.attribute("states", llvm::json::Array(group.states));
    json.attribute("class", group.kind);
    json.attribute("equation", group.equation);
    json.attribute("axes", llvm::json::Array(group.axes));
    if (group.hasDecay) {
      json.attribute("decay_low", describeBound(group.decay.low));
      json.attribute("decay_high", describeBound(group.decay.high));
      json.attribute("decay_proven", group.decay.isDecay());
    }
    if (!group.reason.empty()) {
      json.attribute("obstacle", group.obstacle);
      json.attribute("reason", group.reason);
    }
  });
}

void seqmix::printMixers(const std::vector<MixerFacts> &mixers,
                         llvm::json::OStream &json) {
  json.attributeArray("mixers", [&] {
    for (const MixerFacts &mixer : mixers)
      json.object([&] {
        std::string chosen = "step";
        json.attribute("place", mixer.place);
        json.attribute("kind", mixer.kind);
        json.attribute("count", mixer.count);
        json.attribute("class", mixer.className);
        json.attributeArray("groups", [&] {
          for (const GroupFacts &group : mixer.groups)
            printGroup(group, json);
        });
        json.attribute("parallel", llvm::json::Array(mixer.parallel));
        json.attributeArray("forms", [&] {
          for (const FormFacts &form : mixer.forms) {
            chosen = form.isChosen ? form.name : chosen;
            json.object([&] {
              json.attribute("name", form.name);
              json.attribute("chunk", form.chunk);
              json.attribute("contracted", form.contracted);
              json.attribute("elementwise", form.elementwise);
              json.attribute("bytes", form.bytes);
              json.attribute("time", form.time);
              json.attribute("chosen", form.isChosen);
            });
          }
        });
        json.attribute("form", chosen);
        json.attributeObject("running_maximum", [&] {
          for (const auto &[exponent, scaled] : mixer.exponents)
            json.attribute(exponent, llvm::json::Array(scaled));
        });
      });
  });
}
