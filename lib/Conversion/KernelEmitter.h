//===- KernelEmitter.h - from a kernel on tensors to GPU code -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_CONVERSION_KERNELEMITTER_H
#define SEQMIX_LIB_CONVERSION_KERNELEMITTER_H

#include "lib/Analysis/ParallelAxes.h"
#include "lib/Conversion/DevicePlace.h"
#include "lib/Conversion/SharedMemory.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace mlir {
namespace seqmix {

/// A kernel as it was emitted, and how it is launched.
struct EmittedKernel {
  gpu::GPUFuncOp function;
  int64_t threads = 0;
  int64_t sharedBytes = 0;
  int64_t blocks = 1; ///< for each sequence or token
  bool perSequence = false, perToken = false;
  /// The inputs of the `seqmix.kernel` that are arguments, in order. After them
  /// come the outputs, the scratch memory, the batch and the length.
  SmallVector<unsigned> inputs;
  /// For each output, the input in whose memory it lies, if there is one.
  SmallVector<std::optional<unsigned>> tied;
  /// Elements of scratch memory of f32, for each sequence or token.
  SmallVector<int64_t> scratch;
};

/// The operand in whose memory the op's only result is computed, since nothing
/// else reads it: what a slice is inserted into, or sums are added to. Null if
/// there is none. Its elements and the result's are the same of every block.
Value getGrownOperand(Operation *op);

/// Emits one `seqmix.kernel` as a `gpu.func` on bare pointers.
///
/// A block takes one token (or one sequence, where a recurrence runs over its
/// tokens in order), and of the axes along which that is possible one part. Its
/// threads share the points of each op; a barrier stands between ops where one
/// reads what another thread has written. Values between ops are in shared
/// memory, or in scratch memory where they are too large.
class KernelEmitter {
public:
  KernelEmitter(KernelOp kernel, gpu::GPUModuleOp module);

  /// Emits the kernel under this name. Fails, with an error at the op, where an
  /// op is not one that kernels hold.
  FailureOr<EmittedKernel> emit(StringRef name);

  /// Whether the op's results are one number everywhere, and need no memory.
  static bool isFill(linalg::GenericOp op);

private:
  /// One class of axes, divided over blocks.
  struct Part {
    int64_t count;
    Value index; ///< of this block's part
  };
  /// What one block has of a value: extents, and where it begins in each axis
  /// (null: at the axis's beginning). Batch and time have one element.
  struct Box {
    SmallVector<int64_t> extents;
    SmallVector<Value> bases;
  };
  using Body = llvm::function_ref<void(ValueRange)>;

  // EmitKernel.cpp: arguments, blocks and parts, results.
  void chooseSpace();
  void chooseParts();
  int64_t measureWork() const;
  int64_t countPoints(Operation *op);
  int64_t mostPartsOfChunk(unsigned group);
  void createFunction(StringRef name);
  void decodeBlock();
  Value addPointer(unsigned position);
  void bindInputs();
  void bindOutputs();
  DeviceLayout globalLayout(RankedTensorType type);
  DevicePlace outputPlace(unsigned index);
  void finishFunction();

  // EmitOps.cpp: one op after another.
  LogicalResult emitOps(Block &block);
  LogicalResult emitOp(Operation &op);
  LogicalResult emitConstant(arith::ConstantOp op);
  LogicalResult emitExtract(tensor::ExtractOp op);
  LogicalResult emitStructured(linalg::GenericOp op);
  LogicalResult emitInsert(tensor::InsertSliceOp op);
  LogicalResult emitConcat(tensor::ConcatOp op);
  LogicalResult emitElements(tensor::FromElementsOp op);
  void copy(const DevicePlace &source, const DevicePlace &target,
            const Box &box, Value condition = Value());
  Value getScalar(Value value);

  // EmitPlaces.cpp: what a block has of a value, and where.
  std::optional<std::pair<int64_t, Value>>
  partOf(std::optional<unsigned> group);
  Box boxOf(Value value);
  Box boxOf(tensor::InsertSliceOp op);
  Box boxOf(tensor::ConcatOp op, Value input);
  SmallVector<Value> repeatsOf(Value value);
  Value isFirstOf(Value value);
  unsigned lastUseOf(Value value);
  DeviceLayout layoutOf(const Box &box);
  Value sharedAddress(int64_t offset);
  std::optional<DevicePlace> allocateShared(Value value, unsigned lastUse);
  DevicePlace allocate(Value value, unsigned lastUse);
  DevicePlace destinationOf(Value value);

  // EmitGeneric.cpp: one linalg.generic.
  void emitGeneric(linalg::GenericOp op, ArrayRef<DevicePlace> targets);
  void announce(linalg::GenericOp op, ArrayRef<DevicePlace> targets);
  struct Nest;
  Nest analyze(linalg::GenericOp op);
  bool findMeetingPlaces(Nest &nest);
  void emitPoints(Nest &nest, ArrayRef<DevicePlace> targets);
  void emitLanes(Nest &nest, ArrayRef<DevicePlace> targets);
  SmallVector<Value> reduceSerially(Nest &nest, ArrayRef<Value> inits);
  SmallVector<Value> emitBody(Nest &nest, ArrayRef<Value> accumulators);
  SmallVector<Value> combineLanes(Nest &nest, SmallVector<Value> partial);
  SmallVector<Value> combineWarps(Nest &nest, SmallVector<Value> partial);
  void setPoint(Nest &nest, ValueRange local);
  void setReduction(Nest &nest, Value point);

  // EmitRecurrence.cpp: the loops over tokens.
  LogicalResult emitRecurrence(RecurrenceOp op);
  LogicalResult emitLoop(RecurrenceOp op, ArrayRef<DevicePlace> states,
                         Value begin, Value end, int64_t chunk);
  LogicalResult emitTokens(Block &body, ArrayRef<DevicePlace> states,
                           ArrayRef<DevicePlace> outputs);
  void updateInPlace(BlockArgument old, Value next, const DevicePlace &place);
  SmallVector<DevicePlace> setAside(Block &body, ArrayRef<DevicePlace> states);
  void storeStates(RecurrenceOp op, ArrayRef<DevicePlace> states);

  // Loops over points, and barriers.
  void forEachPoint(ArrayRef<int64_t> extents, Body body);
  void guard(Value condition, llvm::function_ref<void()> body);
  void beginAccess(ArrayRef<int> reads, ArrayRef<int> writes);
  void barrier();
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  KernelOp kernel;
  gpu::GPUModuleOp module;
  OpBuilder b;
  Location loc;
  ParallelAxes axes;
  EmittedKernel result;
  SharedMemory shared;

  RecurrenceOp recurrence; ///< null: the kernel's ops are independent by token
  Value sequence, token;   ///< of this block; token 0 with a recurrence
  Value length, batch;     ///< of the call
  Value thread;            ///< in the block
  SmallVector<std::pair<unsigned, Part>> parts; ///< by class, in order

  DenseMap<Value, DevicePlace> places;
  DenseMap<Value, DevicePlace> targets; ///< chosen before the op is emitted
  IRMapping scalars;
  /// Of the ops of the blocks emitted so far, one after the other.
  DenseMap<Operation *, unsigned> position;
  unsigned now = 0; ///< the position of the op being emitted
  SmallVector<Value> outputPointers;
  llvm::SmallDenseSet<int> readSince, writtenSince; ///< the last barrier
  int numMemories = 0;
};

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_CONVERSION_KERNELEMITTER_H
