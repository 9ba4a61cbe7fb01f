//===- ModelTest.cpp - opening models and binding weights -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What can be wrong with a library or a checkpoint is told apart, and said with
// both sides.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ModelLibrary.h"
#include "runtime/src/Parameters.h"
#include "test/Runtime/Fixtures.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

using namespace seqmix;
using namespace seqmix::test;

/// Opens a fake model with these weight files; the message of the failure.
static std::string openError(const std::string &library,
                             const std::vector<std::string> &weights,
                             seqmix_status code) {
  std::vector<const char *> paths;
  for (const std::string &path : weights)
    paths.push_back(path.c_str());
  seqmix_model *model;
  seqmix_error error;
  seqmix_status status = seqmix_model_open_sharded(
      library.c_str(), paths.data(), paths.size(), nullptr, &model, &error);
  EXPECT_EQ(status, code) << error.message;
  EXPECT_EQ(error.code, status);
  EXPECT_EQ(model == nullptr, status != SEQMIX_OK);
  seqmix_model_close(model);
  return error.message;
}

static bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

#define EXPECT_CONTAINS(text, part)                                            \
  do {                                                                         \
    std::string message = text;                                                \
    EXPECT_TRUE(contains(message, part)) << message;                           \
  } while (false)

TEST(ModelTest, LibrariesThatAreNoModels) {
  TemporaryFolder folder;
  EXPECT_CONTAINS(openError("none.so", {}, SEQMIX_ERROR_NOT_FOUND),
                  "cannot open model 'none.so': no such file");
  EXPECT_CONTAINS(openError(folder.write("text.so", "hello"), {},
                            SEQMIX_ERROR_INCOMPATIBLE),
                  "cannot load model");
  EXPECT_CONTAINS(
      openError(fakePath("fake_nothing"), {}, SEQMIX_ERROR_INCOMPATIBLE),
      "is not a seqmix model: it does not export seqmix_model_query");
  EXPECT_CONTAINS(
      openError(fakePath("fake_magic"), {}, SEQMIX_ERROR_INCOMPATIBLE),
      "its magic is 0x1 when it should be 0x58514553");
  EXPECT_CONTAINS(
      openError(fakePath("fake_old"), {}, SEQMIX_ERROR_INCOMPATIBLE),
      "was compiled for version 0 of the model interface");
  EXPECT_CONTAINS(
      openError(fakePath("fake_mute"), {}, SEQMIX_ERROR_INCOMPATIBLE),
      "does not speak version 3");
}

TEST(ModelTest, DescribesItself) {
  ModelPtr model = openFake();
  EXPECT_STREQ(seqmix_model_name(model.get()), "fake");
  EXPECT_STREQ(seqmix_model_producer(model.get()), "hand");
  EXPECT_EQ(seqmix_model_count(model.get(), SEQMIX_INPUTS), 1u);
  EXPECT_EQ(seqmix_model_count(model.get(), SEQMIX_PARAMS), 2u);
  EXPECT_EQ(seqmix_model_vocabulary(model.get()), vocabulary);
  EXPECT_EQ(seqmix_model_state_bytes(model.get()), 128u);
  EXPECT_EQ(seqmix_model_max_length(model.get()), 0);
  EXPECT_EQ(seqmix_model_has_weights(model.get()), 1);
  EXPECT_EQ(seqmix_model_entry_count(model.get()), 2u);
  EXPECT_STREQ(seqmix_model_entry_name(model.get(), 1), "step");
  EXPECT_EQ(seqmix_model_entry_name(model.get(), 2), nullptr);
  seqmix_tensor_info info;
  ASSERT_EQ(seqmix_model_tensor(model.get(), SEQMIX_PARAMS, 0, &info),
            SEQMIX_OK);
  EXPECT_STREQ(info.name, "embed.weight");
  EXPECT_EQ(info.dtype, SEQMIX_F32);
  EXPECT_EQ(info.rank, 2u);
  EXPECT_EQ(info.shape[1], channels);
  EXPECT_EQ(info.bytes, size_t(vocabulary * channels * 4));
  EXPECT_EQ(seqmix_model_tensor(model.get(), SEQMIX_PARAMS, 2, &info),
            SEQMIX_ERROR_OUT_OF_RANGE);
  EXPECT_EQ(seqmix_api_version(), SEQMIX_API_VERSION);
  EXPECT_EQ(seqmix_dtype_size(SEQMIX_BF16), 2u);
  EXPECT_STREQ(seqmix_dtype_name(SEQMIX_I64), "I64");
  EXPECT_STREQ(seqmix_status_string(SEQMIX_ERROR_CORRUPT), "corrupt");
}

