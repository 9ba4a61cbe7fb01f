/*===- model_abi.h - what a compiled model and the runtime agree on -------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Standalone and plain old data: this header includes nothing but <stdint.h>,
// is read by the compiler (which writes these tables into an artifact) and by
// the runtime (which reads them), and by nobody else. A compiled model exports
// one function, `seqmix_model_query`, and imports nothing but libc and libm;
// everything it needs from its host comes in as a table.
//
// The layout is versioned as a whole. A change of any struct here raises
// SEQMIX_ABI_VERSION, is noted in the list below, and must be matched in
// lib/Target/EmitManifest.cpp.
//
//   version 1   first layout
//   version 2   code for several devices: entry points belong to a target, the
//               host lends launches, copies and matrix products
//   version 3   code for several levels of a processor, matrix products on the
//               CPU and by weights of eight bits
//
//===----------------------------------------------------------------------===*/

#ifndef SEQMIX_MODEL_ABI_H
#define SEQMIX_MODEL_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SEQMIX_ABI_MAGIC 0x58514553u /* "SEQX", little-endian */
#define SEQMIX_ABI_VERSION 3u

/* Every pointer handed to compiled code, and every state offset, is a multiple
 * of this many bytes. */
#define SEQMIX_ABI_ALIGNMENT 64u

/* Element types. The numbers are part of the ABI. */
enum {
  SEQMIX_ABI_F32 = 1,
  SEQMIX_ABI_F64 = 2,
  SEQMIX_ABI_F16 = 3,
  SEQMIX_ABI_BF16 = 4,
  SEQMIX_ABI_I32 = 5,
  SEQMIX_ABI_I64 = 6,
  SEQMIX_ABI_I8 = 7 /* parameters only, which have a table of scales besides */
};

/* The kinds of device that code can be for. The numbers are part of the ABI. */
enum { SEQMIX_ABI_CPU = 1, SEQMIX_ABI_CUDA = 2 };

/* A named tensor of the model's interface, dense and row-major. */
typedef struct seqmix_abi_tensor {
  const char *name;     /* UTF-8, NUL-terminated, unique in its table */
  uint32_t dtype;       /* SEQMIX_ABI_* */
  uint32_t rank;        /* number of extents in `shape`; 0 is a scalar */
  const int64_t *shape; /* extents, without batch and time; all positive */
} seqmix_abi_tensor;

/* A sequence that goes in: [batch, length, shape...]. */
typedef struct seqmix_abi_input {
  seqmix_abi_tensor tensor;
  int64_t limit; /* integer elements must lie in [0, limit); 0: any value. The
                    host checks this before the call, compiled code does not.
                    Elements on a device may go unchecked: there, code brings
                    what it looks up by them into the table it looks in. */
} seqmix_abi_input;

/* A carried state. Of `batch` sequences, state k occupies the bytes
 * [batch * offset, batch * (offset + bytes of one sequence)) of the state
 * buffer and is shaped [batch, shape...]. */
typedef struct seqmix_abi_state {
  seqmix_abi_tensor tensor;
  uint64_t offset; /* bytes, per sequence; a multiple of the alignment */
  double init;     /* value of every element before the first token */
} seqmix_abi_state;

/* A matrix product: c[i, j] = sum over l < k of a[i, l] * b[j, l], for i < m
 * and j < n, accumulated in f32. Rows are contiguous and `*_stride` elements
 * apart. Where b is of SEQMIX_ABI_I8, b[j, l] stands for the integer there
 * times b_scales[j, l / b_group], and k is a multiple of b_group. */
typedef struct seqmix_abi_matmul {
  int64_t m, n, k;
  int64_t a_dtype; /* SEQMIX_ABI_F32 or SEQMIX_ABI_BF16 */
  int64_t b_dtype; /* SEQMIX_ABI_F32, SEQMIX_ABI_BF16 or SEQMIX_ABI_I8 */
  int64_t c_dtype; /* SEQMIX_ABI_F32 */
  const void *a;
  int64_t a_stride;
  const void *b;
  int64_t b_stride;
  void *c;
  int64_t c_stride;
  const float *b_scales; /* null unless b is of SEQMIX_ABI_I8 */
  int64_t b_scales_stride;
  int64_t b_group;
} seqmix_abi_matmul;

/* What the host lends to compiled code. `size` is sizeof of the host's struct:
 * later versions only add members at the end.
 *
 * Code for a CPU finds `parallel_for` and `matmul`, which computes on the
 * calling thread and may be called from several. The entry points of a CUDA
 * target run on the CPU as well, but only to enqueue: they find `launch`,
 * `copy` and `matmul`, each of which puts work on the call's stream, in order,
 * and returns at once. Pointers that these are given are addresses on the
 * device; compiled code never reads through them itself. What fails is
 * remembered by the host, which looks after the call. */
