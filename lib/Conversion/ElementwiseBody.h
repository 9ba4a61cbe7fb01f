//===- ElementwiseBody.h - what elementwise ops compute ---------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_ELEMENTWISEBODY_H
#define SEQMIX_LIB_CONVERSION_ELEMENTWISEBODY_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"

namespace mlir {
namespace seqmix {

/// The body of an op on buffers that computes each element of its outputs from
/// one of each input, on vectors along the loop that runs along memory.
class ElementwiseBody {
public:
  /// Nothing for other ops, and for accesses that vectors do not fit.
  static std::optional<ElementwiseBody> match(linalg::GenericOp op);

  /// The loop along memory, whose extent is static.
  unsigned getInner() const { return inner; }

  /// Emits what is the same all along the inner loop. `ivs` holds a value for
  /// each other loop.
  void emitScalars(OpBuilder &builder, ArrayRef<Value> ivs);

  /// Emits `lanes` elements of each output from `ivs` on, as vectors. Comes
  /// after `emitScalars` for the same outer loops.
  SmallVector<Value> emitVectors(OpBuilder &builder, ArrayRef<Value> ivs,
                                 int64_t lanes) const;

  /// The loops' values for an element of the first output.
  SmallVector<Value> getIvs(ArrayRef<Value> subscripts) const;

  /// Where the element of an operand lies.
  SmallVector<Value> getSubscripts(OpOperand &operand,
                                   ArrayRef<Value> ivs) const;

private:
  ElementwiseBody(linalg::GenericOp op, unsigned inner)
      : op(op), inner(inner) {}

  linalg::GenericOp op;
  unsigned inner;
  IRMapping scalars; ///< what is the same for all lanes
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_ELEMENTWISEBODY_H
