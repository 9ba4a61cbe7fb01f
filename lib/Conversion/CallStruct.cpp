//===- CallStruct.cpp - the structs of model_abi.h in IR ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/CallStruct.h"

#include "runtime/include/seqmix/model_abi.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include <cstddef>

using namespace mlir;
using namespace mlir::seqmix;

// Every member is eight bytes wide, so a member's place is its index.
#define SEQMIX_CHECK_FIELD(STRUCT, MEMBER, FIELD)                              \
  static_assert(offsetof(STRUCT, MEMBER) == 8 * static_cast<size_t>(FIELD))
SEQMIX_CHECK_FIELD(seqmix_abi_call, batch, CallField::batch);
SEQMIX_CHECK_FIELD(seqmix_abi_call, length, CallField::length);
SEQMIX_CHECK_FIELD(seqmix_abi_call, inputs, CallField::inputs);
SEQMIX_CHECK_FIELD(seqmix_abi_call, outputs, CallField::outputs);
SEQMIX_CHECK_FIELD(seqmix_abi_call, params, CallField::params);
SEQMIX_CHECK_FIELD(seqmix_abi_call, state_in, CallField::stateIn);
SEQMIX_CHECK_FIELD(seqmix_abi_call, state_out, CallField::stateOut);
SEQMIX_CHECK_FIELD(seqmix_abi_call, workspace, CallField::workspace);
SEQMIX_CHECK_FIELD(seqmix_abi_host, size, HostField::size);
SEQMIX_CHECK_FIELD(seqmix_abi_host, context, HostField::context);
SEQMIX_CHECK_FIELD(seqmix_abi_host, parallel_for, HostField::parallelFor);
SEQMIX_CHECK_FIELD(seqmix_abi_host, launch, HostField::launch);
SEQMIX_CHECK_FIELD(seqmix_abi_host, copy, HostField::copy);
SEQMIX_CHECK_FIELD(seqmix_abi_host, matmul, HostField::matmul);
#undef SEQMIX_CHECK_FIELD

static Value loadMember(OpBuilder &builder, Location loc, Value pointer,
                        unsigned index, bool isInteger) {
  Type i64 = builder.getI64Type();
  Value place =
      LLVM::GEPOp::create(builder, loc, pointer.getType(), i64, pointer,
                          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
  return LLVM::LoadOp::create(builder, loc, isInteger ? i64 : pointer.getType(),
                              place);
}

Value seqmix::loadCallField(OpBuilder &builder, Location loc, Value pointer,
                            CallField field) {
  bool isInteger = field == CallField::batch || field == CallField::length;
  return loadMember(builder, loc, pointer, static_cast<unsigned>(field),
                    isInteger);
}

Value seqmix::loadHostField(OpBuilder &builder, Location loc, Value pointer,
                            HostField field) {
  return loadMember(builder, loc, pointer, static_cast<unsigned>(field),
                    field == HostField::size);
}

Value seqmix::buildMemRefView(OpBuilder &builder, Location loc, Value pointer,
                              MemRefType type, ValueRange extents) {
  LLVMTypeConverter converter(builder.getContext());
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                    builder.getI64IntegerAttr(value));
  };
  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, pointer);
  descriptor.setAlignedPtr(builder, loc, pointer);
  descriptor.setConstantOffset(builder, loc, 0);
  SmallVector<Value> shape;
  for (int64_t extent : type.getShape()) {
    bool isDynamic = ShapedType::isDynamic(extent);
    shape.push_back(isDynamic ? extents.front() : constant(extent));
    extents = extents.drop_front(isDynamic);
  }
  Value stride = constant(1);
  for (int64_t axis = type.getRank() - 1; axis >= 0; --axis) {
    descriptor.setSize(builder, loc, axis, shape[axis]);
    descriptor.setStride(builder, loc, axis, stride);
    stride = LLVM::MulOp::create(builder, loc, stride, shape[axis]);
  }
  return UnrealizedConversionCastOp::create(builder, loc, type,
                                            Value(descriptor))
      .getResult(0);
}
