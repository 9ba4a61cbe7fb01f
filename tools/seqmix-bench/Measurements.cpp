//===- Measurements.cpp - what to run, and how long -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-bench/Measurements.h"

#include "tools/seqmix-bench/Ceilings.h"

#include <chrono>

using namespace seqmix;
using mlir::seqmix::stringifyForm;

/// A model is not given more tokens than this many seconds are enough for.
static constexpr double patience = 5;

namespace {
/// The program that was last measured: the library that measures asks for each
/// several times.
class Workshop {
public:
  explicit Workshop(const Plan &plan) : plan(plan) {}

  llvm::Expected<Program *> get(const Case &which, FormChoice form) {
    std::string name =
        (which.name + "/" + which.entry + "/" + std::to_string(which.length) +
         "/" + stringifyForm(form))
            .str();
    if (name != current) {
      program.reset();
      current.clear();
      Making making = plan.making;
      making.form = form;
      auto made = Program::make(which, making);
      if (!made)
        return made.takeError();
      program = std::move(*made);
      current = name;
    }
    return program.get();
  }

private:
  const Plan &plan;
  std::string current;
  std::unique_ptr<Program> program;
};

/// The machine's ceilings just before a measurement: what memory gives changes
/// by the minute where there are neighbours.
class Surroundings {
public:
  explicit Surroundings(int threads) : machine(threads) {}

  Rates measureBefore(const std::string &name) {
    if (name != current)
      rates = machine.measure();
    current = name;
    return rates;
  }
  Machine machine;

private:
  std::string current;
  Rates rates;
};

class Registrar {
public:
  Registrar(const Plan &plan, Report &report)
      : plan(plan), report(report), workshop(std::make_shared<Workshop>(plan)),
        surroundings(std::make_shared<Surroundings>(plan.making.threads)) {}

  void addCeilings();
  void addMixer(const Case &which);
  void addDense(const Case &which);
  void addModel(const Case &which);

private:
  using Body = std::function<void(benchmark::State &, Row &)>;
  void add(const std::string &name, Body body);
  void addPrefill(const std::string &name, const Case &which, FormChoice form);
  void addStep(const std::string &name, const Case &which,
               bool isDense = false);

  const Plan &plan;
  Report &report;
  std::shared_ptr<Workshop> workshop;
  std::shared_ptr<Surroundings> surroundings;
};
} // namespace

void Registrar::add(const std::string &name, Body body) {
  benchmark::RegisterBenchmark(
      name.c_str(),
      [name, body, around = surroundings,
       &report = report](benchmark::State &state) {
        Row row;
        row.name = name;
        if (!llvm::StringRef(name).starts_with("ceiling/"))
          row.ceilings = around->measureBefore(name);
        body(state, row);
        report.describe(row);
      })
      ->UseRealTime()
      ->MinTime(plan.seconds);
}

/// Takes turns as long as the library wants; false if one went wrong, which
/// ends the measurement. The median turn counts: what a neighbour takes from a
/// few is not the program's.
static bool takeTurns(benchmark::State &state, Row &row,
                      llvm::function_ref<llvm::Error()> take) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> seconds;
  for (auto turn : state) {
    Clock::time_point begin = Clock::now();
    if (llvm::Error error = take()) {
      state.SkipWithError(llvm::toString(std::move(error)).c_str());
      return false;
    }
    seconds.push_back(
        std::chrono::duration<double>(Clock::now() - begin).count());
  }
  row.seconds = medianOf(std::move(seconds));
  return true;
}

void Registrar::addCeilings() {
  auto add = [&](const std::string &name, double Row::*done,
                 double (Machine::*work)()) {
    this->add(name,
              [=, around = surroundings](benchmark::State &state, Row &row) {
                takeTurns(state, row, [&] {
                  row.*done = (around->machine.*work)();
                  return llvm::Error::success();
                });
              });
  };
  add("ceiling/copy", &Row::bytes, &Machine::copy);
  add("ceiling/read", &Row::bytes, &Machine::read);
  add("ceiling/fma", &Row::flops, &Machine::multiplyAdd);
}

/// Ends a measurement that went wrong.
static void skip(benchmark::State &state, llvm::Error error) {
  state.SkipWithError(llvm::toString(std::move(error)).c_str());
}

