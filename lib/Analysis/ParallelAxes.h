//===- ParallelAxes.h - which axes of a kernel are independent ------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A question about the body of a `seqmix.kernel`: which axes of its values are
// the same axis, and along which of those does no element depend on another?
// Along such an axis a kernel can be divided into parts that run on their own,
// for as many tokens as there are.
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_ANALYSIS_PARALLELAXES_H
#define SEQMIX_LIB_ANALYSIS_PARALLELAXES_H

#include "dialect/SeqmixOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/IntEqClasses.h"

#include <optional>

namespace mlir {
namespace seqmix {

/// The axes of a kernel's values, in classes. Values that lie outside of the
/// kernel and are only read by it have no classes: any part can read all of
/// them. A class is divided into equal parts, of which each axis gets its share
/// in the order of the axis: so the heads of `[H, K]` and the axis `H*K` that
/// they are merged into are in one class.
class ParallelAxes {
public:
  /// Analyses the kernel; changes nothing.
  static ParallelAxes compute(KernelOp kernel);

  /// The class of an axis or a loop, if it has one.
  std::optional<unsigned> getClass(Value value, unsigned axis) const;
  std::optional<unsigned> getClass(linalg::GenericOp op, unsigned loop) const;

  /// Whether some axis of the value is in the class.
  bool hasClass(Value value, unsigned group) const;

  /// Classes along which the kernel can be divided, in the order in which they
  /// first occur.
  ArrayRef<unsigned> getParallel() const { return parallel; }

  /// The numbers of parts that a class can be divided into are the divisors of
  /// this one.
  int64_t getMostParts(unsigned group) const;

private:
  /// An axis of a value, or a loop of a `linalg.generic`.
  using Axis = std::pair<const void *, unsigned>;

  /// Whether the value is read from outside only.
  bool isExternal(Value value) const;
  void add(linalg::GenericOp op);
  void addReshape(Value whole, Value parts,
                  ArrayRef<ReassociationIndices> groups);
  void addSlice(tensor::ExtractSliceOp op);
  void addSlice(tensor::InsertSliceOp op);
  void uniteSlice(Value whole, Value part, OffsetSizeAndStrideOpInterface slice,
                  const llvm::SmallBitVector &dropped);
  void addConcat(tensor::ConcatOp op);
  void addRecurrence(RecurrenceOp op);
  void addTokens(RecurrenceOp op, Block &block, unsigned numTokenAxes);
  void addOps(Block &block);
  void unite(Value a, unsigned axisOfA, Value b, unsigned axisOfB);
  void bind(Value value, unsigned axis, linalg::GenericOp op, unsigned loop);
  void forbid(Value value, unsigned axis);
  void forbidAll(Value value);
  unsigned number(Axis axis, int64_t extent);
  void classify();

  llvm::DenseMap<Axis, unsigned> numbers;
  SmallVector<Axis> axes;
  SmallVector<int64_t> extents;
  llvm::SmallDenseSet<unsigned> forbidden; ///< numbers, later classes
  SmallVector<std::pair<unsigned, unsigned>> equal;
  llvm::IntEqClasses classes;
  SmallVector<unsigned> parallel;
  SmallVector<Value> external;
  DenseMap<unsigned, int64_t> mostParts;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_ANALYSIS_PARALLELAXES_H
