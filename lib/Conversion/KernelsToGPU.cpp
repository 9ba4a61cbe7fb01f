//===- KernelsToGPU.cpp - kernels become GPU functions and launches -------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layers that are equal but for their parameters give equal functions, of
// which one is kept: the device's module grows with what is different in a
// model, not with its depth.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Conversion/KernelEmitter.h"
#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringMap.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_CONVERTKERNELSTOGPU
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct ConvertKernelsToGPU
    : public seqmix::impl::ConvertKernelsToGPUBase<ConvertKernelsToGPU> {
  void runOnOperation() override;
};

/// The device's module while it is filled.
class DeviceModule {
public:
  explicit DeviceModule(ModuleOp module);

  /// Emits the kernel and replaces it by its launch.
  LogicalResult convert(KernelOp kernel);

private:
  StringRef adopt(gpu::GPUModuleOp draft, StringRef kind);
  void launch(KernelOp kernel, const EmittedKernel &emitted, StringRef name);

  gpu::GPUModuleOp device;
  llvm::StringMap<std::string> known; ///< the name of each text
};
} // namespace

static constexpr StringLiteral draftName = "draft";

DeviceModule::DeviceModule(ModuleOp module) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  device = gpu::GPUModuleOp::create(b, module.getLoc(), "device");
  b.setInsertionPointToStart(&device.getBodyRegion().front());
  // All the shared memory that a launch asks for.
  LLVM::GlobalOp::create(b, module.getLoc(),
                         LLVM::LLVMArrayType::get(b.getI8Type(), 0),
                         /*isConstant=*/false, LLVM::Linkage::External,
                         "shared", Attribute(), /*alignment=*/16,
                         /*addrSpace=*/3);
}

/// Moves a function and its tables into the device's module, unless their like
/// is there, and returns the function's name there.
StringRef DeviceModule::adopt(gpu::GPUModuleOp draft, StringRef kind) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo(false);
  draft->print(os, flags);
  auto [it, isNew] = known.try_emplace(text);
  if (!isNew)
    return it->second;
  std::string name = (kind + "_" + Twine(known.size() - 1)).str();
  it->second = name;
  Block &target = device.getBodyRegion().front();
  for (Operation &op :
       llvm::make_early_inc_range(draft.getBodyRegion().front())) {
    auto rename = [&](StringRef old) {
      return (name + old.drop_front(draftName.size())).str();
    };
    op.walk([&](LLVM::AddressOfOp address) {
      if (address.getGlobalName().starts_with(draftName))
        address.setGlobalName(rename(address.getGlobalName()));
    });
    if (auto symbol = dyn_cast<SymbolOpInterface>(op))
      SymbolTable::setSymbolName(symbol, rename(symbol.getName()));
    op.moveBefore(&target, target.end());
  }
  return it->second;
}

/// The launch in place of the kernel, with its outputs' and scratch memory.
void DeviceModule::launch(KernelOp kernel, const EmittedKernel &emitted,
                          StringRef name) {
  OpBuilder b(kernel);
  Location loc = kernel.getLoc();
  Value first = kernel->getParentRegion()->getArgument(0);
  auto allocate = [&](ArrayRef<int64_t> shape, Type element) -> Value {
    SmallVector<OpFoldResult> sizes;
    for (auto [axis, extent] : llvm::enumerate(shape))
      sizes.push_back(
          ShapedType::isDynamic(extent)
              ? OpFoldResult(
                    tensor::DimOp::create(b, loc, first, axis).getResult())
              : OpFoldResult(b.getIndexAttr(extent)));
    return tensor::EmptyOp::create(b, loc, sizes, element);
  };
  SmallVector<Value> inputs = llvm::map_to_vector(
      emitted.inputs, [&](unsigned i) { return kernel.getInputs()[i]; });
  SmallVector<Value> outputs;
  for (auto [type, tied] :
       llvm::zip_equal(kernel.getOutputs().getTypes(), emitted.tied)) {
    auto shaped = cast<RankedTensorType>(type);
    outputs.push_back(
        tied ? kernel.getInputs()[*tied]
             : allocate(shaped.getShape(), shaped.getElementType()));
  }
  for (int64_t elements : emitted.scratch) {
    SmallVector<int64_t> shape;
    if (emitted.perSequence)
      shape.push_back(ShapedType::kDynamic);
    if (emitted.perToken)
      shape.push_back(ShapedType::kDynamic);
    shape.push_back(elements);
    outputs.push_back(allocate(shape, b.getF32Type()));
  }
  auto symbol =
      SymbolRefAttr::get(b.getContext(), device.getName(),
                         {FlatSymbolRefAttr::get(b.getContext(), name)});
  auto launch = LaunchOp::create(b, loc, TypeRange(ValueRange(outputs)), symbol,
                                 emitted.blocks, emitted.perSequence,
                                 emitted.perToken, inputs, outputs);
  kernel.replaceAllUsesWith(
      launch.getResults().take_front(kernel.getNumResults()));
  kernel.erase();
}

LogicalResult DeviceModule::convert(KernelOp kernel) {
  OpBuilder b(kernel.getContext());
  auto draft = gpu::GPUModuleOp::create(b, kernel.getLoc(), draftName);
  OwningOpRef<gpu::GPUModuleOp> owned(draft);
  FailureOr<EmittedKernel> emitted =
      KernelEmitter(kernel, draft).emit(draftName);
  if (failed(emitted))
    return failure();
  emitted->function->setAttr("seqmix.shared_bytes",
                             b.getI64IntegerAttr(emitted->sharedBytes));
  bool isRecurrence = !kernel.getBody().getOps<RecurrenceOp>().empty();
  StringRef name = adopt(draft, isRecurrence ? "recurrence" : "tokens");
  launch(kernel, *emitted, name);
  return success();
}

void ConvertKernelsToGPU::runOnOperation() {
  SmallVector<KernelOp> kernels;
  getOperation().walk([&](KernelOp kernel) { kernels.push_back(kernel); });
  bool hasMatmul = getOperation()
                       .walk([](MatmulOp) { return WalkResult::interrupt(); })
                       .wasInterrupted();
  if (kernels.empty() && !hasMatmul)
    return;
  DeviceModule device(getOperation());
  for (KernelOp kernel : kernels)
    if (failed(device.convert(kernel)))
      return signalPassFailure();
}
