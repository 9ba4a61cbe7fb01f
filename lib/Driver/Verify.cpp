//===- Verify.cpp - every form of every mixer against its meaning ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A mixer is taken out of the model as it is after the phase `forms`, once for
// each form, and compiled by the phases that follow, as it would be within the
// model. The f64 modules are the f32 ones widened: the same program with the
// same constants, so that only its arithmetic is compared.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Verify.h"

#include "lib/Analysis/ModelInterface.h"
#include "lib/Driver/Artifact.h"
#include "lib/Driver/Explain.h"
#include "lib/Driver/ExtractMixer.h"
#include "lib/Driver/Source.h"
#include "lib/Driver/VerifyMixer.h"

#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::seqmix;

/// How far an f64 form may be from the reference, relative to the largest
/// number.
static constexpr double f64Bound = 1e-9;

namespace {
/// A folder that goes away with the object.
class TemporaryFolder {
public:
  ~TemporaryFolder() {
    if (!path.empty())
      (void)llvm::sys::fs::remove_directories(path);
  }
  std::error_code create() {
    return llvm::sys::fs::createUniqueDirectory("seqmix-verify", path);
  }
  std::string getFile(const Twine &name) const {
    SmallString<128> file(path);
    llvm::sys::path::append(file, name);
    return file.str().str();
  }

private:
  SmallString<128> path;
};

/// The model after `forms`, for one choice.
struct Variant {
  FormChoice choice;
  OwningOpRef<ModuleOp> module;
  SmallVector<MixerOpInterface> mixers;
};

/// The verification of one model.
class Verifier {
public:
  Verifier(const VerifyRequest &request, raw_ostream &out, raw_ostream &errors)
      : request(request), out(out), errors(errors),
        source(request.compile, errors) {}

  Verdict run();

private:
  LogicalResult deriveVariants(ModuleOp imported);
  LogicalResult compile(OwningOpRef<ModuleOp> module, const std::string &path);
  LogicalResult addForms(const FoundMixer &found, MixerSetup &setup,
                         MixerReport &report);
  LogicalResult verify(const FoundMixer &found, MixerReport &report);
  void progress(const Twine &what);

  const VerifyRequest &request;
  raw_ostream &out, &errors;
  Source source;
  TemporaryFolder folder;
  SmallVector<Variant> variants; ///< `step` first
  unsigned numLibraries = 0;
};
} // namespace

/// Rewrites one line on a terminal; an empty one goes away.
void Verifier::progress(const Twine &what) {
  if (!errors.is_displayed())
    return;
  errors << "\r\033[K" << what;
  errors.flush();
}

LogicalResult Verifier::deriveVariants(ModuleOp imported) {
  for (FormChoice choice : {FormChoice::step, FormChoice::scan,
                            FormChoice::chunkwise, FormChoice::automatic}) {
    CompileRequest choosing = request.compile;
    choosing.form = choice;
    Variant variant = {choice, imported.clone(), {}};
    if (failed(deriveForms(*variant.module, choosing)))
      return failure();
    ModelOp model = *variant.module->getOps<ModelOp>().begin();
    variant.mixers = listMixers(model);
    if (variant.mixers.empty())
      return emitError(model.getLoc(), "model @")
             << model.getSymName() << " has no mixer in an entry @prefill";
    if (!variants.empty() &&
        variant.mixers.size() != variants.front().mixers.size())
      return emitError(model.getLoc(), "the form ")
             << stringifyForm(choice) << " has " << variant.mixers.size()
             << " mixers when the form step has "
             << variants.front().mixers.size();
    variants.push_back(std::move(variant));
  }
  return success();
}

/// Compiles a module after the phase `forms` to a library for this machine.
LogicalResult Verifier::compile(OwningOpRef<ModuleOp> module,
                                const std::string &path) {
  if (failed(mlir::verify(*module)))
    return failure();
  FailureOr<ModelInterface> interface =
      ModelInterface::compute(*module->getOps<ModelOp>().begin());
  if (failed(interface))
    return failure();
  CompileRequest library;
  library.march = request.compile.march;
  library.output = path;
  return emitArtifact(*module, *interface, library, out, errors);
}

static double getBound(const VerifyRequest &request,
                       StringRef recurrenceClass) {
  return request.bound.value_or(recurrenceClass == "delta" ? 256 : 64);
}

