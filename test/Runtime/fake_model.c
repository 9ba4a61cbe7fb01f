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
// It refuses calls whose buffers are not aligned as the interface promises, and
// calls that hold the token FAKE_REFUSED. Variants are made by definitions.
//
//===----------------------------------------------------------------------===*/

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
  WORKSPACE_PER_SEQUENCE = 64,
  POSITION_OFFSET = 64,
  STATE_BYTES = 128
};

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
  const real *embed = call->params[0], *scale = call->params[1];
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
      ++position;
      for (int c = 0; c < C; ++c)
        sum[c] = (real)0.75 * sum[c] + scale[c] * embed[tokens[place] * C + c];
      for (int e = 0; e < E; ++e) {
        logits[e] = (real)0.001 * (real)position;
        for (int c = 0; c < C; ++c)
          logits[e] += embed[e * C + c] * sum[c];
      }
    }
    for (int c = 0; c < C; ++c)
      sum_out[c] = sum[c];
    ((int64_t *)(out + call->batch * POSITION_OFFSET))[b] = position;
  }
}

static int32_t run(const seqmix_abi_host *host, const seqmix_abi_call *call) {
  const int32_t *tokens = call->inputs[0];
  if (is_misaligned(call->inputs[0]) || is_misaligned(call->outputs[0]) ||
      is_misaligned(call->params[0]) || is_misaligned(call->params[1]) ||
      is_misaligned(call->state_in) || is_misaligned(call->state_out) ||
      is_misaligned(call->workspace))
    return CODE_MISALIGNED;
  for (int64_t i = 0; i < call->batch * call->length; ++i)
    if (tokens[i] == FAKE_REFUSED)
      return CODE_REFUSED;
  host->parallel_for(host->context, call->batch, call->length * E * C,
                     run_sequences, (void *)call);
  return 0;
}

static const int64_t embed_shape[] = {E, C}, channel_shape[] = {C};
static const int64_t logits_shape[] = {E};
static const seqmix_abi_input inputs[] = {
    {{"token", SEQMIX_ABI_I32, 0, 0}, E},
};
static const seqmix_abi_tensor outputs[] = {
    {"logits", REAL_DTYPE, 1, logits_shape},
};
static const seqmix_abi_tensor params[] = {
    {"embed.weight", REAL_DTYPE, 2, embed_shape},
    {"scale", REAL_DTYPE, 1, channel_shape},
};
static const seqmix_abi_state states[] = {
    {{"sum", REAL_DTYPE, 1, channel_shape}, 0, 0.5},
    {{"position", SEQMIX_ABI_I64, 0, 0}, POSITION_OFFSET, 0.0},
};
static const seqmix_abi_entry entries[] = {
    {"prefill", 0, workspace_bytes, run},
    {"step", 1, workspace_bytes, run},
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
    2,
    2,
    2,
    0,
    inputs,
    outputs,
    params,
    states,
    entries,
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
