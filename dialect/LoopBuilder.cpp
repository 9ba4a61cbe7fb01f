//===- LoopBuilder.cpp - ops over loops that have numbers -----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/LoopBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::seqmix;

void LoopBuilder::setExtent(unsigned loop, int64_t extent) {
  if (loop >= extents.size())
    extents.resize(loop + 1);
  extents[loop] = extent;
}

SmallVector<int64_t> LoopBuilder::shapeOf(Loops loops) const {
  return llvm::map_to_vector(loops,
                             [&](unsigned loop) { return extents[loop]; });
}

Value LoopBuilder::empty(Loops loops) {
  return tensor::EmptyOp::create(b, shapeOf(loops), element);
}

Value LoopBuilder::fill(Loops loops, double number) {
  Value scalar = arith::ConstantOp::create(b, b.getFloatAttr(element, number));
  return linalg::FillOp::create(b, scalar, empty(loops)).getResult(0);
}

SmallVector<Value> LoopBuilder::compute(Loops order, Loops result, Operands in,
                                        ValueRange into, Body body) {
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputs;
  auto addMap = [&](Loops of) {
    SmallVector<AffineExpr> places;
    for (unsigned loop : of)
      places.push_back(
          b.getAffineDimExpr(llvm::find(order, loop) - order.begin()));
    maps.push_back(AffineMap::get(order.size(), 0, places, b.getContext()));
  };
  for (auto [operand, loops] : in) {
    inputs.push_back(operand);
    addMap(loops);
  }
  for (size_t i = 0; i < into.size(); ++i)
    addMap(result);
  SmallVector<utils::IteratorType> kinds;
  for (unsigned loop : order)
    kinds.push_back(llvm::is_contained(result, loop)
                        ? utils::IteratorType::parallel
                        : utils::IteratorType::reduction);
  auto op = linalg::GenericOp::create(
      b, into.getTypes(), inputs, into, maps, kinds,
      [&](OpBuilder &inner, Location loc, ValueRange numbers) {
        ImplicitLocOpBuilder with(loc, inner);
        linalg::YieldOp::create(with, body(with, numbers));
      });
  return llvm::to_vector_of<Value>(op.getResults());
}
