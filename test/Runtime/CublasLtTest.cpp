//===- CublasLtTest.cpp - the vendor's matrix product ---------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the library is asked for is the product that the interface promises.
// The library is fake_cublaslt.c, so this shows the roles of the operands,
// strides and types, not that the real one is fast.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/CublasLt.h"

#include <cstdlib>
#include <cstring>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>

using namespace seqmix;

static constexpr char fakeLibrary[] = SEQMIX_FAKE_MODELS "/fake_cublaslt.so";

/// m x k, n x k and m x n, with strides that are longer than the rows.
struct Operands {
  int64_t m, n, k;
  std::vector<float> a, b, c;

  Operands(int64_t m, int64_t n, int64_t k)
      : m(m), n(n), k(k), a(m * (k + 1)), b(n * (k + 2)), c(m * (n + 3), -1) {
    for (size_t i = 0; i != a.size(); ++i)
      a[i] = static_cast<float>(i % 7) - 3;
    for (size_t i = 0; i != b.size(); ++i)
      b[i] = static_cast<float>(i % 5) - 2;
  }
  seqmix_abi_matmul product() {
    seqmix_abi_matmul product = {};
    product.m = m;
    product.n = n;
    product.k = k;
    product.a_dtype = product.b_dtype = product.c_dtype = SEQMIX_ABI_F32;
    product.a = a.data();
    product.a_stride = k + 1;
    product.b = b.data();
    product.b_stride = k + 2;
    product.c = c.data();
    product.c_stride = n + 3;
    return product;
  }
  void expectProduct() const {
    for (int64_t i = 0; i != m; ++i) {
      for (int64_t j = 0; j != n; ++j) {
        float sum = 0;
        for (int64_t l = 0; l != k; ++l)
          sum += a[i * (k + 1) + l] * b[j * (k + 2) + l];
        ASSERT_EQ(c[i * (n + 3) + j], sum) << i << " " << j;
      }
      ASSERT_EQ(c[i * (n + 3) + n], -1);
    }
  }
};

TEST(CublasLtTest, ProductsAreRight) {
  setenv("SEQMIX_CUBLASLT", fakeLibrary, 1);
  std::string name;
  std::unique_ptr<CublasLt> library = CublasLt::open(name);
  ASSERT_TRUE(library) << name;
  EXPECT_EQ(name, "cuBLASLt 13.1");
  std::vector<char> workspace(CublasLt::workspaceBytes);
  auto address = reinterpret_cast<uintptr_t>(workspace.data());
  for (int round = 0; round != 2; ++round) // the second finds its plan
    for (int64_t m : {17, 40}) {
      Operands operands(m, 9, 13);
      ASSERT_TRUE(library->multiply(operands.product(), address, nullptr));
      operands.expectProduct();
    }

  Operands rounded(20, 6, 11); // small integers are the same in bf16
  std::vector<uint16_t> a, b;
  auto round = [](float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return static_cast<uint16_t>(bits >> 16);
  };
  for (float value : rounded.a)
    a.push_back(round(value));
  for (float value : rounded.b)
    b.push_back(round(value));
  seqmix_abi_matmul product = rounded.product();
  product.a_dtype = product.b_dtype = SEQMIX_ABI_BF16;
  product.a = a.data();
  product.b = b.data();
  ASSERT_TRUE(library->multiply(product, address, nullptr));
  rounded.expectProduct();
}

TEST(CublasLtTest, DeclinesWhatOthersDoBetterOrItCannot) {
  setenv("SEQMIX_CUBLASLT", fakeLibrary, 1);
  std::string name;
  std::unique_ptr<CublasLt> library = CublasLt::open(name);
  ASSERT_TRUE(library) << name;
  Operands few(16, 9, 13), wide(17, 1001, 3);
  char workspace[64];
  auto address = reinterpret_cast<uintptr_t>(workspace);
  EXPECT_FALSE(library->multiply(few.product(), address, nullptr));
  for (int i = 0; i != 2; ++i)
    EXPECT_FALSE(library->multiply(wide.product(), address, nullptr));
  EXPECT_EQ(wide.c[0], -1);
  Operands other(17, 9, 13);
  seqmix_abi_matmul product = other.product();
  product.a_dtype = product.b_dtype = SEQMIX_ABI_F16;
  EXPECT_FALSE(library->multiply(product, address, nullptr));
  product.a_dtype = SEQMIX_ABI_F32;
  product.b_dtype = SEQMIX_ABI_BF16;
  EXPECT_FALSE(library->multiply(product, address, nullptr));
}

TEST(CublasLtTest, SaysWhyItIsNotUsed) {
  std::string name;
  setenv("SEQMIX_CUBLASLT", "0", 1);
  EXPECT_FALSE(CublasLt::open(name));
  EXPECT_EQ(name, "own kernels: SEQMIX_CUBLASLT is 0");
  setenv("SEQMIX_CUBLASLT", "none/libcublasLt.so", 1);
  EXPECT_FALSE(CublasLt::open(name));
  EXPECT_EQ(name, "own kernels: none/libcublasLt.so was not found");
  setenv("SEQMIX_CUBLASLT", SEQMIX_FAKE_MODELS "/fake_cuda.so", 1);
  EXPECT_FALSE(CublasLt::open(name));
  EXPECT_NE(name.find("lacks cublasLtGetVersion"), std::string::npos) << name;
}

TEST(CublasLtTest, LeavesNothingBehind) {
  void *fake = dlopen(fakeLibrary, RTLD_NOW);
  ASSERT_TRUE(fake);
  auto live = reinterpret_cast<int (*)()>(dlsym(fake, "fake_cublaslt_live"));
  int before = live();
  setenv("SEQMIX_CUBLASLT", fakeLibrary, 1);
  std::string name;
  std::unique_ptr<CublasLt> library = CublasLt::open(name);
  ASSERT_TRUE(library) << name;
  Operands operands(17, 9, 13);
  std::vector<char> workspace(CublasLt::workspaceBytes);
  library->multiply(operands.product(),
                    reinterpret_cast<uintptr_t>(workspace.data()), nullptr);
  EXPECT_GT(live(), before);
  library.reset();
  EXPECT_EQ(live(), before);
  dlclose(fake);
}