/// Takes in `length` tokens each turn. Null if that went wrong.
static Program *measurePrefill(Workshop &workshop, const Case &which,
                               FormChoice form, int64_t length,
                               benchmark::State &state, Row &row) {
  auto program = workshop.get(which, form);
  if (!program) {
    skip(state, program.takeError());
    return nullptr;
  }
  if (!takeTurns(state, row, [&] { return (*program)->prefill(length); }))
    return nullptr;
  row.form = (*program)->form();
  row.tokens = static_cast<double>(length);
  row.stateBytes = (*program)->stateBytes();
  return *program;
}

void Registrar::addPrefill(const std::string &name, const Case &which,
                           FormChoice form) {
  add(name, [=, workshop = workshop](benchmark::State &state, Row &row) {
    Program *program =
        measurePrefill(*workshop, which, form, which.length, state, row);
    if (!program)
      return;
    row.flops = row.tokens * program->flops() * which.shareOfWork();
    row.bytes = row.tokens * program->tokenBytes();
  });
}

void Registrar::addStep(const std::string &name, const Case &which,
                        bool isDense) {
  add(name, [=, workshop = workshop](benchmark::State &state, Row &row) {
    auto program = workshop->get(which, FormChoice::automatic);
    if (!program)
      return skip(state, program.takeError());
    if (!takeTurns(state, row, [&] { return (*program)->step(); }))
      return;
    row.tokens = 1;
    row.stateBytes = (*program)->stateBytes();
    row.bytes = (*program)->tokenBytes() + 2 * row.stateBytes;
    if (!isDense)
      return;
    row.bytes += (*program)->weightBytes();
    row.memory = "read";
  });
}

void Registrar::addMixer(const Case &which) {
  std::string name = "mixer/" + which.name;
  if (which.length > 1) {
    if (which.window == 0) // would take a minute
      addPrefill(name + "/reference", which, FormChoice::reference);
    addPrefill(name + "/by_token", which, FormChoice::step);
    addPrefill(name + "/prefill", which, FormChoice::automatic);
  }
  addStep(name + "/step", which);
}

/// Bound by arithmetic where there are many tokens, by reading the weights
/// where there is one.
void Registrar::addDense(const Case &which) {
  std::string name = "dense/" + which.name;
  add(name + "/prefill",
      [=, workshop = workshop](benchmark::State &state, Row &row) {
        Program *program = measurePrefill(
            *workshop, which, FormChoice::automatic, which.length, state, row);
        if (program)
          row.flops = row.tokens * (program->flops() + program->weightFlops());
      });
  addStep(name + "/step", which, /*isDense=*/true);
}

/// Tokens that models are given: powers of two, four apart, and 4096, which the
/// longest is compared with.
static constexpr int64_t kLengths[] = {128,  512,   2048,  4096,
                                       8192, 32768, 131072};

/// A model at ever longer sequences, as long as it keeps up.
void Registrar::addModel(const Case &which) {
  Case longest = which;
  longest.length = std::min(which.length, plan.longest);
  std::string last;
  for (int64_t tokens : kLengths) {
    int64_t length = std::min(tokens, longest.length);
    std::string name = "model/" + which.name + "/" + std::to_string(length);
    add(name, [=, workshop = workshop,
               &report = report](benchmark::State &state, Row &row) {
      // What was filtered out says nothing.
      const Row *before = report.find(last);
      double times = before ? static_cast<double>(length) / before->tokens : 0;
      if (before &&
          (!before->skipped.empty() || before->seconds * times > patience))
        return state.SkipWithError(tooLong);
      measurePrefill(*workshop, longest, FormChoice::automatic, length, state,
                     row);
    });
    last = name;
    if (length >= longest.length)
      break;
  }
  addStep("model/" + which.name + "/step", longest);
}

void seqmix::registerAll(const Plan &plan, Report &report) {
  Registrar registrar(plan, report);
  registrar.addCeilings();
  for (const Case &which : listMixers())
    registrar.addMixer(which);
  for (const Case &which : listDense())
    registrar.addDense(which);
  for (const Case &which : listModels())
    registrar.addModel(which);
}
