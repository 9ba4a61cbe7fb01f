//===- Generate.cpp - continue a prompt -----------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The prompt but for its last token is taken in without asking for logits, so
// that a long one costs no memory; from the last token on it is one step after
// another. A saved state goes on the same way: its last token is the prompt's
// first.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Commands.h"
#include "tools/seqmix-run/Fail.h"
#include "tools/seqmix-run/Handles.h"
#include "tools/seqmix-run/JsonWriter.h"
#include "tools/seqmix-run/Sampler.h"

#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <iterator>

#include <unistd.h>

using namespace seqmix;

using Clock = std::chrono::steady_clock;

/// Vocabulary of models whose tokens are bytes.
static constexpr int64_t byteVocabulary = 256;

static double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

static std::vector<int32_t> readPrompt(const Args &args,
                                       const ModelHandle &model) {
  int64_t vocabulary = seqmix_model_vocabulary(model.get());
  if (vocabulary == 0)
    fail("model '%s' does not take tokens, so it cannot generate",
         seqmix_model_name(model.get()));
  if (args.hasPrompt == args.hasPromptIds)
    fail("generate needs either --prompt-ids or --prompt%s",
         args.loadState.empty() ? ""
                                : ", beginning with the last token that was "
                                  "generated before the state was saved");
  if (args.hasPrompt && vocabulary != byteVocabulary)
    fail("--prompt is for models of bytes, whose vocabulary is 256, but that "
         "of '%s' is %" PRId64 ": use --prompt-ids",
         seqmix_model_name(model.get()), vocabulary);
  std::vector<int32_t> prompt = args.promptIds;
  for (unsigned char byte : args.prompt)
    prompt.push_back(byte);
  if (prompt.empty())
    fail("the prompt is empty when it should have at least one token");
  return prompt;
}

static void loadState(const SessionHandle &session, const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> saved{std::istreambuf_iterator<char>(file), {}};
  if (!file)
    fail("cannot read the state in '%s'", path.c_str());
  seqmix_error error;
  check(seqmix_state_restore(session.get(), saved.data(), saved.size(), &error),
        error);
}

static void saveState(const SessionHandle &session, const std::string &path) {
  std::vector<char> saved(seqmix_state_size(session.get()));
  seqmix_error error;
  check(seqmix_state_save(session.get(), saved.data(), saved.size(), &error),
        error);
  std::ofstream file(path, std::ios::binary);
  file.write(saved.data(), static_cast<std::streamsize>(saved.size()));
  file.close();
  if (!file)
    fail("cannot write the state to '%s'", path.c_str());
}

namespace {
/// Prints tokens as they come: bytes, or numbers with spaces between.
class TokenPrinter {
public:
  explicit TokenPrinter(bool asBytes) : AsBytes(asBytes) {}

  void print(int32_t token) {
    if (AsBytes)
      std::putchar(token);
    else
      std::printf("%s%d", Printed++ ? " " : "", token);
    std::fflush(stdout);
  }

  /// Whether the output ends in a newline of ours: bytes that go to a file or a
  /// pipe stay as the model wrote them.
  bool endsLine() const { return !AsBytes || isatty(STDOUT_FILENO); }

  void finish() {
    if (endsLine())
      std::putchar('\n');
    std::fflush(stdout);
  }

private:
  bool AsBytes;
  int64_t Printed = 0;
};
} // namespace

static void printJson(const std::vector<int32_t> &prompt,
                      const std::vector<int32_t> &ids, bool asBytes,
                      double promptSeconds, double stepSeconds) {
  JsonWriter json;
  json.open('{').key("prompt_ids").open('[');
  for (int32_t id : prompt)
    json.integer(id);
  json.close(']').key("ids").open('[');
  for (int32_t id : ids)
    json.integer(id);
  json.close(']');
  if (asBytes)
    json.key("text").string(std::string(ids.begin(), ids.end()));
  json.key("prompt_seconds").real(promptSeconds);
  json.key("step_seconds").real(stepSeconds);
  json.close('}').print();
}

int seqmix::runGenerate(const Args &args) {
  ModelHandle model = openModel(args);
  std::vector<int32_t> prompt = readPrompt(args, model);
  SessionHandle session = createSession(model, 1);
  seqmix_tensor_info output = listTensors(model, SEQMIX_OUTPUTS)[0];
  size_t count = output.bytes / seqmix_dtype_size(output.dtype);
  std::vector<char> logits(output.bytes);
  bool isBytes = seqmix_model_vocabulary(model.get()) == byteVocabulary;
  Sampler sampler(args.temperature, args.topK, args.seed);
  TokenPrinter printer(isBytes && !args.ids);
  seqmix_error error;

  if (!args.loadState.empty())
    loadState(session, args.loadState);
  Clock::time_point began = Clock::now();
  check(seqmix_prefill_tokens(session.get(), prompt.data(), prompt.size() - 1,
                              nullptr, &error),
        error);
  wait(session);
  double promptSeconds = secondsSince(began);

  began = Clock::now();
  int32_t token = prompt.back();
  std::vector<int32_t> ids;
  for (int64_t i = 0; i != args.count; ++i) {
    check(seqmix_step_tokens(session.get(), &token, logits.data(), &error),
          error);
    wait(session);
    token = static_cast<int32_t>(
        sampler.choose(widenFloats(output.dtype, logits.data(), count)));
    if (token < 0)
      fail("the model answered NaN after %zu tokens",
           prompt.size() + ids.size());
    ids.push_back(token);
    if (!args.json)
      printer.print(token);
  }
  double stepSeconds = secondsSince(began);
  if (!args.saveState.empty())
    saveState(session, args.saveState);

  if (args.json)
    printJson(prompt, ids, isBytes, promptSeconds, stepSeconds);
  else
    printer.finish();
  if (args.stats || (isatty(STDERR_FILENO) && !args.json))
    std::fprintf(stderr,
                 "%sprompt: %zu tokens in %.3f s; generated: %zu in %.3f s, "
                 "%.1f tokens/s\n",
                 printer.endsLine() ? "" : "\n", prompt.size() - 1,
                 promptSeconds, ids.size(), stepSeconds,
                 stepSeconds > 0 ? ids.size() / stepSeconds : 0.0);
  return 0;
}
