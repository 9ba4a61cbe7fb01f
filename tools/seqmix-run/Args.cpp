//===- Args.cpp - the command line of seqmix-run --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One table says which options there are, which commands take them, and what
// the help prints about them, so that the three cannot disagree.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Args.h"

#include "tools/seqmix-run/Fail.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

using namespace seqmix;

namespace {
struct Option {
  const char *name;
  const char *value;    // what the help calls its value; null: it takes none
  const char *commands; // that take it; empty: all do
  const char *help;
  void (*set)(Args &args, const std::string &value);
};
} // namespace

static const char usage[] =
    "usage: seqmix-run MODEL.so [--weights FILE.safetensors]... COMMAND "
    "[options]\n"
    "\n"
    "commands:\n"
    "  check IO.safetensors   compare with recorded inputs and outputs\n"
    "  generate               continue a prompt\n"
    "  bench                  measure tokens per second\n"
    "  info                   list parameters, states and entry points\n"
    "  quantize OUT           round the weights to eight bits: those that a "
    "model\n"
    "                         of seqmixc --weights=int8 has so; the rest is "
    "copied\n"
    "\n"
    "A state that generate saves can be loaded by another process and on "
    "another\n"
    "device. It has taken in the prompt and all generated tokens but the "
    "last:\n"
    "  seqmix-run M.so --device cuda generate --prompt-ids 5,7 -n 9 --ids \\\n"
    "      --save-state S        prints nine tokens; let the last be 12\n"
    "  seqmix-run M.so generate --load-state S --prompt-ids 12 -n 9 --ids\n";

static int64_t parseInteger(const char *option, const std::string &text,
                            int64_t least) {
  errno = 0;
  char *end;
  long long value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end || errno || value < least)
    fail("%s is '%s' when it should be an integer from %lld up", option,
         text.c_str(), static_cast<long long>(least));
  return value;
}

static double parseReal(const char *option, const std::string &text) {
  char *end;
  double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end || !std::isfinite(value) || value < 0)
    fail("%s is '%s' when it should be a number that is not negative", option,
         text.c_str());
  return value;
}

static std::vector<int32_t> parseIds(const std::string &text) {
  std::vector<int32_t> ids;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    int64_t id =
        parseInteger("--prompt-ids", text.substr(begin, end - begin), 0);
    if (id > std::numeric_limits<int32_t>::max())
      fail("--prompt-ids holds %lld, which is no token",
           static_cast<long long>(id));
    ids.push_back(static_cast<int32_t>(id));
    begin = end + 1;
  }
  return ids;
}

/// "cpu", "cuda" or "cuda:N".
static Device parseDevice(const char *option, const std::string &text) {
  Device device;
  device.isCuda = text.compare(0, 4, "cuda") == 0;
  bool isNumbered = device.isCuda && text.compare(4, 1, ":") == 0;
  if (text != "cpu" && text != "cuda" && !isNumbered)
    fail("%s is '%s' when it should be cpu, cuda or cuda:N", option,
         text.c_str());
  if (isNumbered)
    device.index = std::min<int64_t>(parseInteger(option, text.substr(5), 0),
                                     std::numeric_limits<int>::max());
  return device;
}

static const Option options[] = {
    {"--weights", "FILE", "",
     "safetensors file; repeat it for a checkpoint in several",
     [](Args &a, const std::string &v) { a.weights.push_back(v); }},
    {"--threads", "N", "", "threads to use (default: all, or SEQMIX_THREADS)",
     [](Args &a, const std::string &v) {
       a.threads = std::min<int64_t>(parseInteger("--threads", v, 1),
                                     std::numeric_limits<int>::max());
     }},
    {"--device", "D", "",
     "cpu (default), cuda, or cuda:N, the card of number N",
     [](Args &a, const std::string &v) {
       a.device = parseDevice("--device", v);
     }},
    {"--no-vendor-matmul", nullptr, "",
     "use the model's own matrix products, not a library's",
     [](Args &a, const std::string &) { a.ownMatmul = true; }},
    {"--piece", "N", "check generate bench",
     "tokens to take in at once (default 512, on a card 2048)",
     [](Args &a, const std::string &v) {
       a.piece = parseInteger("--piece", v, 1);
     }},
    {"--json", nullptr, "", "print one JSON object instead of text",
     [](Args &a, const std::string &) { a.json = true; }},
    {"--reference", "D", "check",
     "compare with what this device computes instead of what is recorded",
     [](Args &a, const std::string &v) {
       a.reference = parseDevice("--reference", v);
       a.hasReference = true;
     }},
    {"--tol", "X", "check",
     "largest error allowed, over max |reference| (default 2e-4)",
     [](Args &a, const std::string &v) {
       a.tolerance = parseReal("--tol", v);
     }},
    {"--tol-ways", "X", "check",
     "largest difference between ways to feed (default: --tol, f64: 1e-9)",
     [](Args &a, const std::string &v) {
       a.waysTolerance = parseReal("--tol-ways", v);
     }},
    {"--prompt-ids", "1,2,3", "generate", "tokens to continue",
     [](Args &a, const std::string &v) {
       a.promptIds = parseIds(v);
       a.hasPromptIds = true;
     }},
    {"--prompt", "TEXT", "generate", "text to continue (byte-level models)",
     [](Args &a, const std::string &v) {
       a.prompt = v;
       a.hasPrompt = true;
     }},
    {"-n", "N", "generate", "tokens to generate (default 64)",
     [](Args &a, const std::string &v) { a.count = parseInteger("-n", v, 0); }},
    {"--temperature", "X", "generate", "0 takes the likeliest token (default)",
     [](Args &a, const std::string &v) {
       a.temperature = parseReal("--temperature", v);
     }},
    {"--top-k", "K", "generate", "draw from the K likeliest (default: all)",
     [](Args &a, const std::string &v) {
       a.topK = parseInteger("--top-k", v, 1);
     }},
    {"--seed", "N", "generate bench", "of everything random (default 1)",
     [](Args &a, const std::string &v) {
       a.seed = parseInteger("--seed", v, 1);
     }},
    {"--ids", nullptr, "generate", "print tokens, not bytes",
     [](Args &a, const std::string &) { a.ids = true; }},
    {"--stats", nullptr, "generate", "print the speed to stderr",
     [](Args &a, const std::string &) { a.stats = true; }},
    {"--save-state", "FILE", "generate",
     "write the state at the end, after all tokens but the last",
     [](Args &a, const std::string &v) { a.saveState = v; }},
    {"--load-state", "FILE", "generate",
     "continue from a saved state; the prompt begins with that last token",
     [](Args &a, const std::string &v) { a.loadState = v; }},
    {"--batch", "B", "bench", "sequences (default 1)",
     [](Args &a, const std::string &v) {
       a.batch = parseInteger("--batch", v, 1);
     }},
    {"--length", "T", "bench", "tokens of a prefill (default 512)",
     [](Args &a, const std::string &v) {
       a.length = parseInteger("--length", v, 1);
     }},
};

