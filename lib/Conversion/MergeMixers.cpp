//===- MergeMixers.cpp - two recurrences in one loop ----------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/MergeMixers.h"

#include "lib/Conversion/TokenOps.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::seqmix;

bool seqmix::canMerge(RecurrenceOp writer, RecurrenceOp reader) {
  return writer != reader && writer->getBlock() == reader->getBlock() &&
         writer.getChunkLength() == reader.getChunkLength() &&
         llvm::all_of(writer.getFinalStates().getUsers(),
                      [&](Operation *user) {
                        Operation *here =
                            reader->getBlock()->findAncestorOpInBlock(*user);
                        return reader->isBeforeInBlock(here);
                      }) &&
         llvm::all_of(writer.getOutputs(), [&](Value output) {
           return llvm::all_of(output.getUsers(),
                               [&](Operation *user) { return user == reader; });
         });
}

RecurrenceOp seqmix::merge(RecurrenceOp writer, RecurrenceOp reader) {
  llvm::SmallSetVector<Value, 8> sequences, invariants;
  for (Value sequence : reader.getSequences())
    if (sequence.getDefiningOp() != writer)
      sequences.insert(sequence);
  SmallVector<Value> states(reader.getStates());
  SmallVector<Value> results(reader->getResults());
  for (RecurrenceOp op : {reader, writer})
    invariants.insert(op.getInvariants().begin(), op.getInvariants().end());
  sequences.insert(writer.getSequences().begin(), writer.getSequences().end());
  llvm::append_range(states, writer.getStates());
  llvm::append_range(results, writer.getFinalStates());

  OpBuilder builder(reader);
  auto merged = RecurrenceOp::create(
      builder, reader.getLoc(), reader.getOutputs().getTypes(),
      sequences.getArrayRef(), invariants.getArrayRef(), states,
      ArrayRef<StringRef>());
  for (NamedAttribute attribute : reader->getDiscardableAttrs())
    merged->setDiscardableAttr(attribute.getName(), attribute.getValue());
  merged.removeStateNamesAttr();
  SmallVector<Value> operands(merged->getOperands());
  auto fill = [&](Block &of, Block &ofReader, Block &ofWriter) {
    OpBuilder inside = OpBuilder::atBlockEnd(&of);
    IRMapping mapping;
    mapping.map(operands, of.getArguments());
    auto own = of.getArguments().take_back(states.size());
    size_t numOwn = reader.getStates().size();
    emitRegion(inside, writer, ofWriter, own.drop_front(numOwn), mapping);
    emitRegion(inside, reader, ofReader, own.take_front(numOwn), mapping);
    SmallVector<Value> yielded;
    for (Value result : results)
      yielded.push_back(mapping.lookup(result));
    YieldOp::create(inside, reader.getLoc(), yielded);
  };
  fill(merged.getToken().front(), reader.getToken().front(),
       writer.getToken().front());
  if (int64_t length = reader.getChunkLength())
    fill(*merged.addChunk(length), reader.getChunk().front(),
         writer.getChunk().front());
  return merged;
}
