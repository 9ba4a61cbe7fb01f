//===- DivideMixer.cpp - parts of an op that says where they are ----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A part is the same op on slices. A state that is not divided, such as a count
// of tokens, each part has for itself: it works on a copy and puts what it
// makes of it into a row of its own, of which the first is taken.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/DivideMixer.h"

#include "lib/Conversion/SeqmixToSCF.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

namespace {
/// A slice that starts at an index of one axis.
struct AxisSlice {
  SmallVector<OpFoldResult> offsets, sizes, strides;

  /// `count` of `whole` from `begin` on.
  AxisSlice(OpBuilder &builder, Value whole, unsigned axis, Value begin,
            int64_t count) {
    Location loc = whole.getLoc();
    auto type = cast<RankedTensorType>(whole.getType());
    offsets.assign(type.getRank(), builder.getIndexAttr(0));
    strides.assign(type.getRank(), builder.getIndexAttr(1));
    sizes = tensor::getMixedSizes(builder, loc, whole);
    offsets[axis] = begin;
    sizes[axis] = builder.getIndexAttr(count);
  }
};

class Divider {
public:
  Divider(MixerOpInterface op, ArrayRef<std::optional<unsigned>> axes,
          int64_t parts)
      : op(op), operandAxes(axes.take_front(op->getNumOperands())),
        resultAxes(axes.drop_front(op->getNumOperands())), parts(parts),
        numOutputs(op.getSequenceResults().size()) {}

  void run();

private:
  RankedTensorType typeOf(Value value, std::optional<unsigned> axis) const;
  AxisSlice sliceOf(OpBuilder &builder, Value whole, unsigned axis,
                    Value part) const;
  Value takePart(OpBuilder &builder, Value whole, unsigned axis,
                 Value part) const;
  MixerOpInterface buildPart(OpBuilder &builder, Value part) const;
  Value buildCopies(OpBuilder &builder, Value value) const;
  AxisSlice copyOf(OpBuilder &builder, Value copies, Value part) const;
  Value takeCopy(OpBuilder &builder, Value copies, Value part,
                 Value like) const;
  void buildTurn(OpBuilder &builder, Value part, ValueRange shared);

  MixerOpInterface op;
  ArrayRef<std::optional<unsigned>> operandAxes, resultAxes;
  int64_t parts;
  size_t numOutputs;
};
} // namespace

RankedTensorType Divider::typeOf(Value value,
                                 std::optional<unsigned> axis) const {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  if (axis)
    shape[*axis] /= parts;
  return type.clone(shape);
}

AxisSlice Divider::sliceOf(OpBuilder &builder, Value whole, unsigned axis,
                           Value part) const {
  int64_t count = typeOf(whole, axis).getDimSize(axis);
  Value extent = arith::ConstantIndexOp::create(builder, whole.getLoc(), count);
  Value begin = arith::MulIOp::create(builder, whole.getLoc(), part, extent);
  return AxisSlice(builder, whole, axis, begin, count);
}

/// A part of a divided value.
Value Divider::takePart(OpBuilder &builder, Value whole, unsigned axis,
                        Value part) const {
  AxisSlice slice = sliceOf(builder, whole, axis, part);
  return tensor::ExtractSliceOp::create(
      builder, whole.getLoc(), typeOf(whole, axis), whole, slice.offsets,
      slice.sizes, slice.strides);
}

/// The op on a part of its operands.
MixerOpInterface Divider::buildPart(OpBuilder &builder, Value part) const {
  IRMapping mapping;
  for (auto [operand, axis] : llvm::zip_equal(op->getOperands(), operandAxes))
    if (!mapping.contains(operand) && axis)
      mapping.map(operand, takePart(builder, operand, *axis, part));
  Operation *copy = builder.clone(*op, mapping);
  for (auto [result, axis] : llvm::zip_equal(copy->getResults(), resultAxes))
    result.setType(typeOf(result, axis));
  return cast<MixerOpInterface>(copy);
}

/// A copy of what all have whole, for each part.
Value Divider::buildCopies(OpBuilder &builder, Value value) const {
  Location loc = value.getLoc();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, value);
  int64_t last = sizes.size();
  sizes.push_back(builder.getIndexAttr(parts));
  Value copies =
      tensor::EmptyOp::create(builder, loc, sizes, getElementTypeOrSelf(value));
  return linalg::BroadcastOp::create(builder, loc, value, copies, last)
      ->getResult(0);
}

AxisSlice Divider::copyOf(OpBuilder &builder, Value copies, Value part) const {
  unsigned last = cast<RankedTensorType>(copies.getType()).getRank() - 1;
  return AxisSlice(builder, copies, last, part, 1);
}

Value Divider::takeCopy(OpBuilder &builder, Value copies, Value part,
                        Value like) const {
  AxisSlice slice = copyOf(builder, copies, part);
  return tensor::ExtractSliceOp::create(
      builder, like.getLoc(), cast<RankedTensorType>(like.getType()), copies,
      slice.offsets, slice.sizes, slice.strides);
}

/// `shared`: what all parts write to, by result.
void Divider::buildTurn(OpBuilder &builder, Value part, ValueRange shared) {
  Location loc = op.getLoc();
  MixerOpInterface small = buildPart(builder, part);
  SmallVector<Value> into;
  for (auto [whole, result, axis] :
       llvm::zip_equal(shared, op->getResults(), resultAxes))
    into.push_back(axis ? takePart(builder, whole, *axis, part)
                        : takeCopy(builder, whole, part, result));
  SmallVector<Value> computed =
      buildMixerLoops(builder, small, ArrayRef(into).take_front(numOutputs),
                      ArrayRef(into).drop_front(numOutputs));
  small.erase();
  SmallVector<AxisSlice> slices;
  for (auto [whole, axis] : llvm::zip_equal(shared, resultAxes))
    slices.push_back(axis ? sliceOf(builder, whole, *axis, part)
                          : copyOf(builder, whole, part));
  auto end = scf::InParallelOp::create(builder, loc);
  builder.setInsertionPointToStart(end.getBody());
  for (auto [value, whole, slice] : llvm::zip_equal(computed, shared, slices))
    tensor::ParallelInsertSliceOp::create(
        builder, loc, value, whole, slice.offsets, slice.sizes, slice.strides);
}

void Divider::run() {
  OpBuilder builder(op);
  SmallVector<Value> shared = buildEmptyOutputs(builder, op);
  for (auto [state, axis] : llvm::zip_equal(op.getStateOperands(),
                                            resultAxes.drop_front(numOutputs)))
    shared.push_back(axis ? state : buildCopies(builder, state));
  SmallVector<OpFoldResult> bound = {builder.getIndexAttr(parts)};
  auto loop = scf::ForallOp::create(
      builder, op.getLoc(), bound, shared, std::nullopt,
      [&](OpBuilder &inner, Location, ValueRange arguments) {
        buildTurn(inner, arguments[0], arguments.drop_front());
      });
  Value first = arith::ConstantIndexOp::create(builder, op.getLoc(), 0);
  for (auto [old, result, axis] :
       llvm::zip_equal(op->getResults(), loop.getResults(), resultAxes))
    old.replaceAllUsesWith(axis ? Value(result)
                                : takeCopy(builder, result, first, old));
  op.erase();
}

void seqmix::divideMixer(MixerOpInterface op,
                         ArrayRef<std::optional<unsigned>> axes,
                         int64_t parts) {
  Divider(op, axes, parts).run();
}
