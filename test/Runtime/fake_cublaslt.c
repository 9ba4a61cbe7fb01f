/*===- fake_cublaslt.c - the vendor's library without a card --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of libcublasLt.so that the runtime uses, on memory of the CPU.
// It checks what it is asked for as the real one would, and knows no algorithm
// for products of more than 1000 columns.
//
//===----------------------------------------------------------------------===*/

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_API __attribute__((visibility("default")))

enum { OK = 0, INVALID = 7, UNSUPPORTED = 15, F32 = 0, BF16 = 14 };
enum { COMPUTE_F32 = 68, ALGORITHM = 0x5151, WORKSPACE = 1 << 20 };

typedef struct layout {
  int type;
  uint64_t rows, columns;
  int64_t stride;
} layout;
typedef struct desc {
  int32_t transpose_a;
} desc;
typedef struct preference {
  uint64_t workspace;
  uint32_t alignment;
} preference;
typedef struct choice {
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
} choice;

static int live;

/* For tests alone: what was created and not yet destroyed. */
FAKE_API int fake_cublaslt_live(void) { return live; }

static int make(void **object, size_t bytes) {
  *object = calloc(1, bytes);
  ++live;
  return *object ? OK : INVALID;
}

static int destroy(void *object) {
  free(object);
  --live;
  return OK;
}

FAKE_API size_t cublasLtGetVersion(void) { return 130100; }
FAKE_API int cublasLtCreate(void **handle) { return make(handle, 1); }
FAKE_API int cublasLtDestroy(void *handle) { return destroy(handle); }

FAKE_API int cublasLtMatmulDescCreate(desc **made, int compute, int scale) {
  return compute == COMPUTE_F32 && scale == F32
             ? make((void **)made, sizeof(**made))
             : INVALID;
}
FAKE_API int cublasLtMatmulDescDestroy(desc *made) { return destroy(made); }
FAKE_API int cublasLtMatmulDescSetAttribute(desc *made, int attribute,
                                            const void *value, size_t bytes) {
  if (attribute != 3 || bytes != sizeof(made->transpose_a))
    return INVALID;
  memcpy(&made->transpose_a, value, bytes);
  return OK;
}

FAKE_API int cublasLtMatrixLayoutCreate(layout **made, int type, uint64_t rows,
                                        uint64_t columns, int64_t stride) {
  if ((type != F32 && type != BF16) || stride < (int64_t)rows)
    return INVALID;
  int result = make((void **)made, sizeof(**made));
  **made = (layout){type, rows, columns, stride};
  return result;
}
FAKE_API int cublasLtMatrixLayoutDestroy(layout *made) { return destroy(made); }

FAKE_API int cublasLtMatmulPreferenceCreate(preference **made) {
  return make((void **)made, sizeof(**made));
}
FAKE_API int cublasLtMatmulPreferenceDestroy(preference *made) {
  return destroy(made);
}
FAKE_API int cublasLtMatmulPreferenceSetAttribute(preference *made,
                                                  int attribute,
                                                  const void *value,
                                                  size_t bytes) {
  if (attribute == 1 && bytes == sizeof(made->workspace))
    memcpy(&made->workspace, value, bytes);
  else if (attribute >= 5 && attribute <= 8 && bytes == sizeof(uint32_t))
    memcpy(&made->alignment, value, bytes);
  else
    return INVALID;
  return OK;
}

FAKE_API int cublasLtMatmulAlgoGetHeuristic(void *handle, const desc *product,
                                            const layout *a, const layout *b,
                                            const layout *c, const layout *d,
                                            const preference *wish, int wanted,
                                            choice *choices, int *found) {
  *found = 0;
  if (!handle || !product->transpose_a || wanted != 1 || a->rows != b->rows ||
      c->rows != a->columns || c->columns != b->columns || c->type != F32 ||
      d != c || wish->workspace < WORKSPACE || wish->alignment < 4)
    return INVALID;
  if (c->rows > 1000)
    return UNSUPPORTED;
  choices[0] = (choice){{ALGORITHM}, WORKSPACE, OK, 1.0f, {0}};
  *found = 1;
  return OK;
}

static float at(const layout *l, const void *data, uint64_t row,
                uint64_t column) {
  uint64_t place = row + column * (uint64_t)l->stride;
  if (l->type == F32)
    return ((const float *)data)[place];
  uint32_t bits = (uint32_t)((const uint16_t *)data)[place] << 16;
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

FAKE_API int cublasLtMatmul(void *handle, const desc *product,
                            const float *alpha, const void *a,
                            const layout *a_layout, const void *b,
                            const layout *b_layout, const float *beta,
                            const void *c, const layout *c_layout, float *d,
                            const layout *d_layout, const uint64_t *algorithm,
                            void *workspace, size_t bytes, void *stream) {
  if (!handle || !product->transpose_a || *alpha != 1 || *beta != 0 ||
      (const void *)d != c || d_layout != c_layout || *algorithm != ALGORITHM ||
      !workspace || bytes < WORKSPACE || stream)
    return INVALID;
  for (uint64_t i = 0; i < c_layout->rows; ++i)
    for (uint64_t j = 0; j < c_layout->columns; ++j) {
      float sum = 0;
      for (uint64_t l = 0; l < a_layout->rows; ++l)
        sum += at(a_layout, a, l, i) * at(b_layout, b, l, j);
      d[i + j * (uint64_t)c_layout->stride] = sum;
    }
  return OK;
}
