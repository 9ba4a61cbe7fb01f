//===- LowerCopies.cpp - copies of what does not lie in one piece ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A copy of memory in one piece becomes `memcpy`. For any other upstream calls
// a function of its runner, which a compiled model does not have.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Utils/MemRefUtils.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_LOWERCOPIES
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct LowerCopies : public seqmix::impl::LowerCopiesBase<LowerCopies> {
  void runOnOperation() override;
};
} // namespace

static bool liesInOnePiece(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return type.getLayout().isIdentity() ||
         memref::isStaticShapeAndContiguousRowMajor(type);
}

void LowerCopies::runOnOperation() {
  SmallVector<memref::CopyOp> copies;
  getOperation()->walk([&](memref::CopyOp copy) {
    if (!liesInOnePiece(copy.getSource()) || !liesInOnePiece(copy.getTarget()))
      copies.push_back(copy);
  });
  for (memref::CopyOp copy : copies) {
    OpBuilder builder(copy);
    // What is already in its place need not be copied there.
    if (copy.getSource() != copy.getTarget())
      linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(),
                               copy.getTarget());
    copy.erase();
  }
}
