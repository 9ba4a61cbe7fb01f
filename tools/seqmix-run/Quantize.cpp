//===- Quantize.cpp - make a checkpoint of eight bits ---------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What rounding does to a weight is told by the worst of them: an error of the
// model's answers is for `check` to tell.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Commands.h"
#include "tools/seqmix-run/Fail.h"
#include "tools/seqmix-run/JsonWriter.h"
#include "tools/seqmix-run/Quantizer.h"

#include <cstdio>

using namespace seqmix;

static void printText(const Args &args, const QuantizeSummary &summary) {
  std::printf("model %s, %zu of %zu tensors quantized\n", summary.model.c_str(),
              summary.quantized, summary.tensors);
  std::printf("  written      %s\n", args.output.c_str());
  std::printf("  bytes        %zu before, %zu after\n", summary.bytesBefore,
              summary.bytesAfter);
  std::printf("  worst error  %.3e of the weights, in %s\n", summary.worstError,
              summary.worstTensor.c_str());
}

static void printJson(const Args &args, const QuantizeSummary &summary) {
  JsonWriter json;
  json.open('{').key("model").string(summary.model);
  json.key("output").string(args.output);
  json.key("tensors").integer(summary.tensors);
  json.key("quantized").integer(summary.quantized);
  json.key("bytes_before").integer(summary.bytesBefore);
  json.key("bytes_after").integer(summary.bytesAfter);
  json.key("worst_error").real(summary.worstError);
  json.key("worst_tensor").string(summary.worstTensor).close('}').print();
}

int seqmix::runQuantize(const Args &args) {
  if (args.weights.empty())
    fail("quantize needs the weights: --weights FILE");
  QuantizeSummary summary;
  if (Status status = quantizeCheckpoint(args, summary); !status.ok())
    fail("%s", status.message().c_str());
  if (args.json)
    printJson(args, summary);
  else
    printText(args, summary);
  return 0;
}
