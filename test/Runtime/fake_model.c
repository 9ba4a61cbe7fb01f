/*===- fake_model.c - a token model written by hand -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Implements model_abi.h without a compiler, so that the runtime can be tested
// alone. For each token
//
//   sum      = 0.75 * sum + scale * embed[token]
//   position = position + 1
//   logits   = embed * sum + 0.001 * position
//
// With FAKE_CUDA it also has code for a card: PTX for a real one, and functions
// that the driver of fake_cuda.c finds in this library. FAKE_NO_CPU leaves the
// other code out. FAKE_LEVEL says what level of processors it needs, and with
// FAKE_LEVELS there is more of it for two of them. With FAKE_INT8=G its
// embedding is in eight bits, G of which share a scale. It refuses calls whose
// buffers are not aligned as the interface promises and, on the CPU, calls that
// hold the token FAKE_REFUSED. Variants are made by definitions.
//
//===----------------------------------------------------------------------===*/

#include "test/Runtime/fake_ptx.h"

#include <seqmix/model_abi.h>

#ifndef FAKE_NAME
#define FAKE_NAME "fake"
#endif
#ifndef FAKE_STATE_ID
#define FAKE_STATE_ID 0x1234u
#endif
#ifndef FAKE_MAX_LENGTH
#define FAKE_MAX_LENGTH 0
#endif
#ifndef FAKE_MAGIC
#define FAKE_MAGIC SEQMIX_ABI_MAGIC
#endif
#ifndef FAKE_VERSION
#define FAKE_VERSION SEQMIX_ABI_VERSION
#endif
#ifndef FAKE_VOCABULARY
#define FAKE_VOCABULARY 256
#endif
#ifndef FAKE_QUERY
#define FAKE_QUERY seqmix_model_query
#endif
#ifndef FAKE_LEVEL
#define FAKE_LEVEL 0
#endif
#ifndef FAKE_MODULE
#define FAKE_MODULE FAKE_PTX
#endif
#ifndef FAKE_CAPABILITY
#define FAKE_CAPABILITY 80
#endif
#define FAKE_TEXT_OF(x) #x
#define FAKE_TEXT(x) FAKE_TEXT_OF(x)
#ifndef FAKE_EXACT
#define FAKE_EXACT 0
#endif
#ifndef FAKE_BLOCKS
#define FAKE_BLOCKS call->batch
#endif
#ifdef FAKE_DOUBLE
typedef double real;
#define REAL_DTYPE SEQMIX_ABI_F64
#else
typedef float real;
#define REAL_DTYPE SEQMIX_ABI_F32
#endif

enum {
  E = FAKE_VOCABULARY,
  C = 4,
  FAKE_REFUSED = FAKE_VOCABULARY - 5,
  CODE_MISALIGNED = 9,
  CODE_REFUSED = 7,
  CODE_MULTIPLIED = 8,
  WORKSPACE_PER_SEQUENCE = 64,
  POSITION_OFFSET = 64,
  STATE_BYTES = 128
};

#ifdef FAKE_INT8
enum { EMBED_DTYPE = SEQMIX_ABI_I8, GROUP = FAKE_INT8, NUM_PARAMS = 3 };
static real embed_at(const seqmix_abi_call *call, int place) {
  const float *scales = call->params[2];
  return (real)((const int8_t *)call->params[0])[place] * scales[place / GROUP];
}
#else
enum { EMBED_DTYPE = REAL_DTYPE, NUM_PARAMS = 2 };
static real embed_at(const seqmix_abi_call *call, int place) {
  return ((const real *)call->params[0])[place];
}
#endif

static int is_misaligned(const void *pointer) {
  return (uintptr_t)pointer % SEQMIX_ABI_ALIGNMENT != 0;
}

static uint64_t workspace_bytes(int64_t batch, int64_t length) {
  (void)length;
  return (uint64_t)batch * WORKSPACE_PER_SEQUENCE;
}

