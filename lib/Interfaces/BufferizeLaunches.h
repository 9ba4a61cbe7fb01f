//===- BufferizeLaunches.h - launches on memory instead of tensors --------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_LIB_INTERFACES_BUFFERIZELAUNCHES_H
#define SEQMIX_LIB_INTERFACES_BUFFERIZELAUNCHES_H

namespace mlir {
class DialectRegistry;

namespace seqmix {

/// Lets one-shot bufferization know `seqmix.launch` and `seqmix.matmul`: they
/// read all their operands and write their outputs in place.
void registerBufferizeLaunches(DialectRegistry &registry);

} // namespace seqmix
} // namespace mlir

#endif // SEQMIX_LIB_INTERFACES_BUFFERIZELAUNCHES_H
