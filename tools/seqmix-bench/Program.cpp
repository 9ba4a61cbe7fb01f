//===- Program.cpp - a case, compiled and opened --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/seqmix-bench/Program.h"

#include "lib/Driver/Compiler.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <random>

using namespace seqmix;
using llvm::Error;

static Error failWith(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

static Error check(seqmix_status status, const seqmix_error &error) {
  return status == SEQMIX_OK ? Error::success() : failWith(error.message);
}

/// The form of the costliest mixer, and what all take for a token. Null where
/// the explanation is not as expected.
static void readForms(const llvm::json::Object &explanation, std::string &form,
                      double &flops) {
  double most = -1;
  const llvm::json::Array *mixers = explanation.getArray("mixers");
  if (!mixers)
    return;
  for (const llvm::json::Value &mixer : *mixers) {
    const llvm::json::Object *object = mixer.getAsObject();
    const llvm::json::Array *forms =
        object ? object->getArray("forms") : nullptr;
    if (!forms)
      continue;
    for (const llvm::json::Value &value : *forms) {
      const llvm::json::Object *one = value.getAsObject();
      if (!one || !one->getBoolean("chosen").value_or(false))
        continue;
      double cost = one->getNumber("contracted").value_or(0) +
                    one->getNumber("elementwise").value_or(0);
      flops += cost * object->getNumber("count").value_or(1);
      if (cost <= most)
        continue;
      most = cost;
      form = one->getString("name").value_or("").str();
      if (int64_t chunk = one->getInteger("chunk").value_or(1); chunk > 1)
        form += " " + std::to_string(chunk);
    }
  }
}

Error Program::compile(const Case &which, const Making &making) {
  mlir::seqmix::CompileRequest request;
  request.source = making.root + "/" + which.source;
  request.entry = which.entry;
  request.defines = which.defines;
  request.weights = which.weights;
  request.form = making.form;
  if (!making.march.empty())
    request.march = {making.march};
  Library = making.folder + "/" + which.name + "." + which.entry + "." +
            mlir::seqmix::stringifyForm(making.form).str() + ".so";
  request.output = Library;
  std::string text, errors;
  llvm::raw_string_ostream out(text), err(errors);
  if (failed(mlir::seqmix::compile(request, out, err)))
    return failWith(errors);
  request.emit = mlir::seqmix::Emit::explanation;
  request.json = true;
  request.output.clear();
  if (failed(mlir::seqmix::compile(request, out, err)))
    return failWith(errors);
  auto explanation = llvm::json::parse(text);
  if (!explanation)
    return explanation.takeError();
  if (const llvm::json::Object *object = explanation->getAsObject())
    readForms(*object, Form, Flops);
  if (making.form == FormChoice::reference)
    Form = "plain loops";
  return Error::success();
}

/// Numbers that keep every mixer's state small, or tokens below the limit.
static void draw(const seqmix_tensor_info &info, size_t count,
                 std::mt19937_64 &generator, char *to) {
  std::normal_distribution<float> normal(0, 0.25f);
  size_t size = seqmix_dtype_size(info.dtype);
  uint64_t limit = info.limit ? info.limit : 2;
  for (size_t i = 0; i != count; ++i) {
    float real = normal(generator);
    uint64_t whole = generator() % limit;
    if (info.dtype == SEQMIX_F32)
      std::memcpy(to + i * size, &real, size);
    else // little-endian integers of any width
      std::memcpy(to + i * size, &whole, size);
  }
}

/// Buffers for all inputs or outputs, from the runtime's own allocator.
Error Program::makeBuffers(seqmix_table table, int64_t tokens,
                           std::vector<void *> &pointers) {
  std::mt19937_64 generator(1 + table);
  for (size_t i = 0, e = seqmix_model_count(Model, table); i != e; ++i) {
    seqmix_tensor_info info;
    seqmix_model_tensor(Model, table, i, &info);
    TokenBytes += static_cast<double>(info.bytes);
    size_t bytes = info.bytes * tokens;
    seqmix_error error;
    if (Error failure = check(
            seqmix_device_alloc(Model, bytes, &pointers.emplace_back(), &error),
            error))
      return failure;
    auto *memory = static_cast<char *>(pointers.back());
    if (table == SEQMIX_INPUTS)
      draw(info, bytes / seqmix_dtype_size(info.dtype), generator, memory);
    else
      std::memset(memory, 0, bytes);
  }
  return Error::success();
}

Error Program::makeBuffers(int64_t tokens) {
  if (Error error = makeBuffers(SEQMIX_INPUTS, tokens, Inputs))
    return error;
  return makeBuffers(SEQMIX_OUTPUTS, tokens, Outputs);
}

/// A matrix is multiplied with; of `table` one row is looked up.
void Program::countWeights(llvm::StringRef table) {
  for (size_t i = 0; i != seqmix_model_count(Model, SEQMIX_PARAMS); ++i) {
    seqmix_tensor_info info;
    seqmix_model_tensor(Model, SEQMIX_PARAMS, i, &info);
    llvm::StringRef name = info.name;
    if (name == table)
      continue;
    WeightBytes += static_cast<double>(info.bytes);
    if (info.rank == 2 && !name.ends_with("_scale"))
      WeightFlops += 2.0 * static_cast<double>(info.bytes) /
                     static_cast<double>(seqmix_dtype_size(info.dtype));
  }
}

Error Program::open(const Case &which, const Making &making) {
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.threads = making.threads;
  options.random_weights_seed = 1;
  seqmix_error error;
  if (Error failure =
          check(seqmix_model_open_sharded(Library.c_str(), nullptr, 0, &options,
                                          &Model, &error),
                error))
    return failure;
  if (Error failure = makeBuffers(which.length))
    return failure;
  countWeights(which.table);
  if (Error failure =
          check(seqmix_session_create(Model, 1, &Session, &error), error))
    return failure;
  // So that all it needs is in memory.
  return prefill(std::min<int64_t>(which.length, 2048));
}

llvm::Expected<std::unique_ptr<Program>> Program::make(const Case &which,
                                                       const Making &making) {
  std::unique_ptr<Program> program(new Program);
  if (Error error = program->compile(which, making))
    return error;
  if (Error error = program->open(which, making))
    return error;
  return program;
}

Program::~Program() {
  seqmix_session_destroy(Session);
  for (auto *buffers : {&Inputs, &Outputs})
    for (void *buffer : *buffers)
      seqmix_device_free(Model, buffer);
  seqmix_model_close(Model);
}

Error Program::prefill(int64_t length) {
  seqmix_error error;
  seqmix_session_reset(Session);
  return check(
      seqmix_prefill(Session, length, Inputs.data(), Outputs.data(), &error),
      error);
}

Error Program::step() {
  seqmix_error error;
  int64_t room = seqmix_model_max_length(Model);
  if (room && seqmix_session_tokens_seen(Session, 0) == room)
    seqmix_session_reset(Session);
  return check(seqmix_step(Session, Inputs.data(), Outputs.data(), &error),
               error);
}

double Program::stateBytes() const {
  return static_cast<double>(seqmix_model_state_bytes(Model));
}
