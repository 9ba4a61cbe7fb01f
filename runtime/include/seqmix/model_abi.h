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
//
//===----------------------------------------------------------------------===*/

#ifndef SEQMIX_MODEL_ABI_H
#define SEQMIX_MODEL_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SEQMIX_ABI_MAGIC 0x58514553u /* "SEQX", little-endian */
#define SEQMIX_ABI_VERSION 1u

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
  SEQMIX_ABI_I64 = 6
};

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
                    host checks this before the call; compiled code does not. */
} seqmix_abi_input;

/* A carried state. Of `batch` sequences, state k occupies the bytes
 * [batch * offset, batch * (offset + bytes of one sequence)) of the state
 * buffer and is shaped [batch, shape...]. */
typedef struct seqmix_abi_state {
  seqmix_abi_tensor tensor;
  uint64_t offset; /* bytes, per sequence; a multiple of the alignment */
  double init;     /* value of every element before the first token */
} seqmix_abi_state;

/* What the host lends to compiled code. `size` is sizeof of the host's struct:
 * later versions only add members at the end. */
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
} seqmix_abi_host;

/* One call of an entry point. All buffers are the host's. */
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
  /* Bytes of scratch memory that a call of this size needs. */
  uint64_t (*workspace_bytes)(int64_t batch, int64_t length);
  /* Runs it. Returns 0, or a nonzero code when the call was not carried out. */
  int32_t (*run)(const seqmix_abi_host *host, const seqmix_abi_call *call);
} seqmix_abi_entry;

/* The model: immutable, in the artifact's read-only data. */
typedef struct seqmix_abi_model {
  uint32_t magic;   /* SEQMIX_ABI_MAGIC */
  uint32_t version; /* SEQMIX_ABI_VERSION */
  uint64_t size;    /* sizeof(seqmix_abi_model) */

  const char *name;     /* of the model in its source */
  const char *producer; /* compiler and target, for people */

  uint64_t state_bytes; /* of one sequence; a multiple of the alignment */
  uint64_t state_id;    /* equal in two artifacts only if a state saved by one
                           can be restored by the other (a hash of the name
                           and the state table, never 0) */
  int64_t max_length;   /* tokens a session may see in all; 0: no limit */

  uint32_t num_inputs;
  uint32_t num_outputs;
  uint32_t num_params;
  uint32_t num_states;
  uint32_t num_entries;
  uint32_t reserved;

  const seqmix_abi_input *inputs;
  const seqmix_abi_tensor *outputs;
  const seqmix_abi_tensor *params;
  const seqmix_abi_state *states;
  const seqmix_abi_entry *entries;
} seqmix_abi_model;

/* The one exported function: `const seqmix_abi_model *seqmix_model_query(
 * uint32_t version)`. Null when the artifact does not speak `version`. */
typedef const seqmix_abi_model *(*seqmix_model_query_fn)(uint32_t version);
#define SEQMIX_MODEL_QUERY_SYMBOL "seqmix_model_query"

#ifdef __cplusplus
}
#endif

#endif /* SEQMIX_MODEL_ABI_H */
