/*===- model_info.h - what a model says of itself -------------*- C -*-----===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors, entry points and sizes of a model. Comes with seqmix/seqmix.h, whose
// conventions hold. Strings and shapes live as long as the model. None of these
// functions needs weights; all may be called from any number of threads.
//
//===----------------------------------------------------------------------===*/

#ifndef SEQMIX_MODEL_INFO_H
#define SEQMIX_MODEL_INFO_H

#include <seqmix/seqmix.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Element types. The numbers are those of model_abi.h. */
typedef enum seqmix_dtype {
  SEQMIX_F32 = 1,
  SEQMIX_F64 = 2,
  SEQMIX_F16 = 3,
  SEQMIX_BF16 = 4,
  SEQMIX_I32 = 5,
  SEQMIX_I64 = 6,
  SEQMIX_I8 = 7
} seqmix_dtype;

/* The four kinds of tensors a model has. */
typedef enum seqmix_table {
  SEQMIX_INPUTS = 0,
  SEQMIX_OUTPUTS = 1,
  SEQMIX_PARAMS = 2,
  SEQMIX_STATES = 3
} seqmix_table;

/* One named tensor of a model. */
typedef struct seqmix_tensor_info {
  const char *name;
  seqmix_dtype dtype;
  uint32_t rank;        /* number of extents; 0 is a scalar */
  const int64_t *shape; /* without batch and time; null when rank is 0 */
  size_t bytes;         /* of one: a token's, a parameter's, a sequence's */
  int64_t limit; /* inputs: integers must lie in [0, limit); 0: any value */
} seqmix_tensor_info;

/* Bytes of one element, 0 for a number that is no dtype. */
SEQMIX_API size_t seqmix_dtype_size(seqmix_dtype dtype);

/* Its name, such as "F32"; never null. Static. */
SEQMIX_API const char *seqmix_dtype_name(seqmix_dtype dtype);

/* Name of the model in its source. */
SEQMIX_API const char *seqmix_model_name(const seqmix_model *model);

/* Compiler and target that made it, for people. */
SEQMIX_API const char *seqmix_model_producer(const seqmix_model *model);

/* Number of tensors in a table. */
SEQMIX_API size_t seqmix_model_count(const seqmix_model *model,
                                     seqmix_table table);

/* Describes tensor `index` of a table. OUT_OF_RANGE if there is none. */
SEQMIX_API seqmix_status seqmix_model_tensor(const seqmix_model *model,
                                             seqmix_table table, size_t index,
                                             seqmix_tensor_info *info);

/* Number of entry points on the model's device, and their names ("prefill",
 * "step"); null beyond. */
SEQMIX_API size_t seqmix_model_entry_count(const seqmix_model *model);
SEQMIX_API const char *seqmix_model_entry_name(const seqmix_model *model,
                                               size_t index);

/* Bytes of carried state that one sequence occupies in memory. */
SEQMIX_API size_t seqmix_model_state_bytes(const seqmix_model *model);

/* Equal for two models whose saved states are interchangeable. */
SEQMIX_API uint64_t seqmix_model_state_id(const seqmix_model *model);

/* Tokens that a sequence may see in all; 0: no limit. */
SEQMIX_API int64_t seqmix_model_max_length(const seqmix_model *model);

/* Threads that one call may use, the calling one included. */
SEQMIX_API int32_t seqmix_model_threads(const seqmix_model *model);

/* 1 if the parameters have values (or there are none), otherwise 0. */
SEQMIX_API int seqmix_model_has_weights(const seqmix_model *model);

#ifdef __cplusplus
}
#endif

#endif /* SEQMIX_MODEL_INFO_H */
