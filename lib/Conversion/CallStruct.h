//===- CallStruct.h - the structs of model_abi.h in IR --------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_CALLSTRUCT_H
#define SEQMIX_LIB_CONVERSION_CALLSTRUCT_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir {
namespace seqmix {

/// The members of `seqmix_abi_call`, in order.
enum class CallField {
  batch,
  length,
  inputs,
  outputs,
  params,
  stateIn,
  stateOut,
  workspace
};

/// The members of `seqmix_abi_host`, in order.
enum class HostField { size, context, parallelFor, launch, copy, matmul };

/// Loads a member of the call or host struct at `pointer`: an i64 or a pointer.
Value loadCallField(OpBuilder &builder, Location loc, Value pointer,
                    CallField field);
Value loadHostField(OpBuilder &builder, Location loc, Value pointer,
                    HostField field);

/// A memref of `type` over the memory at the LLVM pointer `pointer`, row-major,
/// whose dynamic extents are the i64 values `extents` in order.
Value buildMemRefView(OpBuilder &builder, Location loc, Value pointer,
                      MemRefType type, ValueRange extents);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_CALLSTRUCT_H
