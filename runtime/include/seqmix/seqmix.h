/*===- seqmix.h - run compiled sequence models -----------------*- C -*----===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two objects. A MODEL is a compiled shared library with its weights: it never
// changes after it is opened and is shared by any number of threads. A SESSION
// is a batch of token streams and their carried state: it belongs to one thread
// at a time. In five lines, without the checks:
//
//   seqmix_model *model;
//   seqmix_session *session;
//   seqmix_model_open("model.so", "model.safetensors", NULL, &model, NULL);
//   seqmix_session_create(model, 1, &session, NULL);
//   seqmix_prefill_tokens(session, prompt, prompt_length, logits, NULL);
//
// The header goes from the simple to the advanced: status, models, sessions,
// tokens; then tensors of any kind and saved states. What a model says of
itself
// is in seqmix/model_info.h, which comes with this one; streams and buffers of
a
// card are in seqmix/device.h. A complete program is in examples/embed/main.c.
//
// Conventions
//  * Every function that can fail returns a seqmix_status. The last argument
//    may be null or point to a seqmix_error of the caller's, into which a
//    sentence for people is written on failure (and an empty one on success).
//  * A failing call changes no session, leaves output pointers null and output
//    buffers unspecified. Only work that fails on a card leaves a session's
//    state unknown, with INTERNAL: reset or restore it.
//  * What `_open`, `_create` and `_fork` return, the caller releases with
//    `_close` or `_destroy`; both accept null.
//  * Buffers are borrowed for the length of the call only. They need no
//    alignment beyond that of their element type; those whose address is a
//    multiple of SEQMIX_ALIGNMENT are used in place and save a copy.
//  * Integers and floats are in the machine's byte order, which is little.
//  * A card computes later than it is asked. What a call there writes is
//    complete, and buffers on the card and page-locked ones are the caller's
//    again, after seqmix_session_synchronize, which on the CPU does nothing.
//  * "Since n" is the SEQMIX_API_VERSION that first had it; without, it is 1.
//
// A model is code: open only models you would run. Weights and saved states are
// data and are checked; a weights file must not be altered or truncated while a
// model that was opened with it lives, since it is mapped and not read.
//
//===----------------------------------------------------------------------===*/

#ifndef SEQMIX_SEQMIX_H
#define SEQMIX_SEQMIX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SEQMIX_API __attribute__((visibility("default")))
#else
#define SEQMIX_API
#endif

/* The version of this header: raised when a program that was compiled against
 * an older one could misbehave with a newer library. */
#define SEQMIX_API_VERSION 2

/* Addresses that are a multiple of this are used in place. */
#define SEQMIX_ALIGNMENT 64

/* SEQMIX_API_VERSION of the library, to compare with that of the header. */
SEQMIX_API int seqmix_api_version(void);

/*===----------------------------------------------------------------------===//
// Status
//===----------------------------------------------------------------------===*/

/* The outcome of a call. The numbers are fixed. */
typedef enum seqmix_status {
  /* The call did what it says. */
  SEQMIX_OK = 0,
  /* An argument is null, negative, or does not fit the others: the program that
     called is wrong. */
  SEQMIX_ERROR_INVALID_ARGUMENT = 1,
  /* A file, or a tensor in it, is not there. */
  SEQMIX_ERROR_NOT_FOUND = 2,
  /* Two things are each in order but do not belong together: a library that is
     no seqmix model or speaks another version, weights of another shape, a
     state of another model. */
  SEQMIX_ERROR_INCOMPATIBLE = 3,
  /* A file or a saved state contradicts itself: truncated, altered, or written
     wrongly. */
  SEQMIX_ERROR_CORRUPT = 4,
  /* Memory ran out. The message says how much was asked for. */
  SEQMIX_ERROR_OUT_OF_MEMORY = 5,
  /* A token is not in the vocabulary, or a session would pass the model's
     maximum length. */
  SEQMIX_ERROR_OUT_OF_RANGE = 6,
  /* The operating system refused to open, map or read a file that exists. */
  SEQMIX_ERROR_IO = 7,
  /* Compiled code refused a call, a card failed, or the runtime has a fault. */
  SEQMIX_ERROR_INTERNAL = 8,
  /* There is no driver, or no such card. Since 2. */
  SEQMIX_ERROR_NO_DEVICE = 9
} seqmix_status;

/* Where a failing call writes its reason. Owned by the caller; a plain variable
 * on the stack will do, uninitialized. */
typedef struct seqmix_error {
  seqmix_status code;
  char message[512]; /* one sentence, NUL-terminated, cut where too long */
} seqmix_error;

/* The name of a code, such as "out of memory". Never null. Static. */
SEQMIX_API const char *seqmix_status_string(seqmix_status status);

/*===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===*/

/* A compiled model and its weights. Immutable: every function that takes a
 * `const seqmix_model *` may be called from any number of threads at once. */
