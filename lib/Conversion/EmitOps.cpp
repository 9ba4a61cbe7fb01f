//===- EmitOps.cpp - the ops of a kernel, one after another ---------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::seqmix;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

//===----------------------------------------------------------------------===//
// Barriers and loops
//===----------------------------------------------------------------------===//

void KernelEmitter::barrier() {
  gpu::BarrierOp::create(b, loc);
  readSince.clear();
  writtenSince.clear();
}

/// Says what the threads are about to read and write, and lets them wait if
/// another may not be done with it.
void KernelEmitter::beginAccess(ArrayRef<int> reads, ArrayRef<int> writes) {
  auto meets = [&](int memory, const llvm::SmallDenseSet<int> &others) {
    return memory >= 0 && llvm::any_of(others, [&](int other) {
             return shared.overlap(memory, other);
           });
  };
  bool mustWait =
      llvm::any_of(reads, [&](int m) { return meets(m, writtenSince); }) ||
      llvm::any_of(writes, [&](int m) {
        return meets(m, writtenSince) || meets(m, readSince);
      });
  if (mustWait)
    barrier();
  readSince.insert(reads.begin(), reads.end());
  writtenSince.insert(writes.begin(), writes.end());
  readSince.erase(-1);
  writtenSince.erase(-1);
}

void KernelEmitter::guard(Value condition, llvm::function_ref<void()> body) {
  if (!condition)
    return body();
  auto branch = scf::IfOp::create(b, loc, condition, /*withElse=*/false);
  OpBuilder::InsertionGuard restore(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body();
}

/// Shares the points of a box among the threads of the block.
void KernelEmitter::forEachPoint(ArrayRef<int64_t> extents, Body body) {
  int64_t count = ShapedType::getNumElements(extents);
  auto visit = [&](Value point) { body(delinearize(b, loc, point, extents)); };
  if (count == result.threads)
    return visit(thread);
  if (count < result.threads) {
    Value isMine = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                         thread, index(count));
    return guard(isMine, [&] { visit(thread); });
  }
  auto loop =
      scf::ForOp::create(b, loc, thread, index(count), index(result.threads));
  OpBuilder::InsertionGuard restore(b);
  b.setInsertionPointToStart(loop.getBody());
  visit(loop.getInductionVar());
}

void KernelEmitter::copy(const DevicePlace &source, const DevicePlace &target,
                         const Box &box, Value condition) {
  if (!source.load)
    return;
  beginAccess(source.memory, target.memory);
  guard(condition, [&] {
    forEachPoint(box.extents, [&](ValueRange local) {
      SmallVector<Value> indices(local);
      for (auto [at, base] : llvm::zip_equal(indices, box.bases))
        if (base)
          at = arith::AddIOp::create(b, loc, at, base);
      target.store(b, loc, indices, source.load(b, loc, indices));
    });
  });
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value KernelEmitter::getScalar(Value value) {
  Value known = scalars.lookupOrNull(value);
  if (known)
    return known;
  Operation *clone = b.clone(*value.getDefiningOp(), scalars);
  return clone->getResult(cast<OpResult>(value).getResultNumber());
}

/// A constant tensor: a number, or a table in the device's module.
LogicalResult KernelEmitter::emitConstant(arith::ConstantOp op) {
  auto value = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!value) {
    scalars.map(op.getResult(), b.clone(*op)->getResult(0));
    return success();
  }
  if (value.isSplat()) {
    places[op] = everywhere(arith::ConstantOp::create(
        b, loc, cast<TypedAttr>(value.getSplatValue<Attribute>())));
    return success();
  }
  auto flat =
      RankedTensorType::get({value.getNumElements()}, value.getElementType());
  auto type =
      LLVM::LLVMArrayType::get(value.getElementType(), value.getNumElements());
  std::string name =
      (result.function.getName() + "_table_" + Twine(places.size())).str();
  {
    OpBuilder::InsertionGuard restore(b);
    b.setInsertionPointToStart(&module.getBodyRegion().front());
    LLVM::GlobalOp::create(b, loc, type, /*isConstant=*/true,
                           LLVM::Linkage::Internal, name, value.reshape(flat),
                           /*alignment=*/16, /*addrSpace=*/1);
  }
  Value base = LLVM::AddressOfOp::create(
      b, loc, LLVM::LLVMPointerType::get(b.getContext(), 1), name);
  places[op] = inMemory(base, Value(), value.getElementType(),
                        globalLayout(typeOf(op)), -1);
  return success();
}