/// Compiles f32 step and whatever forms differ from it, and from each other.
LogicalResult Verifier::addForms(const FoundMixer &found, MixerSetup &setup,
                                 MixerReport &report) {
  SmallVector<std::string> seen;
  for (Variant &variant : variants) {
    MixerOpInterface mixer = variant.mixers[found.index];
    bool isStep = variant.choice == FormChoice::step;
    StringRef form = getForm(mixer);
    bool isAsked = variant.choice == FormChoice::automatic ||
                   form == stringifyForm(variant.choice);
    if (!isStep && (form == "step" || !isAsked))
      continue;
    OwningOpRef<ModuleOp> module = extractMixer(mixer, /*byToken=*/isStep);
    std::string text;
    llvm::raw_string_ostream(text) << *module;
    if (llvm::is_contained(seen, text))
      continue;
    seen.push_back(text);
    for (bool f64 : {false, true}) {
      FormReport one;
      one.form = isStep ? "step" : form.str();
      if (variant.choice == FormChoice::automatic)
        one.form += " (automatic)";
      one.f64 = f64;
      if (auto name = mixer->getAttrOfType<StringAttr>("class"))
        one.recurrenceClass = name.str();
      if (!isStep)
        one.bound = f64 ? f64Bound : getBound(request, one.recurrenceClass);
      one.isStrict = request.bound.has_value();
      one.library = folder.getFile(Twine(numLibraries++) + ".so");
      if (failed(compile(f64 ? widenToF64(*module)
                             : OwningOpRef<ModuleOp>(module->clone()),
                         one.library)))
        return failure();
      if (isStep && f64)
        setup.reference = one.library;
      else
        report.forms.push_back(one);
    }
  }
  return success();
}

LogicalResult Verifier::verify(const FoundMixer &found, MixerReport &report) {
  MixerOpInterface mixer = variants.front().mixers[found.index];
  report.place = found.place;
  report.kind = found.kind;
  report.count = found.count;
  report.obstacle = findObstacle(mixer);
  auto recurrence = dyn_cast<RecurrenceOp>(*mixer);
  for (auto [index, state] : llvm::enumerate(mixer.getStateOperands()))
    report.states.push_back(
        (recurrence ? recurrence.getStateName(index) + " " : "") +
        describe(getTokenStateType(state.getType())));
  if (!report.obstacle.empty())
    return success();

  auto showProgress = [&](const Twine &what) {
    progress(found.place + ": " + found.kind + ", " + what);
  };
  showProgress("compiling");
  MixerSetup setup;
  setup.lengths = request.lengths;
  setup.seed = request.seed;
  setup.exponents = findExponents(mixer);
  setup.weights = folder.getFile("weights.safetensors");
  OwningOpRef<ModuleOp> alone = extractMixer(mixer, /*byToken=*/true);
  auto interface = ModelInterface::compute(*alone->getOps<ModelOp>().begin());
  if (failed(interface))
    return failure();
  for (const StateEntry &state : interface->states)
    setup.inits.push_back(state.init);
  if (!setup.inits.empty()) {
    OwningOpRef<ModuleOp> probe = buildProbe(*alone);
    setup.probe = folder.getFile(Twine(numLibraries++) + ".so");
    setup.probeF64 = folder.getFile(Twine(numLibraries++) + ".so");
    if (failed(compile(probe->clone(), setup.probe)) ||
        failed(compile(widenToF64(*probe), setup.probeF64)))
      return failure();
  }
  if (failed(addForms(found, setup, report)))
    return failure();
  if (llvm::Error error = verifyMixer(setup, report, showProgress))
    return reportError(errors, llvm::toString(std::move(error)));
  return success();
}

Verdict Verifier::run() {
  OwningOpRef<ModuleOp> imported = source.read();
  if (!imported || failed(source.findModel(*imported)))
    return Verdict::error;
  if (std::error_code code = folder.create()) {
    (void)reportError(errors,
                      "cannot make a temporary folder: " + code.message());
    return Verdict::error;
  }
  if (failed(deriveVariants(*imported)))
    return Verdict::error;
  std::vector<MixerReport> reports;
  for (const FoundMixer &found : findMixers(variants.front().mixers))
    if (failed(verify(found, reports.emplace_back()))) {
      progress("");
      return Verdict::error;
    }
  progress("");
  ModelOp model = *imported->getOps<ModelOp>().begin();
  printReports(model.getSymName(), request, reports, out);
  bool hasFailed =
      llvm::any_of(reports, [](auto &report) { return report.hasFailed(); });
  return hasFailed ? Verdict::exceeded : Verdict::good;
}

Verdict seqmix::verifyMixers(const VerifyRequest &request, raw_ostream &out,
                             raw_ostream &errors) {
  return Verifier(request, out, errors).run();
}