TEST(ModelTest, ArgumentsAreChecked) {
  seqmix_error error;
  seqmix_model *model;
  EXPECT_EQ(seqmix_model_open(nullptr, nullptr, nullptr, &model, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(seqmix_model_open("x.so", nullptr, nullptr, nullptr, nullptr),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  seqmix_model_options options = {};
  EXPECT_EQ(seqmix_model_open("x.so", nullptr, &options, &model, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_CONTAINS(error.message, "call seqmix_model_options_init first");
  seqmix_model_close(nullptr);
  seqmix_session_destroy(nullptr);
}

TEST(ModelTest, WithoutWeightsThereAreNoSessions) {
  seqmix_model *opened;
  ASSERT_EQ(seqmix_model_open(fakePath("fake_model").c_str(), nullptr, nullptr,
                              &opened, nullptr),
            SEQMIX_OK);
  ModelPtr model(opened);
  EXPECT_EQ(seqmix_model_has_weights(model.get()), 0);
  seqmix_session *session;
  seqmix_error error;
  EXPECT_EQ(seqmix_session_create(model.get(), 1, &session, &error),
            SEQMIX_ERROR_INVALID_ARGUMENT);
  EXPECT_CONTAINS(error.message, "opened without weights for its 2 parameters");
}

TEST(ModelTest, RandomWeightsRun) {
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.random_weights_seed = 3;
  seqmix_model *opened;
  ASSERT_EQ(seqmix_model_open(fakePath("fake_model").c_str(), nullptr, &options,
                              &opened, nullptr),
            SEQMIX_OK);
  ModelPtr model(opened);
  for (float logit : prefill(createSession(model), someTokens(20)))
    EXPECT_TRUE(std::isfinite(logit));
}

TEST(ModelTest, MissingTensorsAreNamedWithTheirNearest) {
  TemporaryFolder folder;
  std::vector<NamedTensor> weights = fakeWeights();
  weights[1].name = "embed.wieght";
  std::string path = folder.write("w.safetensors", safetensorsBytes(weights));
  EXPECT_EQ(openError(fakePath("fake_model"), {path}, SEQMIX_ERROR_NOT_FOUND),
            "tensor 'embed.weight' is not in w.safetensors; the nearest names "
            "are 'embed.wieght' and 'scale'");
  path = folder.write("w.safetensors", safetensorsBytes("{}", ""));
  EXPECT_EQ(openError(fakePath("fake_model"), {path}, SEQMIX_ERROR_NOT_FOUND),
            "tensor 'embed.weight' (and 1 more of the 2 parameters) is not in "
            "w.safetensors");
}

TEST(ModelTest, WrongShapeAndType) {
  TemporaryFolder folder;
  std::vector<NamedTensor> weights = fakeWeights();
  weights[1].shape = {vocabulary * channels};
  std::string path = folder.write("w.safetensors", safetensorsBytes(weights));
  EXPECT_EQ(
      openError(fakePath("fake_model"), {path}, SEQMIX_ERROR_INCOMPATIBLE),
      "tensor 'embed.weight' is [1024] in w.safetensors but the model wants "
      "[256, 4]");
  weights = fakeWeights();
  weights[0] = {"scale", "I32", {channels}, weights[0].data};
  path = folder.write("w.safetensors", safetensorsBytes(weights));
  EXPECT_EQ(
      openError(fakePath("fake_model"), {path}, SEQMIX_ERROR_INCOMPATIBLE),
      "tensor 'scale' is I32 in w.safetensors but the model wants F32");
}

TEST(ModelTest, ShardedWeights) {
  TemporaryFolder folder;
  std::vector<NamedTensor> weights = fakeWeights();
  std::string first =
      folder.write("1.safetensors", safetensorsBytes({weights[0]}));
  std::string second =
      folder.write("2.safetensors",
                   safetensorsBytes({weights[1], {"unused", "U8", {1}, "x"}}));
  openError(fakePath("fake_model"), {first, second}, SEQMIX_OK);
  EXPECT_CONTAINS(
      openError(fakePath("fake_model"), {first}, SEQMIX_ERROR_NOT_FOUND),
      "'embed.weight' is not in 1.safetensors");
  EXPECT_EQ(openError(fakePath("fake_model"), {first, second, first},
                      SEQMIX_ERROR_INCOMPATIBLE),
            "tensor 'scale' is both in 1.safetensors and in 1.safetensors");
}

/// Binds one parameter of type F32 or F64 to file values of another type.
template <typename To, typename From>
static std::vector<To> bindAs(uint32_t dtype, const char *type,
                              const std::vector<From> &values,
                              size_t alignment) {
  TemporaryFolder folder;
  int64_t shape[] = {static_cast<int64_t>(values.size())};
  seqmix_abi_tensor parameter = {"p", dtype, 1, shape};
  seqmix_abi_model model = {};
  model.num_params = 1;
  model.params = &parameter;
  Parameters parameters;
  Status status = parameters.load(
      model,
      {folder.write("p.safetensors",
                    safetensorsBytes({{"p", type, {shape[0]}, bytesOf(values)}},
                                     alignment))});
  EXPECT_TRUE(status.ok()) << status.message();
  const void *data = parameters.pointers()[0];
  EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % SEQMIX_ABI_ALIGNMENT, 0u);
  std::vector<To> result(values.size());
  std::memcpy(result.data(), data, result.size() * sizeof(To));
  return result;
}

TEST(ParametersTest, ConvertOnTheWay) {
  // one, negative two, smallest subnormal, infinity, NaN
  std::vector<uint16_t> halves = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e00};
  std::vector<uint16_t> bfloats = {0x3f80, 0xc000, 0x0001, 0x7f80, 0x7fc0};
  double halfTiny = std::ldexp(1.0, -24), bfloatTiny = std::ldexp(1.0, -133);
  auto expect = [](const auto &values, double tiny) {
    EXPECT_EQ(values[0], 1.0);
    EXPECT_EQ(values[1], -2.0);
    EXPECT_EQ(values[2], tiny);
    EXPECT_TRUE(std::isinf(values[3]));
    EXPECT_TRUE(std::isnan(values[4]));
  };
  expect(bindAs<float>(SEQMIX_ABI_F32, "F16", halves, 1), halfTiny);
  expect(bindAs<double>(SEQMIX_ABI_F64, "F16", halves, 64), halfTiny);
  expect(bindAs<float>(SEQMIX_ABI_F32, "BF16", bfloats, 2), bfloatTiny);
  expect(bindAs<double>(SEQMIX_ABI_F64, "BF16", bfloats, 1), bfloatTiny);
  std::vector<double> doubles = {1.0, -2.0, bfloatTiny, HUGE_VAL, NAN};
  expect(bindAs<float>(SEQMIX_ABI_F32, "F64", doubles, 1), bfloatTiny);
}

TEST(ParametersTest, AlignedAndUnalignedAreTheSame) {
  std::vector<float> values = {1.5f, -0.25f, 1e-42f, 3e38f};
  for (size_t alignment : {1, 2, 3, 8, 64})
    EXPECT_EQ(bindAs<float>(SEQMIX_ABI_F32, "F32", values, alignment), values);
}

/// A table that is right, to be made wrong in one place.
struct Table {
  int64_t shape[2] = {2, 3};
  seqmix_abi_input input = {{"x", SEQMIX_ABI_F32, 2, shape}, 0};
  seqmix_abi_tensor output = {"y", SEQMIX_ABI_F32, 2, shape};
  seqmix_abi_tensor params[2] = {{"a", SEQMIX_ABI_F32, 2, shape},
                                 {"b", SEQMIX_ABI_BF16, 1, shape}};
  seqmix_abi_state states[2] = {{{"s", SEQMIX_ABI_F32, 2, shape}, 0, 0.0},
                                {{"t", SEQMIX_ABI_I64, 0, nullptr}, 64, 1.0}};
  seqmix_abi_entry entry = {"prefill", 0,
                            [](int64_t, int64_t) { return uint64_t(0); },
                            [](const seqmix_abi_host *,
                               const seqmix_abi_call *) { return int32_t(0); }};
  seqmix_abi_kernel kernels[2] = {{"k", 2, 32, 0, 0}, {"l", 0, 1024, 0, 0}};
  seqmix_abi_target targets[2] = {
      {"any", SEQMIX_ABI_CPU, 0, 0, 1, 0, 0, &entry, nullptr, nullptr},
      {"sm_80", SEQMIX_ABI_CUDA, 80, 0, 1, 2, 0, &entry, kernels, ""}};
  seqmix_abi_model model = {};

  Table() {
    model.name = "table";
    model.producer = "";
    model.state_bytes = 128;
    model.state_id = 1;
    model.num_inputs = model.num_outputs = 1;
    model.num_params = model.num_states = model.num_targets = 2;
    model.inputs = &input;
    model.outputs = &output;
    model.params = params;
    model.states = states;
    model.targets = targets;
  }
  /// Makes both targets be for processors, of these levels.
  void beCpus(uint32_t first, uint32_t second) {
    targets[1] = targets[0];
    targets[0].capability = first;
    targets[1].capability = second;
  }
  std::string check() { return checkModelTable(model, "m.so").message(); }
};

TEST(ModelTableTest, HasCodeForSeveralLevels) {
  Table table;
  for (uint32_t other : {0, 1, 4}) {
    table.beCpus(3, other);
    EXPECT_EQ(table.check(), "");
  }
}

TEST(ModelTableTest, DamageIsNamed) {
  EXPECT_EQ(Table().check(), "");
  auto expect = [](auto damage, const char *part) {
    Table table;
    damage(table);
    EXPECT_CONTAINS(table.check(), part);
  };
  expect([](Table &t) { t.model.name = nullptr; }, "lacks its name");
  expect([](Table &t) { t.model.params = nullptr; }, "table that should have");
  expect([](Table &t) { t.model.state_id = 0; }, "no identity");
  expect([](Table &t) { t.model.state_bytes = 100; }, "no multiple of 64");
  expect([](Table &t) { t.model.max_length = -1; }, "maximum length is -1");
  expect([](Table &t) { t.params[1].name = "a"; }, "'a' is there twice");
  expect([](Table &t) { t.params[0].name = ""; }, "parameter 0 has no name");
  expect([](Table &t) { t.params[0].dtype = 9; }, "unknown element type 9");
  expect([](Table &t) { t.params[0].shape = nullptr; }, "no usable shape");
  expect([](Table &t) { t.shape[1] = 0; }, "[2, 0], whose extents");
  expect([](Table &t) { t.shape[0] = INT64_MAX; }, "too large to count");
  expect([](Table &t) { t.input.limit = 4; }, "of F32 has the limit 4");
  expect([](Table &t) { t.states[1].offset = 32; }, "no multiple of 64");
  expect([](Table &t) { t.states[1].offset = 0; }, "before the state ahead");
  expect([](Table &t) { t.states[1].offset = 128; }, "ends beyond the 128");
  expect([](Table &t) { t.states[1].init = 0.5; }, "of integers begins as");
  expect([](Table &t) { t.entry.run = nullptr; }, "lacks its name or code");
  expect([](Table &t) { t.entry.length = 2; }, "takes the length 2");
  expect([](Table &t) { t.entry.name = "other"; },
         "target cpu has no entry 'prefill'");
  expect([](Table &t) { t.model.num_targets = 0; }, "for no device");
  expect([](Table &t) { t.targets[0].device = 3; }, "the unknown device 3");
  expect([](Table &t) { t.targets[1] = t.targets[0]; }, "cpu is there twice");
  expect([](Table &t) { t.beCpus(3, 3); }, "target x86-64-v3 is there twice");
  expect([](Table &t) { t.beCpus(3, 5); },
         "target cpu needs the level 5 of x86-64 when the highest is 4");
  expect([](Table &t) { t.targets[1].name = ""; }, "target cuda has no name");
  expect([](Table &t) { t.targets[1].entries = nullptr; }, "and is null");
  expect([](Table &t) { t.targets[1].kernels = nullptr; }, "and is null");
  expect([](Table &t) { t.targets[1].module = nullptr; }, "has no module");
  expect([](Table &t) { t.targets[1].capability = 0; }, "does not say what");
  expect([](Table &t) { t.kernels[1].name = "k"; }, "'k' is there twice");
  expect([](Table &t) { t.kernels[1].name = nullptr; }, "kernel 1 has no name");
  expect([](Table &t) { t.kernels[0].threads = 0; }, "has 0 threads");
  expect([](Table &t) { t.kernels[0].threads = 1025; }, "has 1025 threads");
  expect([](Table &t) { t.kernels[0].num_arguments = 513; }, "513 arguments");
}
