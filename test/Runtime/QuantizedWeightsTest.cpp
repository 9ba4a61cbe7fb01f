//===- QuantizedWeightsTest.cpp - weights of eight bits, bound ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model and a file may each have a matrix in eight bits or in floats: all
// pairs work where they say the same, and are refused with both sides where
// they do not.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ModelLibrary.h"
#include "runtime/src/Parameters.h"
#include "runtime/src/Quantized.h"
#include "test/Runtime/Fixtures.h"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

using namespace seqmix;
using namespace seqmix::test;

namespace {
/// A model of one matrix [3, 6], in eight bits with a scale for every two.
struct QuantizedTable {
  int64_t shape[2] = {3, 6}, scaleShape[2] = {3, 3};
  seqmix_abi_tensor params[2] = {{"w_scale", SEQMIX_ABI_F32, 2, scaleShape},
                                 {"w", SEQMIX_ABI_I8, 2, shape}};
  seqmix_abi_model model = {};

  QuantizedTable() {
    model.num_params = 2;
    model.params = params;
  }
};

/// A model of the same matrix in floats.
struct FloatTable {
  int64_t shape[2] = {3, 6};
  seqmix_abi_tensor param;
  seqmix_abi_model model = {};

  explicit FloatTable(uint32_t dtype) : param{"w", dtype, 2, shape} {
    model.num_params = 1;
    model.params = &param;
  }
};
} // namespace

static const std::vector<int8_t> someValues = {127, -3,   0,   0,   -127, 5,
                                               1,   127,  127, 127, -127, -1,
                                               2,   -127, 127, 0,   9,    127};
static const std::vector<float> someScales = {0.5f,   0, 0.125f, 2,   0.25f,
                                              0.0625, 4, 1,      0.5f};

/// What the two stand for: every float type holds it, and it is rounded to what
/// it came from.
static std::vector<float> someFloats() {
  std::vector<float> floats;
  for (size_t i = 0; i != someValues.size(); ++i)
    floats.push_back(float(someValues[i]) * someScales[i / 2]);
  return floats;
}

static std::vector<NamedTensor> quantizedFile() {
  return {{"w", "I8", {3, 6}, bytesOf(someValues)},
          {"w_scale", "F32", {3, 3}, bytesOf(someScales)}};
}

/// Binds files of these tensors, one each; the message of a failure.
static std::string load(Parameters &parameters, const seqmix_abi_model &model,
                        const std::vector<std::vector<NamedTensor>> &files,
                        size_t alignment = 1) {
  TemporaryFolder folder;
  std::vector<std::string> paths;
  for (const std::vector<NamedTensor> &file : files)
    paths.push_back(folder.write(std::to_string(paths.size()) + ".safetensors",
                                 safetensorsBytes(file, alignment)));
  return parameters.load(model, paths).message();
}

static std::string loadError(const seqmix_abi_model &model,
                             const std::vector<NamedTensor> &file) {
  Parameters parameters;
  return load(parameters, model, {file});
}

template <typename T>
static std::vector<T> valuesAt(const void *pointer, size_t count) {
  EXPECT_EQ(reinterpret_cast<uintptr_t>(pointer) % SEQMIX_ABI_ALIGNMENT, 0u);
  std::vector<T> values(count);
  std::memcpy(values.data(), pointer, count * sizeof(T));
  return values;
}

/// Expects the matrix in eight bits.
static void expectBound(const Parameters &parameters) {
  EXPECT_EQ(valuesAt<float>(parameters.pointers()[0], 9), someScales);
  EXPECT_EQ(valuesAt<int8_t>(parameters.pointers()[1], 18), someValues);
}

TEST(QuantizedWeightsTest, BoundAsTheyAre) {
  QuantizedTable table;
  for (size_t alignment : {1, 64}) {
    Parameters parameters;
    EXPECT_EQ(load(parameters, table.model, {quantizedFile()}, alignment), "");
    expectBound(parameters);
  }
  std::vector<NamedTensor> file = quantizedFile();
  Parameters split;
  EXPECT_EQ(load(split, table.model, {{file[1]}, {file[0]}}), "");
  expectBound(split);
}

TEST(QuantizedWeightsTest, ModelsOfEightBitsTakeFloats) {
  QuantizedTable table;
  std::vector<float> floats = someFloats();
  for (const char *name : {"F32", "F64", "F16", "BF16"}) {
    ElementType type;
    ASSERT_TRUE(parseElementType(name, type));
    std::string bytes(18 * elementBytes(type), '\0');
    convertFloats(ElementType::F32, floats.data(), type, bytes.data(), 18);
    Parameters parameters;
    EXPECT_EQ(load(parameters, table.model, {{{"w", name, {3, 6}, bytes}}}),
              "");
    expectBound(parameters);
  }
}