/* Runs the sequences [begin, end) of a call. */
static void run_sequences(void *arg, int64_t begin, int64_t end) {
  const seqmix_abi_call *call = arg;
  const int32_t *tokens = call->inputs[0];
  const real *scale = call->params[1];
  const char *in = call->state_in;
  char *out = call->state_out;
  for (int64_t b = begin; b < end; ++b) {
    const real *sum_in = (const real *)in + b * C;
    real *sum_out = (real *)out + b * C;
    real *sum = (real *)((char *)call->workspace + b * WORKSPACE_PER_SEQUENCE);
    const char *positions = in + call->batch * POSITION_OFFSET;
    int64_t position = ((const int64_t *)positions)[b];
    for (int c = 0; c < C; ++c)
      sum[c] = sum_in[c];
    for (int64_t t = 0; t < call->length; ++t) {
      int64_t place = b * call->length + t;
      real *logits = (real *)call->outputs[0] + place * E;
      int32_t token = tokens[place] < 0    ? 0
                      : tokens[place] >= E ? E - 1
                                           : tokens[place];
      ++position;
      for (int c = 0; c < C; ++c)
        sum[c] = (real)0.75 * sum[c] + scale[c] * embed_at(call, token * C + c);
      for (int e = 0; e < E; ++e) {
        logits[e] = (real)0.001 * (real)position;
        for (int c = 0; c < C; ++c)
          logits[e] += embed_at(call, e * C + c) * sum[c];
      }
    }
    for (int c = 0; c < C; ++c)
      sum_out[c] = sum[c];
    ((int64_t *)(out + call->batch * POSITION_OFFSET))[b] = position;
  }
}

static int is_call_misaligned(const seqmix_abi_call *call) {
  for (int i = 0; i < NUM_PARAMS; ++i)
    if (is_misaligned(call->params[i]))
      return 1;
  return is_misaligned(call->inputs[0]) || is_misaligned(call->outputs[0]) ||
         is_misaligned(call->state_in) || is_misaligned(call->state_out) ||
         is_misaligned(call->workspace);
}

#ifndef FAKE_NO_CPU
static int32_t run(const seqmix_abi_host *host, const seqmix_abi_call *call) {
  const int32_t *tokens = call->inputs[0];
  if (is_call_misaligned(call))
    return CODE_MISALIGNED;
  for (int64_t i = 0; i < call->batch * call->length; ++i)
    if (tokens[i] == FAKE_REFUSED)
      return CODE_REFUSED;
  host->parallel_for(host->context, call->batch, call->length * E * C,
                     run_sequences, (void *)call);
  return 0;
}
static const seqmix_abi_entry entries[] = {
    {"prefill", 0, workspace_bytes, run},
    {"step", 1, workspace_bytes, run},
};
#endif

#ifdef FAKE_CUDA
/* Tokens are copied behind the sums, so that a copy is part of it. */
static uint64_t cuda_workspace_bytes(int64_t batch, int64_t length) {
  return workspace_bytes(batch, length) + (uint64_t)(batch * length) * 4;
}

enum { SHARED_BYTES = 64 << 10, TOKENS = 0, LOGITS, EMBED, SCALE };
enum { STATE_IN = 4, STATE_OUT, WORKSPACE, BATCH, LENGTH, SCALES };
enum { NUM_ARGUMENTS = SCALES + NUM_PARAMS - 2 };

#define KERNEL __attribute__((visibility("default")))
KERNEL extern const int fake_run_arguments, fake_idle_arguments;
KERNEL const int fake_run_arguments = NUM_ARGUMENTS, fake_idle_arguments = 0;

/* A block takes one sequence. */
KERNEL void fake_run(uint32_t block, void **arguments) {
  void *pointers[BATCH];
  int64_t batch = *(const int64_t *)arguments[BATCH];
  int64_t length = *(const int64_t *)arguments[LENGTH];
  for (int i = 0; i < BATCH; ++i)
    pointers[i] = *(void **)arguments[i];
  const void *ins[] = {pointers[TOKENS]};
  const void *params_[] = {pointers[EMBED], pointers[SCALE],
                           NUM_PARAMS > 2 ? *(void **)arguments[SCALES] : 0};
  seqmix_abi_call call = {batch,
                          length,
                          ins,
                          &pointers[LOGITS],
                          params_,
                          pointers[STATE_IN],
                          pointers[STATE_OUT],
                          pointers[WORKSPACE]};
  run_sequences(&call, block, (int64_t)block + 1);
}

KERNEL void fake_idle(uint32_t block, void **arguments) {
  (void)block;
  (void)arguments;
}