typedef struct seqmix_model seqmix_model;

/* Where a model runs. */
typedef enum seqmix_device {
  SEQMIX_CPU = 0,
  SEQMIX_CUDA = 1 /* a card of NVIDIA's, by the driver alone */
} seqmix_device;

/* How to open a model. Always start from seqmix_model_options_init. */
typedef struct seqmix_model_options {
  size_t size; /* sizeof(seqmix_model_options), set by _init */
  /* Threads that one call may use, the calling one included. 0: the value of
     the environment variable SEQMIX_THREADS, or else as many as the process may
     run on. */
  int32_t threads;
  /* Tokens, over the whole batch, that a prefill hands to compiled code at
     once. Longer prefills are cut into pieces, which bounds the scratch memory
     and does not change the result but for rounding. 0: 512; on a card 2048. */
  int64_t piece_tokens;
  /* Not 0, and no weights given: fill the parameters with small random values
     drawn from this seed, to measure speed without a checkpoint. */
  uint64_t random_weights_seed;
  /* A seqmix_device, and which of the machine's cards. Since 2. */
  int32_t device;
  int32_t device_index;
  /* Not 0: use the model's own matrix products even where the vendor's or, on
     the CPU, the runtime's are faster. Since 2. */
  int32_t no_vendor_matmul;
} seqmix_model_options;

/* Sets every option to its default. */
SEQMIX_API void seqmix_model_options_init(seqmix_model_options *options);

/* Opens the compiled model in the shared library at `path` with the safetensors
 * file at `weights`. Tensors are matched by name; floating-point tensors are
 * converted to the type that the model computes in, weights of eight bits among
 * them, which have F32 scales beside: I8 NAME [N, K] and NAME_scale [N, K / G].
 * Tensors that the model has no parameter for are ignored. `weights` may be
 * null: such a model answers the queries below but, if it has parameters, makes
 * no sessions. `options` may be null. Of a model with code for several levels
 * of processors, the best that this one runs is taken; the environment variable
 * SEQMIX_CPU_LEVEL, from 1 to 4, lowers the level of x86-64 that it is taken to
 * have. On a card, code and parameters are copied to it here. On success *model
 * is the caller's, to release with seqmix_model_close. Errors: NOT_FOUND,
 * INCOMPATIBLE (the model has no code for the device, the processor or the
 * card, say), CORRUPT, IO, OUT_OF_MEMORY, NO_DEVICE. */
SEQMIX_API seqmix_status seqmix_model_open(const char *path,
                                           const char *weights,
                                           const seqmix_model_options *options,
                                           seqmix_model **model,
                                           seqmix_error *error);

/* The same with a checkpoint split over `num_weights` files. Each parameter
 * must be in exactly one of them. */
SEQMIX_API seqmix_status seqmix_model_open_sharded(
    const char *path, const char *const *weights, size_t num_weights,
    const seqmix_model_options *options, seqmix_model **model,
    seqmix_error *error);

/* Releases the caller's hold on the model. Sessions that still live keep what
 * they need of it. Null is fine. */
SEQMIX_API void seqmix_model_close(seqmix_model *model);

/*===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===*/

/* A batch of token streams that advance together, with their state. One thread
 * at a time; different sessions of one model may run at the same time and share
 * its threads. */
typedef struct seqmix_session seqmix_session;

/* Makes a session of `batch` sequences (at least 1) before their first token.
 * On a card all memory is found here; prefills and steps then allocate, create
 * and wait for nothing, but that the driver may wait to copy from or to
 * pageable memory. On success *session is the caller's, to release with
 * seqmix_session_destroy. Errors: INVALID_ARGUMENT (batch, or a model without
 * weights), OUT_OF_MEMORY. */
SEQMIX_API seqmix_status seqmix_session_create(const seqmix_model *model,
                                               int64_t batch,
                                               seqmix_session **session,
                                               seqmix_error *error);

/* Frees the session, after its work is done. Null is fine. */
SEQMIX_API void seqmix_session_destroy(seqmix_session *session);

/* Returns every sequence to before its first token. If that fails, which only a
 * card can, the session's next call says so. */
SEQMIX_API void seqmix_session_reset(seqmix_session *session);

/* Waits until all that was asked of the session is done and its outputs are
 * complete. Errors: INTERNAL if any of it failed. Since 2. */
SEQMIX_API seqmix_status seqmix_session_synchronize(seqmix_session *session,
                                                    seqmix_error *error);

/* Number of sequences, as given to seqmix_session_create. */
SEQMIX_API int64_t seqmix_session_batch(const seqmix_session *session);

/* Tokens that sequence `index` has taken in since its beginning, those before a
 * restored state included; -1 if there is no such sequence. */
SEQMIX_API int64_t seqmix_session_tokens_seen(const seqmix_session *session,
                                              int64_t index);