LogicalResult KernelEmitter::emitInsert(tensor::InsertSliceOp op) {
  DevicePlace target = destinationOf(op.getResult());
  // What is not inserted stays.
  bool isInPlace =
      places[op.getDest()].memory == target.memory && target.memory >= 0;
  if (!isInPlace)
    copy(places[op.getDest()], target, boxOf(op.getResult()));
  auto getIndex = [&](Value value) { return getScalar(value); };
  DevicePlace part = insertedPart(op, target, getIndex);
  copy(places[op.getSource()], part, boxOf(op));
  places[op.getResult()] = target;
  return success();
}

LogicalResult KernelEmitter::emitConcat(tensor::ConcatOp op) {
  DevicePlace target = destinationOf(op.getResult());
  int64_t offset = 0;
  for (Value input : op.getInputs()) {
    int64_t begin = offset;
    int64_t axis = op.getDim();
    DevicePlace part = target;
    part.store = [=](OpBuilder &builder, Location loc, ValueRange indices,
                     Value value) {
      SmallVector<Value> moved(indices);
      Value shift = arith::ConstantIndexOp::create(builder, loc, begin);
      moved[axis] = arith::AddIOp::create(builder, loc, moved[axis], shift);
      target.store(builder, loc, moved, value);
    };
    copy(places[input], part, boxOf(op, input));
    offset += typeOf(input).getDimSize(axis);
  }
  places[op.getResult()] = target;
  return success();
}

LogicalResult KernelEmitter::emitElements(tensor::FromElementsOp op) {
  if (op.getElements().size() != 1)
    return op.emitOpError("with several elements cannot run on a GPU");
  DevicePlace source = everywhere(getScalar(op.getElements().front()));
  DevicePlace target = destinationOf(op.getResult());
  copy(source, target, boxOf(op.getResult()));
  places[op.getResult()] = target;
  return success();
}

LogicalResult KernelEmitter::emitExtract(tensor::ExtractOp op) {
  const DevicePlace &place = places[op.getTensor()];
  beginAccess(place.memory, {});
  SmallVector<Value> indices = llvm::map_to_vector(
      op.getIndices(), [&](Value v) { return getScalar(v); });
  scalars.map(op.getResult(), place.load(b, loc, indices));
  return success();
}

/// Whether the op's body only yields a number from elsewhere.
bool KernelEmitter::isFill(linalg::GenericOp op) {
  return op.getNumDpsInputs() == 0 && op.getNumResults() == 1 &&
         llvm::hasSingleElement(op.getBody()->getOperations()) &&
         !isa<BlockArgument>(op.getBody()->getTerminator()->getOperand(0));
}

/// A number everywhere is a place without memory.
LogicalResult KernelEmitter::emitStructured(linalg::GenericOp op) {
  Operation *end = op.getBody()->getTerminator();
  if (isFill(op) && !targets.contains(op.getResult(0))) {
    places[op.getResult(0)] = everywhere(getScalar(end->getOperand(0)));
    return success();
  }
  SmallVector<DevicePlace> destinations;
  for (Value value : op.getResults())
    destinations.push_back(destinationOf(value));
  emitGeneric(op, destinations);
  for (auto [value, place] : llvm::zip_equal(op.getResults(), destinations))
    places[value] = place;
  return success();
}

LogicalResult KernelEmitter::emitOp(Operation &op) {
  loc = op.getLoc();
  auto getIndex = [&](Value value) { return getScalar(value); };
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](arith::ConstantOp op) { return emitConstant(op); })
      .Case([&](tensor::EmptyOp) { return success(); })
      .Case([&](tensor::DimOp op) {
        scalars.map(op.getResult(), *op.getConstantIndex() ? length : batch);
        return success();
      })
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
            tensor::ExtractSliceOp>([&](Operation *op) {
        places[op->getResult(0)] =
            viewOf(op, places[op->getOperand(0)], getIndex);
        return success();
      })
      .Case([&](linalg::GenericOp op) { return emitStructured(op); })
      .Case([&](tensor::InsertSliceOp op) { return emitInsert(op); })
      .Case([&](tensor::ConcatOp op) { return emitConcat(op); })
      .Case([&](tensor::FromElementsOp op) { return emitElements(op); })
      .Case([&](tensor::ExtractOp op) { return emitExtract(op); })
      .Case([&](RecurrenceOp op) { return emitRecurrence(op); })
      .Default([&](Operation *op) -> LogicalResult {
        if (!isPure(op) ||
            llvm::any_of(op->getResultTypes(), llvm::IsaPred<ShapedType>))
          return op->emitOpError("cannot run on a GPU");
        b.clone(*op, scalars);
        return success();
      });
}

LogicalResult KernelEmitter::emitOps(Block &block) {
  for (Operation &op : block)
    position.try_emplace(&op, position.size());
  for (Operation &op : block.without_terminator()) {
    now = position.at(&op);
    if (failed(emitOp(op)))
      return failure();
  }
  now = position.at(block.getTerminator());
  return success();
}
