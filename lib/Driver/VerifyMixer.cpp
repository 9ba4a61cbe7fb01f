//===- VerifyMixer.cpp - a mixer's forms against its meaning --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The meaning is one token after the other, computed in f64. A run that even
// this cannot say something of in f32 is skipped. Where one token after the
// other in f32 is itself far from the meaning, or where the meaning moves as
// far when the last digits of its inputs do, the problem is ill conditioned and
// no form can be asked to be much nearer; f64 forms still are.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/VerifyMixer.h"

#include "lib/Driver/MixerErrors.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <cfloat>
#include <cmath>

using namespace mlir::seqmix;

/// What f64 rounds by, in terms of that.
static constexpr double f64ToF32 = 0x1p-29;
/// How many times the error that cannot be avoided a form may err by, where
/// that is large.
static constexpr double conditioning = 4;
/// Normal inputs are scaled so that nothing grows beyond.
static constexpr double largest = 1e6;
/// Forms multiply queries, keys and values in other orders than the step does,
/// so near the end of f32 one may overflow and another may not.
static constexpr double nearEnd = 1e30;

bool MixerReport::hasFailed() const {
  return !failure.empty() ||
         llvm::any_of(forms, [](auto &form) { return form.hasFailed; });
}

static bool allWithin(const Values &values, double bound) {
  return llvm::all_of(values, [&](const std::vector<double> &tensor) {
    return llvm::all_of(tensor, [&](double x) { return std::abs(x) <= bound; });
  });
}

namespace {
/// All runs of one mixer.
class Verification {
public:
  Verification(const MixerSetup &setup, MixerReport &report)
      : setup(setup), report(report) {}

  llvm::Error run(llvm::function_ref<void(llvm::StringRef)> progress);

private:
  /// How one run differs from another.
  struct Case {
    const Regime &regime;
    const Draw &draw;
    int64_t length;
    bool isRandom; ///< begins with random states
  };
  llvm::Expected<CompiledMixer> open(const std::string &library, bool f64,
                                     const std::string &weights);
  llvm::Error describeTensors();
  llvm::Expected<double> measureGrowth(const Spread &spread);
  llvm::Error findSigns(Spread &spread);
  llvm::Error findSpread();
  llvm::Error runRegime(const Regime &regime, uint64_t seed);
  llvm::Error runCase(const Case &at, SkippedRuns &skips);
  std::vector<double> getErrors(const MixerResult &result,
                                const MixerResult &expected) const {
    return measureErrors(result, expected, setup.exponents);
  }
  llvm::Expected<double> measureSensitivity(const Case &at,
                                            const MixerResult &expected);
  llvm::Expected<MixerResult> take(CompiledMixer &mixer, const Case &at,
                                   llvm::ArrayRef<int64_t> cuts);
  bool judge(FormReport &form, llvm::ArrayRef<double> errors,
             double conditioned, const Case &at, bool isCut);

  const MixerSetup &setup;
  MixerReport &report;
  MixerTensors tensors;
  std::vector<int64_t> lengths;
  int64_t longest = 0;
  bool canBeSet = true; ///< whether there can be random states
  CompiledMixer reference;
  std::vector<CompiledMixer> forms;
};
} // namespace

llvm::Expected<CompiledMixer> Verification::open(const std::string &library,
                                                 bool f64,
                                                 const std::string &weights) {
  return CompiledMixer::open(library, f64 ? setup.probeF64 : setup.probe,
                             tensors.params.empty() ? "" : weights, setup.batch,
                             longest);
}

/// Reads the tensors off the reference, and the lengths it has room for.
llvm::Error Verification::describeTensors() {
  auto mixer = CompiledMixer::open(setup.reference, "", "", 0, 0);
  if (!mixer)
    return mixer.takeError();
  tensors.inputs = mixer->listTensors(SEQMIX_INPUTS);
  tensors.outputs = mixer->listTensors(SEQMIX_OUTPUTS);
  tensors.params = mixer->listTensors(SEQMIX_PARAMS);
  tensors.states = mixer->listTensors(SEQMIX_STATES);
  tensors.inits = setup.inits;
  int64_t room = mixer->getRoom();
  for (int64_t length : setup.lengths)
    if (!room || length <= room)
      lengths.push_back(length);
  longest = lengths.empty() ? 0 : *llvm::max_element(lengths);
  // A state that is set has seen a token, for which there may be no room.
  canBeSet = room == 0;
  return llvm::Error::success();
}

llvm::Expected<MixerResult> Verification::take(CompiledMixer &mixer,
                                               const Case &at,
                                               llvm::ArrayRef<int64_t> cuts) {
  return mixer.run(at.draw.inputs, longest, at.length, cuts,
                   at.isRandom ? at.draw.initial : Values());
}

