//===- Explain.h - what the compiler made of a model ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_DRIVER_EXPLAIN_H
#define SEQMIX_LIB_DRIVER_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace mlir {
namespace seqmix {
struct ModelInterface;

/// Prints, for a module after the phase `forms`: parameters, states by layer
/// with shapes and bytes, and each mixer with its place in the source, its form
/// and what was derived for it. As text, or as one JSON object.
void explain(ModuleOp module, const ModelInterface &interface, bool json,
             raw_ostream &os);

/// The place in the source, "file:line:column".
std::string describePlace(Location loc);

/// A type for people, "[2, 16, 32] f32".
std::string describe(RankedTensorType type);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_DRIVER_EXPLAIN_H
