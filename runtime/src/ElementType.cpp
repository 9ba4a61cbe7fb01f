//===- ElementType.cpp - number formats and shapes ------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Float formats differ in two numbers, the bits of their exponent and of their
// mantissa, so one encoder and one decoder serve both 16-bit formats. Every
// conversion goes through double, which holds all four exactly: the only
// rounding is the last one.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/ElementType.h"

#include <cmath>
#include <cstring>

using namespace seqmix;

namespace {
struct TypeEntry {
  ElementType type;
  const char *name;
  size_t bytes;
};

/// A 16-bit float format.
template <int ExponentBits, int MantissaBits> struct SmallFloat {
  uint16_t bits;
};
using Half = SmallFloat<5, 10>;
using BFloat = SmallFloat<8, 7>;
} // namespace

static constexpr TypeEntry typeTable[] = {
    {ElementType::F32, "F32", 4},        {ElementType::F64, "F64", 8},
    {ElementType::F16, "F16", 2},        {ElementType::BF16, "BF16", 2},
    {ElementType::I32, "I32", 4},        {ElementType::I64, "I64", 8},
    {ElementType::I16, "I16", 2},        {ElementType::I8, "I8", 1},
    {ElementType::U64, "U64", 8},        {ElementType::U32, "U32", 4},
    {ElementType::U16, "U16", 2},        {ElementType::U8, "U8", 1},
    {ElementType::Bool, "BOOL", 1},      {ElementType::F8E4M3, "F8_E4M3", 1},
    {ElementType::F8E5M2, "F8_E5M2", 1},
};

static const TypeEntry *findType(ElementType type) {
  for (const TypeEntry &entry : typeTable)
    if (entry.type == type)
      return &entry;
  return nullptr;
}

bool seqmix::isModelElementType(uint32_t abiNumber) {
  return abiNumber >= static_cast<uint32_t>(ElementType::F32) &&
         abiNumber <= static_cast<uint32_t>(ElementType::I8);
}

bool seqmix::isFloat(ElementType type) {
  return type == ElementType::F32 || type == ElementType::F64 ||
         type == ElementType::F16 || type == ElementType::BF16;
}

size_t seqmix::elementBytes(ElementType type) {
  const TypeEntry *entry = findType(type);
  return entry ? entry->bytes : 0;
}

const char *seqmix::elementTypeName(ElementType type) {
  const TypeEntry *entry = findType(type);
  return entry ? entry->name : "unknown type";
}

bool seqmix::parseElementType(const std::string &name, ElementType &type) {
  for (const TypeEntry &entry : typeTable) {
    if (name != entry.name)
      continue;
    type = entry.type;
    return true;
  }
  return false;
}

/// Shifts right by 1 to 63 bits, rounding to nearest even.
static uint64_t roundingShift(uint64_t value, int shift) {
  uint64_t quotient = value >> shift;
  uint64_t rest = value & ((uint64_t(1) << shift) - 1);
  uint64_t half = uint64_t(1) << (shift - 1);
  return quotient + (rest > half || (rest == half && (quotient & 1)));
}

static double decode(double value) { return value; }
static double decode(float value) { return value; }

template <int ExponentBits, int MantissaBits>
static double decode(SmallFloat<ExponentBits, MantissaBits> value) {
  constexpr int bias = (1 << (ExponentBits - 1)) - 1;
  constexpr uint64_t maxExponent = (1 << ExponentBits) - 1;
  const double tiniest = std::ldexp(1.0, 1 - bias - MantissaBits);
  uint64_t exponent = (value.bits >> MantissaBits) & maxExponent;
  uint64_t mantissa = value.bits & ((1 << MantissaBits) - 1);
  double magnitude = static_cast<double>(mantissa) * tiniest;
  if (exponent != 0) {
    uint64_t wide = exponent == maxExponent ? 0x7ff : exponent - bias + 1023;
    uint64_t bits = wide << 52 | mantissa << (52 - MantissaBits);
    std::memcpy(&magnitude, &bits, sizeof(bits));
  }
  return std::copysign(magnitude, value.bits & 0x8000 ? -1.0 : 1.0);
}

