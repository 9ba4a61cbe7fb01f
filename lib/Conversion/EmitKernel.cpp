//===- EmitKernel.cpp - arguments, blocks and results of a kernel ---------===//
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
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::seqmix;

static constexpr int64_t leastThreads = 32, mostThreads = 256;

/// Points that a block should have at least before more blocks are made, and
/// the parts that a token or sequence is divided into at most: about two for
/// each multiprocessor of a large GPU.
static constexpr int64_t leastWork = 512, mostBlocks = 256;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static int64_t countStatic(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    if (!ShapedType::isDynamic(extent))
      count *= extent;
  return count;
}

KernelEmitter::KernelEmitter(KernelOp kernel, gpu::GPUModuleOp module)
    : kernel(kernel), module(module), b(kernel.getContext()),
      loc(kernel.getLoc()), axes(ParallelAxes::compute(kernel)) {
  auto recurrences = kernel.getBody().getOps<RecurrenceOp>();
  if (!recurrences.empty())
    recurrence = *recurrences.begin();
}

/// What blocks are made for: each sequence and token that results are of.
void KernelEmitter::chooseSpace() {
  for (Type type : kernel.getOutputs().getTypes()) {
    auto shaped = cast<RankedTensorType>(type);
    result.perSequence |= shaped.getRank() > 0 && shaped.isDynamicDim(0);
    result.perToken |= shaped.getRank() > 1 && shaped.isDynamicDim(1);
  }
  if (recurrence)
    result.perToken = false;
}

/// The most points that an op of the kernel has, for one token or a chunk.
int64_t KernelEmitter::measureWork() const {
  int64_t most = 1;
  kernel->walk([&](Operation *op) {
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      most = std::max(most, countStatic(generic.getStaticLoopRanges()));
    else if (isa<tensor::InsertSliceOp, tensor::ConcatOp>(op))
      most = std::max(most, countStatic(shapeOf(op->getResult(0))));
  });
  return most;
}

/// The points that a block has of an op on a chunk, with the parts chosen so
/// far.
int64_t KernelEmitter::countPoints(Operation *op) {
  int64_t count = 1;
  auto multiply = [&](int64_t extent, std::optional<unsigned> group) {
    auto part = partOf(group);
    count *= part ? extent / part->first : extent;
  };
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    for (auto [loop, extent] : llvm::enumerate(generic.getStaticLoopRanges()))
      multiply(extent, axes.getClass(generic, loop));
    return count;
  }
  Value result = op->getResult(0);
  for (auto [axis, extent] : llvm::enumerate(shapeOf(result)))
    multiply(extent, axes.getClass(result, axis));
  return count;
}

/// The most parts in which what a block has of its own of a chunk is no less
/// than what it repeats: scores, say, that all value columns need. A token has
/// too little of either for that to matter.
int64_t KernelEmitter::mostPartsOfChunk(unsigned group) {
  int64_t divided = 0, repeated = 0;
  for (Operation &op : recurrence.getChunk().front()) {
    auto generic = dyn_cast<linalg::GenericOp>(op);
    bool isWork = generic ? !isFill(generic)
                          : isa<tensor::InsertSliceOp, tensor::ConcatOp>(op);
    if (!isWork)
      continue;
    bool isDivided = axes.hasClass(op.getResult(0), group);
    (isDivided ? divided : repeated) += countPoints(&op);
  }
  return divided / std::max<int64_t>(repeated, 1);
}

/// Divides what is independent over blocks, as long as each has enough to do
/// and what every block must repeat is the smaller part of the results.
void KernelEmitter::chooseParts() {
  int64_t work = measureWork();
  Operation *end = kernel.getBody().front().getTerminator();
  for (unsigned group : axes.getParallel()) {
    int64_t divided = 0, repeated = 0;
    for (Value value : end->getOperands()) {
      int64_t &count = axes.hasClass(value, group) ? divided : repeated;
      count += countStatic(shapeOf(value));
    }
    if (repeated >= divided)
      continue;
    int64_t all = axes.getMostParts(group), most = all, count = 1;
    if (recurrence && recurrence.getChunkLength())
      most = std::min(all, mostPartsOfChunk(group));
    for (int64_t parts = 1; parts <= most; ++parts)
      if (all % parts == 0 && work / parts >= leastWork &&
          result.blocks * parts <= mostBlocks)
        count = parts;
    if (count == 1)
      continue;
    work /= count;
    result.blocks *= count;
    parts.push_back({group, {count, Value()}});
  }
  result.threads =
      std::clamp<int64_t>(llvm::PowerOf2Ceil(work), leastThreads, mostThreads);
}

void KernelEmitter::createFunction(StringRef name) {
  b.setInsertionPointToEnd(&module.getBodyRegion().front());
  Type i64 = b.getI64Type();
  result.function = gpu::GPUFuncOp::create(
      b, loc, name, b.getFunctionType({i64, i64}, TypeRange()));
  result.function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                           b.getUnitAttr());
  result.function.setKnownBlockSizeAttr(
      b.getDenseI32ArrayAttr({static_cast<int32_t>(result.threads), 1, 1}));
  Block &entry = result.function.getBody().front();
  b.setInsertionPointToStart(&entry);
  auto toIndex = [&](Value value) -> Value {
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), value);
  };
  batch = toIndex(entry.getArgument(0));
  length = toIndex(entry.getArgument(1));
  thread = gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x);
}

