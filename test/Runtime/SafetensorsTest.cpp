//===- SafetensorsTest.cpp - files that are right and files that lie ------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every way a weights file can contradict itself must be one clear sentence,
// and never a read outside the file.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Safetensors.h"
#include "runtime/src/JsonReader.h"
#include "test/Runtime/Fixtures.h"

#include <cstring>
#include <ostream>

#include <gtest/gtest.h>

using namespace seqmix;
using namespace seqmix::test;

namespace {
struct BadFile {
  const char *name;
  std::string bytes;
  const char *message; // a part of it
};

/// What the test's listing shows of it.
[[maybe_unused]] void PrintTo(const BadFile &file, std::ostream *out) {
  *out << file.bytes.size() << " bytes";
}

class BadFileTest : public testing::TestWithParam<BadFile> {};
} // namespace

static std::string entry(const std::string &rest) {
  return "{\"x\": {" + rest + "}}";
}

static std::string lengthOnly(uint64_t length) {
  return std::string(reinterpret_cast<const char *>(&length), sizeof(length));
}

static std::string cut(std::string bytes, size_t count) {
  bytes.resize(bytes.size() - count);
  return bytes;
}

static const std::string eight(8, '\0');
static const std::string good =
    "\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]";

static std::vector<BadFile> badFiles() {
  auto file = [](const std::string &header, const std::string &data) {
    return safetensorsBytes(header, data);
  };
  std::string deep = "{\"__metadata__\": " + std::string(5000, '[') + "}";
  return {
      {"Empty", "", "has 0 bytes, fewer than the 8"},
      {"FewBytes", "abc", "has 3 bytes, fewer than the 8"},
      {"HugeHeader", lengthOnly(UINT64_MAX) + "{}", "more than the limit"},
      {"HeaderBeyondFile", lengthOnly(3) + "{}",
       "truncated: the header is 3 bytes long, but only 2 bytes follow"},
      {"NoObject", file("[]", ""), "not valid JSON: expected an object"},
      {"EmptyHeader", file("", ""), "expected an object"},
      {"Unfinished", file("{\"x\": {", ""), "expected a string"},
      {"TextAfter", file("{} x", ""), "unexpected text"},
      {"TooDeep", file(deep, ""), "too deeply nested"},
      {"BadEscape", file("{\"\\q\": {}}", ""), "unknown escape"},
      {"LoneSurrogate", file("{\"\\ud800x\": {}}", ""), "lone surrogate"},
      {"NulInName", file("{\"\\u0000\": {}}", ""), "NUL in a string"},
      {"ControlCharacter", file("{\"a\nb\": {}}", ""), "control character"},
      {"NoMembers", file("{\"x\": {}}", ""), "entry for 'x' is not one dtype"},
      {"UnknownMember", file(entry(good + ", \"y\": 1"), eight),
       "entry for 'x' is not one dtype"},
      {"SecondShape", file(entry(good + ", \"shape\": [2]"), eight),
       "entry for 'x' is not one dtype"},
      {"ThreeOffsets",
       file(entry("\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": "
                  "[0, 8, 8]"),
            eight),
       "entry for 'x' is not one dtype"},
      {"NegativeExtent",
       file(entry("\"dtype\": \"F32\", \"shape\": [-2], \"data_offsets\": "
                  "[0, 8]"),
            eight),
       "integer that is not negative"},
      {"RealExtent",
       file(entry("\"dtype\": \"F32\", \"shape\": [2.0], \"data_offsets\": "
                  "[0, 8]"),
            eight),
       "integer that is not negative"},
      {"HugeInteger",
       file(entry("\"dtype\": \"F32\", \"shape\": [99999999999999999999], "
                  "\"data_offsets\": [0, 8]"),
            eight),
       "integer too large"},
      {"UnknownType",
       file(entry("\"dtype\": \"F12\", \"shape\": [2], \"data_offsets\": "
                  "[0, 8]"),
            eight),
       "unknown dtype 'F12'"},
      {"Backwards",
       file(entry("\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": "
                  "[8, 0]"),
            eight),
       "ends at byte 0, before it begins at 8"},
      {"BeyondData", cut(file(entry(good), eight), 1),
       "truncated: tensor 'x' ends at byte 8 of the data, which has 7"},
      {"WrongCount",
       file(entry("\"dtype\": \"F32\", \"shape\": [3], \"data_offsets\": "
                  "[0, 8]"),
            eight),
       "of F32 [3] needs 12 bytes but is given 8"},
      {"Overflow",
       file(entry("\"dtype\": \"F32\", \"shape\": [4611686018427387904, 4], "
                  "\"data_offsets\": [0, 8]"),
            eight),
       "too large to count"},
      {"Twice", file("{\"x\": {" + good + "}, \"x\": {" + good + "}}", eight),
       "tensor 'x' is there twice"},
      {"Overlap", file("{\"x\": {" + good + "}, \"y\": {" + good + "}}", eight),
       "tensors 'x' and 'y' overlap"},
      {"Hole",
       file(entry("\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": "
                  "[4, 8]"),
            eight),
       "the data from byte 0 on belongs to no tensor"},
      {"Trailing", file(entry(good), eight + "x"),
       "the data from byte 8 on belongs to no tensor"},
  };
}

