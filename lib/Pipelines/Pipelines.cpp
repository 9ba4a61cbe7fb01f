//===- Pipelines.cpp - the phases of compilation --------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is decided where: `forms` decides how each mixer runs, `tensors` and
// `buffers` carry it out, `llvm` only changes the language. Everything that is
// not about recurrences is upstream.
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Pipelines.h"

#include "lib/Conversion/Passes.h"
#include "lib/Interfaces/BufferizeLaunches.h"
#include "lib/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::seqmix;

static constexpr PhaseInfo kPhases[] = {
    {Phase::import, "import", "mixers and models, as written"},
    {Phase::forms, "forms", "each mixer in the form it will run in"},
    {Phase::tensors, "tensors", "loops over tensors, bound to the caller"},
    {Phase::buffers, "buffers", "loops over memory, temporaries placed"},
    {Phase::llvm, "llvm", "the LLVM dialect"},
};

ArrayRef<PhaseInfo> seqmix::getPhases() { return kPhases; }

std::optional<Phase> seqmix::findPhase(StringRef name) {
  for (const PhaseInfo &info : kPhases)
    if (info.name == name)
      return info.phase;
  return std::nullopt;
}

static void addCleanUp(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void buildForms(OpPassManager &pm, const PipelineOptions &options) {
  // Passes recognise equal values by identity.
  addCleanUp(pm);
  pm.addPass(createStabilizeExponentials());
  pm.addNestedPass<ModelOp>(createDeriveStep());
  addCleanUp(pm);
  DeriveFormsOptions forms;
  bool isReference = options.form == FormChoice::reference;
  forms.form =
      stringifyForm(isReference ? FormChoice::step : options.form).str();
  // A CPU keeps the state in its nearest cache, where a chunk needs little to
  // be worthwhile; a GPU's products are of sixteen at least.
  forms.least = options.device == Device::cuda ? 16 : 8;
  pm.addPass(createDeriveForms(forms));
  addCleanUp(pm);
}

static void buildTensors(OpPassManager &pm, const PipelineOptions &options) {
  if (options.form != FormChoice::reference) {
    pm.addPass(createExpandMixers({/*onHost=*/true}));
    addStructuredPasses(pm, /*keepInvariants=*/true);
    pm.addPass(createFuseMixers());
  }
  pm.addPass(createDivideRecurrences({options.form == FormChoice::automatic}));
  pm.addPass(createConvertSeqmixToSCF());
  pm.addPass(createConvertModelToFunc());
  addCleanUp(pm);
  addStructuredPasses(pm);
  pm.addNestedPass<func::FuncOp>(createTileProjections());
  addCleanUp(pm);
  // What depends on parameters alone leaves the loops over tokens.
  pm.addPass(createLoopInvariantCodeMotionPass());
}

/// The same for a GPU: what a launch computes is decided while tensors are
/// values, and only the launches are bound to the caller.
static void buildCudaTensors(OpPassManager &pm) {
  pm.addPass(createExpandMixers());
  addStructuredPasses(pm);
  pm.nest<ModelOp>().addNestedPass<EntryOp>(createFormKernels());
  addCleanUp(pm);
  pm.addPass(createConvertKernelsToGPU());
  pm.addPass(createLinkDenseKernels());
  pm.addPass(createConvertModelToFunc());
  addCleanUp(pm);
}

static void addBufferization(OpPassManager &pm) {
  pm.addPass(createSeparateDestinations());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions options;
  options.allowReturnAllocsFromLoops = true;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  addCleanUp(pm);
}

static void buildCudaBuffers(OpPassManager &pm) {
  addBufferization(pm);
  pm.addPass(createPlanWorkspace());
  addCleanUp(pm);
  pm.addPass(createConvertLaunchToHost());
  addCleanUp(pm);
}

/// Ops on buffers as loops over vectors.
static void addVectorLoops(OpPassManager &function,
                           const PipelineOptions &options) {
  function.addPass(createLowerContractions({options.vectorBits}));
  function.addPass(createLowerReductions());
  function.addPass(createLowerElementwise());
  function.addPass(createExpandVectorMath(
      {options.hasFma, options.hasBf16, options.vectorBits == 512}));
}

static void buildBuffers(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createMarkTriangles());
  addBufferization(pm);
  auto &function = pm.nest<func::FuncOp>();
  function.addPass(createFoldTokenReshapes());
  function.addPass(createPrivatizeTemporaries());
  function.addPass(createForallToParallelLoopPass());
  function.addPass(createMergeParallelLoops());
  function.addPass(createConvertMatmulToHost());
  function.addPass(createLowerCopies());
  if (options.form != FormChoice::reference)
    addVectorLoops(function, options);
  function.addPass(createConvertLinalgToLoopsPass());
  function.addPass(createPrefetchChunks());
  function.addPass(createPrefetchTokens());
  function.addPass(bufferization::createBufferHoistingPass());
  function.addPass(bufferization::createBufferLoopHoistingPass());
  addCleanUp(pm);
  pm.addPass(createPlanWorkspace());
  addCleanUp(pm);
  pm.addPass(createOutlineRepeats());
  pm.addPass(createConvertParallelToRuntime());
  addCleanUp(pm);
}

