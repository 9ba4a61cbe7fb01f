//===- DevicePlace.cpp - where a kernel finds a tensor's elements ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Views cost nothing: each maps its indices to those of what it is a view of,
// and LLVM folds the arithmetic. Positions are 64 bits wide throughout.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/DevicePlace.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::seqmix;

static Value constant(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

static Value toValue(OpBuilder &builder, Location loc, OpFoldResult extent) {
  if (auto value = dyn_cast<Value>(extent))
    return value;
  return constant(builder, loc, *getConstantIntValue(extent));
}

Value seqmix::linearize(OpBuilder &builder, Location loc,
                        const DeviceLayout &layout, ValueRange indices) {
  Value position = constant(builder, loc, 0);
  for (auto [axis, index] : llvm::enumerate(indices)) {
    Value local = index;
    if (Value base = layout.bases[axis])
      local = arith::SubIOp::create(builder, loc, local, base);
    Value extent = toValue(builder, loc, layout.extents[axis]);
    position = arith::MulIOp::create(builder, loc, position, extent);
    position = arith::AddIOp::create(builder, loc, position, local);
  }
  return position;
}

SmallVector<Value> seqmix::delinearize(OpBuilder &builder, Location loc,
                                       Value point, ArrayRef<int64_t> extents) {
  SmallVector<Value> indices(extents.size());
  for (size_t axis = extents.size(); axis-- > 1;) {
    Value extent = constant(builder, loc, extents[axis]);
    indices[axis] = arith::RemUIOp::create(builder, loc, point, extent);
    point = arith::DivUIOp::create(builder, loc, point, extent);
  }
  if (!extents.empty())
    indices.front() = point;
  return indices;
}

DevicePlace seqmix::inMemory(Value base, Value offset, Type element,
                             DeviceLayout layout, int memory) {
  // Truth values take a byte.
  bool isBit = element.isInteger(1);
  Type stored = isBit ? IntegerType::get(element.getContext(), 8) : element;
  auto address = [=](OpBuilder &builder, Location loc, ValueRange indices) {
    Value position = linearize(builder, loc, layout, indices);
    if (offset)
      position = arith::AddIOp::create(builder, loc, position, offset);
    position = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                          position);
    return LLVM::GEPOp::create(builder, loc, base.getType(), stored, base,
                               ArrayRef<LLVM::GEPArg>{position},
                               LLVM::GEPNoWrapFlags::inbounds);
  };
  DevicePlace place;
  place.memory = memory;
  place.load = [=](OpBuilder &builder, Location loc, ValueRange indices) {
    Value loaded = LLVM::LoadOp::create(builder, loc, stored,
                                        address(builder, loc, indices));
    return isBit ? arith::TruncIOp::create(builder, loc, element, loaded)
                       .getResult()
                 : loaded;
  };
  place.store = [=](OpBuilder &builder, Location loc, ValueRange indices,
                    Value value) {
    if (isBit)
      value = arith::ExtUIOp::create(builder, loc, stored, value);
    LLVM::StoreOp::create(builder, loc, value, address(builder, loc, indices));
  };
  return place;
}

DevicePlace seqmix::everywhere(Value value) {
  DevicePlace place;
  place.load = [value](OpBuilder &, Location, ValueRange) { return value; };
  return place;
}

using MapIndices =
    std::function<SmallVector<Value>(OpBuilder &, Location, ValueRange)>;

static DevicePlace mapped(const DevicePlace &source, MapIndices map) {
  DevicePlace place;
  place.memory = source.memory;
  if (source.load)
    place.load = [=](OpBuilder &builder, Location loc, ValueRange indices) {
      return source.load(builder, loc, map(builder, loc, indices));
    };
  if (source.store)
    place.store = [=](OpBuilder &builder, Location loc, ValueRange indices,
                      Value value) {
      source.store(builder, loc, map(builder, loc, indices), value);
    };
  return place;
}

/// Of a box with at most one axis whose extent is not known.
static SmallVector<int64_t> shapeOf(Value tensor) {
  return llvm::to_vector(cast<RankedTensorType>(tensor.getType()).getShape());
}

/// The axes of `shape` in `group`.
static SmallVector<int64_t> pick(ArrayRef<int64_t> shape,
                                 ArrayRef<int64_t> group) {
  return llvm::map_to_vector(group, [&](int64_t axis) { return shape[axis]; });
}

