//===- Options.cpp - seqmixc's command line -------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmixc/Options.h"

#include "llvm/Support/CommandLine.h"

using namespace mlir::seqmix;
namespace cl = llvm::cl;

namespace {
enum class Output { mlir, forms, llvm, ptx, assembly, obj, so };

/// The options live while the command line is parsed, not globally.
struct Options {
  cl::OptionCategory category{"seqmixc options"};
  cl::opt<std::string> source{cl::Positional, cl::Required,
                              cl::desc("<model.sqm | model.mlir>"),
                              cl::cat(category)};
  cl::opt<std::string> config{
      "config", cl::desc("Take configuration values from a JSON file"),
      cl::value_desc("file.json"), cl::cat(category)};
  cl::list<std::string> defines{
      "D", cl::Prefix, cl::desc("Set one configuration value or axis"),
      cl::value_desc("name=value"), cl::cat(category)};
  cl::opt<std::string> entry{
      "entry",
      cl::desc("Mixer or model to compile (default: the last model, "
               "or else the last mixer)"),
      cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> precision{
      "precision", cl::desc("Type to compute in: f32 (default) or f64"),
      cl::init("f32"), cl::value_desc("type"), cl::cat(category)};
  cl::list<std::string> march{
      "march", cl::CommaSeparated,
      cl::desc("Processors to compile for, e.g. x86-64-v3, or portable for "
               "x86-64, x86-64-v3 and x86-64-v4 in one (default: native, or "
               "portable where --triple is for other machines)"),
      cl::value_desc("name,..."), cl::cat(category)};
  cl::opt<std::string> triple{
      "triple",
      cl::desc("Machine to compile for, e.g. aarch64-linux-gnu (default: this "
               "one)"),
      cl::value_desc("triple"), cl::cat(category)};
  cl::list<std::string> targets{
      "target", cl::CommaSeparated,
      cl::desc("Devices to compile for: cpu (default), cuda[:sm_80|sm_90a], "
               "or both"),
      cl::value_desc("device,..."), cl::cat(category)};
  cl::opt<std::string> weights{
      "weights",
      cl::desc("Type to keep the weights of projections in: f32 (default), "
               "bf16, or int8 with scales for groups of 32"),
      cl::init("f32"), cl::value_desc("type"), cl::cat(category)};
  cl::opt<FormChoice> form{
      "form", cl::desc("Form to compile mixers in, where they have it:"),
      cl::init(FormChoice::automatic),
      cl::values(
          clEnumValN(FormChoice::automatic, "automatic",
                     "the one expected to be fastest (default)"),
          clEnumValN(FormChoice::step, "step", "one token after the other"),
          clEnumValN(FormChoice::scan, "scan", "tokens combined in pairs"),
          clEnumValN(FormChoice::chunkwise, "chunkwise",
                     "many tokens at once, as products of matrices"),
          clEnumValN(FormChoice::reference, "reference",
                     "one token after the other in plain loops, to compare "
                     "with")),
      cl::cat(category)};
  cl::opt<Output> emit{
      "emit", cl::desc("What to write:"), cl::init(Output::so),
      cl::values(clEnumValN(Output::mlir, "mlir", "the module as imported"),
                 clEnumValN(Output::forms, "forms",
                            "what was derived for each mixer, to be read"),
                 clEnumValN(Output::llvm, "llvm", "optimised LLVM IR"),
                 clEnumValN(Output::ptx, "ptx", "the code for the GPU"),
                 clEnumValN(Output::assembly, "asm", "assembly"),
                 clEnumValN(Output::obj, "obj", "an object file"),
                 clEnumValN(Output::so, "so", "a shared library (default)")),
      cl::cat(category)};
  cl::opt<std::string> stopAfter{
      "stop-after",
      cl::desc("Write the module after a phase: import, forms, tensors, "
               "buffers, llvm"),
      cl::value_desc("phase"), cl::cat(category)};
  cl::opt<bool> explain{"explain",
                        cl::desc("Print what the compiler knows of the model"),
                        cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("Print --explain as JSON"),
                     cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("Output file"),
                              cl::value_desc("file"), cl::cat(category)};
};
} // namespace

static void chooseOutput(const Options &options, CompileRequest &request) {
  switch (options.emit) {
  case Output::mlir:
    request.emit = Emit::module;
    request.stopAfter = Phase::import;
    break;
  case Output::forms:
    request.emit = Emit::forms;
    break;
  case Output::llvm:
    request.emit = Emit::llvm;
    break;
  case Output::ptx:
    request.emit = Emit::ptx;
    break;
  case Output::assembly:
    request.emit = Emit::assembly;
    break;
  case Output::obj:
    request.emit = Emit::object;
    break;
  case Output::so:
    request.emit = Emit::library;
    break;
  }
  if (options.explain)
    request.emit = Emit::explanation;
}

/// The GPU to compile for where only `cuda` is said: its code runs on all that
/// came after it.
static constexpr const char *defaultArchitecture = "sm_80";

static llvm::Error chooseTargets(const Options &options,
                                 CompileRequest &request) {
  request.hasCpu = options.targets.empty();
  for (llvm::StringRef target : options.targets) {
    auto [device, architecture] = target.split(':');
    if (target == "cpu") {
      request.hasCpu = true;
      continue;
    }
    if (device != "cuda")
      return llvm::createStringError(
          "--target=%s: this compiler generates code for cpu and cuda",
          target.str().c_str());
    if (request.gpu)
      return llvm::createStringError(
          "--target names cuda twice: an artifact has code for one GPU");
    auto parsed = GpuArchitecture::parse(target == device ? defaultArchitecture
                                                          : architecture);
    if (!parsed)
      return llvm::createStringError("--target=%s: %s", target.str().c_str(),
                                     toString(parsed.takeError()).c_str());
    request.gpu = *parsed;
  }
  if (request.gpu && request.f64)
    return llvm::createStringError(
        "--precision=f64 is for cpu: on cuda all is computed in f32");
  if (request.gpu && request.weights == "int8")
    return llvm::createStringError(
        "--weights=int8 is for cpu: on cuda they are f32 or bf16");
  if (options.emit == Output::ptx && !request.gpu)
    return llvm::createStringError(
        "--emit=ptx is for --target=cuda: there is no code for a GPU");
  return llvm::Error::success();
}

llvm::Error mlir::seqmix::readDefines(
    llvm::ArrayRef<std::string> texts,
    std::vector<std::pair<std::string, std::string>> &defines) {
  for (llvm::StringRef define : texts) {
    auto [name, value] = define.split('=');
    if (name.empty() || value.empty())
      return llvm::createStringError("-D%s is not of the form name=value",
                                     define.str().c_str());
    defines.push_back({name.str(), value.str()});
  }
  return llvm::Error::success();
}

static llvm::Expected<CompileRequest> toRequest(const Options &options) {
  CompileRequest request;
  request.source = options.source;
  request.configPath = options.config;
  request.entry = options.entry;
  request.march.assign(options.march.begin(), options.march.end());
  request.triple = options.triple;
  request.output = options.output;
  request.json = options.json;
  request.form = options.form;
  if (llvm::Error error = readDefines(options.defines, request.defines))
    return error;
  if (options.precision != "f32" && options.precision != "f64")
    return llvm::createStringError("--precision is f32 or f64, not '%s'",
                                   options.precision.c_str());
  request.f64 = options.precision == "f64";
  request.weights = options.weights;
  if (request.weights != "f32" && request.weights != "bf16" &&
      request.weights != "int8")
    return llvm::createStringError("--weights is f32, bf16 or int8, not '%s'",
                                   request.weights.c_str());
  if (llvm::Error error = chooseTargets(options, request))
    return error;
  if (options.json && !options.explain)
    return llvm::createStringError("--json is for --explain");
  chooseOutput(options, request);
  if (!options.stopAfter.empty()) {
    std::optional<Phase> phase = findPhase(options.stopAfter);
    if (!phase)
      return llvm::createStringError(
          "--stop-after=%s is no phase: they are import, forms, tensors, "
          "buffers and llvm",
          options.stopAfter.c_str());
    request.emit = Emit::module;
    request.stopAfter = *phase;
  }
  return request;
}

llvm::Expected<CompileRequest> mlir::seqmix::parseCommandLine(int argc,
                                                              char **argv) {
  // The LLVM libraries register options of their own, some by the same names
  // (--stop-after), none of them meant for this tool's users. lld registers
  // its own when it is called, so ours leave again.
  cl::ResetCommandLineParser();
  Options options;
  // Known here for --help alone.
  cl::SubCommand verify(verifyCommand, verifySummary);
  cl::ParseCommandLineOptions(
      argc, argv, "seqmixc: compiles a sequence model into a shared library\n");
  llvm::Expected<CompileRequest> request = toRequest(options);
  cl::ResetCommandLineParser();
  return request;
}
