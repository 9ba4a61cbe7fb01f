//===- VerifyMixer.cpp - a mixer's forms against its meaning --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The meaning is one token after the other, computed in f64. A run that even
// this cannot say something of in f32 is skipped. Where one token after the
// other in f32 is itself far from the meaning, the problem is ill conditioned
// and no form can be asked to be much nearer; f64 forms still are.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/VerifyMixer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <cfloat>
#include <cmath>

using namespace mlir::seqmix;

/// What f32 rounds by at most, relative to a number, is half of this.
static constexpr double rounding = 0x1p-24;
/// What f64 rounds by, in terms of that.
static constexpr double f64ToF32 = 0x1p-29;
/// Below, f32 has fewer digits: what is smaller counts as this.
static constexpr double smallest = FLT_MIN / rounding;
/// How much nearer to the meaning than a form f32 step may be, where that is
/// far from it.
static constexpr double conditioning = 4;
/// Normal inputs are scaled so that nothing grows beyond.
static constexpr double largest = 1e6;
/// Forms multiply queries, keys and values in other orders than the step does,
/// so near the end of f32 one may overflow and another may not.
static constexpr double nearEnd = 1e30;
/// Exponents below are those of zero, whatever they are.
static constexpr double nothing = -1e29;

bool MixerReport::hasFailed() const {
  return !failure.empty() ||
         llvm::any_of(forms, [](auto &form) { return form.hasFailed; });
}

/// The largest difference to the largest number of `expected`; infinite if it
/// is no number.
static double getError(llvm::ArrayRef<double> values,
                       llvm::ArrayRef<double> expected) {
  double difference = 0, scale = smallest;
  for (auto [x, y] : llvm::zip_equal(values, expected)) {
    if (!std::isfinite(x))
      return INFINITY;
    difference = std::max(difference, std::abs(x - y));
    scale = std::max(scale, std::abs(y));
  }
  return difference / scale;
}

/// `mantissa * exp(exponent)` as a mantissa for another exponent. An exponent
/// may lack the mantissa's last axes.
static std::vector<double> rescale(llvm::ArrayRef<double> mantissa,
                                   llvm::ArrayRef<double> exponent,
                                   llvm::ArrayRef<double> other) {
  std::vector<double> scaled(mantissa);
  size_t sharing = exponent.empty() ? 1 : scaled.size() / exponent.size();
  for (auto [i, x] : llvm::enumerate(scaled)) {
    double from = exponent[i / sharing], to = other[i / sharing];
    if (x != 0 && std::max(from, to) > nothing)
      x *= std::exp(from - to);
  }
  return scaled;
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
  llvm::Expected<CompiledMixer> open(const std::string &library, bool f64);
  llvm::Error describeTensors();
  llvm::Expected<double> measureGrowth(const Spread &spread);
  llvm::Error findSigns(Spread &spread);
  llvm::Error findSpread();
  llvm::Error runRegime(const Regime &regime, uint64_t seed);
  llvm::Error runCase(const Case &at, SkippedRuns &skips);
  std::vector<double> getErrors(const MixerResult &result,
                                const MixerResult &expected) const;
  llvm::Expected<MixerResult> take(CompiledMixer &mixer, const Case &at,
                                   llvm::ArrayRef<int64_t> cuts);
  void judge(FormReport &form, llvm::ArrayRef<double> errors,
             llvm::ArrayRef<double> stepErrors, const Case &at, bool isCut);

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
                                                 bool f64) {
  return CompiledMixer::open(library, f64 ? setup.probeF64 : setup.probe,
                             tensors.params.empty() ? "" : setup.weights,
                             setup.batch, longest);
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
  auto mixer = open(setup.reference, /*f64=*/true);
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

/// The errors of the outputs, then of the states. What a mantissa and its
/// exponent mean is their product, so exponents alone have none.
std::vector<double> Verification::getErrors(const MixerResult &result,
                                            const MixerResult &expected) const {
  std::vector<double> errors;
  for (auto [x, y] : llvm::zip_equal(result.outputs, expected.outputs))
    errors.push_back(getError(x, y));
  for (auto [index, y] : llvm::enumerate(expected.states)) {
    const std::vector<double> &x = result.states[index];
    std::optional<size_t> exponent = setup.exponents[index];
    if (exponent)
      errors.push_back(getError(
          rescale(x, result.states[*exponent], expected.states[*exponent]), y));
    else
      errors.push_back(llvm::is_contained(setup.exponents, std::optional(index))
                           ? 0
                           : getError(x, y));
  }
  return errors;
}

/// Takes one form's errors into its report.
void Verification::judge(FormReport &form, llvm::ArrayRef<double> errors,
                         llvm::ArrayRef<double> stepErrors, const Case &at,
                         bool isCut) {
  // How well the problem is conditioned, the worst of step's tensors tells. In
  // f64, f32 step would err by as much less as its numbers are longer.
  double step = (errors.empty() ? 0 : *llvm::max_element(stepErrors)) *
                (form.f64 ? f64ToF32 : 1 / rounding);
  double slack = form.isStrict ? 0 : conditioning * step;
  for (auto [index, error] : llvm::enumerate(errors)) {
    double found = form.f64 ? error : error / rounding;
    bool fails = form.bound && found > std::max(*form.bound, slack);
    if (fails < form.hasFailed ||
        (fails == form.hasFailed && found <= form.error && !form.where.empty()))
      continue;
    form.hasFailed = fails;
    form.error = found;
    form.stepError = step;
    size_t numOutputs = tensors.outputs.size();
    bool isState = index >= numOutputs;
    form.where = llvm::formatv(
        "{0} {1}, length {2}, {3}{4}{5}", isState ? "state" : "output",
        isState ? tensors.states[index - numOutputs].name
                : tensors.outputs[index].name,
        at.length, at.regime.name, at.isRandom ? ", random state" : "",
        isCut ? ", in pieces" : "");
  }
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
  std::vector<double> stepErrors = getErrors(*step, *expected);
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
      judge(form, getErrors(*result, *expected), stepErrors, at, isCut);
    }
  return llvm::Error::success();
}

llvm::Error Verification::runRegime(const Regime &regime, uint64_t seed) {
  Draw draw =
      drawRegime(tensors, regime, report.spread, seed, setup.batch, longest);
  if (llvm::Error error =
          writeWeights(setup.weights, tensors.params, draw.params))
    return error;
  auto opened = open(setup.reference, /*f64=*/true);
  if (!opened)
    return opened.takeError();
  reference = std::move(*opened);
  forms.clear();
  for (const FormReport &form : report.forms) {
    auto mixer = open(form.library, form.f64);
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
