/*===- fake_streams.c - a driver without a card: streams and graphs -------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The second half of libcuda.so.1 for tests. Work is done when it is enqueued,
// unless its stream is being captured: then it goes to a list that is the
graph,
// and is done whenever the graph is launched.
//
//===----------------------------------------------------------------------===*/

#include "test/Runtime/fake_cuda.h"

#include <stdlib.h>
#include <string.h>

enum { FREE_SHARED = 48 << 10, MAX_ARGUMENTS = 32 };

typedef struct graph {
  fake_work *works;
  size_t count;
} graph;

struct fake_stream {
  graph *captured; /* null: not capturing */
  int invalid;
};

static int add(graph *list, const fake_work *work) {
  fake_work *grown =
      realloc(list->works, (list->count + 1) * sizeof(*list->works));
  if (!grown)
    return OUT_OF_MEMORY;
  list->works = grown;
  list->works[list->count++] = *work;
  return SUCCESS;
}

int fake_enqueue(fake_stream *stream, const fake_work *work) {
  if (fake_check_context())
    return INVALID_CONTEXT;
  if (stream && stream->captured)
    return add(stream->captured, work);
  fake_do(work);
  return SUCCESS;
}

static int copy(void *target, const void *source, size_t bytes,
                fake_stream *stream) {
  fake_work work = {
      .kind = WORK_COPY, .target = target, .source = source, .bytes = bytes};
  return fake_enqueue(stream, &work);
}

static int refuse_capture(fake_stream *stream, const void *host) {
  if (!stream || !stream->captured || !fake_is_pageable(host))
    return SUCCESS;
  stream->invalid = 1;
  return CAPTURE_UNSUPPORTED;
}

FAKE_API int cuMemcpyHtoDAsync_v2(address target, const void *source,
                                  size_t bytes, fake_stream *stream) {
  if (!fake_on_device(target, bytes) ||
      fake_on_device((uintptr_t)source, bytes))
    return INVALID_VALUE;
  if (refuse_capture(stream, source))
    return CAPTURE_UNSUPPORTED;
  return copy((void *)(uintptr_t)target, source, bytes, stream);
}

FAKE_API int cuMemcpyDtoHAsync_v2(void *target, address source, size_t bytes,
                                  fake_stream *stream) {
  if (!fake_on_device(source, bytes) ||
      fake_on_device((uintptr_t)target, bytes))
    return INVALID_VALUE;
  if (refuse_capture(stream, target))
    return CAPTURE_UNSUPPORTED;
  return copy(target, (void *)(uintptr_t)source, bytes, stream);
}

FAKE_API int cuMemcpyDtoDAsync_v2(address target, address source, size_t bytes,
                                  fake_stream *stream) {
  if (!fake_on_device(target, bytes) || !fake_on_device(source, bytes))
    return INVALID_VALUE;
  return copy((void *)(uintptr_t)target, (void *)(uintptr_t)source, bytes,
              stream);
}

static int set(address target, size_t pitch, uint32_t pattern, size_t bytes,
               size_t count, fake_stream *stream) {
  fake_work work = {.kind = WORK_SET,
                    .target = (void *)(uintptr_t)target,
                    .bytes = bytes,
                    .pitch = pitch,
                    .count = count,
                    .pattern = pattern};
  if (count == 0 || !fake_on_device(target, (count - 1) * pitch + bytes))
    return INVALID_VALUE;
  return fake_enqueue(stream, &work);
}

FAKE_API int cuMemsetD8Async(address target, unsigned char value, size_t count,
                             fake_stream *stream) {
  return set(target, 1, value, 1, count, stream);
}
FAKE_API int cuMemsetD16Async(address target, unsigned short value,
                              size_t count, fake_stream *stream) {
  return set(target, 2, value, 2, count, stream);
}
FAKE_API int cuMemsetD32Async(address target, unsigned value, size_t count,
                              fake_stream *stream) {
  return set(target, 4, value, 4, count, stream);
}
FAKE_API int cuMemsetD2D32Async(address target, size_t pitch, unsigned value,
                                size_t width, size_t height,
                                fake_stream *stream) {
  return width == 1 ? set(target, pitch, value, 4, height, stream)
                    : INVALID_VALUE;
}

