//===- ElementType.h - number formats and shapes --------------*- C++ -*---===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RUNTIME_SRC_ELEMENTTYPE_H
#define SEQMIX_RUNTIME_SRC_ELEMENTTYPE_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace seqmix {

/// The element types a file may hold. The first seven are the ones of a
/// model's tensors, with the numbers of model_abi.h; the others are only known
/// by name and size.
enum class ElementType : uint32_t {
  F32 = 1,
  F64 = 2,
  F16 = 3,
  BF16 = 4,
  I32 = 5,
  I64 = 6,
  I8 = 7,
  I16,
  U64,
  U32,
  U16,
  U8,
  Bool,
  F8E4M3,
  F8E5M2
};

/// True for the seven types of model_abi.h.
bool isModelElementType(uint32_t abiNumber);

/// True for F64, F32, F16 and BF16, which convert into one another.
bool isFloat(ElementType type);

/// Bytes of one element.
size_t elementBytes(ElementType type);

/// The name that safetensors files use, such as "BF16".
const char *elementTypeName(ElementType type);

/// Finds the type that safetensors files call `name`; false if there is none.
bool parseElementType(const std::string &name, ElementType &type);

/// Converts `count` elements between float types, rounding to nearest even. NaN
/// stays NaN, what is too large becomes infinite. Neither pointer needs to be
/// aligned; the two must not overlap.
void convertFloats(ElementType from, const void *source, ElementType to,
                   void *target, size_t count);

/// Writes `value` as one element of any of the seven model types. Integers are
/// truncated towards zero.
void storeElement(ElementType type, double value, void *target);

/// Multiplies the extents of a shape and `unit`. False if one is negative or
/// the product exceeds int64_t.
bool shapeProduct(const int64_t *shape, size_t rank, size_t unit,
                  int64_t &product);

/// A shape for people: "[32, 16]".
std::string shapeString(const int64_t *shape, size_t rank);

} // namespace seqmix

#endif // SEQMIX_RUNTIME_SRC_ELEMENTTYPE_H
