//===- VerifyOptions.cpp - the command line of seqmixc verify -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmixc/Options.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir::seqmix;
namespace cl = llvm::cl;

namespace {
struct VerifyOptions {
  cl::SubCommand verify{verifyCommand, verifySummary};
  cl::OptionCategory category{"seqmixc verify options"};
  cl::opt<std::string> source{cl::Positional, cl::Required,
                              cl::desc("<model.sqm | model.mlir>"),
                              cl::sub(verify), cl::cat(category)};
  cl::opt<std::string> config{
      "config", cl::desc("Take configuration values from a JSON file"),
      cl::value_desc("file.json"), cl::sub(verify), cl::cat(category)};
  cl::list<std::string> defines{"D",
                                cl::Prefix,
                                cl::desc("Set one configuration value or axis"),
                                cl::value_desc("name=value"),
                                cl::sub(verify),
                                cl::cat(category)};
  cl::opt<std::string> entry{
      "entry",
      cl::desc("Mixer or model to verify (default: the last model, or else "
               "the last mixer)"),
      cl::value_desc("name"), cl::sub(verify), cl::cat(category)};
  cl::opt<std::string> march{
      "march",
      cl::desc("Processor to compile for (default: native)"),
      cl::init("native"),
      cl::value_desc("name"),
      cl::sub(verify),
      cl::cat(category)};
  cl::list<int64_t> lengths{
      "lengths",
      cl::CommaSeparated,
      cl::desc("Tokens of the runs (default: 0,1,2,63,64,65,127,1000,4097)"),
      cl::value_desc("tokens,..."),
      cl::sub(verify),
      cl::cat(category)};
  cl::opt<uint64_t> seed{"seed",          cl::desc("Seed of the random values"),
                         cl::init(1),     cl::value_desc("number"),
                         cl::sub(verify), cl::cat(category)};
  cl::opt<double> bound{
      "bound",
      cl::desc("Roundings that a form may err by in f32, in any run (default: "
               "64, or 256 for a delta rule; or, where that is more, four "
               "times those of the step form or of inputs whose last digit "
               "has changed)"),
      cl::value_desc("number"), cl::sub(verify), cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("Print a JSON object"), cl::sub(verify),
                     cl::cat(category)};
};
} // namespace

static llvm::Expected<VerifyRequest> toRequest(const VerifyOptions &options) {
  VerifyRequest request;
  request.compile.source = options.source;
  request.compile.configPath = options.config;
  request.compile.entry = options.entry;
  request.compile.march = {options.march};
  request.json = options.json;
  request.seed = options.seed;
  if (llvm::Error error = readDefines(options.defines, request.compile.defines))
    return error;
  if (options.bound.getNumOccurrences()) {
    request.bound = options.bound;
    if (!(options.bound > 0))
      return llvm::createStringError("--bound is positive, not %g",
                                     double(options.bound));
  }
  if (options.lengths.empty())
    return request;
  request.lengths.assign(options.lengths.begin(), options.lengths.end());
  for (int64_t length : request.lengths)
    if (length < 0 || length > 1 << 24)
      return llvm::createStringError("--lengths has %lld, which is no number "
                                     "of tokens between 0 and 2^24",
                                     static_cast<long long>(length));
  return request;
}

llvm::Expected<VerifyRequest>
mlir::seqmix::parseVerifyCommandLine(int argc, char **argv) {
  cl::ResetCommandLineParser();
  VerifyOptions options;
  // Unlike those of a compilation, wrong options are told from a wrong form.
  if (!cl::ParseCommandLineOptions(argc, argv, verifySummary, &llvm::errs()))
    std::exit(static_cast<int>(Verdict::error));
  llvm::Expected<VerifyRequest> request = toRequest(options);
  cl::ResetCommandLineParser();
  return request;
}