TEST_P(BadFileTest, IsOneClearSentence) {
  TemporaryFolder folder;
  std::string path = folder.write("bad.safetensors", GetParam().bytes);
  SafetensorsFile file;
  Status status = file.open(path);
  EXPECT_EQ(status.code(), SEQMIX_ERROR_CORRUPT);
  EXPECT_EQ(status.message().rfind("bad.safetensors: ", 0), 0u)
      << status.message();
  EXPECT_NE(status.message().find(GetParam().message), std::string::npos)
      << status.message();
}

INSTANTIATE_TEST_SUITE_P(Safetensors, BadFileTest,
                         testing::ValuesIn(badFiles()),
                         [](const testing::TestParamInfo<BadFile> &info) {
                           return info.param.name;
                         });

TEST(SafetensorsTest, ReadsWhatIsRight) {
  TemporaryFolder folder;
  std::string header =
      " {\"__metadata__\": {\"a\": [1, -2.5e3, true, null, {}]}, "
      "\"caf\\u00e9 \\ud83d\\ude00\": {\"shape\": [], \"dtype\": \"I64\", "
      "\"data_offsets\": [0, 8]}, \"none\": {\"dtype\": \"BF16\", \"shape\": "
      "[0, 3], \"data_offsets\": [8, 8]}} \n";
  SafetensorsFile file;
  Status status = file.open(
      folder.write("ok.safetensors", safetensorsBytes(header, eight)));
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(file.tensors().size(), 2u);
  const SafetensorsTensor *scalar = file.find("caf\u00e9 \U0001F600");
  ASSERT_NE(scalar, nullptr);
  EXPECT_EQ(scalar->count(), 1);
  EXPECT_EQ(scalar->type, ElementType::I64);
  EXPECT_EQ(file.find("none")->count(), 0);
  EXPECT_EQ(file.find("missing"), nullptr);
}

TEST(SafetensorsTest, EveryTruncationIsRefused) {
  TemporaryFolder folder;
  std::string bytes = safetensorsBytes(fakeWeights());
  for (size_t size = 0; size < bytes.size(); size += 13) {
    SafetensorsFile file;
    std::string path = folder.write("cut.safetensors", bytes.substr(0, size));
    EXPECT_EQ(file.open(path).code(), SEQMIX_ERROR_CORRUPT) << size;
  }
}

TEST(SafetensorsTest, MissingFileAndFolder) {
  TemporaryFolder folder;
  SafetensorsFile file;
  EXPECT_EQ(file.open(folder.path("none")).code(), SEQMIX_ERROR_NOT_FOUND);
  EXPECT_EQ(file.open(folder.path("")).code(), SEQMIX_ERROR_IO);
}

TEST(JsonReaderTest, SkipsAnyValue) {
  std::string text = "{\"a\": [\"\\n\", {\"b\": [[], {}]}], \"c\": false}";
  JsonReader reader(text.data(), text.size());
  EXPECT_TRUE(reader.skip());
  EXPECT_TRUE(reader.finish());
  for (std::string bad :
       {"[1,]", "{\"a\" 1}", "[1 2]", "tru", "\"a", "[", ""}) {
    JsonReader other(bad.data(), bad.size());
    EXPECT_FALSE(other.skip()) << bad;
    EXPECT_FALSE(other.error().empty()) << bad;
  }
}
