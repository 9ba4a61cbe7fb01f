//===- StructuredPasses.cpp - from arithmetic to linalg.generic -----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void seqmix::addStructuredPasses(OpPassManager &pm, bool keepInvariants) {
  pm.addPass(createConvertElementwiseToLinalgPass());
  pm.addPass(createLinalgGeneralizeNamedOpsPass());
  // What is the same for all tokens is computed before them, and not fused into
  // what is not.
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(createFuseElementwise({keepInvariants}));
  pm.addPass(createRelaxReductions());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}
