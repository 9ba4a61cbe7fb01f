//===- ModelToFunc.cpp - bind entry points to the calling convention ------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An entry point names its inputs, outputs, parameters and states; the caller
// hands over arrays of pointers. This pass is the one place where the two
// meet: it loads each pointer from the call's struct, says what tensor lies
// there, and gives batch and time their values.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ModelInterface.h"
#include "lib/Conversion/CallStruct.h"
#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/StringMap.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_CONVERTMODELTOFUNC
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct ConvertModelToFunc
    : public seqmix::impl::ConvertModelToFuncBase<ConvertModelToFunc> {
  void runOnOperation() override;
};

/// Binds one entry point.
class EntryBinder {
public:
  EntryBinder(EntryOp entry, const ModelInterface &interface)
      : entry(entry), interface(interface), builder(entry.getContext()) {}

  void run(ModuleOp module);

private:
  Value view(Location loc, Value pointer, RankedTensorType type);
  Value loadTable(CallField field, unsigned index);
  Value statePointer(Location loc, const StateEntry &state);
  void copyStatesUnlessHandedOver();
  void bindInputs();
  void bindParamsAndStates();
  Value moveFromOtherPlace(Value value, StringRef name);
  Value computeInPlace(Value output, unsigned index);
  void bindResults(ReturnOp end);
  void bindExtents(func::FuncOp function);

  EntryOp entry;
  const ModelInterface &interface;
  OpBuilder builder;
  Value call, batch, length; ///< the struct, and two i64 values
  Value batchIndex, lengthIndex;
  llvm::StringMap<Value> entering; ///< states, as tensors in their place
  Value stateOut;
};
} // namespace

/// A view of type [batch, (time,) ...] of the memory at `pointer`.
Value EntryBinder::view(Location loc, Value pointer, RankedTensorType type) {
  SmallVector<Value> extents;
  for (int64_t axis = 0; axis < type.getRank(); ++axis)
    if (type.isDynamicDim(axis))
      extents.push_back(axis == 0 ? batch : length);
  return buildMemRefView(
      builder, loc, pointer,
      MemRefType::get(type.getShape(), type.getElementType()), extents);
}

Value EntryBinder::loadTable(CallField field, unsigned index) {
  Location loc = entry.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(entry.getContext());
  Value table = loadCallField(builder, loc, call, field);
  Value slot =
      LLVM::GEPOp::create(builder, loc, pointer, pointer, table,
                          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
  return LLVM::LoadOp::create(builder, loc, pointer, slot);
}

/// Where a state of all sequences lies: `batch * offset` from the start.
Value EntryBinder::statePointer(Location loc, const StateEntry &state) {
  Value offset =
      LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                               builder.getI64IntegerAttr(state.offset));
  offset = LLVM::MulOp::create(builder, loc, offset, batch);
  return LLVM::GEPOp::create(builder, loc, stateOut.getType(),
                             builder.getI8Type(), stateOut,
                             ArrayRef<LLVM::GEPArg>{offset});
}

void EntryBinder::copyStatesUnlessHandedOver() {
  if (interface.states.empty())
    return;
  Location loc = entry.getLoc();
  Value in = loadCallField(builder, loc, call, CallField::stateIn);
  stateOut = loadCallField(builder, loc, call, CallField::stateOut);
  Value kept =
      LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, in, stateOut);
  scf::IfOp::create(builder, loc, kept, [&](OpBuilder &builder, Location loc) {
    Value bytes = LLVM::ConstantOp::create(
        builder, loc, builder.getI64Type(),
        builder.getI64IntegerAttr(interface.stateBytes));
    bytes = LLVM::MulOp::create(builder, loc, bytes, batch);
    LLVM::MemcpyOp::create(builder, loc, stateOut, in, bytes,
                           /*isVolatile=*/false);
    scf::YieldOp::create(builder, loc);
  });
}

void EntryBinder::bindInputs() {
  for (BlockArgument input : entry.getBody().getArguments()) {
    Value memory =
        view(input.getLoc(), loadTable(CallField::inputs, input.getArgNumber()),
             cast<RankedTensorType>(input.getType()));
    Value tensor = bufferization::ToTensorOp::create(
        builder, input.getLoc(), input.getType(), memory, /*restrict=*/true);
    input.replaceAllUsesWith(tensor);
  }
}

void EntryBinder::bindParamsAndStates() {
  for (ParamOp param : llvm::make_early_inc_range(entry.getOps<ParamOp>())) {
    Value pointer =
        loadTable(CallField::params, interface.getParamIndex(param.getName()));
    Value memory = view(param.getLoc(), pointer, param.getType());
    param.replaceAllUsesWith(
        bufferization::ToTensorOp::create(builder, param.getLoc(),
                                          param.getType(), memory,
                                          /*restrict=*/true)
            .getResult());
    param.erase();
  }
  for (StateOp state : llvm::make_early_inc_range(entry.getOps<StateOp>())) {
    auto type = cast<RankedTensorType>(state.getType());
    const StateEntry &slot =
        interface.states[interface.getStateIndex(state.getName())];
    Value memory =
        view(state.getLoc(), statePointer(state.getLoc(), slot), type);
    Value tensor =
        bufferization::ToTensorOp::create(builder, state.getLoc(), type, memory,
                                          /*restrict=*/true, /*writable=*/true);
    entering[state.getName()] = tensor;
    state.replaceAllUsesWith(tensor);
    state.erase();
  }
}

