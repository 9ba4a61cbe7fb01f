/*===- device.h - cards, streams and memory on them ------------*- C -*----===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For programs that do more with a card than run a model on it. Needs no header
// or library of a toolkit, only the driver when a model is opened on
// SEQMIX_CUDA. All of it is there on the CPU too, where a buffer is ordinary
// memory and the only stream is null.
//
// Streams. A session has a stream of its own and works on it unless it is given
// another. On its stream it enqueues and returns: a prefill is copies, launches
// and copies, a step the same with one graph in place of the launches.
//
// Capture. While the stream is being captured into a graph, a session's calls
// become part of that graph, launch by launch. Buffers must then be on the card
// or page-locked, and are read and written when the graph runs; tokens are
// checked and counted once, when they are captured. Take in as many tokens once
// before, so that whatever the driver and the vendor's library load when they
// are first used is there. The graph works on the session's state and must not
// run after the session is destroyed.
//
// Two environment variables are heeded when a model is opened on a card:
// SEQMIX_CUDA_DRIVER is the path of the driver, when not the installed one, and
// SEQMIX_CUBLASLT that of the vendor's matrix product, or 0 to do without it.
//
// All functions are since 2 and may be called from any thread, whatever its
// current context; those of a session as seqmix.h says.
//
//===----------------------------------------------------------------------===*/

#ifndef SEQMIX_DEVICE_H
#define SEQMIX_DEVICE_H

#include <seqmix/seqmix.h>

#ifdef __cplusplus
extern "C" {
#endif

/*===----------------------------------------------------------------------===//
// What a model runs on
//===----------------------------------------------------------------------===*/

/* A model's device. Strings live as long as the model. */
typedef struct seqmix_device_info {
  seqmix_device device;
  int32_t index;          /* which of the machine's */
  const char *name;       /* of the card, such as "NVIDIA H100"; or "cpu" */
  const char *target;     /* what the code was compiled for: "sm_90" */
  const char *matmul;     /* whose matrix product, and why if not the vendor's:
                             "own kernels: libcublasLt.so was not found" */
  int32_t driver_version; /* 1000 * major + 10 * minor; 0 on the CPU */
  int32_t capability;     /* 10 * major + minor; 0 on the CPU */
  uint64_t memory_bytes;  /* of the card in all; 0 on the CPU */
} seqmix_device_info;

/* Describes the device. INVALID_ARGUMENT if either is null. */
SEQMIX_API seqmix_status seqmix_model_device(const seqmix_model *model,
                                             seqmix_device_info *info);

/* Code that the model has: for a card, or for processors from some level on. */
typedef struct seqmix_target_info {
  seqmix_device device;
  const char *name;   /* what it was compiled for: "x86-64-v3", "sm_90" */
  int32_t capability; /* the level of x86-64 that it needs, from 1 to 4, or for
                         a card 10 * major + minor; 0: any */
  int32_t is_chosen;  /* 1 if it is what the model runs, otherwise 0 */
} seqmix_target_info;

/* Number of these. */
SEQMIX_API size_t seqmix_model_target_count(const seqmix_model *model);

/* Describes target `index`. OUT_OF_RANGE if there is none. */
SEQMIX_API seqmix_status seqmix_model_target(const seqmix_model *model,
                                             size_t index,
                                             seqmix_target_info *info);

/* A kernel of the model's code for a card, as the driver loaded it. */
typedef struct seqmix_kernel_info {
  const char *name;
  int32_t threads;      /* of a block */
  int32_t registers;    /* of a thread */
  int32_t shared_bytes; /* of a block, static and dynamic */
  int32_t local_bytes;  /* of a thread: spilled registers and the like */
} seqmix_kernel_info;

/* Number of kernels; 0 on the CPU. */
SEQMIX_API size_t seqmix_model_kernel_count(const seqmix_model *model);

/* Describes kernel `index`. OUT_OF_RANGE if there is none. */
SEQMIX_API seqmix_status seqmix_model_kernel(const seqmix_model *model,
                                             size_t index,
                                             seqmix_kernel_info *info);

/* seqmix_session_fork to a session of `model`, which may be on another device
 * and must have the same seqmix_model_state_id. Errors: as for
 * seqmix_session_create and seqmix_state_restore. */
SEQMIX_API seqmix_status seqmix_session_fork_to(const seqmix_session *session,
                                                const seqmix_model *model,
                                                seqmix_session **fork,
                                                seqmix_error *error);

/*===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===*/

/* Makes the session work on a stream of the caller's, a CUstream or
 * cudaStream_t of the card's primary context; null is the session's own. What
 * was asked before is done before what is asked after. The stream must live
 * until the session is given another or is destroyed. Errors: INVALID_ARGUMENT
 * (no stream; on the CPU, not null), INTERNAL. */
SEQMIX_API seqmix_status seqmix_session_set_stream(seqmix_session *session,
                                                   void *cuda_stream,
                                                   seqmix_error *error);

/* Kernels that a step launches, those of the vendor's matrix product included,
 * and graphs that it is: 1, or 0 if the driver would not make one and kernels
 * are launched one by one (their number is then known after the first step).
 * Both 0 on the CPU. */
SEQMIX_API int64_t seqmix_session_step_kernels(const seqmix_session *session);
SEQMIX_API int64_t seqmix_session_step_graphs(const seqmix_session *session);

/*===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===*/

/* Makes a buffer on the model's device, aligned to SEQMIX_ALIGNMENT; on the
 * CPU, in huge pages if it is large and the system has them, which tokens that
 * are whole rows apart are read faster from. On success *memory is the
 * caller's, to release with seqmix_device_free before the model. Errors:
 * OUT_OF_MEMORY. */
SEQMIX_API seqmix_status seqmix_device_alloc(const seqmix_model *model,
                                             size_t bytes, void **memory,
                                             seqmix_error *error);

/* Releases a buffer, which no work may still use. Null is fine. */
SEQMIX_API void seqmix_device_free(const seqmix_model *model, void *memory);

/* Copies between any two of the device and the CPU and returns when it is done.
 * Does not wait for sessions: synchronize them first. Errors: INTERNAL. */
SEQMIX_API seqmix_status seqmix_device_copy(const seqmix_model *model,
                                            void *target, const void *source,
                                            size_t bytes, seqmix_error *error);

#ifdef __cplusplus
}
#endif

#endif /* SEQMIX_DEVICE_H */
