//===- DevicePasses.td - passes that lower to devices ------*- tablegen -*-===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_CONVERSION_DEVICEPASSES_TD
#define SEQMIX_CONVERSION_DEVICEPASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertKernelsToGPU : Pass<"convert-seqmix-kernels-to-gpu",
                               "::mlir::ModuleOp"> {
  let summary = "emit kernels as GPU functions and launch them";
  let description = [{
    Each `seqmix.kernel` becomes a `gpu.func` in the module `@device`, on bare
    pointers with 64-bit offsets, and a `seqmix.launch` of it. A block takes one
    token, or one sequence where a recurrence runs over its tokens, and one part
    of the axes that are independent of each other; its threads share the points
    of each op. Values between ops, and the states of a recurrence, are in shared
    memory. Equal functions are kept once.

    Before and after: test/Conversion/kernels-to-gpu.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"];
}

def LinkDenseKernels : Pass<"seqmix-link-dense-kernels", "::mlir::ModuleOp"> {
  let summary = "add the matrix products that the module may launch";
  let description = [{
    Adds to the device's module, for each element type of a `seqmix.matmul`, the
    kernels of lib/Conversion/Kernels for few and for many rows.

    Before and after: test/Conversion/link-dense-kernels.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def ConvertLaunchToHost : Pass<"convert-seqmix-launch-to-host",
                               "::mlir::ModuleOp"> {
  let summary = "launch through the table that the host lends";
  let description = [{
    In functions of the calling convention, each `seqmix.launch` on memory
    becomes a call of the host's `launch` with the kernel's index in the
    device's module, the number of blocks, and the arguments as eight-byte
    words; a `seqmix.matmul` asks the host's library first and launches a kernel
    if that declines; copies become calls of the host's `copy`.

    Requires temporaries to be placed and all kernels to be in the module.

    Before and after: test/Conversion/launch-to-host.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"];
}

def ExpandMath : Pass<"seqmix-expand-math"> {
  let summary = "compute elementary functions from what every GPU has";
  let description = [{
    Rewrites the `math` ops on f32 that a GPU has no instruction for into
    `arith` ops and `math` ops that it has: `exp2`, `fma`, `sqrt`, `absf`,
    `floor`, `ceil`, `roundeven` and `copysign`. All of them are exact to
    rounding but `exp2`, which may be off by 2 ulp. Scalars, vectors and
    tensors of known shape; the rest, other types and functions, is an error.

    Over all arguments, the error is at most, in ulp of the exact result:

    | function                | ulp | arguments                  |
    |-------------------------|-----|----------------------------|
    | exp                     |   4 | all, subnormal results too |
    | expm1, tanh             |   5 | all                        |
    | log, log2, log10, log1p |   4 | all                        |
    | erf                     |   8 | all                        |
    | erfc                    |  10 | all                        |
    | sin, cos                |   2 | up to 10^6                 |
    | tan                     |   5 | up to 10^6                 |
    | powf                    |  16 | all                        |
    | cbrt, rsqrt             |   2 | all                        |
    | trunc, round            |   0 | all                        |

    (test/Execution/expanded-math.test holds them, with an `exp2` that rounds.)
    Infinities, zeros, their signs and NaN are as in `<math.h>`. Sines and
    cosines of larger angles lose their digits, but stay between -1 and 1.

    Before and after: test/Conversion/expand-math.mlir.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def ConvertDeviceToNVVM : Pass<"convert-seqmix-device-to-nvvm",
                               "::mlir::gpu::GPUModuleOp"> {
  let summary = "lower the device's module to the NVVM dialect";
  let description = [{
    Converts `gpu`, `arith` and `cf` in a `gpu.module` to the NVVM and LLVM
    dialects and leaves LLVM's intrinsics as they are.

    Before and after: test/Conversion/device-to-nvvm.mlir.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

#endif // SEQMIX_CONVERSION_DEVICEPASSES_TD