static void printHelp() {
  std::printf("%s\noptions:\n", usage);
  for (const Option &option : options) {
    std::string left = option.name;
    if (option.value)
      left += std::string(" ") + option.value;
    std::string scope =
        *option.commands ? std::string(option.commands) + ": " : "";
    std::printf("  %-20s %s%s\n", left.c_str(), scope.c_str(), option.help);
  }
  std::printf("  %-20s %s\n", "--help", "print this");
}

static bool belongs(const Option &option, const std::string &command) {
  return !*option.commands || std::strstr(option.commands, command.c_str());
}

/// Takes one option with its value, which is either behind '=' or the next
/// word. Returns the number of words used.
static int takeOption(Args &args, std::vector<const Option *> &used,
                      const std::string &word, const char *following) {
  size_t equals = word.compare(0, 2, "--") == 0 ? word.find('=') : word.npos;
  std::string name = word.substr(0, equals);
  for (const Option &option : options) {
    if (name != option.name)
      continue;
    used.push_back(&option);
    bool attached = equals != word.npos;
    if (attached && !option.value)
      fail("option %s takes no value", option.name);
    if (!attached && option.value && !following)
      fail("option %s needs a value: %s %s", option.name, option.name,
           option.value);
    if (attached || !option.value) {
      option.set(args, attached ? word.substr(equals + 1) : "");
      return 1;
    }
    option.set(args, following);
    return 2;
  }
  fail("unknown option '%s' (see seqmix-run --help)", name.c_str());
}

/// The commands, and what the help calls the word that follows one.
static const struct {
  const char *name;
  const char *operand; // null: none follows
  const char *meaning;
  std::string Args::*place;
} commands[] = {
    {"check", "IO.safetensors", "a recording", &Args::recording},
    {"generate", nullptr, nullptr, nullptr},
    {"bench", nullptr, nullptr, nullptr},
    {"info", nullptr, nullptr, nullptr},
    {"quantize", "OUT.safetensors", "a file to write", &Args::output},
};

static void takeWords(Args &args, const std::vector<std::string> &words) {
  static const char all[] = "check, generate, bench, info or quantize";
  if (words.empty())
    fail("no model given (see seqmix-run --help)");
  args.model = words[0];
  if (words.size() == 1)
    fail("no command given: %s", all);
  args.command = words[1];
  for (const auto &command : commands) {
    if (args.command != command.name)
      continue;
    if (command.operand && words.size() == 2)
      fail("%s needs %s: %s %s", command.name, command.meaning, command.name,
           command.operand);
    if (words.size() > (command.operand ? 3u : 2u))
      fail("unexpected argument '%s'", words.back().c_str());
    if (command.operand)
      args.*command.place = words[2];
    return;
  }
  fail("unknown command '%s': it should be %s", args.command.c_str(), all);
}

Args seqmix::parseArgs(int argc, char **argv) {
  Args args;
  std::vector<std::string> words;
  std::vector<const Option *> used;
  for (int i = 1; i < argc;) {
    std::string word = argv[i];
    if (word == "--help" || word == "-h") {
      printHelp();
      std::exit(0);
    }
    if (word.size() > 1 && word[0] == '-') {
      i += takeOption(args, used, word, i + 1 < argc ? argv[i + 1] : nullptr);
      continue;
    }
    words.push_back(word);
    ++i;
  }
  takeWords(args, words);
  for (const Option *option : used)
    if (!belongs(*option, args.command))
      fail("option %s does not belong to %s", option->name,
           args.command.c_str());
  return args;
}
