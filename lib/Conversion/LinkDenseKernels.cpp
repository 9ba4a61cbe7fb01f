//===- LinkDenseKernels.cpp - the device's matrix products ----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written as MLIR text, one file a kernel, and carried inside the compiler:
// kernels that do not depend on the model are easier to read and to measure
// there than as calls that build them.
//
//===----------------------------------------------------------------------===//

#include "dialect/SeqmixOps.h"
#include "lib/Conversion/DenseKernels.h"
#include "lib/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SetVector.h"

namespace mlir {
namespace seqmix {
#define GEN_PASS_DEF_LINKDENSEKERNELS
#include "lib/Conversion/Passes.h.inc"
} // namespace seqmix
} // namespace mlir

using namespace mlir;
using namespace mlir::seqmix;

static constexpr DenseKernel matvecF32 = {"matvec_f32",
#include "lib/Conversion/matvec_f32.inc"
                                          , 0, 8};
static constexpr DenseKernel matvecBF16 = {"matvec_bf16",
#include "lib/Conversion/matvec_bf16.inc"
                                           , 0, 8};
static constexpr DenseKernel matmulF32 = {"matmul_f32",
#include "lib/Conversion/matmul_f32.inc"
                                          , 128, 64};
static constexpr DenseKernel matmulBF16 = {"matmul_bf16",
#include "lib/Conversion/matmul_bf16.inc"
                                           , 128, 64};

const DenseKernel &seqmix::getKernelForFewRows(Type element) {
  return element.isBF16() ? matvecBF16 : matvecF32;
}

const DenseKernel &seqmix::getKernelForManyRows(Type element) {
  return element.isBF16() ? matmulBF16 : matmulF32;
}

namespace {
struct LinkDenseKernels
    : public seqmix::impl::LinkDenseKernelsBase<LinkDenseKernels> {
  void runOnOperation() override;
};
} // namespace

static void link(const DenseKernel &kernel, gpu::GPUModuleOp device) {
  OwningOpRef<ModuleOp> parsed =
      parseSourceString<ModuleOp>(kernel.text, device.getContext());
  if (!parsed)
    llvm::report_fatal_error("a kernel inside the compiler does not parse");
  auto source = *parsed->getOps<gpu::GPUModuleOp>().begin();
  Block &target = device.getBodyRegion().front();
  for (Operation &op :
       llvm::make_early_inc_range(source.getBodyRegion().front()))
    op.moveBefore(&target, target.end());
}

void LinkDenseKernels::runOnOperation() {
  llvm::SetVector<const DenseKernel *> kernels;
  getOperation().walk([&](MatmulOp op) {
    Type element = getElementTypeOrSelf(op.getWeight());
    kernels.insert(&getKernelForFewRows(element));
    kernels.insert(&getKernelForManyRows(element));
  });
  for (gpu::GPUModuleOp device : getOperation().getOps<gpu::GPUModuleOp>())
    for (const DenseKernel *kernel : kernels)
      link(*kernel, device);
}