/// The device's code. Its mathematics is ours: the GPU has no library.
static void addDevice(OpPassManager &pm) {
  auto &device = pm.nest<gpu::GPUModuleOp>();
  device.addPass(createExpandMath());
  device.addPass(createInlinerPass());
  addCleanUp(device);
  device.addPass(createSCFToControlFlowPass());
  device.addPass(createConvertVectorToLLVMPass());
  device.addPass(createConvertMathToLLVMPass());
  device.addPass(createConvertDeviceToNVVM());
  device.addPass(createReconcileUnrealizedCastsPass());
  addCleanUp(device);
}

static void buildLLVM(OpPassManager &pm) {
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  // The approximation of log1p loses all digits of small arguments.
  ConvertMathToLLVMPassOptions math;
  math.approximateLog1p = false;
  pm.addPass(createConvertMathToLLVMPass(math));
  pm.addPass(createConvertMathToLibmPass());
  // The library has no vectors: they have been taken apart.
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  addCleanUp(pm);
}

void seqmix::buildPhase(OpPassManager &pm, Phase phase,
                        const PipelineOptions &options) {
  bool isCuda = options.device == Device::cuda;
  switch (phase) {
  case Phase::import:
    return;
  case Phase::forms:
    return buildForms(pm, options);
  case Phase::tensors:
    return isCuda ? buildCudaTensors(pm) : buildTensors(pm, options);
  case Phase::buffers:
    return isCuda ? buildCudaBuffers(pm) : buildBuffers(pm, options);
  case Phase::llvm:
    if (isCuda)
      addDevice(pm);
    return buildLLVM(pm);
  }
}

void seqmix::buildPipeline(OpPassManager &pm, Phase last,
                           const PipelineOptions &options) {
  for (const PhaseInfo &info : kPhases)
    if (info.phase <= last)
      buildPhase(pm, info.phase, options);
}

void seqmix::registerPipelines() {
  for (const PhaseInfo &info : kPhases) {
    if (info.phase == Phase::import)
      continue;
    for (Device device : {Device::cpu, Device::cuda}) {
      Phase phase = info.phase;
      bool isCuda = device == Device::cuda;
      PassPipelineRegistration<>(
          ((isCuda ? "seqmix-cuda-to-" : "seqmix-to-") + info.name).str(),
          ("To the phase: " + info.description).str(),
          [phase, device](OpPassManager &pm) {
            PipelineOptions options;
            options.device = device;
            buildPipeline(pm, phase, options);
          });
    }
  }
}

void seqmix::registerPipelineDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<SeqmixDialect>();
  registerBufferizeLaunches(registry);
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
}