/// Indices of merged axes, from those of their parts.
static SmallVector<Value> merge(OpBuilder &builder, Location loc,
                                ValueRange indices, ArrayRef<int64_t> shape,
                                ArrayRef<ReassociationIndices> groups) {
  SmallVector<Value> merged;
  for (const ReassociationIndices &group : groups) {
    if (group.size() == 1) {
      merged.push_back(indices[group.front()]);
      continue;
    }
    DeviceLayout layout;
    SmallVector<Value> part;
    for (int64_t axis : group) {
      layout.extents.push_back(builder.getIndexAttr(shape[axis]));
      layout.bases.push_back(Value());
      part.push_back(indices[axis]);
    }
    merged.push_back(linearize(builder, loc, layout, part));
  }
  return merged;
}

/// Indices of the parts, from those of merged axes.
static SmallVector<Value> split(OpBuilder &builder, Location loc,
                                ValueRange indices, ArrayRef<int64_t> shape,
                                ArrayRef<ReassociationIndices> groups) {
  SmallVector<Value> parts;
  for (auto [index, group] : llvm::zip_equal(indices, groups))
    llvm::append_range(parts,
                       delinearize(builder, loc, index, pick(shape, group)));
  // A scalar has no groups, and units for axes.
  while (parts.size() < shape.size())
    parts.push_back(constant(builder, loc, 0));
  return parts;
}

/// Indices of the whole, from those of a slice of it.
static MapIndices sliceIndices(OffsetSizeAndStrideOpInterface slice,
                               const llvm::SmallBitVector &dropped,
                               llvm::function_ref<Value(Value)> getIndex) {
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets();
  SmallVector<OpFoldResult> strides = slice.getMixedStrides();
  for (auto *values : {&offsets, &strides})
    for (OpFoldResult &value : *values)
      if (auto dynamic = dyn_cast<Value>(value))
        value = getIndex(dynamic);
  return [=](OpBuilder &builder, Location loc, ValueRange indices) {
    SmallVector<Value> whole;
    size_t inSlice = 0;
    for (auto [axis, offset] : llvm::enumerate(offsets)) {
      Value index = toValue(builder, loc, offset);
      if (!dropped[axis]) {
        Value step =
            arith::MulIOp::create(builder, loc, indices[inSlice++],
                                  toValue(builder, loc, strides[axis]));
        index = arith::AddIOp::create(builder, loc, index, step);
      }
      whole.push_back(index);
    }
    return whole;
  };
}

DevicePlace seqmix::viewOf(Operation *op, const DevicePlace &source,
                           llvm::function_ref<Value(Value)> getIndex) {
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    auto groups = expand.getReassociationIndices();
    auto shape = shapeOf(expand.getResult());
    return mapped(source, [=](OpBuilder &b, Location loc, ValueRange indices) {
      return merge(b, loc, indices, shape, groups);
    });
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    auto groups = collapse.getReassociationIndices();
    auto shape = shapeOf(collapse.getSrc());
    return mapped(source, [=](OpBuilder &b, Location loc, ValueRange indices) {
      return split(b, loc, indices, shape, groups);
    });
  }
  auto slice = cast<tensor::ExtractSliceOp>(op);
  return mapped(source, sliceIndices(slice, slice.getDroppedDims(), getIndex));
}

DevicePlace seqmix::insertedPart(Operation *insert, const DevicePlace &whole,
                                 llvm::function_ref<Value(Value)> getIndex) {
  auto slice = cast<tensor::InsertSliceOp>(insert);
  return mapped(whole, sliceIndices(slice, slice.getDroppedDims(), getIndex));
}

DevicePlace seqmix::at(const DevicePlace &outer, ValueRange leading) {
  SmallVector<Value> first(leading);
  return mapped(outer, [=](OpBuilder &, Location, ValueRange indices) {
    SmallVector<Value> all(first);
    llvm::append_range(all, indices);
    return all;
  });
}

DevicePlace seqmix::from(const DevicePlace &outer, Value begin) {
  return mapped(outer, [=](OpBuilder &builder, Location loc, ValueRange local) {
    SmallVector<Value> indices(local);
    indices.front() =
        arith::AddIOp::create(builder, loc, begin, indices.front());
    return indices;
  });
}