/*===----------------------------------------------------------------------===//
// Token models
//
// A token model has a single input, one int32 token with a vocabulary, and a
// single output, called logits here: floats of the output's own type (see
// seqmix_model_tensor), which is float unless the model was compiled for
// double.
//===----------------------------------------------------------------------===*/

/* Size of the vocabulary if this is a token model, otherwise 0. */
SEQMIX_API int64_t seqmix_model_vocabulary(const seqmix_model *model);

/* Takes in `length` >= 0 tokens of every sequence: `tokens` is [batch, length].
 * Writes [batch, length, logits shape...] to `logits` unless that is null. On a
 * card either buffer may be there; tokens there are not checked, but clamped.
 * Errors: INVALID_ARGUMENT (not a token model), OUT_OF_RANGE (a token outside
 * the vocabulary: the message names its index, its value and the limit; or more
 * tokens than the model's maximum), OUT_OF_MEMORY, INTERNAL. */
SEQMIX_API seqmix_status seqmix_prefill_tokens(seqmix_session *session,
                                               const int32_t *tokens,
                                               int64_t length, void *logits,
                                               seqmix_error *error);

/* Takes in one token of every sequence: `tokens` is [batch], `logits` is
 * [batch, logits shape...] or null. After the first step, steps allocate
 * nothing. Errors as above. */
SEQMIX_API seqmix_status seqmix_step_tokens(seqmix_session *session,
                                            const int32_t *tokens, void *logits,
                                            seqmix_error *error);

/*===----------------------------------------------------------------------===//
// Models of any kind
//===----------------------------------------------------------------------===*/

/* Takes in `length` >= 0 tokens of every sequence. `inputs` holds one pointer
 * for every input of the model, to [batch, length, shape...] in the input's
 * type. `outputs` likewise; any of its pointers, or all of it, may be null when
 * not wanted. Outputs must overlap neither inputs nor each other. The result is
 * that of any other way to take in the same tokens, in pieces or one by one, to
 * rounding. Errors as for seqmix_prefill_tokens. */
SEQMIX_API seqmix_status seqmix_prefill(seqmix_session *session, int64_t length,
                                        const void *const *inputs,
                                        void *const *outputs,
                                        seqmix_error *error);

/* Takes in one token of every sequence: as seqmix_prefill of length 1, by the
 * code that the model has for exactly this. */
SEQMIX_API seqmix_status seqmix_step(seqmix_session *session,
                                     const void *const *inputs,
                                     void *const *outputs, seqmix_error *error);

/*===----------------------------------------------------------------------===//
// Saved states
//
// A saved state is a block of bytes that says which model and how many
// sequences it is of and how many tokens those had seen, and carries a
// checksum. It may be written to a file and restored by another process, in any
// session of as many sequences whose model has the same seqmix_model_state_id.
// Devices make no difference to it. Saving, restoring and forking wait until
the
// session's work is done.
//===----------------------------------------------------------------------===*/

/* Makes *fork, a second session that continues from where `session` is,
 * independently of it. The caller destroys both. Errors: OUT_OF_MEMORY. */
SEQMIX_API seqmix_status seqmix_session_fork(const seqmix_session *session,
                                             seqmix_session **fork,
                                             seqmix_error *error);

/* Bytes that seqmix_state_save writes. Fixed for the session's life. */
SEQMIX_API size_t seqmix_state_size(const seqmix_session *session);

/* Writes the state of all sequences to `buffer`, which has `size` bytes.
 * Errors: INVALID_ARGUMENT if that is less than seqmix_state_size. */
SEQMIX_API seqmix_status seqmix_state_save(const seqmix_session *session,
                                           void *buffer, size_t size,
                                           seqmix_error *error);

/* Continues from a saved state of exactly `size` bytes. Errors: CORRUPT (no
 * saved state, truncated, altered), INCOMPATIBLE (of another model, of another
 * batch, written by another version), OUT_OF_RANGE (longer than this model's
 * maximum length). */
SEQMIX_API seqmix_status seqmix_state_restore(seqmix_session *session,
                                              const void *buffer, size_t size,
                                              seqmix_error *error);

/* The same for sequence `index` of the batch alone: a saved state of batch 1,
 * which fits any place of any batch and any session of one sequence. */
SEQMIX_API size_t seqmix_state_size_sequence(const seqmix_session *session);
SEQMIX_API seqmix_status
seqmix_state_save_sequence(const seqmix_session *session, int64_t index,
                           void *buffer, size_t size, seqmix_error *error);
SEQMIX_API seqmix_status seqmix_state_restore_sequence(seqmix_session *session,
                                                       int64_t index,
                                                       const void *buffer,
                                                       size_t size,
                                                       seqmix_error *error);

#ifdef __cplusplus
}
#endif

#include <seqmix/model_info.h>

#endif /* SEQMIX_SEQMIX_H */
