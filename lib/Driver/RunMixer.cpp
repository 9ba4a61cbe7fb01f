//===- RunMixer.cpp - run a compiled mixer --------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only what any user of the runtime can do. States are read and set by means of
// a second model, the probe, whose saved states are the mixer's.
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/RunMixer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir::seqmix;

namespace {
/// The buffers of one call: for every tensor of a table [batch, length, ...].
class Buffers {
public:
  Buffers(const seqmix_model *model, seqmix_table table, int64_t tokens) {
    for (size_t i = 0, e = seqmix_model_count(model, table); i != e; ++i) {
      seqmix_tensor_info &info = infos.emplace_back();
      (void)seqmix_model_tensor(model, table, i, &info);
      // A pointer must not be null where there is nothing to point to.
      bytes.emplace_back(info.bytes * tokens + 1);
      pointers.push_back(bytes.back().data());
    }
  }

  void *const *get() const { return pointers.data(); }

  /// Elements of tensor `index` in one token.
  int64_t countOf(size_t index) const {
    return infos[index].bytes / seqmix_dtype_size(infos[index].dtype);
  }

  void store(size_t index, int64_t first, llvm::ArrayRef<double> values) {
    for (auto [i, value] : llvm::enumerate(values))
      switch (infos[index].dtype) {
      case SEQMIX_F32:
        place<float>(index)[first + i] = value;
        break;
      case SEQMIX_F64:
        place<double>(index)[first + i] = value;
        break;
      case SEQMIX_I32:
        place<int32_t>(index)[first + i] = value;
        break;
      default:
        place<int64_t>(index)[first + i] = value;
      }
  }

  double load(size_t index, int64_t i) {
    switch (infos[index].dtype) {
    case SEQMIX_F32:
      return place<float>(index)[i];
    case SEQMIX_F64:
      return place<double>(index)[i];
    case SEQMIX_I32:
      return place<int32_t>(index)[i];
    default:
      return place<int64_t>(index)[i];
    }
  }

  size_t size() const { return infos.size(); }

private:
  template <typename T> T *place(size_t index) {
    return reinterpret_cast<T *>(bytes[index].data());
  }

  std::vector<seqmix_tensor_info> infos;
  std::vector<std::vector<char>> bytes;
  std::vector<void *> pointers;
};
} // namespace

static llvm::Error check(seqmix_status status, const seqmix_error &error) {
  if (status == SEQMIX_OK)
    return llvm::Error::success();
  return llvm::createStringError("a compiled mixer cannot be run: %s",
                                 error.message);
}

CompiledMixer::~CompiledMixer() = default;

llvm::Expected<CompiledMixer>
CompiledMixer::open(const std::string &path, const std::string &probe,
                    const std::string &weights, int64_t batch, int64_t length) {
  CompiledMixer mixer;
  mixer.batch = batch;
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.piece_tokens = std::max<int64_t>(batch * length, 1);
  seqmix_error error;
  auto openOne = [&](const std::string &path, const std::string &weights,
                     auto &model, auto &session) -> llvm::Error {
    seqmix_model *opened = nullptr;
    seqmix_session *begun = nullptr;
    if (llvm::Error failure =
            check(seqmix_model_open(path.c_str(),
                                    weights.empty() ? nullptr : weights.c_str(),
                                    &options, &opened, &error),
                  error))
      return failure;
    model.reset(opened);
    if (batch == 0)
      return llvm::Error::success();
    if (llvm::Error failure =
            check(seqmix_session_create(opened, batch, &begun, &error), error))
      return failure;
    session.reset(begun);
    return llvm::Error::success();
  };
  if (llvm::Error failure = openOne(path, weights, mixer.model, mixer.session))
    return failure;
  if (!probe.empty())
    if (llvm::Error failure =
            openOne(probe, "", mixer.probe, mixer.probeSession))
      return failure;
  return mixer;
}

std::vector<TensorFacts> CompiledMixer::listTensors(seqmix_table table) const {
  std::vector<TensorFacts> tensors(seqmix_model_count(model.get(), table));
  for (auto [index, facts] : llvm::enumerate(tensors)) {
    seqmix_tensor_info info;
    (void)seqmix_model_tensor(model.get(), table, index, &info);
    facts.name = info.name;
    facts.shape.assign(info.shape, info.shape + info.rank);
    facts.count = info.bytes / seqmix_dtype_size(info.dtype);
    facts.isFloat = info.dtype == SEQMIX_F32 || info.dtype == SEQMIX_F64;
  }
  return tensors;
}

/// The states of the probe's session as they are; then they are `next`, where
/// that is given and a tensor of it is not empty.
llvm::Expected<Values> CompiledMixer::exchangeStates(const Values *next) {
  Buffers in(probe.get(), SEQMIX_INPUTS, batch);
  Buffers out(probe.get(), SEQMIX_OUTPUTS, batch);
  seqmix_error error;
  auto take = [&] {
    return check(
        seqmix_prefill(probeSession.get(), 1, in.get(), out.get(), &error),
        error);
  };
  if (llvm::Error failure = take())
    return failure;
  Values states(out.size());
  for (auto [index, state] : llvm::enumerate(states))
    for (int64_t i = 0, e = batch * out.countOf(index); i != e; ++i)
      state.push_back(out.load(index, i));
  if (!next)
    return states;
  for (auto [index, state] : llvm::enumerate(*next))
    in.store(index, 0, state.empty() ? states[index] : state);
  if (llvm::Error failure = take())
    return failure;
  return states;
}

