//===- BufferizeLaunches.cpp - launches on memory instead of tensors ------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interfaces/BufferizeLaunches.h"

#include "dialect/SeqmixOps.h"

#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::seqmix;
using namespace mlir::bufferization;

namespace {
/// The same op on the operands' buffers, without results.
template <typename OpTy>
struct BufferizeLaunch
    : public DstBufferizableOpInterfaceExternalModel<BufferizeLaunch<OpTy>,
                                                     OpTy> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    SmallVector<Value> buffers;
    for (Value operand : op->getOperands()) {
      if (!isa<TensorType>(operand.getType())) {
        buffers.push_back(operand);
        continue;
      }
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      buffers.push_back(*buffer);
    }
    rewriter.setInsertionPoint(op);
    rewriter.insert(Operation::create(
        op->getLoc(), op->getName(), TypeRange(), buffers,
        op->getDiscardableAttrDictionary(), op->getPropertiesStorage(),
        /*successors=*/{}, /*numRegions=*/0));
    auto destination = cast<DestinationStyleOpInterface>(op);
    SmallVector<Value> results;
    for (OpOperand &init : destination.getDpsInitsMutable())
      results.push_back(buffers[init.getOperandNumber()]);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};
} // namespace

void seqmix::registerBufferizeLaunches(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, SeqmixDialect *) {
    LaunchOp::attachInterface<BufferizeLaunch<LaunchOp>>(*context);
    MatmulOp::attachInterface<BufferizeLaunch<MatmulOp>>(*context);
  });
}
