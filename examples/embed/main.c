/*===- main.c - a compiled model inside a C program -----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Continues a text with a byte-level model, always by the likeliest byte.
//
//   cc main.c -I ../../runtime/include -lseqmix -o continue
//   ./continue model.so model.safetensors "Once upon a time" 200
//
//===----------------------------------------------------------------------===*/

#include <seqmix/seqmix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 256 };

/* Every call that can fail says why. A program that goes on after errors would
 * look at error->code; this one gives up. */
static void check(seqmix_status status, const seqmix_error *error) {
  if (status == SEQMIX_OK)
    return;
  fprintf(stderr, "error: %s\n", error->message);
  exit(1);
}

static int32_t likeliest(const float *logits) {
  int32_t best = 0;
  for (int32_t token = 1; token < BYTES; ++token)
    if (logits[token] > logits[best])
      best = token;
  return best;
}

int main(int argc, char **argv) {
  if (argc != 5 || !*argv[3]) {
    fprintf(stderr, "usage: %s MODEL.so WEIGHTS.safetensors TEXT N\n", argv[0]);
    return 1;
  }
  seqmix_error error;

  /* The model: code and weights. One is enough for the whole program. */
  seqmix_model *model;
  check(seqmix_model_open(argv[1], argv[2], NULL, &model, &error), &error);
  seqmix_tensor_info output;
  if (seqmix_model_vocabulary(model) != BYTES ||
      seqmix_model_tensor(model, SEQMIX_OUTPUTS, 0, &output) != SEQMIX_OK ||
      output.dtype != SEQMIX_F32 || output.bytes != BYTES * sizeof(float)) {
    fprintf(stderr,
            "error: this is not a model of bytes in single precision\n");
    return 1;
  }

  /* A session: one stream of tokens and what the model remembers of it. */
  seqmix_session *session;
  check(seqmix_session_create(model, 1, &session, &error), &error);

  /* Take in the text but for its last byte; nobody wants those logits. */
  size_t length = strlen(argv[3]);
  int32_t *prompt = malloc(length * sizeof(*prompt));
  if (!prompt)
    return 1;
  for (size_t i = 0; i < length; ++i)
    prompt[i] = (unsigned char)argv[3][i];
  check(
      seqmix_prefill_tokens(session, prompt, (int64_t)length - 1, NULL, &error),
      &error);

  /* From the last byte on, each step's answer is the next step's question. */
  int32_t token = prompt[length - 1];
  for (long n = strtol(argv[4], NULL, 10); n > 0; --n) {
    float logits[BYTES];
    check(seqmix_step_tokens(session, &token, logits, &error), &error);
    check(seqmix_session_synchronize(session, &error), &error);
    token = likeliest(logits);
    putchar(token);
  }
  putchar('\n');

  free(prompt);
  seqmix_session_destroy(session);
  seqmix_model_close(model);
  return 0;
}
