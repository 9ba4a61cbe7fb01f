//===- DenseKernels.cpp - matrix products on the processor ----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chooses a kernel and hands it pieces of the size that it takes.
//
//===----------------------------------------------------------------------===//

#include "runtime/kernels/DenseKernels.h"
#include "runtime/kernels/DenseTiles.h"

#include <HalideRuntime.h>

#include <algorithm>
#include <initializer_list>

using namespace seqmix;
using namespace seqmix::dense;

using MatvecKernel = int(halide_buffer_t *a, halide_buffer_t *b,
                         halide_buffer_t *scales, uint32_t groupShift,
                         halide_buffer_t *c);
using MatmulKernel = int(halide_buffer_t *a, halide_buffer_t *b,
                         halide_buffer_t *scales, uint32_t groupShift,
                         bool first, halide_buffer_t *unpacked,
                         halide_buffer_t *c);

#ifdef __x86_64__
#define SEQMIX_DENSE_KERNELS_X86 SEQMIX_DENSE_KERNELS
#endif
#define SEQMIX_DENSE_KERNELS(level, weights, stored, row)                      \
  extern "C" MatvecKernel row##_##weights##_##level;                           \
  extern "C" MatvecKernel matvec_##weights##_##level;                          \
  extern "C" MatmulKernel matmul_##weights##_##level;
#include "runtime/kernels/kernels.def"

namespace {
struct Kernels {
  DenseLevel level;
  int64_t weights;   // SEQMIX_ABI_*
  MatvecKernel *row; // for a row by itself
  MatvecKernel *matvec;
  MatmulKernel *matmul;
};

/// An array in the shape that kernels take.
class View {
public:
  struct Dim {
    int64_t extent;
    int64_t stride;
  };

  View(const void *data, std::initializer_list<Dim> dims) {
    Buffer.host = static_cast<uint8_t *>(const_cast<void *>(data));
    Buffer.dim = Dims;
    for (Dim dim : dims)
      Dims[Buffer.dimensions++] =
          halide_dimension_t(0, static_cast<int32_t>(dim.extent),
                             static_cast<int32_t>(dim.stride));
  }
  View(const View &) = delete;

  operator halide_buffer_t *() { return &Buffer; }

private:
  static constexpr int maxRank = 5;
  halide_dimension_t Dims[maxRank];
  halide_buffer_t Buffer{};
};
} // namespace