typedef struct seqmix_abi_host {
  uint64_t size;
  void *context;
  /* Calls `body(arg, begin, end)` on disjoint ranges that cover [0, count),
   * from any threads, and returns when all are done. `cost` estimates the
   * scalar operations of one iteration: the host decides how finely to split,
   * or not to. */
  void (*parallel_for)(void *context, int64_t count, int64_t cost,
                       void (*body)(void *arg, int64_t begin, int64_t end),
                       void *arg);
  /* Launches `blocks` >= 0 blocks (none: does nothing) of the target's kernel
   * of that index. Every argument is eight bytes, a device address or an
   * integer; the kernel's table entry says how many there are. */
  void (*launch)(void *context, int64_t kernel, int64_t blocks,
                 const uint64_t *arguments);
  /* Copies bytes from one place on the device to another; the two do not
   * overlap. */
  void (*copy)(void *context, void *target, const void *source, int64_t bytes);
  /* Computes the product with a library of the host's and returns 1, or returns
   * 0 without doing anything: the caller then has code of its own. */
  int64_t (*matmul)(void *context, const seqmix_abi_matmul *product);
} seqmix_abi_host;

/* One call of an entry point. All buffers are the host's. The three arrays of
 * pointers are the CPU's; what they point to, states and workspace are on the
 * device that the entry's target is for. */
typedef struct seqmix_abi_call {
  int64_t batch;             /* at least 1 */
  int64_t length;            /* tokens; 0 is legal where the entry says so */
  const void *const *inputs; /* [num_inputs]  each [batch, length, shape...] */
  void *const *outputs;      /* [num_outputs] each [batch, length, shape...] */
  const void *const *params; /* [num_params]  in the table's dtype */
  const void *state_in;      /* batch * state_bytes; read only */
  void *state_out;           /* batch * state_bytes; equal to state_in when
                                the caller hands its state over, otherwise
                                the two do not overlap */
  void *workspace;           /* workspace_bytes(batch, length) */
} seqmix_abi_call;

/* A function of the model. */
typedef struct seqmix_abi_entry {
  const char *name; /* "prefill", "step" */
  int64_t length;   /* the only length it takes; 0: any, zero included */
  /* Bytes of scratch memory that a call of this size needs: no fewer for a
   * larger batch or length. */
  uint64_t (*workspace_bytes)(int64_t batch, int64_t length);
  /* Runs it. Returns 0, or a nonzero code when the call was not carried out.
   * For a device it only enqueues, and may be called to record what it
   * enqueues: it has no effects of its own. */
  int32_t (*run)(const seqmix_abi_host *host, const seqmix_abi_call *call);
} seqmix_abi_entry;

/* A kernel of a target's module. */
typedef struct seqmix_abi_kernel {
  const char *name;       /* its symbol in the module */
  uint32_t num_arguments; /* each of eight bytes */
  uint32_t threads;       /* of a block */
  uint32_t shared_bytes;  /* dynamic shared memory of a block */
  uint32_t reserved;
} seqmix_abi_kernel;

/* The model's code for one kind of device. */
typedef struct seqmix_abi_target {
  const char *name; /* the processor it was compiled for: "znver4", "sm_80" */
  uint32_t device;  /* SEQMIX_ABI_CPU or SEQMIX_ABI_CUDA */
  /* Of a CUDA target: 10 * major + minor of the compute capability it needs,
   * and whether a card must have exactly this one. Of a CPU target: the level
   * of x86-64 (1 to 4) without which its code does not run; 0: any processor
   * that loads the library. */
  uint32_t capability;
  uint32_t exact_capability;
  uint32_t num_entries;
  uint32_t num_kernels; /* of a CUDA target */
  uint32_t reserved;
  const seqmix_abi_entry *entries;
  const seqmix_abi_kernel *kernels;
  const char *module; /* of a CUDA target: PTX text, NUL-terminated */
} seqmix_abi_target;

/* The model: immutable, in the artifact's read-only data. */
typedef struct seqmix_abi_model {
  uint32_t magic;   /* SEQMIX_ABI_MAGIC */
  uint32_t version; /* SEQMIX_ABI_VERSION */
  uint64_t size;    /* sizeof(seqmix_abi_model) */

  const char *name;     /* of the model in its source */
  const char *producer; /* compiler and targets, for people */

  uint64_t state_bytes; /* of one sequence; a multiple of the alignment */
  uint64_t state_id;    /* equal in two artifacts only if a state saved by one
                           can be restored by the other (a hash of the name
                           and the state table, never 0) */
  int64_t max_length;   /* tokens a session may see in all; 0: no limit */

  uint32_t num_inputs;
  uint32_t num_outputs;
  uint32_t num_params;
  uint32_t num_states;
  uint32_t num_targets;
  uint32_t reserved;

  const seqmix_abi_input *inputs;
  const seqmix_abi_tensor *outputs;
  const seqmix_abi_tensor *params;
  const seqmix_abi_state *states;
  const seqmix_abi_target *targets; /* at most one for each kind of device and
                                       capability */
} seqmix_abi_model;

/* The one exported function: `const seqmix_abi_model *seqmix_model_query(
 * uint32_t version)`. Null when the artifact does not speak `version`. */
typedef const seqmix_abi_model *(*seqmix_model_query_fn)(uint32_t version);
#define SEQMIX_MODEL_QUERY_SYMBOL "seqmix_model_query"

#ifdef __cplusplus
}
#endif

#endif /* SEQMIX_MODEL_ABI_H */
