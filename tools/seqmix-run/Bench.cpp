//===- Bench.cpp - measure tokens per second ------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Medians of several runs, and beside them what the memory of this machine can
// do at this moment: a step reads every weight and moves the state once, so the
// copy bandwidth is its ceiling. Weights that a step reads only in part, such
// as an embedding, are counted whole.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Commands.h"
#include "tools/seqmix-run/Fail.h"
#include "tools/seqmix-run/Handles.h"
#include "tools/seqmix-run/JsonWriter.h"
#include "tools/seqmix-run/Progress.h"

#include "runtime/src/ElementType.h"

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <functional>
#include <random>
#include <thread>

using namespace seqmix;

using Clock = std::chrono::steady_clock;

/// A measurement is at least so many runs, and then as many as fit in the time.
static constexpr int minRuns = 5;
static constexpr int maxRuns = 1000;
static constexpr double secondsPerMeasurement = 1.0;

/// Steps of one run: enough for the clock, few enough for short models.
static constexpr int64_t stepsPerRun = 16;

/// Bytes that the copy measurement reads: more than a cache holds.
static constexpr size_t copyBytes = size_t(256) << 20;

namespace {
/// What was measured. Times are medians, in seconds.
struct Measurement {
  double prefillSeconds = 0; // of one prefill
  double stepSeconds = 0;    // of one step
  double copyBandwidth = 0;  // bytes read and written in a second
  double stepBytes = 0;      // weights once, state in and out
};

/// A session with something to feed it.
class Bench {
public:
  Bench(const ModelHandle &model, const Args &args);

  void prefill();
  void steps(int64_t count);

private:
  std::vector<seqmix_tensor_info> Inputs;
  std::vector<seqmix_tensor_info> Outputs;
  int64_t Length;
  int64_t MaxLength;
  SessionHandle Session;
  Buffers In;
  Buffers Out;
};
} // namespace

/// Tokens below the limit, or normally distributed values.
static void fillRandom(const seqmix_tensor_info &input, char *data,
                       int64_t tokens, std::mt19937_64 &generator) {
  auto type = static_cast<ElementType>(input.dtype);
  std::normal_distribution<double> normal;
  uint64_t limit = input.limit ? input.limit : 2;
  for (char *end = data + input.bytes * tokens; data != end;
       data += elementBytes(type))
    storeElement(type,
                 isFloat(type) ? normal(generator)
                               : static_cast<double>(generator() % limit),
                 data);
}

Bench::Bench(const ModelHandle &model, const Args &args)
    : Inputs(listTensors(model, SEQMIX_INPUTS)),
      Outputs(listTensors(model, SEQMIX_OUTPUTS)), Length(args.length),
      MaxLength(seqmix_model_max_length(model.get())),
      Session(createSession(model, args.batch)),
      In(Inputs, args.batch * args.length),
      Out(Outputs, args.batch * args.length) {
  std::mt19937_64 generator(args.seed);
  for (size_t i = 0; i != Inputs.size(); ++i)
    fillRandom(Inputs[i], In[i], args.batch * args.length, generator);
}

void Bench::prefill() {
  seqmix_error error;
  seqmix_session_reset(Session.get());
  check(
      seqmix_prefill(Session.get(), Length, In.inputs(), Out.outputs(), &error),
      error);
}

void Bench::steps(int64_t count) {
  seqmix_error error;
  for (int64_t i = 0; i != count; ++i) {
    if (MaxLength && seqmix_session_tokens_seen(Session.get(), 0) == MaxLength)
      seqmix_session_reset(Session.get());
    check(seqmix_step(Session.get(), In.inputs(), Out.outputs(), &error),
          error);
  }
}

