//===- SeqmixInterfaces.td - what passes ask of a mixer -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_INTERFACES_TD
#define SEQMIX_INTERFACES_TD

include "mlir/IR/OpBase.td"

def MixerOpInterface : OpInterface<"MixerOpInterface"> {
  let cppNamespace = "::mlir::seqmix";
  let description = [{
    An op that mixes along a sequence by carrying state from token to token.
    Whatever the op, its meaning is the recurrence

        outputs[b, t], states[b] = token(sequences[b, t], invariants, states[b])

    taken over t in order (or in reverse), independently for each b. A pass
    that works from this interface works for every mixer, present and future.
  }];
  let methods = [
    InterfaceMethod<"The operands with one value per token: [batch, time, ...].",
      "::llvm::SmallVector<::mlir::Value>", "getSequenceOperands">,
    InterfaceMethod<"The operands that are the same for every token.",
      "::llvm::SmallVector<::mlir::Value>", "getInvariantOperands">,
    InterfaceMethod<"The states before the first token: [batch, ...].",
      "::llvm::SmallVector<::mlir::Value>", "getStateOperands">,
    InterfaceMethod<"The results with one value per token: [batch, time, ...].",
      "::llvm::SmallVector<::mlir::Value>", "getSequenceResults">,
    InterfaceMethod<[{
      The states after the last token, of the same number and types as the
      state operands.}],
      "::llvm::SmallVector<::mlir::Value>", "getStateResults">,
    InterfaceMethod<"The axis of sequences along which the op mixes.",
      "int64_t", "getSequenceAxis", (ins), "", "return 1;">,
    InterfaceMethod<"Whether the tokens are visited from the last to the first.",
      "bool", "isReversed", (ins), "", "return false;">,
    InterfaceMethod<[{
      Whether a state, by its place among the state operands, has an entry for
      every token, as many as it has room for. All others take the same memory
      for any number of tokens.}],
      "bool", "growsWithSequence", (ins "unsigned":$state), "",
      "return false;">,
    InterfaceMethod<[{
      Whether the states hold nothing but values of the last tokens, so that
      what leaves the window is forgotten.}],
      "bool", "isWindowed", (ins), "", "return false;">,
    InterfaceMethod<[{
      How the op is several of its kind side by side: for each operand, then for
      each result, the axis along which it may be divided, or none for what all
      parts have whole and, as a result, all compute alike. Empty if it is not;
      what is written in regions, passes find out.}],
      "::llvm::SmallVector<::std::optional<unsigned>>", "getDividedAxes", (ins),
      "", "return {};">,
    InterfaceMethod<[{
      Builds the one-token form at the insertion point. Every value is one
      token of one sequence: `tokens` are the sequence operands and `states`
      the states without their batch and time axes. Returns the outputs, then
      the next states.}],
      "::llvm::SmallVector<::mlir::Value>", "buildToken",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$tokens, "::mlir::ValueRange":$invariants,
           "::mlir::ValueRange":$states)>,
    InterfaceMethod<[{
      The same, for a host, where a loop may have as many turns as there is
      to do.}],
      "::llvm::SmallVector<::mlir::Value>", "buildStep",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$tokens, "::mlir::ValueRange":$invariants,
           "::mlir::ValueRange":$states), "",
      "return $_op.buildToken(builder, loc, tokens, invariants, states);">,
    InterfaceMethod<[{
      How many tokens the op can also take at once by `buildChunk`; zero if it
      has no such form.}],
      "int64_t", "getChunkLength", (ins), "", "return 0;">,
    InterfaceMethod<[{
      Has an op that knows a form for several tokens at once take as many, or
      for zero one token at a time; returns whether it does.}],
      "bool", "takeChunks", (ins "int64_t":$length), "", "return false;">,
    InterfaceMethod<[{
      Builds the form for `getChunkLength()` tokens at once, which computes what
      as many tokens one after the other would. Every value of a sequence has
      the chunk's tokens on its first axis. Returns the outputs, likewise, then
      the states after the chunk.}],
      "::llvm::SmallVector<::mlir::Value>", "buildChunk",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$tokens, "::mlir::ValueRange":$invariants,
           "::mlir::ValueRange":$states), "", "return {};">
  ];
}

#endif // SEQMIX_INTERFACES_TD
