//===- PlanWorkspace.cpp - temporaries in the caller's memory -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every temporary of an entry point is `constant * batch^p * length^q` bytes,
// with p and q zero or one. Buffers of equal p and q whose lifetimes, measured
// in ops of the function's body, are disjoint share a slot as large as the
// largest of them; slots lie one after the other. The plan is made once at
// compile time, for all batches and lengths.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/CallStruct.h"
#include "lib/Conversion/Passes.h"

#include "runtime/include/seqmix/model_abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_PLANWORKSPACE
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct PlanWorkspace : public seqmix::impl::PlanWorkspaceBase<PlanWorkspace> {
  void runOnOperation() override;
};

/// One temporary: its size, and the ops of the body it lives through.
struct Temporary {
  memref::AllocOp alloc;
  int64_t bytes;              ///< for a batch and a length of one
  bool perSequence, perToken; ///< grows with the batch, with the length
  unsigned first, last;       ///< positions in the function's block
  unsigned slot = 0;
};

/// Memory that temporaries of disjoint lifetimes share.
struct Slot {
  int64_t bytes;
  bool perSequence, perToken;
  unsigned last; ///< position up to which it is taken
};
} // namespace

/// Whether batch and time are one axis of `buffer`.
static bool hasFlatTokens(Value buffer) {
  auto collapse = buffer.getDefiningOp<memref::CollapseShapeOp>();
  return collapse && collapse.getReassociationIndices().front().size() > 1;
}

/// Which member of the call an extent is; fails for anything else. By the
/// dialect's rule a dynamic axis 0 is the batch and axis 1 the time, unless
/// they have been made one.
static FailureOr<CallField> findExtent(Value extent) {
  if (auto dim = extent.getDefiningOp<memref::DimOp>())
    if (auto axis = dim.getConstantIndex();
        axis && *axis < 2 && !hasFlatTokens(dim.getSource()))
      return *axis == 0 ? CallField::batch : CallField::length;
  auto cast = extent.getDefiningOp<arith::IndexCastOp>();
  auto load = cast ? cast.getIn().getDefiningOp<LLVM::LoadOp>() : nullptr;
  auto place = load ? load.getAddr().getDefiningOp<LLVM::GEPOp>() : nullptr;
  // The first member may be loaded without an offset.
  if (load && !place)
    return CallField::batch;
  if (!place || !place.getDynamicIndices().empty())
    return failure();
  return static_cast<CallField>(place.getRawConstantIndices()[0]);
}

static LogicalResult measure(Temporary &temporary) {
  memref::AllocOp alloc = temporary.alloc;
  MemRefType type = alloc.getType();
  int64_t count = 1;
  for (int64_t extent : type.getShape())
    if (!ShapedType::isDynamic(extent))
      count *= extent;
  // A truth value takes a byte.
  int64_t element = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  temporary.bytes = llvm::alignTo(std::max<int64_t>(count * element, 1),
                                  SEQMIX_ABI_ALIGNMENT);
  SmallVector<Value> extents(alloc.getDynamicSizes());
  while (!extents.empty()) {
    Value extent = extents.pop_back_val();
    if (auto product = extent.getDefiningOp<arith::MulIOp>()) {
      extents.append({product.getLhs(), product.getRhs()});
      continue;
    }
    FailureOr<CallField> field = findExtent(extent);
    bool isBatch = succeeded(field) && *field == CallField::batch;
    bool isLength = succeeded(field) && *field == CallField::length;
    if ((isBatch && !temporary.perSequence) ||
        (isLength && !temporary.perToken)) {
      temporary.perSequence |= isBatch;
      temporary.perToken |= isLength;
      continue;
    }
    return alloc.emitError("temporary of a size that is not a constant times "
                           "batch times length");
  }
  return success();
}

