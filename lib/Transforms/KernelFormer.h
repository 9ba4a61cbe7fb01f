//===- KernelFormer.h - move ops of an entry point into kernels -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_KERNELFORMER_H
#define SEQMIX_LIB_TRANSFORMS_KERNELFORMER_H

#include "dialect/SeqmixOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace mlir {
namespace seqmix {

/// Whether the op costs a kernel nothing, so that each that needs it has its
/// own: constants, views of other values, extents; and what only names a value
/// (parameters and states), which kernels take as an operand.
bool isFreeInKernels(Operation *op);

/// Rebuilds the body of an entry point as kernels, one call of `form` for each,
/// in an order that respects dependences.
class KernelFormer {
public:
  explicit KernelFormer(EntryOp entry);

  /// Makes one kernel of `ops`, which are in the order of the entry's body; a
  /// `matmul` is moved as it is. What is used elsewhere becomes a result.
  void form(ArrayRef<Operation *> ops);

  /// Erases the ops that kernels have taken over. Each op that is not free must
  /// have been in a call of `form`.
  void finish();

private:
  /// The value outside of kernels that takes the place of `value`, which may be
  /// a view of one.
  Value getOutside(Value value);
  void collectInputs(Value value, llvm::SetVector<Value> &inputs,
                     const llvm::SmallDenseSet<Operation *> &inside);
  Value cloneFree(OpBuilder &builder, Value value, IRMapping &mapping);
  void moveMatmul(MatmulOp op);
  SmallVector<Value> findOutputs(ArrayRef<Operation *> ops,
                                 const llvm::SmallDenseSet<Operation *> &set);

  Block &body;
  OpBuilder builder;
  IRMapping outside;
  llvm::SetVector<Value> extents;
  SmallVector<Operation *> replaced; ///< all of the body, in the end
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_KERNELFORMER_H
