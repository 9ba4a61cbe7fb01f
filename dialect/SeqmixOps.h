//===- SeqmixOps.h - the seqmix dialect -----------------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_DIALECT_SEQMIXOPS_H
#define SEQMIX_DIALECT_SEQMIXOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir {
namespace seqmix {

/// Whether `type` is `[batch, time, ...]` with static extents after time.
bool isSequenceType(Type type);

/// Whether `type` is `[batch, ...]` with static extents after batch.
bool isStateType(Type type);

/// The type of one token of a sequence: its type without batch and time.
RankedTensorType getTokenType(Type sequence);

/// The type of one sequence's state: its type without batch.
RankedTensorType getTokenStateType(Type state);

} // namespace seqmix
} // namespace mlir

#include "dialect/SeqmixDialect.h.inc"
#include "dialect/SeqmixInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialect/SeqmixOps.h.inc"

#endif // SEQMIX_DIALECT_SEQMIXOPS_H
