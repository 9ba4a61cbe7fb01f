//===- RecurrenceOps.td - recurrences, scans, retention -------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_RECURRENCE_OPS_TD
#define SEQMIX_RECURRENCE_OPS_TD

include "dialect/SeqmixBase.td"
include "dialect/SeqmixInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Seqmix_MixerOp<string mnemonic, list<Trait> traits = []>
    : Seqmix_Op<mnemonic, traits # [
        DeclareOpInterfaceMethods<MixerOpInterface, [
          "getSequenceOperands", "getInvariantOperands", "getStateOperands",
          "getSequenceResults", "getStateResults", "buildToken"]>]>;

/// What an op declares that takes as many tokens at once as its `chunk_size`
/// says.
class Seqmix_TakesChunks {
  string declaration = [{
    int64_t getChunkLength() { return getChunkSize().value_or(0); }
    bool takeChunks(int64_t length) {
      setChunkSize(length ? std::optional<uint64_t>(length) : std::nullopt);
      return true;
    }
    ::llvm::SmallVector<::mlir::Value>
    buildChunk(::mlir::OpBuilder &builder, ::mlir::Location loc,
               ::mlir::ValueRange tokens, ::mlir::ValueRange invariants,
               ::mlir::ValueRange states);
  }];
}
def Seqmix_OwnChunk : Seqmix_TakesChunks;

//===----------------------------------------------------------------------===//
// recurrence
//===----------------------------------------------------------------------===//

