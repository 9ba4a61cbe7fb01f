//===- DenseKernelsTest.cpp - matrix products on the processor ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Against sums in f64, at every level that this processor has. Kernels are not
// instrumented by any sanitizer, so operands end where a page that cannot be
// touched begins.
//
//===----------------------------------------------------------------------===//

#include "runtime/kernels/DenseKernels.h"
#include "runtime/src/CpuDevice.h"
#include "runtime/src/ElementType.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace seqmix;

namespace {
/// Memory that ends at a page without access.
class Fenced {
public:
  explicit Fenced(size_t bytes) {
    size_t page = sysconf(_SC_PAGESIZE);
    size_t front = (bytes + page - 1) / page * page;
    Mapped = front + page;
    Base = static_cast<char *>(mmap(nullptr, Mapped, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_NE(Base, MAP_FAILED);
    EXPECT_EQ(mprotect(Base + front, page, PROT_NONE), 0);
    Data = Base + front - bytes;
  }
  ~Fenced() { munmap(Base, Mapped); }
  Fenced(const Fenced &) = delete;

  template <typename T> T *as() { return reinterpret_cast<T *>(Data); }

private:
  char *Base;
  char *Data;
  size_t Mapped;
};

struct Shape {
  int64_t m, n, k;
  int64_t weights = SEQMIX_ABI_F32;
  int64_t group = 32;
  int64_t padding = 0; // of the rows of each operand, in elements
};

/// Elements of `rows` rows; the last one has no padding.
int64_t span(int64_t rows, int64_t stride, int64_t length) {
  return rows ? (rows - 1) * stride + length : 0;
}

/// A product of random operands, with its result in f64 and, as a measure of
/// the error to expect, the sum of the terms' magnitudes.
class Product {
public:
  explicit Product(const Shape &shape)
      : S(shape), Bytes(S.weights == SEQMIX_ABI_F32    ? 4
                        : S.weights == SEQMIX_ABI_BF16 ? 2
                                                       : 1),
        Stride(S.k + S.padding), Groups(S.k / S.group),
        A(4 * span(S.m, Stride, S.k)), B(Bytes * span(S.n, Stride, S.k)),
        Scales(4 * span(S.n, Groups + S.padding, Groups)),
        C(4 * span(S.m, S.n + S.padding, S.n)) {
    std::mt19937 random(static_cast<unsigned>(S.m * 31 + S.n * 7 + S.k));
    std::normal_distribution<float> normal;
    for (int64_t i = 0; i != span(S.m, Stride, S.k); ++i)
      A.as<float>()[i] = normal(random);
    for (int64_t i = 0; i != span(S.n, Groups + S.padding, Groups); ++i)
      Scales.as<float>()[i] = 0.01f + 0.001f * static_cast<float>(i % 17);
    for (int64_t i = 0; i != span(S.n, Stride, S.k); ++i)
      setWeight(i, normal(random));
  }

  /// Sets weight `i` to what of its type is near to `value`; integers are from
  /// -127 to 127.
  void setWeight(int64_t i, float value) {
    float integer = std::max(-127.f, std::min(127.f, std::rint(value * 60)));
    if (S.weights == SEQMIX_ABI_I8)
      B.as<int8_t>()[i] = static_cast<int8_t>(integer);
    else
      convertFloats(ElementType::F32, &value,
                    static_cast<ElementType>(S.weights),
                    B.as<char>() + Bytes * i, 1);
  }

  float *a(int64_t i) { return A.as<float>() + i * Stride; }
  float &c(int64_t i, int64_t j) {
    return C.as<float>()[i * (S.n + S.padding) + j];
  }

  /// The weights as they are, for many calls of exact().
  void readWeights() {
    Weights.resize(S.n * S.k);
    for (int64_t j = 0; j != S.n; ++j)
      for (int64_t l = 0; l != S.k; ++l)
        Weights[j * S.k + l] = weight(j, l);
  }

  double weight(int64_t j, int64_t l) {
    int64_t i = j * Stride + l;
    if (S.weights == SEQMIX_ABI_I8)
      return double(B.as<int8_t>()[i]) *
             Scales.as<float>()[j * (Groups + S.padding) + l / S.group];
    float value;
    convertFloats(static_cast<ElementType>(S.weights), B.as<char>() + Bytes * i,
                  ElementType::F32, &value, 1);
    return value;
  }

  double exact(int64_t i, int64_t j, double *magnitude = nullptr) {
    double sum = 0, sumOfMagnitudes = 0;
    for (int64_t l = 0; l != S.k; ++l) {
      double term =
          a(i)[l] * (Weights.empty() ? weight(j, l) : Weights[j * S.k + l]);
      sum += term;
      sumOfMagnitudes += std::abs(term);
    }
    if (magnitude)
      *magnitude = sumOfMagnitudes;
    return sum;
  }

  seqmix_abi_matmul abi() {
    bool grouped = S.weights == SEQMIX_ABI_I8;
    return {S.m,
            S.n,
            S.k,
            SEQMIX_ABI_F32,
            S.weights,
            SEQMIX_ABI_F32,
            a(0),
            Stride,
            B.as<char>(),
            Stride,
            C.as<float>(),
            S.n + S.padding,
            grouped ? Scales.as<float>() : nullptr,
            Groups + S.padding,
            S.group};
  }

  /// What stands between the rows of the result stays as it is.
  void clearResult() {
    for (int64_t i = 0; i != span(S.m, S.n + S.padding, S.n); ++i)
      C.as<float>()[i] = untouched;
  }
  void expectRowsApart() {
    for (int64_t i = 0; i + 1 < S.m; ++i)
      for (int64_t j = S.n; j != S.n + S.padding; ++j)
        ASSERT_EQ(c(i, j), untouched) << "behind row " << i;
  }

  const Shape S;

private:
  static constexpr float untouched = -7.25f;
  const int64_t Bytes, Stride, Groups;
  Fenced A, B, Scales, C;
  std::vector<double> Weights;
};

class DenseKernelsTest : public testing::TestWithParam<DenseLevel> {
protected:
  void SetUp() override {
    if (!supportsDenseLevel(GetParam()))
      GTEST_SKIP() << "not on this processor";
  }

  void expectRight(const Shape &shape) {
    SCOPED_TRACE(testing::Message()
                 << shape.m << " x " << shape.n << " x " << shape.k
                 << ", weights of type " << shape.weights);
    Product product(shape);
    product.clearResult();
    product.readWeights();
    ASSERT_EQ(denseMatmul(product.abi(), GetParam()), 1);
    for (int64_t i = 0; i != shape.m; ++i)
      for (int64_t j = 0; j != shape.n; ++j) {
        double magnitude, exact = product.exact(i, j, &magnitude);
        ASSERT_NEAR(product.c(i, j), exact, 4e-6 * magnitude)
            << "in row " << i << ", column " << j;
      }
    product.expectRowsApart();
  }
};
} // namespace

static constexpr int64_t weightTypes[] = {SEQMIX_ABI_F32, SEQMIX_ABI_BF16,
                                          SEQMIX_ABI_I8};

INSTANTIATE_TEST_SUITE_P(Levels, DenseKernelsTest,
                         testing::Values(DenseLevel::Baseline, DenseLevel::Avx2,
                                         DenseLevel::Avx512),
                         [](const auto &info) {
                           return denseLevelName(info.param);
                         });

TEST_P(DenseKernelsTest, FewRows) {
  for (int64_t weights : weightTypes)
    for (int64_t m : {0, 1, 2, 3, 4, 5, 7, 15})
      for (int64_t n : {0, 1, 2, 3, 4, 5, 8, 31})
        for (int64_t k :
             {0, 1, 3, 15, 16, 17, 64, 96, 127, 1023, 1024, 1025, 2560})
          if (weights != SEQMIX_ABI_I8 || k % 32 == 0)
            expectRight({m, n, k, weights});
}

TEST_P(DenseKernelsTest, ManyRows) {
  for (int64_t weights : weightTypes)
    for (int64_t m : {31, 32, 63, 64, 67, 132})
      for (int64_t n : {3, 4, 31, 34, 66})
        for (int64_t k : {0, 1, 32, 521, 1033, 2080})
          if (weights != SEQMIX_ABI_I8 || k % 32 == 0)
            expectRight({m, n, k, weights});
}

TEST_P(DenseKernelsTest, RowsApart) {
  for (int64_t weights : weightTypes)
    for (int64_t m : {1, 4, 69})
      expectRight({m, 22, 608, weights, 32, 3});
}

TEST_P(DenseKernelsTest, WiderGroups) {
  for (int64_t m : {1, 5, 48})
    for (int64_t group : {32, 64, 128, 1024})
      expectRight({m, 9, 2048, SEQMIX_ABI_I8, group, 1});
}

TEST_P(DenseKernelsTest, LongSums) {
  for (int64_t weights : weightTypes)
    for (int64_t m : {1, 64})
      expectRight({m, 6, 16384, weights});
}

TEST_P(DenseKernelsTest, OneRowOfGroups) {
  for (int64_t group : {32, 64, 512, 2048})
    for (int64_t groups : {1, 2, 7, 15, 16, 17, 33})
      for (int64_t n : {1, 3, 4, 9})
        for (int64_t padding : {0, 5})
          expectRight({1, n, group * groups, SEQMIX_ABI_I8, group, padding});
}

// An element is the same, bit for bit, whatever else is computed with it: only
// of integer weights, the elements of a row by itself differ from others.
TEST_P(DenseKernelsTest, TilesDoNotShow) {
  for (int64_t weights : weightTypes)
    for (int64_t k : {32, 608, 1024, 1100, 2176}) {
      if (weights == SEQMIX_ABI_I8 && k % 32 != 0)
        continue;
      Product product({75, 71, k, weights});
      ASSERT_EQ(denseMatmul(product.abi(), GetParam()), 1);
      Product alone({1, 71, k, weights});
      seqmix_abi_matmul row = product.abi();
      row.m = 1;
      row.c = &alone.c(0, 0);
      ASSERT_EQ(denseMatmul(row, GetParam()), 1);
      for (int64_t rows : {1, 2, 3, 6, 35, 66})
        for (int64_t columns : {1, 4, 5, 21, 66}) {
          Product tile({rows, columns, k, weights});
          seqmix_abi_matmul abi = product.abi();
          abi.m = rows;
          abi.n = columns;
          abi.c = &tile.c(0, 0);
          abi.c_stride = columns;
          ASSERT_EQ(denseMatmul(abi, GetParam()), 1);
          bool apart = weights == SEQMIX_ABI_I8 && rows == 1;
          Product &whole = apart ? alone : product;
          for (int64_t i = 0; i != rows; ++i)
            ASSERT_EQ(std::memcmp(&tile.c(i, 0), &whole.c(i, 0), 4 * columns),
                      0)
                << "row " << i << " of " << rows << " x " << columns << " x "
                << k << ", weights of type " << weights;
        }
    }
}

TEST_P(DenseKernelsTest, ExtremeValues) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (int64_t weights : weightTypes)
    for (int64_t m : {1, 3, 68}) // 1: three, each by itself
      for (int64_t at : {0, 515, 543}) {
        Product product({std::max<int64_t>(m, 3), 7, 544, weights});
        product.a(0)[at] = inf;
        product.a(1)[at] = nan;
        product.a(2)[at] = std::numeric_limits<float>::max();
        product.setWeight(at, 0); // times infinity
        seqmix_abi_matmul abi = product.abi();
        abi.m = m;
        for (int64_t i = 0; i == 0 || (m == 1 && i != 3); ++i) {
          abi.a = product.a(i);
          abi.c = &product.c(i, 0);
          ASSERT_EQ(denseMatmul(abi, GetParam()), 1);
        }
        for (int64_t j = 0; j != 7; ++j) {
          float exact = static_cast<float>(product.exact(0, j));
          if (std::isnan(exact))
            EXPECT_TRUE(std::isnan(product.c(0, j)));
          else
            EXPECT_EQ(product.c(0, j), exact);
          EXPECT_TRUE(std::isnan(product.c(1, j)));
        }
      }
  Product product({1, 4, 64, SEQMIX_ABI_I8});
  for (int64_t l = 0; l != 64; ++l)
    for (int64_t j = 0; j != 4; ++j)
      product.setWeight(j * 64 + l, j % 2 ? inf : -inf);
  std::fill_n(product.a(0), 64, 2.f);
  ASSERT_EQ(denseMatmul(product.abi(), GetParam()), 1);
  for (int64_t j = 0; j != 4; ++j)
    EXPECT_NEAR(product.c(0, j), product.exact(0, j), 1e-3);
}

TEST_P(DenseKernelsTest, ManyThreads) {
  Product product({70, 66, 600});
  ASSERT_EQ(denseMatmul(product.abi(), GetParam()), 1);
  std::vector<std::thread> threads;
  for (int i = 0; i != 4; ++i)
    threads.emplace_back([&product] {
      for (int64_t repeats = 0; repeats != 20; ++repeats) {
        Product same(product.S);
        ASSERT_EQ(denseMatmul(same.abi(), GetParam()), 1);
        ASSERT_EQ(std::memcmp(&same.c(0, 0), &product.c(0, 0), 4 * 70 * 66), 0);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST_P(DenseKernelsTest, Declines) {
  Product product({2, 4, 96, SEQMIX_ABI_I8});
  product.clearResult();
  float before = product.c(0, 0);
  auto declines = [&](auto change) {
    seqmix_abi_matmul abi = product.abi();
    change(abi);
    return denseMatmul(abi, GetParam()) == 0;
  };
  EXPECT_TRUE(declines([](auto &abi) { abi.a_dtype = SEQMIX_ABI_BF16; }));
  EXPECT_TRUE(declines([](auto &abi) { abi.b_dtype = SEQMIX_ABI_F16; }));
  EXPECT_TRUE(declines([](auto &abi) { abi.c_dtype = SEQMIX_ABI_BF16; }));
  EXPECT_TRUE(declines([](auto &abi) { abi.b_group = 16; }));
  EXPECT_TRUE(declines([](auto &abi) { abi.b_group = 96; }));
  EXPECT_TRUE(declines([](auto &abi) { abi.b_group = 0; }));
  EXPECT_TRUE(declines([](auto &abi) { abi.b_group = 64; }));
  EXPECT_TRUE(declines([](auto &abi) { abi.b_scales = nullptr; }));
  EXPECT_TRUE(declines([](auto &abi) { abi.b_stride = int64_t(1) << 30; }));
  EXPECT_TRUE(declines([](auto &abi) { abi.n = int64_t(1) << 40; }));
  EXPECT_EQ(product.c(0, 0), before);
}

TEST(CpuDeviceTest, LendsDenseKernels) {
  CpuDevice device(1);
  EXPECT_EQ(device.matmulName(), std::string("Halide kernels (") +
                                     denseLevelName(bestDenseLevel()) + ")");
  const seqmix_abi_host &host = device.host();
  Product product({1, 5, 64});
  seqmix_abi_matmul abi = product.abi();
  ASSERT_EQ(host.matmul(host.context, &abi), 1);
  for (int64_t j = 0; j != 5; ++j)
    EXPECT_NEAR(product.c(0, j), product.exact(0, j), 1e-4);
}

TEST(CpuDeviceTest, LendsKernelsOfALesserProcessor) {
  setenv("SEQMIX_CPU_LEVEL", "1", 1);
  CpuDevice device(1);
  unsetenv("SEQMIX_CPU_LEVEL");
  EXPECT_STREQ(device.matmulName(), "Halide kernels (baseline)");
  // Sums of other lanes are rounded otherwise.
  Product product({1, 64, 1024}), expected({1, 64, 1024});
  seqmix_abi_matmul abi = product.abi(), same = expected.abi();
  ASSERT_EQ(device.host().matmul(device.host().context, &abi), 1);
  ASSERT_EQ(denseMatmul(same, DenseLevel::Baseline), 1);
  for (int64_t j = 0; j != 64; ++j)
    EXPECT_EQ(product.c(0, j), expected.c(0, j));
}