static void encode(double value, double &target) { target = value; }
static void encode(double value, float &target) {
  target = static_cast<float>(value);
}

template <int ExponentBits, int MantissaBits>
static void encode(double value,
                   SmallFloat<ExponentBits, MantissaBits> &target) {
  constexpr int bias = (1 << (ExponentBits - 1)) - 1;
  constexpr uint64_t infinity = uint64_t((1 << ExponentBits) - 1)
                                << MantissaBits;
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  uint64_t fraction = bits & ((uint64_t(1) << 52) - 1);
  int exponent = static_cast<int>((bits >> 52) & 0x7ff) - 1023 + bias;
  uint64_t magnitude = 0;
  int shift = 52 - MantissaBits;
  if (std::isnan(value))
    magnitude = infinity | (uint64_t(1) << (MantissaBits - 1));
  else if (exponent > 2 * bias)
    magnitude = infinity;
  else if (exponent >= 1) // a carry out of the mantissa raises the exponent
    magnitude =
        (uint64_t(exponent) << MantissaBits) + roundingShift(fraction, shift);
  else if (shift + 1 - exponent <= 54)
    magnitude =
        roundingShift(fraction | (uint64_t(1) << 52), shift + 1 - exponent);
  target.bits = static_cast<uint16_t>((bits >> 63) << 15 | magnitude);
}

template <typename From, typename To>
static void convertArray(const void *source, void *target, size_t count) {
  const char *in = static_cast<const char *>(source);
  char *out = static_cast<char *>(target);
  for (size_t i = 0; i != count; ++i) {
    From element;
    To converted;
    std::memcpy(&element, in + i * sizeof(From), sizeof(From));
    encode(decode(element), converted);
    std::memcpy(out + i * sizeof(To), &converted, sizeof(To));
  }
}

template <typename From>
static void convertFrom(const void *source, ElementType to, void *target,
                        size_t count) {
  if (to == ElementType::F32)
    convertArray<From, float>(source, target, count);
  else if (to == ElementType::F64)
    convertArray<From, double>(source, target, count);
  else if (to == ElementType::F16)
    convertArray<From, Half>(source, target, count);
  else
    convertArray<From, BFloat>(source, target, count);
}

void seqmix::convertFloats(ElementType from, const void *source, ElementType to,
                           void *target, size_t count) {
  if (count == 0)
    return;
  if (from == to)
    std::memcpy(target, source, count * elementBytes(from));
  else if (from == ElementType::F32)
    convertFrom<float>(source, to, target, count);
  else if (from == ElementType::F64)
    convertFrom<double>(source, to, target, count);
  else if (from == ElementType::F16)
    convertFrom<Half>(source, to, target, count);
  else
    convertFrom<BFloat>(source, to, target, count);
}

void seqmix::storeElement(ElementType type, double value, void *target) {
  int32_t narrow = type == ElementType::I32 ? static_cast<int32_t>(value) : 0;
  int64_t wide = type == ElementType::I64 ? static_cast<int64_t>(value) : 0;
  int8_t tiny = type == ElementType::I8 ? static_cast<int8_t>(value) : 0;
  if (type == ElementType::I32)
    std::memcpy(target, &narrow, sizeof(narrow));
  else if (type == ElementType::I64)
    std::memcpy(target, &wide, sizeof(wide));
  else if (type == ElementType::I8)
    std::memcpy(target, &tiny, sizeof(tiny));
  else
    convertFloats(ElementType::F64, &value, type, target, 1);
}

bool seqmix::shapeProduct(const int64_t *shape, size_t rank, size_t unit,
                          int64_t &product) {
  product = static_cast<int64_t>(unit);
  bool empty = false;
  for (size_t i = 0; i != rank; ++i) {
    if (shape[i] < 0)
      return false;
    empty |= shape[i] == 0;
  }
  if (empty) {
    product = 0;
    return true;
  }
  for (size_t i = 0; i != rank; ++i)
    if (__builtin_mul_overflow(product, shape[i], &product))
      return false;
  return true;
}

std::string seqmix::shapeString(const int64_t *shape, size_t rank) {
  std::string text = "[";
  for (size_t i = 0; i != rank; ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}
