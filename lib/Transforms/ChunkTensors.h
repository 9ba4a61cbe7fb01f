//===- ChunkTensors.h - tensors whose axes have names ---------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_TRANSFORMS_CHUNKTENSORS_H
#define SEQMIX_LIB_TRANSFORMS_CHUNKTENSORS_H

#include "lib/Analysis/TokenAlgebra.h"

#include "mlir/IR/Builders.h"

namespace mlir {
namespace seqmix {

/// A tensor and what its axes are: none twice, none of extent one. Without a
/// value it is the semiring's one, times `scale`.
struct Named {
  Value value;
  SmallVector<Axis, 6> axes;
  double scale = 1;

  bool isOne() const { return !value && scale == 1; }
  bool has(Axis axis) const { return llvm::is_contained(axes, axis); }
};

/// A sum that may be empty, which is zero.
using MaybeNamed = std::optional<Named>;

/// Builds a chunk's program out of sums, products and contractions by name, in
/// one semiring. All ops are upstream's, with static shapes.
///
/// Numbers have the states' type, or are *wide*, f64: products of decays are,
/// because f32 loses in each product of two numbers 1 - a and 1 - b near one
/// the same part a * b, which adds up over a long sequence. A product is wide
/// if all its factors are, a sum if any of its terms is.
class ChunkTensors {
public:
  ChunkTensors(OpBuilder &builder, Location loc, TokenAlgebra &algebra,
               Semiring semiring, Type element)
      : builder(builder), loc(loc), algebra(algebra), semiring(semiring),
        element(element) {}

  /// Axes that results have in this order, whichever operand has them: what
  /// lies along memory then is what the caller puts last.
  void setOrder(ArrayRef<Axis> axes) { order.assign(axes.begin(), axes.end()); }

  Axis addAxis(int64_t extent) { return algebra.addAxis(extent); }
  int64_t extentOf(Axis axis) const { return algebra.getExtent(axis); }

  /// `value` with these axes; those of extent one are dropped.
  Named name(Value value, ArrayRef<Axis> axes);
  /// A tensor with exactly these axes, in this order, and extents of one put
  /// back: what `name` undoes.
  Value unname(const Named &x, ArrayRef<Axis> axes);
  Named rename(Named x, Axis from, Axis to);

  Named multiply(const Named &a, const Named &b);
  MaybeNamed multiply(const MaybeNamed &a, const MaybeNamed &b);
  Named add(const Named &a, const Named &b);
  /// `to` += x.
  void accumulate(MaybeNamed &to, const MaybeNamed &x);
  /// a * b summed over all axes but `kept`, which are the result's, in order;
  /// those that neither has are left out.
  Named contract(const Named &a, const Named &b, ArrayRef<Axis> kept);
  MaybeNamed contract(const MaybeNamed &a, const MaybeNamed &b,
                      ArrayRef<Axis> kept);
  /// The same numbers in f64, if they are of f32.
  Named widen(const Named &x);
  Named reciprocal(const Named &x);
  /// One where the truth value (or its opposite) holds, else zero.
  Named mask(const Named &truth, bool opposite);
  /// All axes of `axes` that are of no extent one, in this order.
  Named broadcast(const Named &x, ArrayRef<Axis> axes);
  Named fill(double number, ArrayRef<Axis> axes);

  /// The axis `whole` of x as the product of `parts`, and back.
  Named split(const Named &x, Axis whole, ArrayRef<Axis> parts);
  Named join(const Named &x, ArrayRef<Axis> parts, Axis whole);
  /// x at one index of an axis.
  Named at(const Named &x, Axis axis, int64_t index);
  /// `begin` .. of an axis, which becomes the axis `part`.
  Named slice(const Named &x, Axis axis, int64_t begin, Axis part);
  /// `x` with `part` at `begin` of the axes `into`, in the place of `from`.
  Named insert(const Named &part, const Named &x, ArrayRef<Axis> from,
               ArrayRef<Axis> into, ArrayRef<int64_t> begin);
  /// `x` with what it has at one index of an axis multiplied by `factor`, which
  /// has no other axes than x has there.
  Named scaleAt(const Named &x, Axis axis, int64_t index, const Named &factor);
  /// The same numbers, both with values of one type: the wider.
  std::pair<Named, Named> alike(const Named &a, const Named &b);

  /// What is added and multiplied with.
  double zero() const { return getZero(semiring); }
  double one() const { return getOne(semiring); }

  OpBuilder &builder;
  Location loc;

private:
  using Body = llvm::function_ref<Value(OpBuilder &, Location, ValueRange)>;
  Named map(ArrayRef<Named> operands, ArrayRef<Axis> axes, Type type,
            Body body);
  RankedTensorType typeOf(ArrayRef<Axis> axes, Type element);
  Type wider(const Named &a, const Named &b) const;
  Value plus(OpBuilder &b, Location loc, Value x, Value y);
  Value times(OpBuilder &b, Location loc, Value x, Value y);
  Named materialise(const Named &x);
  AffineMap mapOf(ArrayRef<Axis> axes, ArrayRef<Axis> loops);
  SmallVector<Axis, 6> unite(const Named &a, const Named &b) const;
  SmallVector<Axis, 6> dropUnits(ArrayRef<Axis> axes);

  TokenAlgebra &algebra;
  Semiring semiring;
  Type element;
  SmallVector<Axis, 6> order;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_TRANSFORMS_CHUNKTENSORS_H
