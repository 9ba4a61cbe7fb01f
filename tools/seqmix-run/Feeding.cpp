//===- Feeding.cpp - ways to feed the same tokens -------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model is one function however its tokens arrive. Each way to feed them is a
// list of pieces; everything else is the same code.
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-run/Feeding.h"

#include "tools/seqmix-run/Sampler.h"

#include <algorithm>
#include <cstring>

using namespace seqmix;

namespace {
/// One session being fed one recording.
class Feeder {
public:
  Feeder(const ModelHandle &model, const Recording &recording)
      : Inputs(listTensors(model, SEQMIX_INPUTS)),
        Outputs(listTensors(model, SEQMIX_OUTPUTS)),
        Session(createSession(model, recording.batch)), Source(recording) {}

  void feedPiece(int64_t begin, int64_t length, bool byStep, Answer &answer);
  void continueGreedily(Answer &answer, Progress &progress);
  void allocate(Answer &answer) const;

private:
  size_t outputCount(size_t index) const {
    return Outputs[index].bytes / seqmix_dtype_size(Outputs[index].dtype);
  }

  std::vector<seqmix_tensor_info> Inputs;
  std::vector<seqmix_tensor_info> Outputs;
  SessionHandle Session;
  const Recording &Source;
};
} // namespace

std::vector<Feeding> seqmix::allFeedings(int64_t length) {
  std::vector<int64_t> whole, halves;
  if (length > 0)
    whole = {length};
  int64_t first = (2 * length + 2) / 5; // two fifths, rounded
  for (int64_t piece : {first, length - first})
    if (piece > 0)
      halves.push_back(piece);
  return {{"one piece", whole, false},
          {"two pieces", halves, false},
          {"step by step", std::vector<int64_t>(length, 1), true}};
}

void Feeder::allocate(Answer &answer) const {
  answer.outputs.resize(Outputs.size());
  for (size_t i = 0; i != Outputs.size(); ++i)
    answer.outputs[i].resize(Source.batch * Source.length * outputCount(i));
}

void Feeder::feedPiece(int64_t begin, int64_t length, bool byStep,
                       Answer &answer) {
  Buffers in(Inputs, Source.batch * length);
  Buffers out(Outputs, Source.batch * length);
  for (size_t i = 0; i != Inputs.size(); ++i) {
    size_t bytes = Inputs[i].bytes;
    for (int64_t b = 0; b != Source.batch; ++b)
      std::memcpy(in[i] + b * length * bytes,
                  &Source.inputs[i][(b * Source.length + begin) * bytes],
                  length * bytes);
  }
  seqmix_error error;
  check(byStep ? seqmix_step(Session.get(), in.inputs(), out.outputs(), &error)
               : seqmix_prefill(Session.get(), length, in.inputs(),
                                out.outputs(), &error),
        error);
  wait(Session);
  for (size_t i = 0; i != Outputs.size(); ++i) {
    size_t count = outputCount(i);
    std::vector<double> values =
        widenFloats(Outputs[i].dtype, out[i], Source.batch * length * count);
    for (int64_t b = 0; b != Source.batch; ++b)
      std::copy_n(values.begin() + b * length * count, length * count,
                  answer.outputs[i].begin() +
                      (b * Source.length + begin) * count);
  }
}

/// Token models only: the recording has greedy tokens for no others.
void Feeder::continueGreedily(Answer &answer, Progress &progress) {
  int64_t batch = Source.batch, total = Source.greedyLength;
  size_t count = outputCount(0);
  std::vector<double> logits(batch * count);
  for (int64_t b = 0; b != batch; ++b)
    std::copy_n(answer.outputs[0].begin() +
                    (b * Source.length + Source.length - 1) * count,
                count, logits.begin() + b * count);
  answer.greedy.assign(batch * total, -1);
  std::vector<int32_t> tokens(batch);
  std::vector<char> raw(batch * Outputs[0].bytes);
  for (int64_t t = 0; t != total; ++t) {
    progress.update("greedy tokens", t, total);
    for (int64_t b = 0; b != batch; ++b) {
      int64_t token = argmax(&logits[b * count], count);
      answer.greedy[b * total + t] = token;
      tokens[b] = static_cast<int32_t>(std::max<int64_t>(token, 0));
    }
    if (t + 1 == total)
      return;
    seqmix_error error;
    check(seqmix_step_tokens(Session.get(), tokens.data(), raw.data(), &error),
          error);
    wait(Session);
    logits = widenFloats(Outputs[0].dtype, raw.data(), batch * count);
  }
}

Answer seqmix::feed(const ModelHandle &model, const Recording &recording,
                    const Feeding &feeding, Progress &progress) {
  Feeder feeder(model, recording);
  Answer answer;
  feeder.allocate(answer);
  int64_t begin = 0;
  for (int64_t piece : feeding.pieces) {
    progress.update(feeding.name, begin, recording.length);
    feeder.feedPiece(begin, piece, feeding.bySteps, answer);
    begin += piece;
  }
  if (recording.greedyLength > 0)
    feeder.continueGreedily(answer, progress);
  return answer;
}
