/*===- fake_general.c - a model of tensors, by hand -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two inputs, two outputs, no parameters and no entry for single tokens. For
// each token
//
//   total = total + x + index[0] + index[1]
//   count = count + 1
//   sums  = total, place = count
//
//===----------------------------------------------------------------------===*/

#include <seqmix/model_abi.h>

enum { C = 3, INDICES = 2, LIMIT = 5, COUNT_OFFSET = 64, STATE_BYTES = 128 };

static uint64_t workspace_bytes(int64_t batch, int64_t length) {
  (void)batch;
  (void)length;
  return 0;
}

static void run_sequences(const seqmix_abi_call *call, int64_t begin,
                          int64_t end) {
  const float *x = call->inputs[0];
  const int64_t *index = call->inputs[1];
  float *sums = call->outputs[0], *place = call->outputs[1];
  for (int64_t b = begin; b < end; ++b) {
    const float *total_in = (const float *)call->state_in + b * C;
    const float *count_in = (const float *)((const char *)call->state_in +
                                            call->batch * COUNT_OFFSET) +
                            b;
    float *total_out = (float *)call->state_out + b * C;
    float *count_out =
        (float *)((char *)call->state_out + call->batch * COUNT_OFFSET) + b;
    float total[C], count = *count_in;
    for (int c = 0; c < C; ++c)
      total[c] = total_in[c];
    for (int64_t i = b * call->length; i < (b + 1) * call->length; ++i) {
      place[i] = ++count;
      for (int c = 0; c < C; ++c) {
        total[c] +=
            x[i * C + c] + (float)(index[i * INDICES] + index[i * INDICES + 1]);
        sums[i * C + c] = total[c];
      }
    }
    for (int c = 0; c < C; ++c)
      total_out[c] = total[c];
    *count_out = count;
  }
}

static int32_t run(const seqmix_abi_host *host, const seqmix_abi_call *call) {
  (void)host;
  run_sequences(call, 0, call->batch);
  return 0;
}

/* The code for fake_cuda.c: one kernel, a block for each sequence. */

enum { X, INDEX, SUMS, PLACE, STATE_IN, STATE_OUT, BATCH, LENGTH };

#define KERNEL __attribute__((visibility("default")))
KERNEL extern const int general_arguments;
KERNEL const int general_arguments = LENGTH + 1;

KERNEL void general(uint32_t block, void **arguments) {
  void *pointers[BATCH];
  for (int i = 0; i < BATCH; ++i)
    pointers[i] = *(void **)arguments[i];
  const void *ins[] = {pointers[X], pointers[INDEX]};
  seqmix_abi_call call = {.batch = *(const int64_t *)arguments[BATCH],
                          .length = *(const int64_t *)arguments[LENGTH],
                          .inputs = ins,
                          .outputs = &pointers[SUMS],
                          .state_in = pointers[STATE_IN],
                          .state_out = pointers[STATE_OUT]};
  run_sequences(&call, block, (int64_t)block + 1);
}

static int32_t enqueue(const seqmix_abi_host *host,
                       const seqmix_abi_call *call) {
  uint64_t arguments[] = {
      (uintptr_t)call->inputs[0],  (uintptr_t)call->inputs[1],
      (uintptr_t)call->outputs[0], (uintptr_t)call->outputs[1],
      (uintptr_t)call->state_in,   (uintptr_t)call->state_out,
      (uint64_t)call->batch,       (uint64_t)call->length};
  host->launch(host->context, 0, call->batch, arguments);
  return 0;
}

static const int64_t channels[] = {C}, indices[] = {INDICES};
static const seqmix_abi_input inputs[] = {
    {{"x", SEQMIX_ABI_F32, 1, channels}, 0},
    {{"index", SEQMIX_ABI_I64, 1, indices}, LIMIT},
};
static const seqmix_abi_tensor outputs[] = {
    {"sums", SEQMIX_ABI_F32, 1, channels},
    {"place", SEQMIX_ABI_F32, 0, 0},
};
static const seqmix_abi_state states[] = {
    {{"total", SEQMIX_ABI_F32, 1, channels}, 0, 0.0},
    {{"count", SEQMIX_ABI_F32, 0, 0}, COUNT_OFFSET, 100.0},
};
static const seqmix_abi_entry entries[] = {
    {"prefill", 0, workspace_bytes, run},
};
static const seqmix_abi_entry cuda_entries[] = {
    {"prefill", 0, workspace_bytes, enqueue},
};
static const seqmix_abi_kernel kernels[] = {
    {"general", LENGTH + 1, 1, 0, 0},
};
static const seqmix_abi_target targets[] = {
    {"any", SEQMIX_ABI_CPU, 0, 0, 1, 0, 0, entries, 0, 0},
    {"none", SEQMIX_ABI_CUDA, 80, 0, 1, 1, 0, cuda_entries, kernels,
     ".version of fake_cuda.c"},
};
static const seqmix_abi_model model = {
    SEQMIX_ABI_MAGIC,
    SEQMIX_ABI_VERSION,
    sizeof(seqmix_abi_model),
    "general",
    "hand",
    STATE_BYTES,
    0x5678u,
    0,
    2,
    2,
    0,
    2,
    sizeof(targets) / sizeof(*targets),
    0,
    inputs,
    outputs,
    0,
    states,
    targets,
};

__attribute__((visibility("default"))) const seqmix_abi_model *
seqmix_model_query(uint32_t version) {
  return version == SEQMIX_ABI_VERSION ? &model : 0;
}
