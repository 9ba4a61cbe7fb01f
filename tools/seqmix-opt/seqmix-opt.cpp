//===- seqmix-opt.cpp - run passes on seqmix IR ---------------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"
#include "lib/Pipelines/Pipelines.h"
#include "lib/Transforms/Passes.h"

#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::seqmix::registerPipelineDialects(registry);
  mlir::registerAllPasses();
  mlir::seqmix::registerSeqmixTransformsPasses();
  mlir::seqmix::registerSeqmixConversionPasses();
  mlir::seqmix::registerPipelines();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "seqmix optimizer driver\n", registry));
}