TEST(QuantizedWeightsTest, ModelsOfFloatsTakeEightBits) {
  for (uint32_t dtype :
       {SEQMIX_ABI_F32, SEQMIX_ABI_F64, SEQMIX_ABI_F16, SEQMIX_ABI_BF16}) {
    FloatTable table(dtype);
    Parameters parameters;
    EXPECT_EQ(load(parameters, table.model, {quantizedFile()}), "");
    std::vector<float> floats(18);
    convertFloats(static_cast<ElementType>(dtype), parameters.pointers()[0],
                  ElementType::F32, floats.data(), 18);
    EXPECT_EQ(floats, someFloats());
  }
  // The group is the file's own.
  FloatTable table(SEQMIX_ABI_F32);
  Parameters parameters;
  std::vector<NamedTensor> file = quantizedFile();
  file[1] = {"w_scale", "F32", {3, 1}, bytesOf<float>({1, 0.5f, 2})};
  EXPECT_EQ(load(parameters, table.model, {file}), "");
  EXPECT_EQ(valuesAt<float>(parameters.pointers()[0], 18)[7], 63.5f);
}

TEST(QuantizedWeightsTest, RefusedWithBothSides) {
  QuantizedTable quantized;
  FloatTable floats(SEQMIX_ABI_F32);
  std::vector<NamedTensor> file = quantizedFile();
  for (const seqmix_abi_model *model : {&quantized.model, &floats.model}) {
    EXPECT_EQ(loadError(*model, {file[0]}),
              "tensor 'w' is I8 in 0.safetensors, but its scales 'w_scale' are "
              "not in 0.safetensors");
    EXPECT_EQ(
        loadError(*model,
                  {file[0], {"w_scale", "F16", {3, 3}, std::string(18, '\0')}}),
        "tensor 'w_scale' is F16 in 0.safetensors but the scales of "
        "weights of I8 are F32");
    EXPECT_EQ(
        loadError(*model,
                  {file[0], {"w_scale", "F32", {3, 4}, std::string(48, '\0')}}),
        "tensor 'w' of I8 is [3, 6] in 0.safetensors but its scales "
        "'w_scale' are [3, 4] in 0.safetensors, which do not divide its "
        "rows");
    EXPECT_EQ(loadError(*model, {{"w", "I8", {6, 3}, file[0].data}, file[1]}),
              "tensor 'w' is [6, 3] in 0.safetensors but the model wants "
              "[3, 6]");
    EXPECT_EQ(loadError(*model, {file[1]}),
              "tensor 'w' is not in 0.safetensors; the nearest name is "
              "'w_scale'");
    Parameters parameters;
    EXPECT_EQ(load(parameters, *model, {file, {file[1]}}),
              "tensor 'w_scale' is both in 0.safetensors and in 1.safetensors");
  }
  EXPECT_EQ(loadError(quantized.model, {{"w", "U8", {3, 6}, file[0].data}}),
            "tensor 'w' is U8 in 0.safetensors but the model wants I8");
  file[1] = {"w_scale", "F32", {3, 1}, std::string(12, '\0')};
  EXPECT_EQ(loadError(quantized.model, file),
            "tensor 'w' has a scale for every 6 weights in 0.safetensors but "
            "the model wants one for every 2: quantize the original weights "
            "for it");
}

TEST(QuantizedWeightsTest, NotFiniteIsNamedWithItsPlace) {
  QuantizedTable table;
  std::vector<float> floats = someFloats();
  floats[10] = HUGE_VALF;
  EXPECT_EQ(loadError(table.model, {{"w", "F32", {3, 6}, bytesOf(floats)}}),
            "tensor 'w' holds inf at [1, 4] in 0.safetensors, which eight bits "
            "cannot hold");
}

TEST(QuantizedWeightsTest, OnlyMatricesAreOfEightBits) {
  int64_t extent = 2;
  seqmix_abi_tensor param = {"v", SEQMIX_ABI_F32, 1, &extent};
  seqmix_abi_model model = {};
  model.num_params = 1;
  model.params = &param;
  EXPECT_EQ(loadError(model, {{"v", "I8", {2}, "ab"},
                              {"v_scale", "F32", {1}, "abcd"}}),
            "tensor 'v' of I8 is [2] in 0.safetensors but its scales 'v_scale' "
            "are [1] in 0.safetensors, which do not divide its rows");
}

TEST(QuantizedWeightsTest, RandomOnesAreRandomFloatsRounded) {
  QuantizedTable quantized;
  FloatTable table(SEQMIX_ABI_F32);
  Parameters integers, floats;
  ASSERT_TRUE(integers.randomize(quantized.model, 5).ok());
  ASSERT_TRUE(floats.randomize(table.model, 5).ok());
  auto scales = valuesAt<float>(integers.pointers()[0], 9);
  auto values = valuesAt<int8_t>(integers.pointers()[1], 18);
  auto expected = valuesAt<float>(floats.pointers()[0], 18);
  for (size_t i = 0; i != values.size(); ++i) {
    EXPECT_GT(scales[i / 2], 0);
    EXPECT_NEAR(float(values[i]) * scales[i / 2], expected[i],
                scales[i / 2] * 0.501f);
  }
  for (size_t i = 0; i != values.size(); i += 2)
    EXPECT_EQ(std::max(std::abs(values[i]), std::abs(values[i + 1])), 127);
}

