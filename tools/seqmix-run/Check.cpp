//===- Check.cpp - compare with recorded outputs --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two questions, asked of three ways to feed the same tokens: is the answer the
// recorded one, and is it the same each time? Errors are relative to the
// largest recorded value of the tensor, so that they mean the same for every
// model.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Commands.h"
#include "tools/seqmix-run/Fail.h"
#include "tools/seqmix-run/Feeding.h"
#include "tools/seqmix-run/JsonWriter.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>

using namespace seqmix;

namespace {
/// The verdict on one way to feed.
struct Verdict {
  const char *name = nullptr;
  double error = 0; // max |error| / max |reference|; NaN if any value is
  int64_t greedyEqual = 0;
  bool ok = false;
};

/// The verdict on all.
struct Report {
  std::vector<Verdict> ways;
  double difference = 0; // between any two ways, over max |reference|
  double tolerance = 0;
  double waysTolerance = 0;
  int64_t greedyTotal = 0;
  bool ok = false;
};
} // namespace

/// Without --tol-ways, models that compute in double are held to this.
static constexpr double doubleWaysTolerance = 1e-9;

/// Largest |a - b|; NaN if any of either is not finite.
static double maxDifference(const std::vector<double> &a,
                            const std::vector<double> &b) {
  double most = 0;
  for (size_t i = 0; i != a.size(); ++i) {
    double difference = std::abs(a[i] - b[i]);
    if (!std::isfinite(difference))
      return NAN;
    most = std::max(most, difference);
  }
  return most;
}

static double maxMagnitude(const std::vector<double> &values) {
  return maxDifference(values, std::vector<double>(values.size(), 0.0));
}

/// Larger of the two, NaN if either is.
static double worse(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : std::max(a, b);
}

/// Over all outputs, max |a - b| over the scale of each.
static double relativeDifference(const std::vector<std::vector<double>> &a,
                                 const std::vector<std::vector<double>> &b,
                                 const std::vector<double> &scales) {
  double most = 0;
  for (size_t i = 0; i != a.size(); ++i)
    if (a[i].size() == b[i].size())
      most = worse(most, maxDifference(a[i], b[i]) / scales[i]);
  return most;
}

/// What errors are relative to: the largest recorded value of each output, the
/// largest computed one where none was recorded, 1 where all are zero.
static std::vector<double> findScales(const Recording &recording,
                                      const Answer &answer) {
  std::vector<double> scales;
  for (size_t i = 0; i != answer.outputs.size(); ++i) {
    double scale =
        maxMagnitude(recording.outputs[i].empty() ? answer.outputs[i]
                                                  : recording.outputs[i]);
    scales.push_back(scale > 0 ? scale : 1);
  }
  return scales;
}

static Report compare(const Args &args, const ModelHandle &model,
                      const Recording &recording) {
  Report report;
  report.tolerance = args.tolerance;
  report.waysTolerance = args.tolerance;
  for (const seqmix_tensor_info &output : listTensors(model, SEQMIX_OUTPUTS))
    if (output.dtype == SEQMIX_F64)
      report.waysTolerance = doubleWaysTolerance;
  if (args.waysTolerance >= 0)
    report.waysTolerance = args.waysTolerance;
  report.greedyTotal = recording.greedy.size();

  Progress progress;
  std::vector<Answer> answers;
  for (const Feeding &feeding : allFeedings(recording.length)) {
    answers.push_back(feed(model, recording, feeding, progress));
    const Answer &answer = answers.back();
    std::vector<double> scales = findScales(recording, answers.front());
    Verdict verdict;
    verdict.name = feeding.name;
    verdict.error =
        relativeDifference(answer.outputs, recording.outputs, scales);
    for (size_t i = 0; i != recording.greedy.size(); ++i)
      verdict.greedyEqual += answer.greedy[i] == recording.greedy[i];
    verdict.ok = verdict.error <= report.tolerance &&
                 verdict.greedyEqual == report.greedyTotal;
    report.ways.push_back(verdict);
    for (const Answer &other : answers)
      report.difference =
          worse(report.difference,
                relativeDifference(answer.outputs, other.outputs, scales));
  }
  report.ok = report.difference <= report.waysTolerance;
  for (const Verdict &verdict : report.ways)
    report.ok &= verdict.ok;
  return report;
}

