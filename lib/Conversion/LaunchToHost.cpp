//===- LaunchToHost.cpp - launches through the host's table ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An entry point for a device runs on the CPU and only enqueues. What it
// handles are addresses on the device, which it computes and passes on; every
// access to what lies there becomes a call of the host.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Conversion/CallStruct.h"
#include "lib/Conversion/DenseKernels.h"
#include "lib/Conversion/Passes.h"

#include "runtime/include/seqmix/model_abi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_CONVERTLAUNCHTOHOST
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct ConvertLaunchToHost
    : public seqmix::impl::ConvertLaunchToHostBase<ConvertLaunchToHost> {
  void runOnOperation() override;
};

/// Rewrites one entry point.
class HostCalls {
public:
  HostCalls(func::FuncOp function, gpu::GPUModuleOp device);

  LogicalResult convert(LaunchOp op);
  LogicalResult convert(MatmulOp op);
  LogicalResult convert(memref::CopyOp op);
  LogicalResult convert(LLVM::MemcpyOp op);

private:
  Value i64(int64_t value) {
    return LLVM::ConstantOp::create(b, loc, b.getI64Type(),
                                    b.getI64IntegerAttr(value));
  }
  Value multiply(Value x, Value y) { return LLVM::MulOp::create(b, loc, x, y); }
  FailureOr<Value> addressOf(Operation *op, Value buffer);
  Value countElements(Value buffer, int64_t axes);
  Value callHost(HostField member, Type result, ValueRange arguments);
  void store(ArrayRef<Value> words);
  void launch(StringRef kernel, Value blocks, ArrayRef<Value> arguments);
  Value countBlocks(const DenseKernel &kernel, Value rows, int64_t columns);

  func::FuncOp function;
  llvm::StringMap<int64_t> kernels; ///< the index of each
  OpBuilder b;
  Location loc;
  Type pointer;
  Value slots; ///< room for the words of the longest call
};
} // namespace

/// More words than any launch has.
static int64_t countSlots(func::FuncOp function) {
  int64_t most = sizeof(seqmix_abi_matmul) / 8;
  function.walk([&](LaunchOp op) {
    most = std::max<int64_t>(most, op->getNumOperands() + 2);
  });
  return most;
}

HostCalls::HostCalls(func::FuncOp function, gpu::GPUModuleOp device)
    : function(function), b(function.getContext()), loc(function.getLoc()),
      pointer(LLVM::LLVMPointerType::get(function.getContext())) {
  for (auto kernel : device.getOps<gpu::GPUFuncOp>())
    kernels.insert({kernel.getName(), kernels.size()});
  b.setInsertionPointToStart(&function.getBody().front());
  slots = LLVM::AllocaOp::create(b, loc, pointer, b.getI64Type(),
                                 i64(countSlots(function)));
}

/// The device address of a buffer, as an integer.
FailureOr<Value> HostCalls::addressOf(Operation *op, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.getLayout().isIdentity())
    return op->emitError("a launch needs buffers that are whole, not ") << type;
  Value address =
      memref::ExtractAlignedPointerAsIndexOp::create(b, loc, buffer);
  return arith::IndexCastOp::create(b, loc, b.getI64Type(), address)
      .getResult();
}

/// The product of the first `axes` extents.
Value HostCalls::countElements(Value buffer, int64_t axes) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t known = 1;
  SmallVector<Value> unknown;
  for (int64_t axis = 0; axis < axes; ++axis) {
    if (!type.isDynamicDim(axis)) {
      known *= type.getDimSize(axis);
      continue;
    }
    Value extent = memref::DimOp::create(b, loc, buffer, axis);
    unknown.push_back(
        arith::IndexCastOp::create(b, loc, b.getI64Type(), extent));
  }
  Value count = i64(known);
  for (Value extent : unknown)
    count = multiply(count, extent);
  return count;
}

Value HostCalls::callHost(HostField member, Type result, ValueRange arguments) {
  Value host = function.getArgument(0);
  SmallVector<Value> operands = {
      loadHostField(b, loc, host, member),
      loadHostField(b, loc, host, HostField::context)};
  llvm::append_range(operands, arguments);
  SmallVector<Type> types = llvm::map_to_vector(
      llvm::drop_begin(operands), [](Value value) { return value.getType(); });
  auto call = LLVM::CallOp::create(
      b, loc, LLVM::LLVMFunctionType::get(result, types), operands);
  return call.getNumResults() ? call.getResult() : Value();
}

