//===- RunMixer.h - run a compiled mixer ----------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_RUNMIXER_H
#define SEQMIX_LIB_DRIVER_RUNMIXER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

#include <seqmix/seqmix.h>

namespace mlir {
namespace seqmix {

/// A tensor of a model, without batch and time.
struct TensorFacts {
  std::string name;
  std::vector<int64_t> shape;
  int64_t count; ///< of elements
  bool isFloat;
};

/// Numbers by tensor. f64 holds all the values of the other types that occur.
using Values = std::vector<std::vector<double>>;

/// What a mixer gives: its outputs, [batch, length, ...], and the states
/// after the last token, [batch, ...].
struct MixerResult {
  Values outputs, states;
};

/// A mixer that was compiled to a library, with a session of a fixed batch.
class CompiledMixer {
public:
  CompiledMixer() = default;
  CompiledMixer(CompiledMixer &&) = default;
  CompiledMixer &operator=(CompiledMixer &&) = default;
  ~CompiledMixer();

  /// Opens the library at `path`, with the library of its probe (buildProbe) if
  /// it has states, and the weights in a safetensors file if it has parameters.
  /// No piece of at most `length` tokens is cut. A batch of 0 is for looking,
  /// not for running, and needs no weights.
  static llvm::Expected<CompiledMixer> open(const std::string &path,
                                            const std::string &probe,
                                            const std::string &weights,
                                            int64_t batch, int64_t length);

  std::vector<TensorFacts> listTensors(seqmix_table table) const;

  /// The tokens that a sequence may have at most; 0: no limit.
  int64_t getRoom() const { return seqmix_model_max_length(model.get()); }

  /// Takes in the first `length` of `given` tokens in `inputs`, which are
  /// [batch, given, ...], in pieces that end at `cuts` and at the end.
  /// `initial` has the states before, [batch, ...], where a tensor is not
  /// empty; states begin as the model says otherwise.
  llvm::Expected<MixerResult> run(const Values &inputs, int64_t given,
                                  int64_t length, llvm::ArrayRef<int64_t> cuts,
                                  const Values &initial);

private:
  struct CloseModel {
    void operator()(seqmix_model *m) const { seqmix_model_close(m); }
  };
  struct CloseSession {
    void operator()(seqmix_session *s) const { seqmix_session_destroy(s); }
  };
  llvm::Error begin(const Values &initial);
  llvm::Error takePiece(const Values &inputs, int64_t given, int64_t first,
                        int64_t end, int64_t length, Values &outputs);
  llvm::Expected<Values> exchangeStates(const Values *next);

  int64_t batch = 1;
  std::unique_ptr<seqmix_model, CloseModel> model, probe;
  std::unique_ptr<seqmix_session, CloseSession> session, probeSession;
};

/// Writes tensors as f32 to a safetensors file.
llvm::Error writeWeights(llvm::StringRef path,
                         llvm::ArrayRef<TensorFacts> tensors,
                         const Values &values);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_RUNMIXER_H
