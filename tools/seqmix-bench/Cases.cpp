//===- Cases.cpp - what is measured ---------------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-bench/Cases.h"

#include <algorithm>

using namespace seqmix;

double Case::shareOfWork() const {
  if (window == 0)
    return 1;
  double filling = static_cast<double>(std::min(window, length));
  double missing =
      filling * static_cast<double>(window) - filling * (filling + 1) / 2;
  return 1 -
         missing / static_cast<double>(window) / static_cast<double>(length);
}

std::vector<Case> seqmix::listMixers() {
  const std::string file = "tools/seqmix-bench/bench.sqm";
  const std::vector<std::pair<std::string, std::string>> heads = {
      {"H", "16"}, {"K", "64"}, {"V", "64"}};
  auto attention = [&](const char *name, int64_t window, int64_t length) {
    Case which = {name, file, "attention", heads, length};
    which.defines.emplace_back("W", std::to_string(window));
    which.window = window;
    return which;
  };
  return {
      {"affine_scan", file, "affine_scan", {{"C", "2560"}}, 4096},
      {"gated_scan", file, "gated_scan", {{"C", "2560"}}, 4096},
      {"retention", file, "retention", heads, 2048},
      {"gla", file, "gla", heads, 2048},
      {"delta_rule", file, "delta_rule", heads, 2048},
      {"mamba2", file, "mamba2", {{"H", "48"}, {"P", "64"}, {"N", "128"}}, 512},
      {"selective_scan",
       file,
       "selective_scan",
       {{"C", "2048"}, {"N", "16"}},
       2048},
      {"exponentials",
       file,
       "exponentials",
       {{"C", "2048"}, {"N", "16"}},
       2048},
      attention("attention_512", 512, 8192),
      attention("attention_full", 2048, 2048),
      // A state that no cache holds: 256 MiB.
      {"retention_256m",
       file,
       "retention",
       {{"H", "1024"}, {"K", "256"}, {"V", "256"}},
       1},
  };
}

std::vector<Case> seqmix::listDense() {
  std::vector<Case> cases;
  for (const std::string weights : {"f32", "bf16", "int8"}) {
    cases.push_back({"projection_" + weights,
                     "tools/seqmix-bench/bench.sqm",
                     "projection",
                     {{"K", "768"}, {"N", "3072"}},
                     512,
                     weights});
    cases.push_back({"retnet_100m_" + weights,
                     "examples/retnet/retnet.sqm",
                     "",
                     {{"vocab_size", "16000"},
                      {"hidden_size", "768"},
                      {"num_hidden_layers", "11"}},
                     512,
                     weights,
                     "model.embeddings.weight"});
  }
  return cases;
}

std::vector<Case> seqmix::listModels() {
  auto example = [](const std::string &name) {
    return "examples/" + name + "/" + name + ".sqm";
  };
  const std::pair<std::string, std::string> words = {"vocab_size", "256"},
                                            width = {"hidden_size", "128"},
                                            depth = {"num_hidden_layers", "2"};
  return {
      {"mamba", example("mamba"), "", {words, width, depth}, 131072},
      {"mamba2",
       example("mamba2"),
       "",
       {words,
        width,
        depth,
        {"num_heads", "4"},
        {"head_dim", "64"},
        {"n_groups", "1"},
        {"state_size", "64"}},
       131072},
      {"griffin",
       example("griffin"),
       "",
       {words,
        width,
        {"num_hidden_layers", "3"},
        {"intermediate_size", "384"},
        {"num_attention_heads", "2"},
        {"attention_window_size", "512"}},
       131072},
      {"transformer",
       example("transformer"),
       "",
       {words,
        width,
        depth,
        {"intermediate_size", "384"},
        {"num_attention_heads", "2"},
        {"max_position_embeddings", "131072"}},
       131072},
  };
}
