/*===- fake_cuda.h - the parts of the driver that is none -------*- C -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What fake_cuda.c and fake_streams.c share; together they are a library with
// the functions of libcuda.so.1 that the runtime uses, over memory of the CPU.
//
//===----------------------------------------------------------------------===*/

#ifndef SEQMIX_TEST_RUNTIME_FAKE_CUDA_H
#define SEQMIX_TEST_RUNTIME_FAKE_CUDA_H

#include <stddef.h>
#include <stdint.h>

#define FAKE_API __attribute__((visibility("default")))

enum {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  INVALID_DEVICE = 101,
  INVALID_CONTEXT = 201,
  INVALID_PTX = 218,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_OUT_OF_RESOURCES = 701,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_INVALIDATED = 901
};

/* A kernel is a C function of the library that its module's text lies in; how
 * many arguments it takes is in a variable NAME_arguments beside it. */
typedef void (*fake_body)(uint32_t block, void **arguments);
typedef struct fake_function {
  fake_body body;
  int arguments;
  int dynamic_shared; /* allowed, bytes */
} fake_function;

typedef unsigned long long address;

/* One piece of work of a stream. */
typedef struct fake_work {
  enum { WORK_COPY, WORK_SET, WORK_KERNEL } kind;
  char *target;
  const char *source;
  size_t bytes; /* of a copy, or of the pattern of a set */
  size_t pitch, count;
  uint32_t pattern;
  fake_body body;
  uint32_t blocks;
  int num_arguments;
  uint64_t arguments[32];
} fake_work;

/* What tests ask about; see fake_cuda_count. */
typedef struct fake_counts {
  int64_t allocations, live, launches, graph_launches, waits, objects;
} fake_counts;
extern fake_counts counts;

/* An environment variable as a number, 0 if it is not set. */
long fake_setting(const char *name);

/* INVALID_CONTEXT unless the calling thread has the context. */
int fake_check_context(void);

/* Whether [begin, begin + bytes) is memory of the device. */
int fake_on_device(address begin, size_t bytes);

/* Whether it is pageable memory of the CPU. */
int fake_is_pageable(const void *memory);

/* Does the work with the device's memory open, which otherwise nobody may
 * touch. */
void fake_do(const fake_work *work);

/* Puts the work on a stream: does it, or records it. */
typedef struct fake_stream fake_stream;
int fake_enqueue(fake_stream *stream, const fake_work *work);

#endif /* SEQMIX_TEST_RUNTIME_FAKE_CUDA_H */
