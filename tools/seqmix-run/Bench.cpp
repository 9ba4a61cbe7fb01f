//===- Bench.cpp - measure tokens per second ------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Medians of several runs, and beside them what the memory of the device can do
// at this moment: a step reads every weight and moves the state once, so the
// copy bandwidth is its ceiling. Weights that a step reads only in part, such
// as an embedding, are counted whole.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Commands.h"
#include "tools/seqmix-run/DeviceFacts.h"
#include "tools/seqmix-run/Fail.h"
#include "tools/seqmix-run/Handles.h"
#include "tools/seqmix-run/JsonWriter.h"
#include "tools/seqmix-run/Stopwatch.h"

#include "runtime/src/ElementType.h"

#include <cinttypes>
#include <cstdio>
#include <random>

#include <seqmix/device.h>

using namespace seqmix;

/// Steps of one run: enough for the clock, few enough for short models.
static constexpr int64_t stepsPerRun = 16;

namespace {
/// What was measured. Times are medians, in seconds.
struct Measurement {
  double prefillSeconds = 0; // of one prefill
  double stepSeconds = 0;    // of one step
  double copyBandwidth = 0;  // bytes read and written in a second
  double stepBytes = 0;      // weights once, state in and out
  int64_t stepKernels = 0;   // launched by a step on a card, and in how many
  int64_t stepGraphs = 0;    // graphs
};

/// A session with something to feed it.
class Bench {
public:
  Bench(const ModelHandle &model, const Args &args);

  void prefill();
  void steps(int64_t count);
  const SessionHandle &session() const { return Session; }

private:
  std::vector<seqmix_tensor_info> Inputs;
  std::vector<seqmix_tensor_info> Outputs;
  int64_t Length;
  int64_t MaxLength;
  SessionHandle Session;
  DeviceBuffers In;
  DeviceBuffers Out;
};
} // namespace

/// Tokens below the limit, or normally distributed values.
static std::vector<char> drawInput(const seqmix_tensor_info &input,
                                   int64_t tokens, std::mt19937_64 &generator) {
  std::vector<char> values(input.bytes * tokens);
  auto type = static_cast<ElementType>(input.dtype);
  std::normal_distribution<double> normal;
  uint64_t limit = input.limit ? input.limit : 2;
  for (char *data = values.data(), *end = data + values.size(); data != end;
       data += elementBytes(type))
    storeElement(type,
                 isFloat(type) ? normal(generator)
                               : static_cast<double>(generator() % limit),
                 data);
  return values;
}

Bench::Bench(const ModelHandle &model, const Args &args)
    : Inputs(listTensors(model, SEQMIX_INPUTS)),
      Outputs(listTensors(model, SEQMIX_OUTPUTS)), Length(args.length),
      MaxLength(seqmix_model_max_length(model.get())),
      Session(createSession(model, args.batch)),
      In(model, Inputs, args.batch * args.length),
      Out(model, Outputs, args.batch * args.length) {
  std::mt19937_64 generator(args.seed);
  for (size_t i = 0; i != Inputs.size(); ++i) {
    std::vector<char> values =
        drawInput(Inputs[i], args.batch * args.length, generator);
    copyBytes(model, In[i], values.data(), values.size());
  }
}

void Bench::prefill() {
  seqmix_error error;
  seqmix_session_reset(Session.get());
  check(
      seqmix_prefill(Session.get(), Length, In.inputs(), Out.outputs(), &error),
      error);
  wait(Session);
}

void Bench::steps(int64_t count) {
  seqmix_error error;
  for (int64_t i = 0; i != count; ++i) {
    if (MaxLength && seqmix_session_tokens_seen(Session.get(), 0) == MaxLength)
      seqmix_session_reset(Session.get());
    check(seqmix_step(Session.get(), In.inputs(), Out.outputs(), &error),
          error);
  }
  wait(Session);
}