def RecurrenceOp : Seqmix_Op<"recurrence", [
    DeclareOpInterfaceMethods<MixerOpInterface, [
      "getSequenceOperands", "getInvariantOperands", "getStateOperands",
      "getSequenceResults", "getStateResults", "buildToken", "getChunkLength",
      "takeChunks", "buildChunk"]>,
    AttrSizedOperandSegments, AttrSizedResultSegments, IsolatedFromAbove,
    RecursiveMemoryEffects, SingleBlock]> {
  let summary = "one token, for every token";
  let description = [{
    Applies its region to every token of a sequence, in order, carrying states:

        outputs[b, t], states[b] = region(sequences[b, t], invariants, states[b])

    The region's arguments are one token's sequence values, the invariants, and
    the previous states, all without batch and time axes, in this order. It
    yields the token's outputs, then the next states. Its body is `arith`,
    `math`, `linalg` and `tensor` ops on tensors. A result is only defined by
    the equation above; nothing is said about the order or the form in which it
    is computed.

    A second region, `chunk n`, may say how `n` tokens are taken at once. It is
    derived from the first and means the same: its arguments are the same but
    that those of sequences have the chunk's tokens on a first axis, as have the
    outputs it yields. Whoever lowers the op uses it for as many whole chunks as
    there are, and the first region for the rest.

    Constraints:
    - (C1) there is at least one sequence operand.
    - (C2) sequences and states agree in batch, sequences agree in time.
    - (C3) the region's arguments are the operands without batch and time axes.
    - (C4) the region yields one value per output and one per state.
    - (C5) each yielded value has the type of its result without batch and time.
    - (C6) final states have the types of the initial states.
    - (C7) a chunk has at least two tokens; its region's arguments and what it
      yields are those of one token, sequences and outputs `n` times.

    Example, an exponential moving average:

    ```mlir
    %y, %h1 = seqmix.recurrence
        tokens(%x_t = %x : tensor<?x?x4xf32>)
        invariants(%a_t = %a : tensor<4xf32>)
        states(%h = %h0 : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
      %0 = arith.mulf %a_t, %h : tensor<4xf32>
      %1 = arith.addf %0, %x_t : tensor<4xf32>
      seqmix.yield %1, %1 : tensor<4xf32>, tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Seqmix_Sequence>:$sequences,
                       Variadic<Seqmix_Invariant>:$invariants,
                       Variadic<Seqmix_State>:$states,
                       OptionalAttr<StrArrayAttr>:$state_names,
                       OptionalAttr<I64Attr>:$chunk_size);
  let results = (outs Variadic<Seqmix_Sequence>:$outputs,
                      Variadic<Seqmix_State>:$final_states);
  let regions = (region SizedRegion<1>:$token, MaxSizedRegion<1>:$chunk);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let builders = [
    OpBuilder<(ins "::mlir::TypeRange":$outputs,
                   "::mlir::ValueRange":$sequences,
                   "::mlir::ValueRange":$invariants,
                   "::mlir::ValueRange":$states,
                   "::llvm::ArrayRef<::llvm::StringRef>":$stateNames)>
  ];
  let extraClassDeclaration = [{
    /// The region's block arguments, by kind.
    ::mlir::Block::BlockArgListType getTokenArguments();
    ::mlir::Block::BlockArgListType getInvariantArguments();
    ::mlir::Block::BlockArgListType getStateArguments();
    /// The yielded outputs and next states.
    ::mlir::OperandRange getYieldedOutputs();
    ::mlir::OperandRange getYieldedStates();
    /// The source name of state `index`, or "state<index>".
    std::string getStateName(unsigned index);
    /// Gives the op an empty region, with its arguments, that takes `length`
    /// tokens at once, and returns its block.
    ::mlir::Block *addChunk(int64_t length);
  }];
}

//===----------------------------------------------------------------------===//
// scan
//===----------------------------------------------------------------------===//

def ScanOp : Seqmix_MixerOp<"scan", [
    IsolatedFromAbove, RecursiveMemoryEffects, SameVariadicOperandSize,
    SameVariadicResultSize, SingleBlock]> {
  let summary = "prefixes under an associative combine";
  let description = [{
    Combines tokens from the first to the current one with an associative
    region. With `s` the states and `x` the sequence values:

        inclusive:  s = combine(s, x);  y = s
        exclusive:  y = s;              s = combine(s, x)

    The region takes the left elements, then the right elements, and yields
    the combined ones; left is the earlier in the direction of the scan. It is
    the author's promise that the region is associative: passes may regroup.
    `reverse` runs from the last token to the first.

    Constraints:
    - (C1) there are as many inputs as initial states as results of each kind.
    - (C2) input i is `[batch, time] + E_i`, state i is `[batch] + E_i`.
    - (C3) the region takes every `E_i` twice, the left ones first.
    - (C4) the region yields every `E_i` once.
    - (C5) outputs have the types of the inputs, final states of the initial.

    Example, a running maximum:

    ```mlir
    %m, %last = seqmix.scan inclusive (%x : tensor<?x?x4xf32>)
        states(%m0 : tensor<?x4xf32>) {
    ^bb0(%l: tensor<4xf32>, %r: tensor<4xf32>):
      %0 = arith.maximumf %l, %r : tensor<4xf32>
      seqmix.yield %0 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Seqmix_Sequence>:$inputs,
                       Variadic<Seqmix_State>:$states,
                       UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs Variadic<Seqmix_Sequence>:$outputs,
                      Variadic<Seqmix_State>:$final_states);
  let regions = (region SizedRegion<1>:$combine);
  let assemblyFormat = [{
    (`exclusive` $exclusive^):(`inclusive`)? (`reverse` $reverse^)?
    `(` $inputs `:` type($inputs) `)` `states` `(` $states `:` type($states) `)`
    attr-dict-with-keyword $combine
    custom<SameAs>(type($outputs), ref(type($inputs)),
                   type($final_states), ref(type($states)))
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    bool isReversed() { return getReverse(); }
  }];
}

//===----------------------------------------------------------------------===//
// retention
//===----------------------------------------------------------------------===//

def RetentionOp : Seqmix_MixerOp<"retention", [
    AttrSizedOperandSegments, Pure,
    AllTypesMatch<["query", "key"]>, AllTypesMatch<["value", "output"]>,
    AllTypesMatch<["state", "final_state"]>]> {
  let summary = "decayed rank-one memory";
  let description = [{
    The matrix-state recurrence with a rank-one update, per head:

        S = decay * S + key (outer) value
        output = sum over K of query * S

    With a `bonus`, the current token is read apart from the memory, before
    the update: `output = sum over K of query * (S_old + bonus * key (outer)
    value)`. `decay` is a factor (not its logarithm), per token over no axis,
    a head, or a key; `constant_decay` is the same for every token. Without
    either, nothing decays. A decay of exactly zero is legal.

    Constraints:
    - (C1) query and key are `[batch, time, H, K]`, value `[batch, time, H, V]`,
      with the same heads.
    - (C2) the state is `[batch, H, K, V]`.
    - (C3) `decay` is `[batch, time]`, `[.., H]` or `[.., H, K]`.
    - (C4) `constant_decay` is a scalar, `[H]` or `[H, K]`, and excludes `decay`.
    - (C5) `bonus` is `[H, K]`.
    - (C6) all operands have one element type, which is a float.

    Example:

    ```mlir
    %o, %S1 = seqmix.retention %q, %k, %v constant_decay(%g : tensor<2xf32>)
        state(%S0) : tensor<?x?x2x8xf32>, tensor<?x?x2x16xf32>,
                     tensor<?x2x8x16xf32>
    ```
  }];
  let arguments = (ins Seqmix_Sequence:$query, Seqmix_Sequence:$key,
                       Seqmix_Sequence:$value,
                       Optional<Seqmix_Sequence>:$decay,
                       Optional<Seqmix_Invariant>:$constant_decay,
                       Optional<Seqmix_Invariant>:$bonus,
                       Seqmix_State:$state);
  let results = (outs Seqmix_Sequence:$output, Seqmix_State:$final_state);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`decay` `(` $decay^ `:` type($decay) `)`)?
    (`constant_decay` `(` $constant_decay^ `:` type($constant_decay) `)`)?
    (`bonus` `(` $bonus^ `:` type($bonus) `)`)? `state` `(` $state `)` attr-dict
    `:` type($query) `,` type($value) `,` type($state)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// yield
//===----------------------------------------------------------------------===//

def YieldOp : Seqmix_Op<"yield", [
    Pure, ReturnLike, Terminator, ParentOneOf<["KernelOp", "RecurrenceOp", "ScanOp"]>]> {
  let summary = "ends a token's region";
  let description = [{
    Gives the values of one token: for `recurrence`, its outputs and then its
    next states; for `scan`, the combined elements. Ends the region of a
    `kernel` as well, with its results.

    Constraints:
    - (C1) the parent is a mixer with a region, or a kernel.

    Example: see `recurrence` and `scan`.
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // SEQMIX_RECURRENCE_OPS_TD