FAKE_API int cuLaunchKernel(fake_function *function, unsigned x, unsigned y,
                            unsigned z, unsigned threads_x, unsigned threads_y,
                            unsigned threads_z, unsigned shared,
                            fake_stream *stream, void **arguments,
                            void **extra) {
  if (fake_setting("FAKE_CUDA_FAIL_LAUNCH"))
    return LAUNCH_OUT_OF_RESOURCES;
  if (!x || y != 1 || z != 1 || !threads_x || threads_y != 1 ||
      threads_z != 1 || extra || function->arguments > MAX_ARGUMENTS ||
      (shared > FREE_SHARED && (int)shared > function->dynamic_shared))
    return INVALID_VALUE;
  fake_work work = {.kind = WORK_KERNEL,
                    .body = function->body,
                    .blocks = x,
                    .num_arguments = function->arguments};
  for (int i = 0; i < function->arguments; ++i)
    memcpy(&work.arguments[i], arguments[i], sizeof(uint64_t));
  ++counts.launches;
  return fake_enqueue(stream, &work);
}

FAKE_API int cuStreamCreate(fake_stream **stream, unsigned flags) {
  if (fake_check_context() || flags > 1)
    return INVALID_CONTEXT;
  *stream = calloc(1, sizeof(**stream));
  ++counts.objects;
  return *stream ? SUCCESS : OUT_OF_MEMORY;
}

FAKE_API int cuStreamDestroy_v2(fake_stream *stream) {
  free(stream);
  --counts.objects;
  return fake_check_context();
}

FAKE_API int cuStreamSynchronize(fake_stream *stream) {
  ++counts.waits;
  if (stream && stream->captured) {
    stream->invalid = 1;
    return CAPTURE_UNSUPPORTED;
  }
  if (fake_setting("FAKE_CUDA_FAIL_WAIT"))
    return ILLEGAL_ADDRESS;
  return fake_check_context();
}

FAKE_API int cuStreamWaitEvent(fake_stream *stream, void *event,
                               unsigned flags) {
  if (!event || flags || (stream && stream->captured))
    return INVALID_HANDLE;
  return fake_check_context();
}

FAKE_API int cuStreamIsCapturing(fake_stream *stream, int *status) {
  *status = stream && stream->captured ? 1 : 0;
  return fake_check_context();
}

FAKE_API int cuStreamBeginCapture_v2(fake_stream *stream, int mode) {
  if (fake_setting("FAKE_CUDA_NO_CAPTURE") || mode > 2 || stream->captured)
    return CAPTURE_UNSUPPORTED;
  stream->captured = calloc(1, sizeof(*stream->captured));
  stream->invalid = 0;
  return fake_check_context();
}

FAKE_API int cuGraphDestroy(graph *list) {
  free(list->works);
  free(list);
  return SUCCESS;
}

FAKE_API int cuStreamEndCapture(fake_stream *stream, graph **list) {
  *list = stream->captured;
  stream->captured = 0;
  if (!stream->invalid)
    return SUCCESS;
  cuGraphDestroy(*list);
  *list = 0;
  return CAPTURE_INVALIDATED;
}

FAKE_API int cuEventCreate(void **event, unsigned flags) {
  *event = malloc(1);
  ++counts.objects;
  return flags == 2 ? fake_check_context() : INVALID_VALUE;
}

FAKE_API int cuEventDestroy_v2(void *event) {
  free(event);
  --counts.objects;
  return SUCCESS;
}

FAKE_API int cuEventRecord(void *event, fake_stream *stream) {
  if (!event || (stream && stream->captured))
    return INVALID_HANDLE;
  return fake_check_context();
}

FAKE_API int cuGraphInstantiateWithFlags(graph **exec, const graph *list,
                                         unsigned long long flags) {
  *exec = calloc(1, sizeof(**exec));
  ++counts.objects;
  for (size_t i = 0; i < list->count; ++i)
    if (add(*exec, &list->works[i]))
      return OUT_OF_MEMORY;
  return flags ? INVALID_VALUE : fake_check_context();
}

FAKE_API int cuGraphUpload(graph *exec, fake_stream *stream) {
  (void)stream;
  return exec ? fake_check_context() : INVALID_HANDLE;
}

FAKE_API int cuGraphLaunch(graph *exec, fake_stream *stream) {
  ++counts.graph_launches;
  for (size_t i = 0; i < exec->count; ++i) {
    int result = fake_enqueue(stream, &exec->works[i]);
    if (result)
      return result;
  }
  return SUCCESS;
}

FAKE_API int cuGraphExecDestroy(graph *exec) {
  --counts.objects;
  return cuGraphDestroy(exec);
}