#ifdef __x86_64__
#define SEQMIX_DENSE_KERNELS_X86 SEQMIX_DENSE_KERNELS
#endif
#define SEQMIX_DENSE_KERNELS(level, weights, stored, row)                      \
  {DenseLevel::level, SEQMIX_ABI_##weights, row##_##weights##_##level,         \
   matvec_##weights##_##level, matmul_##weights##_##level},
static constexpr Kernels allKernels[] = {
#include "runtime/kernels/kernels.def"
};

static int64_t elementBytes(const seqmix_abi_matmul &product) {
  return product.b_dtype == SEQMIX_ABI_F32    ? 4
         : product.b_dtype == SEQMIX_ABI_BF16 ? 2
                                              : 1;
}

static const void *advance(const void *pointer, int64_t bytes) {
  return static_cast<const char *>(pointer) + bytes;
}

/// The part of a product that makes some rows of the result.
static seqmix_abi_matmul rowsOf(seqmix_abi_matmul product, int64_t first,
                                int64_t count) {
  product.m = count;
  product.a = static_cast<const float *>(product.a) + first * product.a_stride;
  product.c = static_cast<float *>(product.c) + first * product.c_stride;
  return product;
}

/// The part of a product that makes some columns of the result.
static seqmix_abi_matmul columnsOf(seqmix_abi_matmul product, int64_t first,
                                   int64_t count) {
  product.n = count;
  product.b =
      advance(product.b, first * product.b_stride * elementBytes(product));
  product.c = static_cast<float *>(product.c) + first;
  if (product.b_scales)
    product.b_scales += first * product.b_scales_stride;
  return product;
}

/// The part of a product's sums that some terms are.
static seqmix_abi_matmul termsOf(seqmix_abi_matmul product, int64_t first,
                                 int64_t count) {
  product.k = count;
  product.a = static_cast<const float *>(product.a) + first;
  product.b = advance(product.b, first * elementBytes(product));
  if (product.b_scales)
    product.b_scales += first / product.b_group;
  return product;
}

static int64_t groups(const seqmix_abi_matmul &product) {
  return product.b_scales ? product.k / product.b_group : 0;
}

static uint32_t groupShift(const seqmix_abi_matmul &product) {
  return product.b_scales ? __builtin_ctzll(product.b_group / groupTerms) : 0;
}

/// Calls the kernel for columns that are read as some runs of equal length.
static void matvecOfRuns(MatvecKernel *kernel, const seqmix_abi_matmul &product,
                         int64_t runs) {
  int64_t run = product.n / runs;
  View a(product.a, {{product.k, 1}, {product.m, product.a_stride}});
  View b(product.b, {{product.k, 1},
                     {run, product.b_stride},
                     {runs, product.b_stride * run}});
  View scales(product.b_scales, {{groups(product), 1},
                                 {run, product.b_scales_stride},
                                 {runs, product.b_scales_stride * run}});
  View c(product.c, {{run, 1}, {runs, run}, {product.m, product.c_stride}});
  kernel(a, b, scales, groupShift(product), c);
}

static void matvec(MatvecKernel *kernel, const seqmix_abi_matmul &product) {
  int64_t whole = product.n / tileColumns * tileColumns;
  if (whole)
    matvecOfRuns(kernel, columnsOf(product, 0, whole), tileColumns);
  if (whole != product.n)
    matvecOfRuns(kernel, columnsOf(product, whole, product.n - whole), 1);
}

/// For rows and columns that make whole tiles. Not inlined, so that only calls
/// that come here have the scratch memory on their stack.
[[gnu::noinline]] static void matmul(MatmulKernel *kernel,
                                     const seqmix_abi_matmul &product) {
  alignas(64) float scratch[blockTerms * blockColumns];
  View unpacked(scratch, {{0, 1}, {0, 0}, {0, 0}, {0, 0}, {0, 0}});
  for (int64_t j = 0; j < product.n; j += blockColumns)
    for (int64_t l = 0; l < product.k; l += blockTerms) {
      int64_t columns = std::min<int64_t>(blockColumns, product.n - j);
      int64_t terms = std::min<int64_t>(blockTerms, product.k - l);
      seqmix_abi_matmul block =
          termsOf(columnsOf(product, j, columns), l, terms);
      View a(block.a, {{terms, 1}, {block.m, block.a_stride}});
      View b(block.b, {{terms, 1}, {columns, block.b_stride}});
      View scales(block.b_scales,
                  {{groups(block), 1}, {columns, block.b_scales_stride}});
      View c(block.c, {{columns, 1}, {block.m, block.c_stride}});
      kernel(a, b, scales, groupShift(block), l == 0, unpacked, c);
    }
}

static const Kernels *findKernels(DenseLevel level, int64_t weights) {
  for (const Kernels &kernels : allKernels)
    if (kernels.level == level && kernels.weights == weights)
      return &kernels;
  return nullptr;
}

/// True if the kernels, which count in int, can address the rows.
static bool spansFewElements(int64_t rows, int64_t stride, int64_t length) {
  constexpr int64_t most = int64_t(1) << 31;
  return length < most && stride >= 0 && stride < most &&
         rows < most / std::max({stride, length, int64_t(1)});
}

static bool canCompute(const seqmix_abi_matmul &product) {
  if (product.a_dtype != SEQMIX_ABI_F32 || product.c_dtype != SEQMIX_ABI_F32)
    return false;
  int64_t group = product.b_group;
  bool grouped = product.b_dtype == SEQMIX_ABI_I8;
  if (grouped && (!product.b_scales || group < groupTerms ||
                  (group & (group - 1)) != 0 || product.k % group != 0 ||
                  !spansFewElements(product.n, product.b_scales_stride,
                                    product.k / group)))
    return false;
  return spansFewElements(product.m, product.a_stride, product.k) &&
         spansFewElements(product.n, product.b_stride, product.k) &&
         spansFewElements(product.m, product.c_stride, product.n);
}

const char *seqmix::denseLevelName(DenseLevel level) {
  static constexpr const char *names[] = {"baseline", "avx2", "avx512"};
  return names[static_cast<int>(level)];
}

bool seqmix::supportsDenseLevel(DenseLevel level) {
#ifdef __x86_64__
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
              __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  bool avx512 =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (level != DenseLevel::Baseline)
    return avx2 && (level == DenseLevel::Avx2 || avx512);
#endif
  return level == DenseLevel::Baseline;
}

DenseLevel seqmix::bestDenseLevel() {
  static const DenseLevel best = [] {
    for (DenseLevel level : {DenseLevel::Avx512, DenseLevel::Avx2})
      if (supportsDenseLevel(level))
        return level;
    return DenseLevel::Baseline;
  }();
  return best;
}

int64_t seqmix::denseMatmul(const seqmix_abi_matmul &product,
                            DenseLevel level) {
  const Kernels *kernels = findKernels(level, product.b_dtype);
  if (!kernels || !canCompute(product))
    return 0;
  if (product.m <= 0 || product.n <= 0)
    return 1;

  if (product.m == 1) {
    matvec(kernels->row, product);
    return 1;
  }

  // From how many rows on it pays to unpack a block of the weights first.
  int64_t many = product.b_dtype == SEQMIX_ABI_I8 ? 32 : 64;
  if (product.m < many || product.n < tileColumns || product.k == 0) {
    matvec(kernels->matvec, product);
    return 1;
  }
  int64_t rows = product.m / tileRows * tileRows;
  int64_t columns = product.n / tileColumns * tileColumns;
  seqmix_abi_matmul whole = rowsOf(product, 0, rows);
  matmul(kernels->matmul, columnsOf(whole, 0, columns));
  matvec(kernels->matvec, columnsOf(whole, columns, product.n - columns));
  matvec(kernels->matvec, rowsOf(product, rows, product.m - rows));
  return 1;
}
