/*===- count_allocations.c - whether running a model allocates ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts how often the whole process, on whatever thread, asks for memory while
// it runs a token model with random weights:
//
//   seqmix-count-allocations MODEL.so THREADS...
//
// prints for each number of threads a line such as
//
//   2 threads: 291 to open, 0 in a prefill, 0 in 100 steps
//
// Only what is repeated is counted: a session finds its memory the first time.
//
//===----------------------------------------------------------------------===*/

#define _GNU_SOURCE /* syscall */

#include <seqmix/seqmix.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Enough sequences that the loops of small models are shared out, and so many
 * tokens that a prefill is several pieces, the last of another length. */
enum { BATCH = 24, LENGTH = 67, STEPS = 100 };

/*===----------------------------------------------------------------------===//
// The program's own allocator, which every library takes: glibc's, counted
//===----------------------------------------------------------------------===*/

static atomic_long allocations;

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t bytes) {
  ++allocations;
  return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
  ++allocations;
  return __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes) {
  ++allocations;
  return __libc_realloc(memory, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
  ++allocations;
  return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  ++allocations;
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  ++allocations;
  *memory = __libc_memalign(alignment, bytes);
  return *memory ? 0 : ENOMEM;
}

/* What is above the allocator, and what is below it but for its own use. */
void *mmap(void *place, size_t bytes, int protection, int flags, int file,
           off_t offset) {
  ++allocations;
  return (void *)syscall(SYS_mmap, place, bytes, protection, flags, file,
                         offset);
}

/*===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===*/

static void check(seqmix_status status, const seqmix_error *error) {
  if (status == SEQMIX_OK)
    return;
  fprintf(stderr, "error: %s\n", error->message);
  exit(1);
}

/* How much one call of each kind asked for, and a session's beginning. */
struct Counts {
  long open, prefill, steps;
};

/* Steps into buffers that are used in place, that are not, and into none. */
static void step(seqmix_session *session, const int32_t *tokens, char *logits,
                 int number) {
  seqmix_error error;
  char *places[] = {logits, logits + sizeof(double), NULL};
  check(seqmix_step_tokens(session, tokens, places[number % 3], &error),
        &error);
}

static struct Counts count(const char *path, int threads) {
  seqmix_error error;
  seqmix_model_options options;
  seqmix_model_options_init(&options);
  options.threads = threads;
  options.random_weights_seed = 1;
  struct Counts counts;

  long before = allocations;
  seqmix_model *model;
  seqmix_session *session;
  check(seqmix_model_open(path, NULL, &options, &model, &error), &error);
  check(seqmix_session_create(model, BATCH, &session, &error), &error);
  counts.open = allocations - before;

  seqmix_tensor_info output;
  int64_t vocabulary = seqmix_model_vocabulary(model);
  if (!vocabulary || seqmix_model_tensor(model, SEQMIX_OUTPUTS, 0, &output)) {
    fprintf(stderr, "error: this is not a token model\n");
    exit(1);
  }
  static int32_t tokens[BATCH * LENGTH];
  for (int i = 0; i != BATCH * LENGTH; ++i)
    tokens[i] = i * 7 % vocabulary;
  /* Rounded up, with room to begin off the alignment. */
  size_t bytes =
      (output.bytes * BATCH * LENGTH / SEQMIX_ALIGNMENT + 2) * SEQMIX_ALIGNMENT;
  char *logits = aligned_alloc(SEQMIX_ALIGNMENT, bytes);
  if (!logits)
    exit(1);

  for (int time = 0; time != 2; ++time) {
    seqmix_session_reset(session);
    before = allocations;
    check(seqmix_prefill_tokens(session, tokens, LENGTH, logits, &error),
          &error);
    counts.prefill = allocations - before;
  }
  for (int i = 0; i != 3; ++i)
    step(session, tokens, logits, i);
  before = allocations;
  for (int i = 0; i != STEPS; ++i) {
    /* Now and then the threads have gone to sleep. */
    if (i % 10 == 0)
      nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    step(session, tokens, logits, i);
  }
  counts.steps = allocations - before;

  free(logits);
  seqmix_session_destroy(session);
  seqmix_model_close(model);
  return counts;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s MODEL.so THREADS...\n", argv[0]);
    return 1;
  }
  for (int i = 2; i != argc; ++i) {
    struct Counts counts = count(argv[1], atoi(argv[i]));
    printf("%s threads: %ld to open, %ld in a prefill, %ld in %d steps\n",
           argv[i], counts.open, counts.prefill, counts.steps, STEPS);
  }
  return 0;
}
