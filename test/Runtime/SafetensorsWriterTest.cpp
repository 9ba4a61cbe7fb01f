//===- SafetensorsWriterTest.cpp - files that are written -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What was written is what is read, at addresses that compiled code accepts;
// and what could not be written leaves nothing behind.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/SafetensorsWriter.h"

#include "runtime/src/AlignedBuffer.h"
#include "runtime/src/Safetensors.h"
#include "test/Runtime/Fixtures.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sys/resource.h>

using namespace seqmix;
using namespace seqmix::test;

static size_t filesIn(const TemporaryFolder &folder) {
  std::filesystem::directory_iterator first(folder.path("")), last;
  return std::distance(first, last);
}

/// Declares and writes one tensor, a byte at a time from the last on.
static void fill(SafetensorsWriter &writer, size_t number,
                 const std::string &bytes) {
  for (size_t i = bytes.size(); i-- != 0;) {
    Status status = writer.write(number, i, &bytes[i], 1);
    ASSERT_TRUE(status.ok()) << status.message();
  }
}

TEST(SafetensorsWriterTest, WhatIsWrittenIsRead) {
  TemporaryFolder folder;
  std::string path = folder.path("w.safetensors");
  std::vector<NamedTensor> tensors = {
      {"odd", "U8", {3}, "abc"},
      {"scalar", "F64", {}, "12345678"},
      {"none", "BF16", {0, 7}, ""},
      {"w", "I8", {2, 64}, std::string(128, 'w')},
      {"\"caf\u00e9\\ \x01\xff", "F32", {16}, std::string(64, 's')},
      {"halves", "F16", {1, 3}, "abcdef"},
      {"last", "F32", {4, 16}, std::string(256, 'l')}};
  {
    SafetensorsWriter writer;
    for (const NamedTensor &tensor : tensors) {
      ElementType type;
      ASSERT_TRUE(parseElementType(tensor.type, type));
      writer.add(tensor.name, type, tensor.shape);
    }
    std::string metadata = "{\"format\": \"pt\"}";
    ASSERT_TRUE(writer.create(path, metadata).ok());
    for (size_t i = tensors.size(); i-- != 0;)
      fill(writer, i, tensors[i].data);
    EXPECT_FALSE(std::filesystem::exists(path));
    ASSERT_TRUE(writer.finish().ok());
  }
  EXPECT_EQ(filesIn(folder), 1u);
  SafetensorsFile file;
  Status status = file.open(path);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(file.metadata(), "{\"format\": \"pt\"}");
  EXPECT_EQ(file.tensors().size(), tensors.size());
  for (const NamedTensor &tensor : tensors) {
    const SafetensorsTensor *found = file.find(tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(elementTypeName(found->type), tensor.type);
    EXPECT_EQ(found->shape, tensor.shape);
    EXPECT_EQ(std::string(found->data, found->bytes), tensor.data);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(found->data) %
                  elementBytes(found->type),
              0u);
    EXPECT_TRUE(tensor.data.size() % 64 || isAligned(found->data));
  }
}

TEST(SafetensorsWriterTest, OfNothing) {
  TemporaryFolder folder;
  std::string path = folder.write("w.safetensors", "what was there before");
  SafetensorsWriter writer;
  ASSERT_TRUE(writer.create(path, "").ok());
  ASSERT_TRUE(writer.finish().ok());
  SafetensorsFile file;
  ASSERT_TRUE(file.open(path).ok());
  EXPECT_TRUE(file.tensors().empty());
  EXPECT_EQ(file.metadata(), "");
}

TEST(SafetensorsWriterTest, UnfinishedFilesGoAway) {
  TemporaryFolder folder;
  std::string path = folder.write("w.safetensors", "before");
  {
    SafetensorsWriter writer;
    size_t number = writer.add("w", ElementType::U8, {4});
    ASSERT_TRUE(writer.create(path, "").ok());
    ASSERT_TRUE(writer.write(number, 0, "ab", 2).ok());
    EXPECT_EQ(filesIn(folder), 2u);
    EXPECT_EQ(writer.finish().message(),
              "2 bytes were written to '" + path + "' when its tensors have 4");
  }
  EXPECT_EQ(filesIn(folder), 1u);
  std::ifstream file(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "before");
}

TEST(SafetensorsWriterTest, PlacesWhereNothingCanBe) {
  TemporaryFolder folder;
  auto fails = [](const std::string &path) {
    return SafetensorsWriter().create(path, "");
  };
  EXPECT_EQ(fails("/dev/full").message(),
            "cannot write '/dev/full': it is not a regular file");
  EXPECT_EQ(fails(folder.path("")).code(), SEQMIX_ERROR_IO);
  EXPECT_EQ(fails(folder.path("none/w")).code(), SEQMIX_ERROR_NOT_FOUND);
  EXPECT_EQ(filesIn(folder), 0u);
}

/// As on a full disk, but for this process alone.
TEST(SafetensorsWriterTest, NoRoomIsAnError) {
  TemporaryFolder folder;
  std::string path = folder.path("w.safetensors"), page(4096, 'x');
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit little = {8192, before.rlim_max};
  auto *handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &little);
  Status status;
  {
    SafetensorsWriter writer;
    size_t number = writer.add("w", ElementType::U8, {3 * 4096});
    status = writer.create(path, "");
    for (size_t i = 0; i != 3 && status.ok(); ++i)
      status = writer.write(number, i * page.size(), page.data(), page.size());
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.code(), SEQMIX_ERROR_IO);
  EXPECT_EQ(status.message(), "cannot write '" + path + "': File too large");
  EXPECT_EQ(filesIn(folder), 0u);
}