static void printText(const Report &report, const ModelHandle &model,
                      const Recording &recording) {
  std::printf("model %s, %" PRId64 " x %" PRId64 " tokens\n\n",
              seqmix_model_name(model.get()), recording.batch,
              recording.length);
  std::printf("  %-14s %-28s %s\n", "fed in", "max|error| / max|reference|",
              "greedy tokens equal");
  for (const Verdict &way : report.ways) {
    char greedy[64] = "none recorded";
    if (report.greedyTotal)
      std::snprintf(greedy, sizeof(greedy), "%" PRId64 " of %" PRId64,
                    way.greedyEqual, report.greedyTotal);
    char error[32];
    std::snprintf(error, sizeof(error), "%.3e", way.error);
    std::printf("  %-14s %-28s %-20s %s\n", way.name,
                std::isnan(way.error) ? "not finite" : error, greedy,
                way.ok ? "ok" : "FAILED");
  }
  bool agree = report.difference <= report.waysTolerance;
  char difference[32];
  std::snprintf(difference, sizeof(difference), "%.3e", report.difference);
  std::printf("\n  %-14s %-49s %s\n", "ways differ",
              std::isnan(report.difference) ? "not finite" : difference,
              agree ? "ok" : "FAILED");
  std::printf("  %-14s %.1e, between ways %.1e\n", "tolerance",
              report.tolerance, report.waysTolerance);
  for (const Verdict &way : report.ways)
    if (std::isnan(way.error) || std::isnan(report.difference)) {
      std::printf("  an output holds NaN or infinity\n");
      break;
    }
  std::printf("\n%s\n", report.ok ? "check passed" : "check failed");
}

static void printJson(const Report &report, const ModelHandle &model,
                      const Recording &recording) {
  JsonWriter json;
  json.open('{').key("model").string(seqmix_model_name(model.get()));
  json.key("batch").integer(recording.batch);
  json.key("length").integer(recording.length);
  json.key("ways").open('[');
  for (const Verdict &way : report.ways) {
    json.open('{').key("name").string(way.name);
    json.key("error").real(way.error);
    json.key("finite").boolean(!std::isnan(way.error));
    json.key("greedy_equal").integer(way.greedyEqual);
    json.key("greedy_total").integer(report.greedyTotal);
    json.key("ok").boolean(way.ok).close('}');
  }
  json.close(']');
  json.key("ways_difference").real(report.difference);
  json.key("tolerance").real(report.tolerance);
  json.key("ways_tolerance").real(report.waysTolerance);
  json.key("ok").boolean(report.ok).close('}').print();
}

/// Replaces what was recorded by what another device computes. Which token is
/// the likeliest may hang on rounding, and is not compared.
static void takeReference(Args args, Recording &recording) {
  args.device = args.reference;
  ModelHandle model = openModel(args);
  recording.greedy.clear();
  recording.greedyLength = 0;
  Progress progress;
  recording.outputs =
      feed(model, recording, allFeedings(recording.length).front(), progress)
          .outputs;
}

int seqmix::runCheck(const Args &args) {
  ModelHandle model = openModel(args);
  Recording recording = readRecording(args.recording, model);
  if (args.hasReference)
    takeReference(args, recording);
  else if (recording.length && !recording.hasExpectations())
    fail("%s holds none of the outputs of model '%s'", args.recording.c_str(),
         seqmix_model_name(model.get()));
  Report report = compare(args, model, recording);
  if (args.json)
    printJson(report, model, recording);
  else
    printText(report, model, recording);
  return report.ok ? 0 : 1;
}
