//===- DeviceToNVVM.cpp - the device's module in the NVVM dialect ---------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's patterns under our rule of what is legal: `convert-gpu-to-nvvm`
// refuses LLVM's mathematical intrinsics in favour of a library of NVIDIA's,
// which is not there. Those that are left by `seqmix-expand-math` are
// instructions of the GPU.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_CONVERTDEVICETONVVM
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

namespace {
struct ConvertDeviceToNVVM
    : public seqmix::impl::ConvertDeviceToNVVMBase<ConvertDeviceToNVVM> {
  void runOnOperation() override;
};
} // namespace

void ConvertDeviceToNVVM::runOnOperation() {
  LLVMTypeConverter converter(&getContext());
  configureGpuToNVVMTypeConverter(converter);
  RewritePatternSet patterns(&getContext());
  populateGpuToNVVMConversionPatterns(converter, patterns);
  arith::populateArithToLLVMConversionPatterns(converter, patterns);
  cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
  LLVMConversionTarget target(getContext());
  target.addLegalDialect<NVVM::NVVMDialect>();
  target.addLegalOp<gpu::GPUModuleOp>();
  if (failed(
          applyPartialConversion(getOperation(), target, std::move(patterns))))
    signalPassFailure();
}
