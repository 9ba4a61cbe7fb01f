//===- VerifyReport.cpp - print what a verification found -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One line for a form in one precision: by how much it errs at worst, and where
// that was.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Verify.h"
#include "lib/Driver/VerifyMixer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

#include <cmath>

using namespace mlir;
using namespace mlir::seqmix;

static std::string describeError(double error, bool f64) {
  if (!std::isfinite(error))
    return "not finite";
  return f64 ? llvm::formatv("{0:e1}", error).str()
             : llvm::formatv("{0:f1} roundings", error).str();
}

/// A power of two, at most one.
static std::string describeScale(double scale) {
  return scale == 1 ? "1" : llvm::formatv("1/{0:f0}", 1 / scale).str();
}

static void printForm(const FormReport &form, llvm::raw_ostream &os) {
  std::string bound;
  if (form.bound)
    llvm::raw_string_ostream(bound) << llvm::format("of %g", *form.bound);
  os << llvm::formatv("    {0,-22} {1}  {2,18} {3,-9} {4,-6}  {5}", form.form,
                      form.f64 ? "f64" : "f32",
                      describeError(form.error, form.f64), bound,
                      !form.bound      ? ""
                      : form.hasFailed ? "FAILED"
                                       : "ok",
                      form.where);
  if (form.bound && form.error > *form.bound && !form.f64)
    os << "; any form in f32 " << describeError(form.unavoidable, false);
  os << '\n';
}

static void printMixer(const MixerReport &mixer, llvm::raw_ostream &os) {
  os << "\n  " << mixer.place << ": " << mixer.kind;
  if (mixer.count > 1)
    os << ", " << mixer.count << " times";
  if (!mixer.states.empty())
    os << ", states " << llvm::join(mixer.states, ", ");
  os << '\n';
  if (!mixer.obstacle.empty()) {
    os << "    not verified: " << mixer.obstacle << '\n';
    return;
  }
  if (!mixer.failure.empty())
    os << "    FAILED: " << mixer.failure << '\n';
  else
    os << "    normal inputs with a deviation of "
       << describeScale(mixer.spread.scale)
       << (mixer.spread.isPositive ? ", made positive" : "")
       << (mixer.signs.empty() ? "" : ", ") << llvm::join(mixer.signs, ", ")
       << '\n';
  for (const FormReport &form : mixer.forms)
    if (!form.where.empty())
      printForm(form, os);
  if (mixer.forms.size() == 1)
    os << "    has only the step form\n";
  for (const SkippedRuns &skip : mixer.skips)
    os << "    skipped " << skip.regime << ", " << skip.skipped << " of "
       << skip.all << " runs: " << skip.reason << '\n';
}

static void writeForm(llvm::json::OStream &json, const FormReport &form) {
  json.object([&] {
    json.attribute("form", form.form);
    json.attribute("type", form.f64 ? "f64" : "f32");
    if (!form.recurrenceClass.empty())
      json.attribute("class", form.recurrenceClass);
    json.attribute("unit", form.getUnit());
    // JSON has no infinity.
    json.attribute("error", std::isfinite(form.error)
                                ? llvm::json::Value(form.error)
                                : llvm::json::Value(nullptr));
    json.attribute("where", form.where);
    if (!form.bound)
      return;
    json.attribute("bound", *form.bound);
    if (!form.f64)
      json.attribute("unavoidable_error", form.unavoidable);
    json.attribute("ok", !form.hasFailed);
  });
}

static void writeMixer(llvm::json::OStream &json, const MixerReport &mixer) {
  json.object([&] {
    json.attribute("place", mixer.place);
    json.attribute("kind", mixer.kind);
    json.attribute("count", mixer.count);
    json.attribute("states", llvm::json::Array(mixer.states));
    if (!mixer.obstacle.empty())
      json.attribute("not_verified", mixer.obstacle);
    if (!mixer.failure.empty())
      json.attribute("failure", mixer.failure);
    json.attribute("scale", mixer.spread.scale);
    json.attribute("positive", mixer.spread.isPositive);
    json.attributeArray("forms", [&] {
      for (const FormReport &form : mixer.forms)
        if (!form.where.empty())
          writeForm(json, form);
    });
    json.attributeArray("skipped", [&] {
      for (const SkippedRuns &skip : mixer.skips)
        json.object([&] {
          json.attribute("regime", skip.regime);
          json.attribute("runs", skip.skipped);
          json.attribute("of", skip.all);
          json.attribute("reason", skip.reason);
        });
    });
    json.attribute("ok", !mixer.hasFailed());
  });
}

void seqmix::printReports(llvm::StringRef model, const VerifyRequest &request,
                          llvm::ArrayRef<MixerReport> mixers,
                          llvm::raw_ostream &out) {
  bool isGood = llvm::none_of(
      mixers, [](const MixerReport &mixer) { return mixer.hasFailed(); });
  if (request.json) {
    llvm::json::OStream json(out, /*IndentSize=*/2);
    json.object([&] {
      json.attribute("model", model);
      json.attribute("seed", static_cast<int64_t>(request.seed));
      json.attribute("lengths", llvm::json::Array(request.lengths));
      json.attributeArray("mixers", [&] {
        for (const MixerReport &mixer : mixers)
          writeMixer(json, mixer);
      });
      json.attribute("ok", isGood);
    });
    out << '\n';
    return;
  }
  out << "model " << model << ", seed " << request.seed << ", lengths ";
  llvm::interleaveComma(request.lengths, out);
  out << "\nworst errors; a rounding is 2^-24 of a tensor's largest number\n";
  for (const MixerReport &mixer : mixers)
    printMixer(mixer, out);
  out << '\n' << (isGood ? "ok" : "FAILED") << '\n';
}