/// Continues `to` from where `from` is.
static llvm::Error moveState(seqmix_session *from, seqmix_session *to) {
  std::vector<char> saved(seqmix_state_size(from));
  seqmix_error error;
  if (llvm::Error failure = check(
          seqmix_state_save(from, saved.data(), saved.size(), &error), error))
    return failure;
  return check(seqmix_state_restore(to, saved.data(), saved.size(), &error),
               error);
}

/// Puts the session before its first token, with the given states.
llvm::Error CompiledMixer::begin(const Values &initial) {
  seqmix_session_reset(session.get());
  if (llvm::all_of(initial, [](const auto &state) { return state.empty(); }))
    return llvm::Error::success();
  seqmix_session_reset(probeSession.get());
  if (auto old = exchangeStates(&initial); !old)
    return old.takeError();
  return moveState(probeSession.get(), session.get());
}

/// Takes in the tokens [first, end) of `inputs`, and puts what comes of them at
/// their place in `outputs`, which are [batch, length, ...].
llvm::Error CompiledMixer::takePiece(const Values &inputs, int64_t given,
                                     int64_t first, int64_t end, int64_t length,
                                     Values &outputs) {
  int64_t piece = end - first;
  Buffers in(model.get(), SEQMIX_INPUTS, batch * piece);
  Buffers out(model.get(), SEQMIX_OUTPUTS, batch * piece);
  for (auto [index, input] : llvm::enumerate(inputs)) {
    int64_t count = in.countOf(index);
    llvm::ArrayRef values(input);
    for (int64_t b = 0; b != batch; ++b)
      in.store(index, b * piece * count,
               values.slice((b * given + first) * count, piece * count));
  }
  seqmix_error error;
  if (llvm::Error failure = check(
          seqmix_prefill(session.get(), piece, in.get(), out.get(), &error),
          error))
    return failure;
  for (auto [index, output] : llvm::enumerate(outputs)) {
    int64_t count = out.countOf(index);
    for (int64_t b = 0; b != batch; ++b)
      for (int64_t i = 0; i != piece * count; ++i)
        output[(b * length + first) * count + i] =
            out.load(index, b * piece * count + i);
  }
  return llvm::Error::success();
}

llvm::Expected<MixerResult> CompiledMixer::run(const Values &inputs,
                                               int64_t given, int64_t length,
                                               llvm::ArrayRef<int64_t> cuts,
                                               const Values &initial) {
  if (llvm::Error failure = begin(initial))
    return failure;
  MixerResult result;
  for (const TensorFacts &output : listTensors(SEQMIX_OUTPUTS))
    result.outputs.emplace_back(batch * length * output.count);
  std::vector<int64_t> ends(cuts);
  ends.push_back(length);
  int64_t first = 0;
  for (int64_t end : ends) {
    if (llvm::Error failure =
            takePiece(inputs, given, first, end, length, result.outputs))
      return failure;
    first = end;
  }
  if (!probe)
    return result;
  if (llvm::Error failure = moveState(session.get(), probeSession.get()))
    return failure;
  auto states = exchangeStates(nullptr);
  if (!states)
    return states.takeError();
  result.states = std::move(*states);
  return result;
}

llvm::Error mlir::seqmix::writeWeights(llvm::StringRef path,
                                       llvm::ArrayRef<TensorFacts> tensors,
                                       const Values &values) {
  std::string header;
  llvm::raw_string_ostream text(header);
  llvm::json::OStream json(text);
  int64_t end = 0;
  json.object([&] {
    for (const TensorFacts &tensor : tensors)
      json.attributeObject(tensor.name, [&] {
        json.attribute("dtype", "F32");
        json.attribute("shape", llvm::json::Array(tensor.shape));
        int64_t begin = end;
        end += tensor.count * sizeof(float);
        json.attribute("data_offsets", llvm::json::Array({begin, end}));
      });
  });
  std::error_code code;
  llvm::raw_fd_ostream file(path, code);
  if (code)
    return llvm::createStringError("cannot write '%s': %s", path.str().c_str(),
                                   code.message().c_str());
  llvm::support::endian::write<uint64_t>(file, header.size(),
                                         llvm::endianness::little);
  file << header;
  for (const std::vector<double> &tensor : values)
    for (double value : tensor)
      llvm::support::endian::write<float>(file, value,
                                          llvm::endianness::little);
  file.close();
  if (!file.error())
    return llvm::Error::success();
  code = file.error();
  file.clear_error();
  return llvm::createStringError("cannot write '%s': %s", path.str().c_str(),
                                 code.message().c_str());
}
