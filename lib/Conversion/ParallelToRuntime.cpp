//===- ParallelToRuntime.cpp - parallel loops on the host's threads -------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A compiled model has no threads of its own; the host lends them through one
// function pointer. A parallel loop becomes a body function and a call of that
// pointer; what the body uses travels in a struct on the caller's stack.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/CallStruct.h"
#include "lib/Conversion/Passes.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_CONVERTPARALLELTORUNTIME
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct ConvertParallelToRuntime
    : public seqmix::impl::ConvertParallelToRuntimeBase<
          ConvertParallelToRuntime> {
  void runOnOperation() override;
};

/// Outlines the loops of one function.
class Outliner {
public:
  explicit Outliner(func::FuncOp function)
      : function(function), builder(function.getContext()),
        converter(function.getContext()),
        pointer(LLVM::LLVMPointerType::get(function.getContext())) {}

  void outline(scf::ParallelOp loop, unsigned index);

private:
  func::FuncOp buildBody(scf::ParallelOp loop, StringRef name,
                         ValueRange captured, LLVM::LLVMStructType record);
  Value pack(Location loc, ValueRange captured, LLVM::LLVMStructType record);
  void callHost(scf::ParallelOp loop, func::FuncOp body, Value arguments);
  Value estimateCount(Location loc, Value count, scf::ParallelOp parallel);
  Value estimateCost(Location loc, Block &block, scf::ParallelOp parallel);
  Value toIndexed(Location loc, Value value, Type type) {
    return arith::IndexCastOp::create(builder, loc, type, value);
  }

  func::FuncOp function;
  OpBuilder builder;
  LLVMTypeConverter converter;
  LLVM::LLVMPointerType pointer;
};
} // namespace

/// The values from outside that the outlined body needs.
static llvm::SetVector<Value> findOutsideValues(scf::ParallelOp loop) {
  llvm::SetVector<Value> values;
  getUsedValuesDefinedAbove(loop.getRegion(), values);
  values.insert(loop.getLowerBound()[0]);
  values.insert(loop.getStep()[0]);
  return values;
}

/// How many scalar operations an operation stands for.
static int64_t countLanes(Operation &op) {
  int64_t lanes = 1;
  for (Type type : op.getResultTypes())
    if (auto vector = dyn_cast<VectorType>(type))
      lanes = std::max(lanes, vector.getNumElements());
  return lanes;
}

/// The most that a count can be, as far as it is known outside of the parallel
/// loop, or null.
Value Outliner::estimateCount(Location loc, Value count,
                              scf::ParallelOp parallel) {
  APInt known;
  if (matchPattern(count, m_ConstantInt(&known)))
    return arith::ConstantIndexOp::create(builder, loc, known.getSExtValue());
  if (!parallel->isAncestor(count.getParentBlock()->getParentOp()))
    return count;
  if (auto less = count.getDefiningOp<arith::SubIOp>())
    return estimateCount(loc, less.getLhs(), parallel);
  if (auto least = count.getDefiningOp<arith::MinUIOp>()) {
    Value left = estimateCount(loc, least.getLhs(), parallel);
    Value right = estimateCount(loc, least.getRhs(), parallel);
    return left && right
               ? arith::MinUIOp::create(builder, loc, left, right).getResult()
               : (left ? left : right);
  }
  return nullptr;
}

/// The scalar operations of one execution of `block`, as an index value built
/// outside of the parallel loop. All branches are counted: one may only be
/// there for want of what the other does.
Value Outliner::estimateCost(Location loc, Block &block,
                             scf::ParallelOp parallel) {
  int64_t plain = 0;
  SmallVector<Value> parts;
  for (Operation &op : block.without_terminator()) {
    if (auto branch = dyn_cast<scf::IfOp>(op)) {
      for (Region *region : branch.getRegions())
        if (!region->empty())
          parts.push_back(estimateCost(loc, region->front(), parallel));
      continue;
    }
    auto loop = dyn_cast<scf::ForOp>(op);
    if (!loop) {
      plain += countLanes(op);
      continue;
    }
    Value inner = estimateCost(loc, *loop.getBody(), parallel);
    if (Value count = estimateCount(loc, loop.getUpperBound(), parallel))
      inner = arith::MulIOp::create(builder, loc, inner, count);
    parts.push_back(inner);
  }
  Value sum = arith::ConstantIndexOp::create(builder, loc, plain);
  for (Value part : parts)
    sum = arith::AddIOp::create(builder, loc, sum, part);
  return sum;
}

/// A struct on the stack of the function with the captured values.
Value Outliner::pack(Location loc, ValueRange captured,
                     LLVM::LLVMStructType record) {
  Value slot;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    Value one = LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                         builder.getI64IntegerAttr(1));
    slot = LLVM::AllocaOp::create(builder, loc, pointer, record, one);
  }
  Value filled = LLVM::PoisonOp::create(builder, loc, record);
  for (auto [index, value] : llvm::enumerate(captured)) {
    Value member = UnrealizedConversionCastOp::create(
                       builder, loc, record.getBody()[index], value)
                       .getResult(0);
    filled = LLVM::InsertValueOp::create(builder, loc, filled, member, index);
  }
  LLVM::StoreOp::create(builder, loc, filled, slot);
  return slot;
}