/// What is returned as the state `name` may lie where another state entered,
/// and is then copied before anything is stored.
Value EntryBinder::moveFromOtherPlace(Value value, StringRef name) {
  Value origin = value;
  while (auto loop = origin.getDefiningOp<scf::ForOp>())
    origin = loop.getInitArgs()[cast<OpResult>(origin).getResultNumber()];
  bool isElsewhere = llvm::any_of(entering, [&](const auto &state) {
    return state.second == origin && state.first() != name;
  });
  if (!isElsewhere)
    return value;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(value);
  return bufferization::AllocTensorOp::create(
      builder, value.getLoc(), cast<RankedTensorType>(value.getType()),
      /*dynamicSizes=*/ValueRange(), /*copy=*/value);
}

/// Lets an op that would write an output to memory of its own write it where
/// the caller wants it, and returns that memory; null if there is no such op.
Value EntryBinder::computeInPlace(Value output, unsigned index) {
  auto producer = output.getDefiningOp<DestinationStyleOpInterface>();
  if (!producer || !output.hasOneUse())
    return nullptr;
  OpOperand *place = producer.getTiedOpOperand(cast<OpResult>(output));
  // A sum begins with what fills its destination.
  if (place->get().getDefiningOp<linalg::FillOp>())
    return computeInPlace(place->get(), index);
  if (!place->get().getDefiningOp<tensor::EmptyOp>())
    return nullptr;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(producer);
  Location loc = producer.getLoc();
  Value memory = view(loc, loadTable(CallField::outputs, index),
                      cast<RankedTensorType>(output.getType()));
  place->set(bufferization::ToTensorOp::create(builder, loc, output.getType(),
                                               memory, /*restrict=*/true,
                                               /*writable=*/true));
  return memory;
}

void EntryBinder::bindResults(ReturnOp end) {
  builder.setInsertionPoint(end);
  Location loc = end.getLoc();
  auto store = [&](Value value, Value pointer, Value memory = {}) {
    if (!memory)
      memory = view(loc, pointer, cast<RankedTensorType>(value.getType()));
    bufferization::MaterializeInDestinationOp::create(
        builder, loc, /*result=*/Type(), value, memory, /*restrict=*/true,
        /*writable=*/true);
  };
  for (auto [index, output] : llvm::enumerate(end.getOutputs()))
    store(output, loadTable(CallField::outputs, index),
          computeInPlace(output, index));
  for (auto [name, state] :
       llvm::zip_equal(end.getStateNames().getAsRange<StringAttr>(),
                       end.getStatesMutable()))
    state.set(moveFromOtherPlace(state.get(), name.getValue()));
  for (auto [name, state] : llvm::zip_equal(
           end.getStateNames().getAsRange<StringAttr>(), end.getStates()))
    store(state,
          statePointer(
              loc, interface.states[interface.getStateIndex(name.getValue())]));
  Value ok = arith::ConstantIntOp::create(builder, loc, 0, 32);
  func::ReturnOp::create(builder, loc, ok);
  end.erase();
}

/// By the dialect's rule, axis 0 of a dynamic extent is batch and axis 1 time.
void EntryBinder::bindExtents(func::FuncOp function) {
  function.walk([&](tensor::DimOp dim) {
    std::optional<int64_t> axis = dim.getConstantIndex();
    if (axis && *axis < 2 &&
        cast<RankedTensorType>(dim.getSource().getType()).isDynamicDim(*axis)) {
      dim.replaceAllUsesWith(*axis == 0 ? batchIndex : lengthIndex);
      dim.erase();
    }
  });
}

void EntryBinder::run(ModuleOp module) {
  Location loc = entry.getLoc();
  builder.setInsertionPointToEnd(module.getBody());
  auto pointer = LLVM::LLVMPointerType::get(entry.getContext());
  auto function = func::FuncOp::create(
      builder, loc, EntryPoint::getFunction(entry.getSymName()),
      builder.getFunctionType({pointer, pointer}, builder.getI32Type()));
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToStart(block);
  call = function.getArgument(1);
  batch = loadCallField(builder, loc, call, CallField::batch);
  length = entry.getLength()
               ? LLVM::ConstantOp::create(
                     builder, loc, builder.getI64Type(),
                     builder.getI64IntegerAttr(*entry.getLength()))
                     .getResult()
               : loadCallField(builder, loc, call, CallField::length);
  auto toIndex = [&](Value v) -> Value {
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(), v);
  };
  batchIndex = toIndex(batch);
  lengthIndex =
      entry.getLength()
          ? arith::ConstantIndexOp::create(builder, loc, *entry.getLength())
                .getResult()
          : toIndex(length);
  copyStatesUnlessHandedOver();
  bindInputs();
  bindParamsAndStates();
  Block &body = entry.getBody().front();
  block->getOperations().splice(block->end(), body.getOperations());
  bindResults(cast<ReturnOp>(block->back()));
  bindExtents(function);
}

void ConvertModelToFunc::runOnOperation() {
  auto models = llvm::to_vector(getOperation().getOps<ModelOp>());
  for (ModelOp model : models) {
    FailureOr<ModelInterface> interface = ModelInterface::compute(model);
    if (failed(interface))
      return signalPassFailure();
    for (EntryOp entry : model.getOps<EntryOp>())
      EntryBinder(entry, *interface).run(getOperation());
    model.erase();
  }
}