/// Finds all temporaries of `function`, in order of their first use.
static FailureOr<SmallVector<Temporary>> collect(func::FuncOp function) {
  SmallVector<Temporary> temporaries;
  Block &body = function.getBody().front();
  DenseMap<Operation *, unsigned> position;
  for (auto [index, op] : llvm::enumerate(body))
    position[&op] = index;
  BufferViewFlowAnalysis aliases(function);
  WalkResult walk = function.walk([&](memref::AllocOp alloc) {
    if (alloc->getBlock() != &body) {
      alloc.emitError("temporary is allocated in a loop");
      return WalkResult::interrupt();
    }
    Temporary temporary{alloc, 0, false, false, ~0u, 0};
    if (failed(measure(temporary)))
      return WalkResult::interrupt();
    for (Value alias : aliases.resolve(alloc))
      for (Operation *user : alias.getUsers()) {
        unsigned at = position[body.findAncestorOpInBlock(*user)];
        temporary.first = std::min(temporary.first, at);
        temporary.last = std::max(temporary.last, at);
      }
    temporaries.push_back(temporary);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  llvm::sort(temporaries, [](const Temporary &a, const Temporary &b) {
    return std::tie(a.first, a.last, a.bytes) <
           std::tie(b.first, b.last, b.bytes);
  });
  return temporaries;
}

/// Gives each temporary a slot: among the free ones of its kind, the one whose
/// size is nearest.
static SmallVector<Slot> assignSlots(MutableArrayRef<Temporary> temporaries) {
  SmallVector<Slot> slots;
  for (Temporary &temporary : temporaries) {
    Slot *best = nullptr;
    for (Slot &slot : slots) {
      auto distance = [&](const Slot &s) {
        return std::abs(s.bytes - temporary.bytes);
      };
      if (slot.perSequence == temporary.perSequence &&
          slot.perToken == temporary.perToken && slot.last < temporary.first &&
          (!best || distance(slot) < distance(*best)))
        best = &slot;
    }
    if (!best) {
      slots.push_back({0, temporary.perSequence, temporary.perToken, 0});
      best = &slots.back();
    }
    best->bytes = std::max(best->bytes, temporary.bytes);
    best->last = temporary.last;
    temporary.slot = best - slots.begin();
  }
  return slots;
}

/// The start of each slot and, last, the end of all, as i64 values.
static SmallVector<Value> layOut(OpBuilder &builder, Location loc,
                                 ArrayRef<Slot> slots, Value batch,
                                 Value length) {
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                    builder.getI64IntegerAttr(value));
  };
  SmallVector<Value> starts = {constant(0)};
  for (const Slot &slot : slots) {
    Value bytes = constant(slot.bytes);
    if (slot.perSequence)
      bytes = LLVM::MulOp::create(builder, loc, bytes, batch);
    if (slot.perToken)
      bytes = LLVM::MulOp::create(builder, loc, bytes, length);
    starts.push_back(LLVM::AddOp::create(builder, loc, starts.back(), bytes));
  }
  return starts;
}

static void buildSizeFunction(func::FuncOp entry, ArrayRef<Slot> slots) {
  OpBuilder builder(entry.getContext());
  builder.setInsertionPointAfter(entry);
  Type i64 = builder.getI64Type();
  auto function = func::FuncOp::create(
      builder, entry.getLoc(), (entry.getSymName() + "_workspace").str(),
      builder.getFunctionType({i64, i64}, i64));
  builder.setInsertionPointToStart(function.addEntryBlock());
  SmallVector<Value> starts =
      layOut(builder, entry.getLoc(), slots, function.getArgument(0),
             function.getArgument(1));
  func::ReturnOp::create(builder, entry.getLoc(), starts.back());
}

static void placeTemporaries(func::FuncOp function,
                             ArrayRef<Temporary> temporaries,
                             ArrayRef<Slot> slots) {
  OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
  Location loc = function.getLoc();
  Value call = function.getArgument(1);
  Value batch = loadCallField(builder, loc, call, CallField::batch);
  Value length = loadCallField(builder, loc, call, CallField::length);
  Value workspace = loadCallField(builder, loc, call, CallField::workspace);
  SmallVector<Value> starts = layOut(builder, loc, slots, batch, length);
  for (const Temporary &temporary : temporaries) {
    memref::AllocOp alloc = temporary.alloc;
    builder.setInsertionPoint(alloc);
    Value memory = LLVM::GEPOp::create(
        builder, alloc.getLoc(), workspace.getType(), builder.getI8Type(),
        workspace, ArrayRef<LLVM::GEPArg>{starts[temporary.slot]});
    SmallVector<Value> extents;
    for (Value extent : alloc.getDynamicSizes())
      extents.push_back(arith::IndexCastOp::create(
          builder, alloc.getLoc(), builder.getI64Type(), extent));
    alloc.replaceAllUsesWith(buildMemRefView(builder, alloc.getLoc(), memory,
                                             alloc.getType(), extents));
    alloc.erase();
  }
}

void PlanWorkspace::runOnOperation() {
  for (auto function :
       llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
    if (function.isExternal() || function.getNumArguments() != 2)
      continue;
    FailureOr<SmallVector<Temporary>> temporaries = collect(function);
    if (failed(temporaries))
      return signalPassFailure();
    SmallVector<Slot> slots = assignSlots(*temporaries);
    buildSizeFunction(function, slots);
    placeTemporaries(function, *temporaries, slots);
  }
}