/// Which sequence, token and parts this block is for; parts change fastest.
void KernelEmitter::decodeBlock() {
  Value block = gpu::BlockIdOp::create(b, loc, gpu::Dimension::x);
  auto take = [&](Value count) -> Value {
    Value index = arith::RemUIOp::create(b, loc, block, count);
    block = arith::DivUIOp::create(b, loc, block, count);
    return index;
  };
  for (auto &[group, part] : llvm::reverse(parts)) {
    part.index = take(index(part.count));
  }
  sequence = token = index(0);
  if (result.perToken)
    token = take(length);
  if (result.perSequence)
    sequence = block;
}

/// One more argument, before batch and length.
Value KernelEmitter::addPointer(unsigned position) {
  return result.function.getBody().front().insertArgument(
      position, LLVM::LLVMPointerType::get(b.getContext(), 1), loc);
}

/// All of a tensor as it lies in the memory of the call.
DeviceLayout KernelEmitter::globalLayout(RankedTensorType type) {
  DeviceLayout layout;
  for (auto [axis, extent] : llvm::enumerate(type.getShape())) {
    bool isDynamic = ShapedType::isDynamic(extent);
    layout.extents.push_back(isDynamic ? OpFoldResult(axis ? length : batch)
                                       : OpFoldResult(b.getIndexAttr(extent)));
    layout.bases.push_back(Value());
  }
  return layout;
}

/// A state that a recurrence carries lies where its result will, unless every
/// part needs all of it: then the result is elsewhere, so that no part reads
/// what another has written already.
static std::optional<unsigned> findTiedInput(RecurrenceOp recurrence,
                                             Value yielded, bool isRepeated) {
  auto result = dyn_cast<OpResult>(yielded);
  if (!recurrence || isRepeated || !result || result.getOwner() != recurrence)
    return std::nullopt;
  auto finals = recurrence.getFinalStates();
  auto it = llvm::find(finals, result);
  if (it == finals.end())
    return std::nullopt;
  Value state = recurrence.getStates()[it - finals.begin()];
  auto argument = dyn_cast<BlockArgument>(state);
  if (!argument || !argument.hasOneUse())
    return std::nullopt;
  return argument.getArgNumber();
}

void KernelEmitter::bindInputs() {
  Operation *end = kernel.getBody().front().getTerminator();
  for (Value yielded : end->getOperands())
    result.tied.push_back(
        findTiedInput(recurrence, yielded, !repeatsOf(yielded).empty()));
  for (BlockArgument argument : kernel.getBody().getArguments()) {
    bool isRead = llvm::any_of(argument.getUsers(), [](Operation *user) {
      return !isa<tensor::DimOp>(user);
    });
    if (!isRead ||
        llvm::is_contained(result.tied,
                           std::optional<unsigned>(argument.getArgNumber())))
      continue;
    Value pointer = addPointer(result.inputs.size());
    result.inputs.push_back(argument.getArgNumber());
    auto type = cast<RankedTensorType>(argument.getType());
    places[argument] = inMemory(pointer, Value(), type.getElementType(),
                                globalLayout(type), -1);
  }
}

DevicePlace KernelEmitter::outputPlace(unsigned index) {
  auto type = cast<RankedTensorType>(kernel.getOutputs()[index].getType());
  return inMemory(outputPointers[index], Value(), type.getElementType(),
                  globalLayout(type), numMemories++);
}

/// Gives every output its argument, and what nothing else in the kernel reads
/// its place there.
void KernelEmitter::bindOutputs() {
  Operation *end = kernel.getBody().front().getTerminator();
  for (unsigned i = 0; i < end->getNumOperands(); ++i)
    outputPointers.push_back(addPointer(result.inputs.size() + i));
  for (auto [index, yielded] : llvm::enumerate(end->getOperands())) {
    if (std::optional<unsigned> input = result.tied[index])
      places[kernel.getBody().getArgument(*input)] = outputPlace(index);
    else if (yielded.getDefiningOp<linalg::GenericOp>() &&
             yielded.hasOneUse() && repeatsOf(yielded).empty())
      targets[yielded] = outputPlace(index);
  }
}

void KernelEmitter::finishFunction() {
  gpu::ReturnOp::create(b, loc);
  Block &entry = result.function.getBody().front();
  result.function.setFunctionType(
      b.getFunctionType(entry.getArgumentTypes(), TypeRange()));
  result.sharedBytes = shared.size();
}

FailureOr<EmittedKernel> KernelEmitter::emit(StringRef name) {
  chooseSpace();
  chooseParts();
  createFunction(name);
  decodeBlock();
  bindInputs();
  bindOutputs();
  Block &body = kernel.getBody().front();
  if (failed(emitOps(body))) {
    result.function.erase();
    return failure();
  }
  for (auto [index, yielded] :
       llvm::enumerate(body.getTerminator()->getOperands()))
    if (!recurrence && !targets.contains(yielded))
      copy(places[yielded], outputPlace(index), boxOf(yielded),
           isFirstOf(yielded));
  finishFunction();
  return result;
}