/// A table that is right but for one place; what the check says.
template <typename Damage> static std::string damaged(Damage damage) {
  QuantizedTable table;
  seqmix_abi_entry entry = {"prefill", 0,
                            [](int64_t, int64_t) { return uint64_t(0); },
                            [](const seqmix_abi_host *,
                               const seqmix_abi_call *) { return int32_t(0); }};
  seqmix_abi_target target = {"any", SEQMIX_ABI_CPU, 0,       0,      1, 0,
                              0,     &entry,         nullptr, nullptr};
  table.model.name = table.model.producer = "table";
  table.model.state_id = 1;
  table.model.num_targets = 1;
  table.model.targets = &target;
  damage(table);
  return checkModelTable(table.model, "m.so").message();
}

TEST(QuantizedWeightsTest, TablesAreChecked) {
  using Table = QuantizedTable;
  const std::string start = "model 'm.so' is damaged: ";
  EXPECT_EQ(damaged([](Table &) {}), "");
  EXPECT_EQ(damaged([](Table &t) { t.params[0].name = "scale"; }),
            start + "parameter 'w' of I8 has no scales 'w_scale'");
  EXPECT_EQ(damaged([](Table &t) { t.params[0].dtype = SEQMIX_ABI_F64; }),
            start + "parameter 'w' of I8 has scales of F64 when they should be "
                    "of F32");
  EXPECT_EQ(damaged([](Table &t) { t.scaleShape[1] = 4; }),
            start + "parameter 'w' of I8 is [3, 6] but its scales are [3, 4], "
                    "which do not divide its rows");
  EXPECT_EQ(damaged([](Table &t) { t.params[1].rank = 1; }),
            start + "parameter 'w' of I8 is [3] but its scales are [3, 3], "
                    "which do not divide its rows");
  EXPECT_EQ(damaged([](Table &t) {
              static const seqmix_abi_tensor output = {"y", SEQMIX_ABI_I8, 0,
                                                       nullptr};
              t.model.num_outputs = 1;
              t.model.outputs = &output;
            }),
            start + "output 'y' is of I8 when only parameters may be");
}

/// Logits of a fake model with weights that eight bits hold exactly, from
/// floats or from eight bits.
static std::vector<float> logitsOf(const std::string &name,
                                   std::vector<NamedTensor> weights,
                                   seqmix_device device = SEQMIX_CPU) {
  cudaCount("live"); // lets the runtime find the driver of the tests
  TemporaryFolder folder;
  std::string path = folder.write("w.safetensors", safetensorsBytes(weights));
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.device = device;
  options.no_vendor_matmul = 1;
  seqmix_model *opened;
  seqmix_error error;
  EXPECT_EQ(seqmix_model_open(fakePath(name).c_str(), path.c_str(), &options,
                              &opened, &error),
            SEQMIX_OK)
      << error.message;
  ModelPtr model(opened);
  return prefill(createSession(model), someTokens(20));
}

TEST(QuantizedWeightsTest, EveryPairAnswersTheSame) {
  std::vector<NamedTensor> weights = fakeWeights();
  std::vector<int8_t> values(vocabulary * channels);
  std::vector<float> scales(values.size() / 2), floats(values.size());
  std::memcpy(floats.data(), weights[1].data.data(), weights[1].data.size());
  ASSERT_EQ(quantizeGroups(ElementType::F32, floats.data(), floats.size(), 2,
                           values.data(), scales.data()),
            int64_t(floats.size()));
  dequantizeGroups(values.data(), scales.data(), values.size(), 2,
                   ElementType::F32, floats.data());
  weights[1].data = bytesOf(floats);
  std::vector<NamedTensor> quantized = {
      weights[0],
      {"embed.weight", "I8", {vocabulary, channels}, bytesOf(values)},
      {"embed.weight_scale", "F32", {vocabulary, 2}, bytesOf(scales)}};
  std::vector<float> expected = logitsOf("fake_model", weights);
  EXPECT_EQ(logitsOf("fake_model", quantized), expected);
  EXPECT_EQ(logitsOf("fake_int8", quantized), expected);
  EXPECT_EQ(logitsOf("fake_int8", quantized, SEQMIX_CUDA), expected);
  std::vector<float> rounded = logitsOf("fake_int8", weights);
  for (size_t i = 0; i != expected.size(); ++i)
    ASSERT_NEAR(rounded[i], expected[i], 1e-5);
}
