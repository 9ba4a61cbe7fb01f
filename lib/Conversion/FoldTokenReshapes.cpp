//===- FoldTokenReshapes.cpp - batch and time as one axis, and back -------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream does not undo such a reshape, because the product of two unknown
// extents does not say what they were. Here they can only be the call's batch
// and length.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_FOLDTOKENRESHAPES
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct FoldTokenReshapes
    : public seqmix::impl::FoldTokenReshapesBase<FoldTokenReshapes> {
  void runOnOperation() override;
};
} // namespace

/// How the axes of a reshape are grouped if its first group is batch and time.
static std::optional<SmallVector<ReassociationIndices>>
getGroupsBehindTokens(ArrayRef<ReassociationIndices> groups) {
  if (groups.front() != ReassociationIndices{0, 1})
    return std::nullopt;
  SmallVector<ReassociationIndices> result = {{0}, {1}};
  llvm::append_range(result, groups.drop_front());
  return result;
}

/// Keeps batch and time apart all the way.
static void fold(memref::ExpandShapeOp expand) {
  auto collapse = expand.getSrc().getDefiningOp<memref::CollapseShapeOp>();
  if (!collapse)
    return;
  auto down = getGroupsBehindTokens(collapse.getReassociationIndices());
  auto up = getGroupsBehindTokens(expand.getReassociationIndices());
  if (!down || !up)
    return;
  OpBuilder builder(expand);
  auto hasGroups = [](ArrayRef<ReassociationIndices> groups) {
    return llvm::any_of(groups, [](auto &group) { return group.size() > 1; });
  };
  Value result = collapse.getSrc();
  if (hasGroups(*down))
    result = memref::CollapseShapeOp::create(builder, expand.getLoc(), result,
                                             *down);
  if (hasGroups(*up))
    result = memref::ExpandShapeOp::create(
        builder, expand.getLoc(), expand.getResultType().getShape(), result,
        *up, expand.getMixedOutputShape());
  if (result.getType() != expand.getType())
    return;
  expand.replaceAllUsesWith(result);
  expand.erase();
}

void FoldTokenReshapes::runOnOperation() { getOperation().walk(fold); }
