//===- Quantized.h - weights of eight bits --------------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_QUANTIZED_H
#define SEQMIX_RUNTIME_SRC_QUANTIZED_H

#include "runtime/src/ElementType.h"

#include <seqmix/model_abi.h>

namespace seqmix {

/// A weight [N, K] of eight bits is a table of I8 and beside it a table of
/// scales, F32 [N, K / G]: G neighbours in a row share a scale, and each is
/// its integer, from -127 to 127, times that. In models and in files the
/// scales have the name of the weight and "_scale" behind it.
std::string scaleName(const std::string &weight);

/// G, or 0 if a weight and scales of these shapes do not belong together.
int64_t groupSize(const int64_t *weight, size_t weightRank,
                  const int64_t *scales, size_t scaleRank);

/// Rounds floats to such a weight. A scale is the group's largest magnitude
/// over 127, or 0 where all are zero; integers are rounded to nearest even.
/// `count` is a multiple of `group`; `source` needs no alignment. Returns how
/// many were rounded: fewer than `count` if the next one is not finite in F32.
int64_t quantizeGroups(ElementType from, const void *source, int64_t count,
                       int64_t group, int8_t *values, float *scales);

/// The floats that such a weight stands for, rounded once. No pointer needs to
/// be aligned.
void dequantizeGroups(const void *values, const void *scales, int64_t count,
                      int64_t group, ElementType to, void *target);

/// The parameter of that name, or null.
const seqmix_abi_tensor *findParameter(const seqmix_abi_model &model,
                                       const std::string &name);

/// The scales of a parameter of I8; null for any other.
const seqmix_abi_tensor *scalesOf(const seqmix_abi_model &model,
                                  const seqmix_abi_tensor &weight);

/// The weight whose scales a parameter is; null for any other.
const seqmix_abi_tensor *weightOf(const seqmix_abi_model &model,
                                  const seqmix_abi_tensor &scales);

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_QUANTIZED_H