/// Median of the seconds that `body` takes, after one run to warm up.
static double medianSeconds(const char *what,
                            const std::function<void()> &body) {
  Progress progress;
  body();
  std::vector<double> seconds;
  double total = 0;
  int runs = 0;
  for (; runs < minRuns || (total < secondsPerMeasurement && runs < maxRuns);
       ++runs) {
    progress.update(std::string("measuring ") + what, runs,
                    std::max(runs + 1, minRuns));
    Clock::time_point began = Clock::now();
    body();
    seconds.push_back(
        std::chrono::duration<double>(Clock::now() - began).count());
    total += seconds.back();
  }
  std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
  return seconds[runs / 2];
}

/// Bytes read and written in a second by as many threads as the model uses.
static double measureCopy(int threads) {
  size_t share = copyBytes / threads;
  std::vector<char> source(share * threads, 1), target(share * threads);
  auto copy = [&](int part) {
    std::memcpy(target.data() + part * share, source.data() + part * share,
                share);
  };
  double seconds = medianSeconds("memory", [&] {
    std::vector<std::thread> others;
    for (int part = 1; part < threads; ++part)
      others.emplace_back(copy, part);
    copy(0);
    for (std::thread &other : others)
      other.join();
  });
  return 2.0 * share * threads / seconds;
}

static Measurement measure(const Args &args, const ModelHandle &model) {
  Measurement result;
  Bench bench(model, args);
  result.prefillSeconds = medianSeconds("prefill", [&] { bench.prefill(); });
  result.stepSeconds =
      medianSeconds("step", [&] { bench.steps(stepsPerRun); }) / stepsPerRun;
  result.copyBandwidth = measureCopy(seqmix_model_threads(model.get()));
  for (const seqmix_tensor_info &param : listTensors(model, SEQMIX_PARAMS))
    result.stepBytes += static_cast<double>(param.bytes);
  result.stepBytes +=
      2.0 * static_cast<double>(args.batch) *
      static_cast<double>(seqmix_model_state_bytes(model.get()));
  return result;
}

int seqmix::runBench(const Args &args) {
  ModelHandle model = openModel(args, args.weights.empty() ? args.seed : 0);
  int64_t most = seqmix_model_max_length(model.get());
  if (most && args.length > most)
    fail("--length is %" PRId64 ", but model '%s' sees at most %" PRId64
         " tokens",
         args.length, seqmix_model_name(model.get()), most);
  Measurement result = measure(args, model);
  double batch = static_cast<double>(args.batch);
  double prefillRate =
      batch * static_cast<double>(args.length) / result.prefillSeconds;
  double stepRate = batch / result.stepSeconds;
  double stepBandwidth = result.stepBytes / result.stepSeconds;
  double percent = 100.0 * stepBandwidth / result.copyBandwidth;
  if (args.json) {
    JsonWriter json;
    json.open('{').key("model").string(seqmix_model_name(model.get()));
    json.key("threads").integer(seqmix_model_threads(model.get()));
    json.key("batch").integer(args.batch).key("length").integer(args.length);
    json.key("random_weights").boolean(args.weights.empty());
    json.key("prefill_tokens_per_second").real(prefillRate);
    json.key("step_tokens_per_second").real(stepRate);
    json.key("step_bytes").real(result.stepBytes);
    json.key("step_bytes_per_second").real(stepBandwidth);
    json.key("copy_bytes_per_second").real(result.copyBandwidth);
    json.key("step_percent_of_copy").real(percent).close('}').print();
    return 0;
  }
  std::printf("model %s, batch %" PRId64 ", length %" PRId64
              ", %d threads, %s weights\n\n",
              seqmix_model_name(model.get()), args.batch, args.length,
              seqmix_model_threads(model.get()),
              args.weights.empty() ? "random" : "given");
  std::printf("  %-8s %12.1f tokens/s\n", "prefill", prefillRate);
  std::printf("  %-8s %12.1f tokens/s %12.2f GB/s of weights and state\n",
              "step", stepRate, stepBandwidth * 1e-9);
  std::printf("  %-8s %12s          %12.2f GB/s, of which step uses %.1f %%\n",
              "copy", "", result.copyBandwidth * 1e-9, percent);
  return 0;
}