void HostCalls::store(ArrayRef<Value> words) {
  for (auto [index, word] : llvm::enumerate(words)) {
    Value place = LLVM::GEPOp::create(
        b, loc, pointer, b.getI64Type(), slots,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
    LLVM::StoreOp::create(b, loc, word, place);
  }
}

void HostCalls::launch(StringRef kernel, Value blocks,
                       ArrayRef<Value> arguments) {
  store(arguments);
  callHost(HostField::launch, LLVM::LLVMVoidType::get(b.getContext()),
           {i64(kernels.at(kernel)), blocks, slots});
}

LogicalResult HostCalls::convert(LaunchOp op) {
  b.setInsertionPoint(op);
  loc = op.getLoc();
  SmallVector<Value> arguments;
  for (Value buffer : op->getOperands()) {
    FailureOr<Value> address = addressOf(op, buffer);
    if (failed(address))
      return failure();
    arguments.push_back(*address);
  }
  Value call = function.getArgument(1);
  Value batch = loadCallField(b, loc, call, CallField::batch);
  Value length = loadCallField(b, loc, call, CallField::length);
  arguments.append({batch, length});
  Value blocks = i64(op.getBlocks());
  if (op.getPerSequence())
    blocks = multiply(blocks, batch);
  if (op.getPerToken())
    blocks = multiply(blocks, length);
  launch(op.getKernel().getLeafReference(), blocks, arguments);
  op.erase();
  return success();
}

/// Blocks that cover c, of which each has a tile.
Value HostCalls::countBlocks(const DenseKernel &kernel, Value rows,
                             int64_t columns) {
  Value blocks = i64(llvm::divideCeil(columns, kernel.tileColumns));
  if (!kernel.tileRows)
    return blocks;
  Value rounded = LLVM::AddOp::create(b, loc, rows, i64(kernel.tileRows - 1));
  Value tiles = LLVM::SDivOp::create(b, loc, rounded, i64(kernel.tileRows));
  return multiply(blocks, tiles);
}

/// The host's library is asked first; if it declines, a kernel of the device's
/// module is launched that suits the number of rows.
LogicalResult HostCalls::convert(MatmulOp op) {
  b.setInsertionPoint(op);
  loc = op.getLoc();
  auto weight = cast<MemRefType>(op.getWeight().getType());
  auto input = cast<MemRefType>(op.getInput().getType());
  SmallVector<Value> addresses;
  for (Value buffer : op->getOperands()) {
    FailureOr<Value> address = addressOf(op, buffer);
    if (failed(address))
      return failure();
    addresses.push_back(*address);
  }
  Type element = weight.getElementType();
  Value m = countElements(op.getInput(), input.getRank() - 1);
  Value n = i64(weight.getDimSize(0)), k = i64(weight.getDimSize(1));
  Value inputType = i64(element.isBF16() ? SEQMIX_ABI_BF16 : SEQMIX_ABI_F32);
  store({m, n, k, inputType, inputType, i64(SEQMIX_ABI_F32), addresses[0], k,
         addresses[1], k, addresses[2], n, i64(0), i64(0), i64(0)});
  Value done = callHost(HostField::matmul, b.getI64Type(), {slots});
  auto compare = [&](LLVM::ICmpPredicate predicate, Value x, Value y) {
    return LLVM::ICmpOp::create(b, loc, predicate, x, y);
  };
  Value declined = compare(LLVM::ICmpPredicate::eq, done, i64(0));
  auto branch = scf::IfOp::create(b, loc, declined, /*withElse=*/false);
  b.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Value> arguments = {
      addresses[0], k, addresses[1], k, addresses[2], n, m, n, k};
  Value isFew = compare(LLVM::ICmpPredicate::sle, m, i64(fewRows));
  auto choice = scf::IfOp::create(b, loc, isFew, /*withElse=*/true);
  for (bool few : {true, false}) {
    b.setInsertionPointToStart(few ? choice.thenBlock() : choice.elseBlock());
    const DenseKernel &kernel =
        few ? getKernelForFewRows(element) : getKernelForManyRows(element);
    launch(kernel.name, countBlocks(kernel, m, weight.getDimSize(0)),
           arguments);
  }
  op.erase();
  return success();
}

LogicalResult HostCalls::convert(memref::CopyOp op) {
  b.setInsertionPoint(op);
  loc = op.getLoc();
  FailureOr<Value> source = addressOf(op, op.getSource());
  FailureOr<Value> target = addressOf(op, op.getTarget());
  if (failed(source) || failed(target))
    return failure();
  auto type = cast<MemRefType>(op.getSource().getType());
  Value bytes =
      multiply(countElements(op.getSource(), type.getRank()),
               i64(llvm::divideCeil(type.getElementTypeBitWidth(), 8)));
  auto toPointer = [&](Value address) -> Value {
    return LLVM::IntToPtrOp::create(b, loc, pointer, address);
  };
  callHost(HostField::copy, LLVM::LLVMVoidType::get(b.getContext()),
           {toPointer(*target), toPointer(*source), bytes});
  op.erase();
  return success();
}

LogicalResult HostCalls::convert(LLVM::MemcpyOp op) {
  b.setInsertionPoint(op);
  loc = op.getLoc();
  callHost(HostField::copy, LLVM::LLVMVoidType::get(b.getContext()),
           {op.getDst(), op.getSrc(), op.getLen()});
  op.erase();
  return success();
}

void ConvertLaunchToHost::runOnOperation() {
  auto devices = getOperation().getOps<gpu::GPUModuleOp>();
  if (devices.empty())
    return;
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    if (function.isExternal() || function.getNumArguments() != 2 ||
        !isa<LLVM::LLVMPointerType>(function.getArgumentTypes()[0]))
      continue;
    HostCalls calls(function, *devices.begin());
    SmallVector<Operation *> ops;
    function.walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops) {
      LogicalResult result =
          llvm::TypeSwitch<Operation *, LogicalResult>(op)
              .Case<LaunchOp, MatmulOp, memref::CopyOp, LLVM::MemcpyOp>(
                  [&](auto toConvert) { return calls.convert(toConvert); })
              .Default([](Operation *) { return success(); });
      if (failed(result))
        return signalPassFailure();
    }
  }
}