static double findLargest(const Values &values) {
  double found = 0;
  for (const std::vector<double> &tensor : values)
    for (double x : tensor)
      found = std::isfinite(x) ? std::max(found, std::abs(x)) : INFINITY;
  return found;
}

/// The largest number that the reference makes of normal inputs.
llvm::Expected<double> Verification::measureGrowth(const Spread &spread) {
  Regime normal = {"normal"};
  Draw draw =
      drawRegime(tensors, normal, spread, setup.seed, setup.batch, longest);
  if (llvm::Error error =
          writeWeights(setup.weights, tensors.params, draw.params))
    return error;
  auto mixer = open(setup.reference, /*f64=*/true, setup.weights);
  if (!mixer)
    return mixer.takeError();
  auto result = take(*mixer, {normal, draw, longest, false}, {});
  if (!result)
    return result.takeError();
  for (auto [state, init] : llvm::zip_equal(result->states, tensors.inits))
    if (std::abs(init) > largest)
      state.clear();
  return std::max(findLargest(result->outputs), findLargest(result->states));
}

/// A gate that is an exponent lets the state grow, in time beyond any number,
/// unless it has one sign. Tensors are given one if that keeps the state small;
/// twice, as a product has the right sign only with the right factors.
llvm::Error Verification::findSigns(Spread &spread) {
  auto before = measureGrowth(spread);
  if (!before)
    return before.takeError();
  double growth = *before;
  size_t numInputs = tensors.inputs.size();
  spread.signs.assign(numInputs + tensors.params.size(), 0);
  for (size_t turn = 0; turn < 2 * spread.signs.size(); ++turn) {
    int &sign = spread.signs[turn % spread.signs.size()];
    int best = sign;
    for (int tried : {-1, 1}) {
      if (best)
        break;
      sign = tried;
      auto after = measureGrowth(spread);
      if (!after)
        return after.takeError();
      if (*after * 4 < growth) {
        best = tried;
        growth = *after;
      }
    }
    sign = best;
  }
  for (auto [index, sign] : llvm::enumerate(spread.signs))
    if (sign)
      report.signs.push_back((index < numInputs
                                  ? tensors.inputs[index].name
                                  : tensors.params[index - numInputs].name) +
                             (sign < 0 ? " < 0" : " > 0"));
  return llvm::Error::success();
}

/// Halves the scale of normal inputs until the reference does not grow. Some
/// gates are only defined for what is positive.
llvm::Error Verification::findSpread() {
  Spread spread;
  if (llvm::Error error = findSigns(spread))
    return error;
  for (bool isPositive : {false, true})
    for (double scale = 1; scale >= 1.0 / 64; scale /= 2) {
      report.spread = {scale, isPositive, spread.signs};
      auto growth = measureGrowth(report.spread);
      if (!growth)
        return growth.takeError();
      if (*growth <= largest)
        return llvm::Error::success();
    }
  report.failure =
      "the reference exceeds 1e6 for normal inputs, whatever their "
      "sign and even at 1/64 of their scale";
  return llvm::Error::success();
}

/// How far the reference moves when every number that it is given is another
/// by half of the last digit that f32 has: no f32 form can be nearer to it, but
/// by luck.
llvm::Expected<double>
Verification::measureSensitivity(const Case &at, const MixerResult &expected) {
  double worst = 0;
  for (uint64_t seed : {1, 2, 3}) {
    Draw moved = moveByRounding(tensors, at.draw, seed);
    std::string weights = setup.weights + ".moved";
    if (llvm::Error error = writeWeights(weights, tensors.params, moved.params))
      return error;
    auto mixer = open(setup.reference, /*f64=*/true, weights);
    if (!mixer)
      return mixer.takeError();
    auto result = take(*mixer, {at.regime, moved, at.length, at.isRandom}, {});
    if (!result)
      return result.takeError();
    for (double error : getErrors(*result, expected))
      worst = std::max(worst, error);
  }
  return worst;
}

/// Takes one form's errors into its report; whether all are as they may be.
/// `conditioned` is the error that no f32 form can be asked to be below.
bool Verification::judge(FormReport &form, llvm::ArrayRef<double> errors,
                         double conditioned, const Case &at, bool isCut) {
  // In f64 it is by as much less as its numbers are longer.
  double unavoidable = conditioned * (form.f64 ? f64ToF32 : 1 / rounding);
  double slack = form.isStrict ? 0 : conditioning * unavoidable;
  bool isGood = true;
  for (auto [index, error] : llvm::enumerate(errors)) {
    double found = form.f64 ? error : error / rounding;
    bool fails = form.bound && found > std::max(*form.bound, slack);
    isGood &= !fails;
    if (fails < form.hasFailed ||
        (fails == form.hasFailed && found <= form.error && !form.where.empty()))
      continue;
    form.hasFailed = fails;
    form.error = found;
    form.unavoidable = unavoidable;
    size_t numOutputs = tensors.outputs.size();
    bool isState = index >= numOutputs;
    form.where = llvm::formatv(
        "{0} {1}, length {2}, {3}{4}{5}", isState ? "state" : "output",
        isState ? tensors.states[index - numOutputs].name
                : tensors.outputs[index].name,
        at.length, at.regime.name, at.isRandom ? ", random state" : "",
        isCut ? ", in pieces" : "");
  }
  return isGood;
}