/// The function `(arguments, begin, end)` that runs a range of the loop.
func::FuncOp Outliner::buildBody(scf::ParallelOp loop, StringRef name,
                                 ValueRange captured,
                                 LLVM::LLVMStructType record) {
  Location loc = loop.getLoc();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfter(function);
  Type i64 = builder.getI64Type();
  auto body = func::FuncOp::create(
      builder, loc, name, builder.getFunctionType({pointer, i64, i64}, {}));
  body.setPrivate();
  builder.setInsertionPointToStart(body.addEntryBlock());
  Value members =
      LLVM::LoadOp::create(builder, loc, record, body.getArgument(0));
  IRMapping mapping;
  for (auto [index, value] : llvm::enumerate(captured)) {
    Value member = LLVM::ExtractValueOp::create(builder, loc, members, index);
    mapping.map(value, UnrealizedConversionCastOp::create(
                           builder, loc, value.getType(), member)
                           .getResult(0));
  }
  Value begin = toIndexed(loc, body.getArgument(1), builder.getIndexType());
  Value end = toIndexed(loc, body.getArgument(2), builder.getIndexType());
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto range = scf::ForOp::create(builder, loc, begin, end, one);
  func::ReturnOp::create(builder, loc);
  builder.setInsertionPointToStart(range.getBody());
  // Constants are made anew rather than captured.
  for (Value value : findOutsideValues(loop))
    if (!mapping.contains(value))
      builder.clone(*value.getDefiningOp(), mapping);
  Value step = arith::MulIOp::create(builder, loc, range.getInductionVar(),
                                     mapping.lookup(loop.getStep()[0]));
  Value iv = arith::AddIOp::create(builder, loc, step,
                                   mapping.lookup(loop.getLowerBound()[0]));
  mapping.map(loop.getInductionVars()[0], iv);
  for (Operation &op : loop.getBody()->without_terminator()) {
    OpBuilder::InsertionGuard inBody(builder);
    // The stack would grow with each turn.
    if (auto slots = dyn_cast<LLVM::AllocaOp>(op)) {
      builder.setInsertionPointToStart(&body.getBody().front());
      IRMapping known;
      builder.clone(*slots.getArraySize().getDefiningOp(), known);
      mapping.map(slots.getResult(), builder.clone(op, known)->getResult(0));
      continue;
    }
    builder.clone(op, mapping);
  }
  return body;
}

void Outliner::callHost(scf::ParallelOp loop, func::FuncOp body,
                        Value arguments) {
  Location loc = loop.getLoc();
  Type i64 = builder.getI64Type();
  Value host = function.getArgument(0);
  Value span = arith::SubIOp::create(builder, loc, loop.getUpperBound()[0],
                                     loop.getLowerBound()[0]);
  Value count =
      arith::CeilDivSIOp::create(builder, loc, span, loop.getStep()[0]);
  Value cost = estimateCost(loc, *loop.getBody(), loop);
  Value context = loadHostField(builder, loc, host, HostField::context);
  Value parallelFor = loadHostField(builder, loc, host, HostField::parallelFor);
  Value reference = func::ConstantOp::create(
      builder, loc, body.getFunctionType(), body.getSymName());
  Value address =
      UnrealizedConversionCastOp::create(builder, loc, pointer, reference)
          .getResult(0);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(function.getContext()),
      {pointer, i64, i64, pointer, pointer});
  LLVM::CallOp::create(
      builder, loc, type,
      ValueRange{parallelFor, context, toIndexed(loc, count, i64),
                 toIndexed(loc, cost, i64), address, arguments});
}

void Outliner::outline(scf::ParallelOp loop, unsigned index) {
  builder.setInsertionPoint(loop);
  SmallVector<Value> captured;
  SmallVector<Type> types;
  for (Value value : findOutsideValues(loop))
    if (!matchPattern(value, m_Constant())) {
      captured.push_back(value);
      types.push_back(converter.convertType(value.getType()));
    }
  auto record = LLVM::LLVMStructType::getLiteral(function.getContext(), types);
  std::string name =
      (function.getSymName() + "_parallel_" + Twine(index)).str();
  func::FuncOp body = buildBody(loop, name, captured, record);
  callHost(loop, body, pack(loop.getLoc(), captured, record));
  loop.erase();
}

/// Whether `function`'s first parameter is the host's table.
static bool hasHost(func::FuncOp function) {
  return !function.isExternal() && function.getNumArguments() > 0 &&
         isa<LLVM::LLVMPointerType>(function.getArgumentTypes().front());
}

void ConvertParallelToRuntime::runOnOperation() {
  for (auto function :
       llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
    if (!hasHost(function))
      continue;
    SmallVector<scf::ParallelOp> loops;
    function.walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
      if (loop.getNumLoops() == 1 && loop.getNumReductions() == 0)
        loops.push_back(loop);
      return WalkResult::skip();
    });
    Outliner outliner(function);
    for (auto [index, loop] : llvm::enumerate(loops))
      outliner.outline(loop, index);
  }
}
