//===- PrivatizeTemporaries.cpp - temporaries of parallel loops -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns of a parallel loop may run at the same time, so none may use another's
// memory. All that one allocates lies together: a turn's memory should fit the
// nearest cache, and buffers that are a power of two apart would share a few
// sets of it. Temporaries that do not live at the same time overlap. A block's
// temporaries live between ops of that block; those of a nested block live
// through the one op that it is in.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
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

/// What lives through the ops `first` to `last` of a block: a temporary, or all
/// of a nested block.
struct Resident {
  SmallVector<memref::AllocOp> allocs;
  int64_t bytes;
  unsigned first, last;
  int64_t begin = 0;   ///< in the block's memory
  unsigned number = 0; ///< among the block's
};

/// Where in its memory a turn keeps what.
class Plan {
public:
  explicit Plan(scf::ForallOp loop) : aliases(loop) {
    bytes = place(*loop.getBody());
    for (const Resident &resident : permanent) {
      begins[resident.allocs.front()] = bytes;
      bytes += resident.bytes;
    }
  }

  int64_t bytes; ///< of a turn
  llvm::MapVector<memref::AllocOp, int64_t> begins;

private:
  using Positions = DenseMap<Operation *, unsigned>;

  int64_t place(Block &block);
  void measure(memref::AllocOp alloc, Block &block, const Positions &positions,
               SmallVectorImpl<Resident> &residents);

  BufferViewFlowAnalysis aliases;
  SmallVector<Resident> permanent; ///< live beyond a turn of their block
};
} // namespace

static bool isPlaceable(memref::AllocOp alloc) {
  return alloc.getType().hasStaticShape() &&
         alloc.getType().getLayout().isIdentity();
}

/// A temporary of `block`. What the block passes on lives longer; what a loop
/// passes on to its next turn has no place.
void Plan::measure(memref::AllocOp alloc, Block &block,
                   const Positions &positions,
                   SmallVectorImpl<Resident> &residents) {
  MemRefType type = alloc.getType();
  int64_t bits = std::max<int64_t>(type.getElementTypeBitWidth(), 8);
  int64_t bytes = llvm::alignTo(type.getNumElements() * bits / 8, kCacheLine);
  Resident result{{alloc}, bytes, ~0u, 0};
  for (Value alias : aliases.resolve(alloc))
    for (Operation *user : alias.getUsers()) {
      Operation *here = block.findAncestorOpInBlock(*user);
      bool isPassedOn = here && here->hasTrait<OpTrait::IsTerminator>();
      // The next turn would write what it reads.
      if (isPassedOn && isa<LoopLikeOpInterface>(block.getParentOp()))
        return;
      if (!here || isPassedOn)
        return permanent.push_back(result);
      unsigned at = positions.at(here);
      result.first = std::min(result.first, at);
      result.last = std::max(result.last, at);
    }
  residents.push_back(result);
}

/// The lowest place beside all that live at the same time.
static void findPlace(Resident &resident, ArrayRef<Resident> placed) {
  SmallVector<const Resident *> others;
  for (const Resident &other : placed)
    if (other.first <= resident.last && resident.first <= other.last)
      others.push_back(&other);
  llvm::sort(others, [](const Resident *a, const Resident *b) {
    return a->begin < b->begin;
  });
  for (const Resident *other : others)
    if (resident.begin + resident.bytes > other->begin)
      resident.begin = std::max(resident.begin, other->begin + other->bytes);
}

/// Places all that `block` and the blocks in it allocate; returns the bytes
/// that they take together.
int64_t Plan::place(Block &block) {
  SmallVector<Resident> residents;
  Positions positions;
  for (auto [index, op] : llvm::enumerate(block))
    positions[&op] = index;
  for (auto [index, op] : llvm::enumerate(block)) {
    if (auto alloc = dyn_cast<memref::AllocOp>(op); alloc && isPlaceable(alloc))
      measure(alloc, block, positions, residents);
    for (Region &region : op.getRegions())
      for (Block &nested : region) {
        size_t before = begins.size();
        int64_t bytes = place(nested);
        unsigned at = static_cast<unsigned>(index);
        Resident inner{{}, bytes, at, at};
        for (auto &[alloc, begin] : llvm::drop_begin(begins, before))
          inner.allocs.push_back(alloc);
        residents.push_back(inner);
      }
  }
  for (auto [index, resident] : llvm::enumerate(residents))
    resident.number = index;
  llvm::sort(residents, [](const Resident &a, const Resident &b) {
    return std::pair(-a.bytes, a.number) < std::pair(-b.bytes, b.number);
  });
  int64_t end = 0;
  for (size_t i = 0; i < residents.size(); ++i) {
    Resident &resident = residents[i];
    findPlace(resident, ArrayRef(residents).take_front(i));
    for (memref::AllocOp alloc : resident.allocs)
      begins[alloc] += resident.begin;
    end = std::max(end, resident.begin + resident.bytes);
  }
  return end;
}

static void privatize(scf::ForallOp loop, const Plan &plan) {
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  int64_t turns = loop.getStaticUpperBound().front();
  auto memory = MemRefType::get({turns * plan.bytes}, builder.getI8Type());
  Value all = memref::AllocOp::create(builder, loc, memory,
                                      builder.getI64IntegerAttr(kCacheLine));
  builder.setInsertionPointToStart(loop.getBody());
  Value size = arith::ConstantIndexOp::create(builder, loc, plan.bytes);
  Value own =
      arith::MulIOp::create(builder, loc, loop.getInductionVars()[0], size);
  for (auto [alloc, begin] : plan.begins) {
    Value offset = arith::ConstantIndexOp::create(builder, loc, begin);
    Value at = arith::AddIOp::create(builder, loc, own, offset);
    alloc.replaceAllUsesWith(memref::ViewOp::create(builder, alloc.getLoc(),
                                                    alloc.getType(), all, at,
                                                    ValueRange())
                                 .getResult());
  }
  for (auto [alloc, begin] : plan.begins)
    alloc->erase();
}

void PrivatizeTemporaries::runOnOperation() {
  getOperation().walk([](scf::ForallOp loop) {
    if (loop.getRank() != 1 || loop.getStaticUpperBound().front() < 0)
      return;
    Plan plan(loop);
    if (!plan.begins.empty())
      privatize(loop, plan);
  });
}