/// All forms on the same values, in one piece and in three.
llvm::Error Verification::runCase(const Case &at, SkippedRuns &skips) {
  ++skips.all;
  auto expected = take(reference, at, {});
  if (!expected)
    return expected.takeError();
  auto step = take(forms.front(), at, {});
  if (!step)
    return step.takeError();
  auto skip = [&](const char *reason) {
    if (!skips.skipped++)
      skips.reason = llvm::formatv("{0} at length {1}", reason, at.length);
    return llvm::Error::success();
  };
  if (!allWithin(expected->outputs, DBL_MAX) ||
      !allWithin(expected->states, DBL_MAX))
    return skip("the reference is not finite");
  // A state that begins there, as exponents do, may be there.
  Values small = expected->states;
  for (auto [state, init] : llvm::zip_equal(small, tensors.inits))
    if (std::abs(init) > largest)
      state.clear();
  if (!allWithin(expected->outputs, nearEnd) || !allWithin(small, nearEnd))
    return skip("the reference exceeds 1e30");
  if (!allWithin(step->outputs, FLT_MAX) || !allWithin(step->states, FLT_MAX))
    return skip("one token after the other overflows f32");
  // How well the problem is conditioned, the worst of step's tensors tells; if
  // that does not explain an error, how far the meaning itself moves.
  double conditioned = 0;
  for (double error : getErrors(*step, *expected))
    conditioned = std::max(conditioned, error);
  bool isMoved = false;
  std::vector<int64_t> thirds = {at.length / 3, 2 * at.length / 3};
  for (auto [form, mixer] : llvm::zip_equal(report.forms, forms))
    for (bool isCut : {false, true}) {
      if (isCut && at.length < 2)
        continue;
      auto result =
          take(mixer, at,
               isCut ? llvm::ArrayRef(thirds) : llvm::ArrayRef<int64_t>());
      if (!result)
        return result.takeError();
      std::vector<double> errors = getErrors(*result, *expected);
      FormReport before = form;
      if (judge(form, errors, conditioned, at, isCut) || isMoved)
        continue;
      auto moved = measureSensitivity(at, *expected);
      if (!moved)
        return moved.takeError();
      isMoved = true;
      conditioned = std::max(conditioned, *moved);
      form = before;
      judge(form, errors, conditioned, at, isCut);
    }
  return llvm::Error::success();
}

llvm::Error Verification::runRegime(const Regime &regime, uint64_t seed) {
  Draw draw =
      drawRegime(tensors, regime, report.spread, seed, setup.batch, longest);
  if (llvm::Error error =
          writeWeights(setup.weights, tensors.params, draw.params))
    return error;
  auto opened = open(setup.reference, /*f64=*/true, setup.weights);
  if (!opened)
    return opened.takeError();
  reference = std::move(*opened);
  forms.clear();
  for (const FormReport &form : report.forms) {
    auto mixer = open(form.library, form.f64, setup.weights);
    if (!mixer)
      return mixer.takeError();
    forms.push_back(std::move(*mixer));
  }
  bool hasRandom = canBeSet && llvm::any_of(draw.initial, [](auto &state) {
                     return !state.empty();
                   });
  SkippedRuns skips;
  skips.regime = regime.name;
  for (int64_t length : lengths)
    for (bool isRandom : {false, true})
      if (hasRandom || !isRandom)
        if (llvm::Error error =
                runCase({regime, draw, length, isRandom}, skips))
          return error;
  if (skips.skipped)
    report.skips.push_back(skips);
  if (skips.skipped && regime.name == "normal")
    report.failure = "normal inputs: " + skips.reason;
  return llvm::Error::success();
}

llvm::Error
Verification::run(llvm::function_ref<void(llvm::StringRef)> progress) {
  if (llvm::Error error = describeTensors())
    return error;
  if (lengths.empty()) {
    report.obstacle = "it has no room for any of the lengths";
    return llvm::Error::success();
  }
  progress("normal inputs");
  if (llvm::Error error = findSpread())
    return error;
  if (!report.failure.empty())
    return llvm::Error::success();
  for (auto [index, regime] : llvm::enumerate(listRegimes(tensors))) {
    progress(regime.name);
    // The first regime has the values that the spread was found with.
    if (llvm::Error error = runRegime(regime, setup.seed + index))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error
mlir::seqmix::verifyMixer(const MixerSetup &setup, MixerReport &report,
                          llvm::function_ref<void(llvm::StringRef)> progress) {
  return Verification(setup, report).run(progress);
}