static int32_t enqueue(const seqmix_abi_host *host,
                       const seqmix_abi_call *call) {
  if (is_call_misaligned(call))
    return CODE_MISALIGNED;
  seqmix_abi_matmul few = {.m = 1, .n = 1, .k = 1}; /* always declined */
  if (host->matmul(host->context, &few))
    return CODE_MULTIPLIED;
  char *tokens = (char *)call->workspace + workspace_bytes(call->batch, 0);
  host->copy(host->context, tokens, call->inputs[0],
             call->batch * call->length * 4);
  uint64_t arguments[SCALES + 1] = {
      (uintptr_t)tokens,          (uintptr_t)call->outputs[0],
      (uintptr_t)call->params[0], (uintptr_t)call->params[1],
      (uintptr_t)call->state_in,  (uintptr_t)call->state_out,
      (uintptr_t)call->workspace, (uint64_t)call->batch,
      (uint64_t)call->length,     (uintptr_t)call->params[NUM_PARAMS - 1]};
  host->launch(host->context, 0, FAKE_BLOCKS, arguments);
  host->launch(host->context, 1, 0, 0);
  host->launch(host->context, 1, 1, 0);
  return 0;
}

static const seqmix_abi_kernel kernels[] = {
    {"fake_run", NUM_ARGUMENTS, E, SHARED_BYTES, 0},
    {"fake_idle", 0, 1, 0, 0},
};
static const seqmix_abi_entry cuda_entries[] = {
    {"prefill", 0, cuda_workspace_bytes, enqueue},
    {"step", 1, cuda_workspace_bytes, enqueue},
};
#endif

static const int64_t embed_shape[] = {E, C}, channel_shape[] = {C};
static const int64_t logits_shape[] = {E};
#ifdef FAKE_INT8
static const int64_t scales_shape[] = {E, C / GROUP};
#endif
static const seqmix_abi_input inputs[] = {
    {{"token", SEQMIX_ABI_I32, 0, 0}, E},
};
static const seqmix_abi_tensor outputs[] = {
    {"logits", REAL_DTYPE, 1, logits_shape},
};
static const seqmix_abi_tensor params[] = {
    {"embed.weight", EMBED_DTYPE, 2, embed_shape},
    {"scale", REAL_DTYPE, 1, channel_shape},
#ifdef FAKE_INT8
    {"embed.weight_scale", SEQMIX_ABI_F32, 2, scales_shape},
#endif
};
static const seqmix_abi_state states[] = {
    {{"sum", REAL_DTYPE, 1, channel_shape}, 0, 0.5},
    {{"position", SEQMIX_ABI_I64, 0, 0}, POSITION_OFFSET, 0.0},
};
static const seqmix_abi_target targets[] = {
#ifndef FAKE_NO_CPU
    {"any", SEQMIX_ABI_CPU, FAKE_LEVEL, 0, 2, 0, 0, entries, 0, 0},
#endif
#ifdef FAKE_LEVELS
    {"second", SEQMIX_ABI_CPU, 2, 0, 2, 0, 0, entries, 0, 0},
    {"third", SEQMIX_ABI_CPU, 3, 0, 2, 0, 0, entries, 0, 0},
#endif
#ifdef FAKE_CUDA
    {"sm_" FAKE_TEXT(FAKE_CAPABILITY), SEQMIX_ABI_CUDA, FAKE_CAPABILITY,
     FAKE_EXACT, 2, 2, 0, cuda_entries, kernels, FAKE_MODULE},
#endif
};
static const seqmix_abi_model model = {
    FAKE_MAGIC,
    FAKE_VERSION,
    sizeof(seqmix_abi_model),
    FAKE_NAME,
    "hand",
    STATE_BYTES,
    FAKE_STATE_ID,
    FAKE_MAX_LENGTH,
    1,
    1,
    NUM_PARAMS,
    2,
    sizeof(targets) / sizeof(*targets),
    0,
    inputs,
    outputs,
    params,
    states,
    targets,
};

__attribute__((visibility("default"))) const seqmix_abi_model *
FAKE_QUERY(uint32_t version) {
#ifdef FAKE_MUTE
  (void)version;
  (void)model;
  return 0;
#else
  return version == SEQMIX_ABI_VERSION ? &model : 0;
#endif
}
