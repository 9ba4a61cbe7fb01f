/*===- fake_cuda.c - a driver without a card: memory and code -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first half of libcuda.so.1 for tests: device, context, memory, modules.
// It is stricter than the real one where that finds faults of the runtime: a
// call without the context fails, device addresses must lie in memory that is
// allocated, and under the address sanitizer the CPU cannot touch that memory.
//
//   FAKE_CUDA_DEVICES        number of cards, when not 1; -1 is none
//   FAKE_CUDA_CAPABILITY     10 * major + minor, when not 80
//   FAKE_CUDA_FAIL_ALLOC     the allocation of that number fails
//   FAKE_CUDA_FAIL_LAUNCH    1: no kernel can be launched
//   FAKE_CUDA_FAIL_WAIT      1: the work turns out to have failed
//   FAKE_CUDA_NO_CAPTURE     1: no stream can be captured
//
//===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "test/Runtime/fake_cuda.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, bytes) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(memory, bytes) ((void)0)
#endif

enum { MAX_BLOCKS = 256, CARD_BYTES = 256 << 20 };

/* A block of memory: the device's, or page-locked. */
typedef struct block {
  char *memory;
  size_t bytes;
  int on_device;
} block;

fake_counts counts;
static block blocks[MAX_BLOCKS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int a_context;
static __thread int depth; /* how often the context is pushed */

long fake_setting(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

int fake_check_context(void) { return depth > 0 ? SUCCESS : INVALID_CONTEXT; }

static const block *find(const void *memory, size_t bytes) {
  const char *begin = memory;
  for (int i = 0; i < MAX_BLOCKS; ++i)
    if (blocks[i].memory && begin >= blocks[i].memory &&
        begin + bytes <= blocks[i].memory + blocks[i].bytes)
      return &blocks[i];
  return 0;
}

int fake_on_device(address begin, size_t bytes) {
  pthread_mutex_lock(&lock);
  const block *found = find((const void *)(uintptr_t)begin, bytes);
  int answer = found && found->on_device;
  pthread_mutex_unlock(&lock);
  return answer;
}

int fake_is_pageable(const void *memory) {
  pthread_mutex_lock(&lock);
  int answer = !find(memory, 1);
  pthread_mutex_unlock(&lock);
  return answer;
}

static void open_memory(int open) {
  for (int i = 0; i < MAX_BLOCKS; ++i)
    if (blocks[i].memory && blocks[i].on_device) {
      if (open)
        ASAN_UNPOISON_MEMORY_REGION(blocks[i].memory, blocks[i].bytes);
      else
        ASAN_POISON_MEMORY_REGION(blocks[i].memory, blocks[i].bytes);
    }
}

static void run_kernel(const fake_work *work) {
  void *arguments[32];
  for (int i = 0; i < work->num_arguments; ++i)
    arguments[i] = (void *)&work->arguments[i];
  for (uint32_t b = 0; b < work->blocks; ++b)
    work->body(b, arguments);
}

void fake_do(const fake_work *work) {
  pthread_mutex_lock(&lock);
  open_memory(1);
  if (work->kind == WORK_COPY)
    memmove(work->target, work->source, work->bytes);
  else if (work->kind == WORK_SET)
    for (size_t i = 0; i < work->count; ++i)
      memcpy(work->target + i * work->pitch, &work->pattern, work->bytes);
  else
    run_kernel(work);
  open_memory(0);
  pthread_mutex_unlock(&lock);
}

static int allocate(size_t bytes, int on_device, void **memory) {
  if (on_device)
    ++counts.allocations;
  if (on_device &&
      (counts.allocations == fake_setting("FAKE_CUDA_FAIL_ALLOC") ||
       bytes > CARD_BYTES))
    return OUT_OF_MEMORY;
  pthread_mutex_lock(&lock);
  int place = 0;
  while (place < MAX_BLOCKS && blocks[place].memory)
    ++place;
  size_t rounded = (bytes + 255) / 256 * 256;
  *memory = place < MAX_BLOCKS ? aligned_alloc(256, rounded) : 0;
  if (*memory) {
    blocks[place] = (block){*memory, bytes, on_device};
    memset(*memory, 0xa5, bytes);
    open_memory(0);
    counts.live += on_device;
  }
  pthread_mutex_unlock(&lock);
  return *memory ? SUCCESS : OUT_OF_MEMORY;
}

static int release(void *memory, int on_device) {
  pthread_mutex_lock(&lock);
  block *found = (block *)find(memory, 0);
  int ok = found && found->memory == memory && found->on_device == on_device;
  if (ok) {
    ASAN_UNPOISON_MEMORY_REGION(found->memory, found->bytes);
    free(found->memory);
    found->memory = 0;
    counts.live -= on_device;
  }
  pthread_mutex_unlock(&lock);
  return ok ? SUCCESS : INVALID_VALUE;
}

FAKE_API int64_t fake_cuda_count(const char *what) {
  const char *names[] = {"allocations",    "live",  "launches",
                         "graph_launches", "waits", "objects"};
  const int64_t values[] = {counts.allocations, counts.live,
                            counts.launches,    counts.graph_launches,
                            counts.waits,       counts.objects};
  for (int i = 0; i < 6; ++i)
    if (strcmp(names[i], what) == 0)
      return values[i];
  return -1;
}

FAKE_API int cuInit(unsigned flags) { return (int)flags; }

FAKE_API int cuDriverGetVersion(int *version) {
  *version = 12040;
  return SUCCESS;
}

FAKE_API int cuGetErrorName(int result, const char **name) {
  static const struct {
    int result;
    const char *name;
  } names[] = {{INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
               {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
               {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT"},
               {INVALID_PTX, "CUDA_ERROR_INVALID_PTX"},
               {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE"},
               {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},
               {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
               {LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"}};
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); ++i)
    if (names[i].result == result) {
      *name = names[i].name;
      return SUCCESS;
    }
  return INVALID_VALUE;
}

FAKE_API int cuDeviceGetCount(int *count) {
  long chosen = fake_setting("FAKE_CUDA_DEVICES");
  *count = chosen < 0 ? 0 : chosen ? (int)chosen : 1;
  return SUCCESS;
}

FAKE_API int cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return SUCCESS;
}

FAKE_API int cuDeviceGetName(char *name, int size, int device) {
  snprintf(name, (size_t)size, "Fake Card %d", device);
  return SUCCESS;
}

FAKE_API int cuDeviceGetAttribute(int *value, int attribute, int device) {
  long chosen = fake_setting("FAKE_CUDA_CAPABILITY");
  int capability = chosen ? (int)chosen : 80;
  *value = attribute == 75 ? capability / 10 : capability % 10;
  return device >= 0 && (attribute == 75 || attribute == 76) ? SUCCESS
                                                             : INVALID_VALUE;
}

FAKE_API int cuDeviceTotalMem_v2(size_t *bytes, int device) {
  *bytes = CARD_BYTES;
  return device >= 0 ? SUCCESS : INVALID_DEVICE;
}

FAKE_API int cuDevicePrimaryCtxRetain(void **context, int device) {
  *context = &a_context;
  ++counts.objects;
  return device >= 0 ? SUCCESS : INVALID_DEVICE;
}

FAKE_API int cuDevicePrimaryCtxRelease_v2(int device) {
  --counts.objects;
  return device >= 0 ? SUCCESS : INVALID_DEVICE;
}

FAKE_API int cuCtxPushCurrent_v2(void *context) {
  depth += context == &a_context;
  return context == &a_context ? SUCCESS : INVALID_CONTEXT;
}

FAKE_API int cuCtxPopCurrent_v2(void **context) {
  *context = &a_context;
  return depth-- > 0 ? SUCCESS : INVALID_CONTEXT;
}

FAKE_API int cuMemGetInfo_v2(size_t *bytes, size_t *total) {
  *bytes = CARD_BYTES / 2;
  *total = CARD_BYTES;
  return fake_check_context();
}

FAKE_API int cuMemAlloc_v2(address *memory, size_t bytes) {
  void *allocated = 0;
  if (fake_check_context() || bytes == 0)
    return bytes ? INVALID_CONTEXT : INVALID_VALUE;
  int result = allocate(bytes, 1, &allocated);
  *memory = (uintptr_t)allocated;
  return result;
}

FAKE_API int cuMemFree_v2(address memory) {
  return fake_check_context() ? INVALID_CONTEXT
                              : release((void *)(uintptr_t)memory, 1);
}

/* For tests alone. */
FAKE_API int cuMemAllocHost_v2(void **memory, size_t bytes) {
  return allocate(bytes, 0, memory);
}
FAKE_API int cuMemFreeHost(void *memory) { return release(memory, 0); }

FAKE_API int cuMemcpy(address target, address source, size_t bytes) {
  fake_work work = {.kind = WORK_COPY,
                    .target = (char *)(uintptr_t)target,
                    .source = (const char *)(uintptr_t)source,
                    .bytes = bytes};
  if (!fake_check_context())
    fake_do(&work);
  return fake_check_context();
}

FAKE_API int cuPointerGetAttributes(unsigned count, int *attributes,
                                    void **values, address memory) {
  unsigned *type = values[0];
  if (count != 1 || attributes[0] != 2)
    return INVALID_VALUE;
  *type = fake_on_device(memory, 1)                     ? 2
          : fake_is_pageable((void *)(uintptr_t)memory) ? 0
                                                        : 1;
  return fake_check_context();
}

/* A module is the library that its text lies in, opened once more. */
FAKE_API int cuModuleLoadDataEx(void **module, const void *image,
                                unsigned count, int *options, void **values) {
  Dl_info place;
  if (fake_check_context())
    return INVALID_CONTEXT;
  if (strncmp(image, ".version", 8) != 0) {
    if (count == 2 && options[0] == 5 && options[1] == 6)
      snprintf(values[0], (size_t)values[1],
               "ptxas fatal: expected '.version'\nptxas fatal: aborted");
    return INVALID_PTX;
  }
  *module = dladdr(image, &place)
                ? dlopen(place.dli_fname, RTLD_NOW | RTLD_NOLOAD)
                : 0;
  counts.objects += *module != 0;
  return *module ? SUCCESS : NOT_FOUND;
}

FAKE_API int cuModuleUnload(void *module) {
  --counts.objects;
  return fake_check_context() || dlclose(module) ? INVALID_CONTEXT : SUCCESS;
}

FAKE_API int cuModuleGetFunction(fake_function **function, void *module,
                                 const char *name) {
  static fake_function functions[16];
  char variable[128];
  snprintf(variable, sizeof(variable), "%s_arguments", name);
  void *body = dlsym(module, name);
  const int *arguments = dlsym(module, variable);
  if (!body || !arguments)
    return NOT_FOUND;
  for (int i = 0; i < 16; ++i)
    if (!functions[i].body || functions[i].body == (fake_body)body) {
      functions[i].body = (fake_body)body;
      functions[i].arguments = *arguments;
      *function = &functions[i];
      return fake_check_context();
    }
  return OUT_OF_MEMORY;
}

FAKE_API int cuFuncGetAttribute(int *value, int attribute,
                                fake_function *function) {
  *value = attribute == 4 ? 32 : attribute == 1 ? 1024 : 0;
  return function->body ? fake_check_context() : INVALID_HANDLE;
}

FAKE_API int cuFuncSetAttribute(fake_function *function, int attribute,
                                int value) {
  if (attribute != 8)
    return INVALID_VALUE;
  function->dynamic_shared = value;
  return fake_check_context();
}
