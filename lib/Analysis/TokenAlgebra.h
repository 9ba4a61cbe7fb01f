//===- TokenAlgebra.h - a token's values as sums of products --------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_ANALYSIS_TOKENALGEBRA_H
#define SEQMIX_LIB_ANALYSIS_TOKENALGEBRA_H

#include "dialect/SeqmixOps.h"
#include "lib/Analysis/Semiring.h"

namespace mlir {
namespace seqmix {

/// An index of a formula. Two uses of the same axis run together; an axis that
/// is not one of the formula's own is summed over.
using Axis = unsigned;

/// One value in a product, with the axis at which each of its own is read.
struct Factor {
  enum Kind {
    itself,
    reciprocal, ///< 1 / value; in (max, +) its negative
    isTrue,     ///< one where a truth value holds, else zero
    isFalse,
  };
  Value value;
  Kind kind = itself;
  SmallVector<Axis, 4> axes;

  bool operator==(const Factor &other) const {
    return value == other.value && kind == other.kind && axes == other.axes;
  }
};

/// scale * product of factors * variable, summed over the axes that are not
/// the formula's. The variable is a state's previous value, a read (see
/// TokenAlgebra), or absent. `scale` is one but in (+, *).
struct Term {
  double scale = 1;
  SmallVector<Factor, 4> factors;
  Value variable;
  SmallVector<Axis, 4> variableAxes;
};

/// A sum of terms with these axes.
struct Affine {
  SmallVector<Axis, 4> axes;
  SmallVector<Term, 4> terms;
};

/// A contraction of something that depends on the states: `value`'s definition,
/// in which earlier reads are variables. What of its terms with a state is the
/// same in all, and is not summed over, may be taken out: `outer`.
struct Read {
  Value value;
  Affine definition;
  SmallVector<Factor, 2> outer;
};

/// Tells of every value of a token's program whether it is affine in the
/// previous values of a group of states, and how.
///
/// A value is *plain* if it depends on none of them. Contractions of values
/// that are not plain become variables of their own, so that a formula stays as
/// the program has it: `v - sum[K](k * S)` is `v - r` with the read `r`.
/// Nothing in the program is changed, and no sum of two plain values is taken
/// apart but where it is added to a state.
class TokenAlgebra {
public:
  /// Analyses the token region of `op` for `states` (places among its states).
  TokenAlgebra(RecurrenceOp op, ArrayRef<unsigned> states, Semiring semiring);

  /// Whether the value depends on the states of the group.
  bool depends(Value value) const { return dependent.contains(value); }
  /// The formula of a value that depends on them; null if it has none.
  const Affine *getForm(Value value) const;
  /// The formula of any value, plain or not, with these axes for its own. Of a
  /// value that depends on the states it must have one.
  Affine formOf(Value value, ArrayRef<Axis> axes);
  /// The reads, in the order of the program.
  ArrayRef<Read> getReads() const { return reads; }

  /// The first operation on the way to `value` that is not affine in the
  /// states, though it depends on them; null if there is none.
  Operation *findObstacle(Value value) const;

  /// A plain value as one product of factors, read at `axes`. `depth` counts
  /// the products that it is a factor in: of too many, it is taken as it is.
  Term factorise(Value plain, ArrayRef<Axis> axes, unsigned depth = 0);
  int64_t getExtent(Axis axis) const { return extents[axis]; }
  Axis addAxis(int64_t extent);
  SmallVector<Axis, 4> addAxes(Value value);

private:
  void visit(Operation &op);
  FailureOr<Affine> visitElementwise(Operation &op);
  FailureOr<Affine> visitShape(Operation &op);
  FailureOr<Affine> visitContraction(Operation &op);
  FailureOr<Affine> contractProduct(linalg::ContractOp op);
  void addPlain(Value plain, ArrayRef<Axis> axes, double sign, Affine &to);
  Affine multiply(Affine form, const Term &by);
  FailureOr<Affine> select(Operation &op);

  Semiring semiring;
  SmallVector<int64_t> extents;
  DenseSet<Value> dependent;
  DenseMap<Value, Affine> forms;
  std::vector<Read> reads;
};

/// A formula with its axes, and those of its terms, renamed.
Affine renameAxes(Affine form, llvm::function_ref<Axis(Axis)> rename);

/// The axes but those at these positions.
SmallVector<Axis, 4> withoutAxes(ArrayRef<Axis> axes,
                                 ArrayRef<int64_t> positions);

/// The axes of a broadcast's input, from those of its result.
SmallVector<Axis, 4> axesOfInput(linalg::BroadcastOp op, ArrayRef<Axis> axes);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_ANALYSIS_TOKENALGEBRA_H
