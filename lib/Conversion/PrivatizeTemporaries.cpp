//===- PrivatizeTemporaries.cpp - temporaries of parallel loops -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns of a parallel loop may run at the same time, so none may use another's
// memory. What each allocates becomes its part of one allocation, on cache
// lines of its own.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_PRIVATIZETEMPORARIES
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct PrivatizeTemporaries
    : public seqmix::impl::PrivatizeTemporariesBase<PrivatizeTemporaries> {
  void runOnOperation() override;
};

constexpr int64_t kCacheLine = 64;
} // namespace

static void privatize(memref::AllocOp alloc, scf::ForallOp loop) {
  MemRefType type = alloc.getType();
  int64_t bits = std::max<int64_t>(type.getElementTypeBitWidth(), 8);
  int64_t bytes = llvm::alignTo(type.getNumElements() * bits / 8, kCacheLine);
  int64_t turns = loop.getStaticUpperBound().front();
  OpBuilder builder(loop);
  Location loc = alloc.getLoc();
  auto memory = MemRefType::get({turns * bytes}, builder.getI8Type());
  Value all = memref::AllocOp::create(builder, loc, memory,
                                      builder.getI64IntegerAttr(kCacheLine));
  builder.setInsertionPoint(alloc);
  Value size = arith::ConstantIndexOp::create(builder, loc, bytes);
  Value begin =
      arith::MulIOp::create(builder, loc, loop.getInductionVars()[0], size);
  Value own =
      memref::ViewOp::create(builder, loc, type, all, begin, ValueRange());
  alloc.replaceAllUsesWith(own);
  alloc.erase();
}

void PrivatizeTemporaries::runOnOperation() {
  getOperation().walk([](scf::ForallOp loop) {
    if (loop.getRank() != 1 || loop.getStaticUpperBound().front() < 0)
      return;
    SmallVector<memref::AllocOp> allocs;
    loop.walk([&](memref::AllocOp alloc) {
      if (alloc.getType().hasStaticShape() &&
          alloc.getType().getLayout().isIdentity())
        allocs.push_back(alloc);
    });
    for (memref::AllocOp alloc : allocs)
      privatize(alloc, loop);
  });
}
