//===- DevicePlace.h - where a kernel finds a tensor's elements -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_DEVICEPLACE_H
#define SEQMIX_LIB_CONVERSION_DEVICEPLACE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

#include <functional>

namespace mlir {
namespace seqmix {

/// Where the elements of a tensor are while a kernel runs: how to load and to
/// store the element at given indices, of the tensor's rank and of index type.
struct DevicePlace {
  using Load = std::function<Value(OpBuilder &, Location, ValueRange)>;
  using Store = std::function<void(OpBuilder &, Location, ValueRange, Value)>;

  Load load;   ///< null: nothing was ever written there
  Store store; ///< null: read only
  /// The memory that the kernel writes in which it lies, for barriers; negative
  /// if the kernel never writes there.
  int memory = -1;
};

/// How a tensor lies in a flat piece of memory. An index of axis k counts from
/// `bases[k]` (null: from zero), and the memory holds `extents[k]` of them.
struct DeviceLayout {
  SmallVector<OpFoldResult> extents;
  SmallVector<Value> bases;
};

/// The position of an element in such memory, as an index value.
Value linearize(OpBuilder &builder, Location loc, const DeviceLayout &layout,
                ValueRange indices);

/// The indices of the point number `point` of a box with these extents, the
/// last axis running fastest.
SmallVector<Value> delinearize(OpBuilder &builder, Location loc, Value point,
                               ArrayRef<int64_t> extents);

/// A tensor of `element`s at the LLVM pointer `base`, whose position is moved
/// by `offset` elements unless that is null.
DevicePlace inMemory(Value base, Value offset, Type element,
                     DeviceLayout layout, int memory);

/// The same value at every index.
DevicePlace everywhere(Value value);

/// A view of another tensor: `op` is an expand_shape, collapse_shape or
/// extract_slice. `getIndex` gives the value of an offset that is no constant.
DevicePlace viewOf(Operation *op, const DevicePlace &source,
                   llvm::function_ref<Value(Value)> getIndex);

/// The part of a tensor that `insert` writes, seen as the inserted tensor.
DevicePlace insertedPart(Operation *insert, const DevicePlace &whole,
                         llvm::function_ref<Value(Value)> getIndex);

/// The tensor without its leading axes, at these indices of them.
DevicePlace at(const DevicePlace &outer, ValueRange leading);

/// The tensor from index `begin` of its first axis on.
DevicePlace from(const DevicePlace &outer, Value begin);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_DEVICEPLACE_H