static Measurement measure(const Args &args, const ModelHandle &model) {
  Measurement result;
  Bench bench(model, args);
  result.prefillSeconds = medianSeconds("prefill", [&] { bench.prefill(); });
  result.stepSeconds =
      medianSeconds("step", [&] { bench.steps(stepsPerRun); }) / stepsPerRun;
  result.stepKernels = seqmix_session_step_kernels(bench.session().get());
  result.stepGraphs = seqmix_session_step_graphs(bench.session().get());
  result.copyBandwidth = measureCopy(model);
  for (const seqmix_tensor_info &param : listTensors(model, SEQMIX_PARAMS))
    result.stepBytes += static_cast<double>(param.bytes);
  result.stepBytes +=
      2.0 * static_cast<double>(args.batch) *
      static_cast<double>(seqmix_model_state_bytes(model.get()));
  return result;
}

namespace {
/// What was measured, as rates.
struct Rates {
  double prefill; // tokens in a second
  double step;
  double stepBandwidth; // bytes in a second
  double percentOfCopy;

  Rates(const Args &args, const Measurement &result)
      : prefill(static_cast<double>(args.batch) *
                static_cast<double>(args.length) / result.prefillSeconds),
        step(static_cast<double>(args.batch) / result.stepSeconds),
        stepBandwidth(result.stepBytes / result.stepSeconds),
        percentOfCopy(100.0 * stepBandwidth / result.copyBandwidth) {}
};
} // namespace

static void printJson(const Args &args, const ModelHandle &model,
                      const Measurement &result) {
  Rates rates(args, result);
  JsonWriter json;
  json.open('{').key("model").string(seqmix_model_name(model.get()));
  writeDevice(json, model);
  json.key("threads").integer(seqmix_model_threads(model.get()));
  json.key("batch").integer(args.batch).key("length").integer(args.length);
  json.key("random_weights").boolean(args.weights.empty());
  json.key("prefill_tokens_per_second").real(rates.prefill);
  json.key("step_tokens_per_second").real(rates.step);
  if (args.device.isCuda) {
    json.key("step_kernels").integer(result.stepKernels);
    json.key("step_graphs").integer(result.stepGraphs);
  }
  json.key("step_bytes").real(result.stepBytes);
  json.key("step_bytes_per_second").real(rates.stepBandwidth);
  json.key("copy_bytes_per_second").real(result.copyBandwidth);
  json.key("step_percent_of_copy").real(rates.percentOfCopy);
  json.close('}').print();
}

static void printText(const Args &args, const ModelHandle &model,
                      const Measurement &result) {
  Rates rates(args, result);
  std::printf(
      "model %s, batch %" PRId64 ", length %" PRId64 ", %s, %s weights\n",
      seqmix_model_name(model.get()), args.batch, args.length,
      deviceText(model).c_str(), args.weights.empty() ? "random" : "given");
  if (args.device.isCuda)
    std::printf("matrix products: %s\n", deviceOf(model).matmul);
  std::printf("\n  %-8s %12.1f tokens/s\n", "prefill", rates.prefill);
  std::printf("  %-8s %12.1f tokens/s %12.2f GB/s of weights and state\n",
              "step", rates.step, rates.stepBandwidth * 1e-9);
  std::printf("  %-8s %12s          %12.2f GB/s, of which step uses %.1f %%\n",
              "copy", "", result.copyBandwidth * 1e-9, rates.percentOfCopy);
  if (args.device.isCuda)
    std::printf("  %-8s %12" PRId64 " kernels for each step, in %" PRId64
                " graph%s\n",
                "launches", result.stepKernels, result.stepGraphs,
                result.stepGraphs == 1 ? "" : "s");
}

int seqmix::runBench(const Args &args) {
  ModelHandle model = openModel(args, args.weights.empty() ? args.seed : 0);
  int64_t most = seqmix_model_max_length(model.get());
  if (most && args.length > most)
    fail("--length is %" PRId64 ", but model '%s' sees at most %" PRId64
         " tokens",
         args.length, seqmix_model_name(model.get()), most);
  Measurement result = measure(args, model);
  if (args.json)
    printJson(args, model, result);
  else
    printText(args, model, result);
  return 0;
}
