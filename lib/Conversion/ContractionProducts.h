//===- ContractionProducts.h - what contractions add up ---------*- C++ -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_CONTRACTIONPRODUCTS_H
#define SEQMIX_LIB_CONVERSION_CONTRACTIONPRODUCTS_H

#include "lib/Conversion/ContractionBlocking.h"
#include "lib/Transforms/Triangle.h"

namespace mlir {
namespace seqmix {

/// One vector of sums: where in the block it lies, and its type.
struct Sum {
  int64_t row, column;
  VectorType type;
};

/// Emits the products that a contraction adds up, for the sums of a block.
class ContractionProducts {
public:
  using Body = function_ref<SmallVector<Value>(ValueRange)>;

  /// Emits with `builder`, which must outlive this.
  ContractionProducts(linalg::GenericOp op, const Blocking &blocking,
                      OpBuilder &builder);

  linalg::GenericOp getOp() const { return op; }
  int64_t getExtent(unsigned loop) const { return extents[loop]; }
  ArrayRef<unsigned> getReductions() const { return reductions; }

  /// The value of a loop; of a blocked one, where the block begins.
  Value &getIv(unsigned loop) { return ivs[loop]; }

  /// Says which sums are next, before `reduce`: those over a triangle end with
  /// the last of their rows.
  void beginBlock(ArrayRef<Sum> sums);

  /// Where the element of an operand that belongs to a sum lies.
  SmallVector<Value> getSubscripts(OpOperand &operand, const Sum &sum);

  /// What an operand has for a sum: a vector along memory, or the same element
  /// in all lanes.
  Value load(OpOperand &operand, const Sum &sum);

  /// Adds a product to each of the sums so far.
  SmallVector<Value> add(ArrayRef<Sum> sums, ValueRange soFar);

  /// Nests loops over `reductions`, which carry the sums, around `body`; the
  /// last is taken in pieces, if it is long.
  SmallVector<Value> reduce(ArrayRef<unsigned> reductions, ValueRange sums,
                            Body body);

private:
  SmallVector<Value> loopOver(unsigned loop, Value begin, Value end,
                              int64_t step, ValueRange sums, Body body);
  Value constant(int64_t value);
  Value getEnd(unsigned loop);

  linalg::GenericOp op;
  Blocking blocking;
  OpBuilder &builder;
  Location loc;
  SmallVector<int64_t> extents;
  SmallVector<Value> ivs;
  std::optional<Triangle> triangle;
  int64_t rows = 1, columns = 1; ///< of the block
  SmallVector<unsigned> reductions;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_CONTRACTIONPRODUCTS_H
