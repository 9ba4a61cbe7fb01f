//===- ModelOps.td - models, entry points, parameters, states -------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_MODEL_OPS_TD
#define SEQMIX_MODEL_OPS_TD

include "dialect/SeqmixBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def ModelOp : Seqmix_Op<"model", [
    IsolatedFromAbove, NoTerminator, SingleBlock, Symbol, SymbolTable]> {
  let summary = "a model and its entry points";
  let description = [{
    Holds the entry points of one model. They share its parameters and states
    by name; a compiled artifact holds exactly one model.

    `max_length` is the number of tokens that one session may see in all; it is
    absent where nothing limits it.

    Constraints:
    - (C1) the body holds entry points only, at least one.
    - (C2) a parameter or state that appears in two entry points has the same
      type, and a state the same initial value, in both.
    - (C3) `max_length` is positive.

    Example:

    ```mlir
    seqmix.model @counter {
      seqmix.entry @prefill(%x "x" : tensor<?x?x4xf32>) {
        %w = seqmix.param "scale" : tensor<4xf32>
        %s = seqmix.state "last" init 0.0 : tensor<?x4xf32>
        %y, %s1 = seqmix.shift %x state(%s)
            : tensor<?x?x4xf32>, tensor<?x4xf32>
        seqmix.return outputs("y" = %y : tensor<?x?x4xf32>)
            states("last" = %s1 : tensor<?x4xf32>)
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       OptionalAttr<I64Attr>:$max_length);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name (`max_length` $max_length^)? attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1;
}

def EntryOp : Seqmix_Op<"entry", [
    HasParent<"ModelOp">, IsolatedFromAbove, SingleBlock, Symbol]> {
  let summary = "a function of a model";
  let description = [{
    Maps input sequences and entering states to output sequences and leaving
    states. With a `length` the entry takes exactly that many tokens;
    otherwise any number, zero included. An integer input may carry a `limit`:
    its elements lie in `[0, limit)`, which the caller checks.

    Constraints:
    - (C1) there is an input, and every input is a sequence.
    - (C2) names are unique among inputs, outputs, and states.
    - (C3) only integer inputs have a limit, and it is positive.
    - (C4) every state that is read is returned, once, with the same type, and
      no other.
    - (C5) `length` is positive.
    - (C6) inputs and outputs have dynamic batch and time, and elements of f32,
      f64, i32 or i64.
    - (C7) no mixer runs in reverse: a session is fed in pieces, and the first
      piece cannot know the last.

    Example: see `model`.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$input_names,
                       DenseI64ArrayAttr:$input_limits,
                       OptionalAttr<I64Attr>:$length);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def ParamOp : Seqmix_Op<"param", [Pure, HasParent<"EntryOp">]> {
  let summary = "a parameter of the model";
  let description = [{
    The tensor of that name in the checkpoint, converted to the element type
    written here.

    Constraints:
    - (C1) the name is not empty.
    - (C2) the extents are positive and the elements f32, f64, bf16 or i8. By
      the checkpoint's convention, one of i8 has a parameter of scales besides,
      of its name and `_scale`.

    Example:

    ```mlir
    %w = seqmix.param "lm_head.weight" : tensor<61x32xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name);
  let results = (outs Seqmix_Invariant:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def StateOp : Seqmix_Op<"state", [Pure, HasParent<"EntryOp">]> {
  let summary = "a state as it enters the call";
  let description = [{
    The value that the state of that name had after the previous call, or
    `init` in every element before the first token.

    Constraints:
    - (C1) the name is not empty.
    - (C2) the batch is dynamic, the extents after it are positive, and the
      elements f32, f64, i32 or i64.
    - (C3) an integer state has a whole number as its initial value.

    Example:

    ```mlir
    %s = seqmix.state "layers.0.S" init 0.0 : tensor<?x2x16x32xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, F64Attr:$init);
  let results = (outs Seqmix_State:$result);
  let assemblyFormat = "$name `init` $init attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def ReturnOp : Seqmix_Op<"return", [
    AttrSizedOperandSegments, HasParent<"EntryOp">, Pure, ReturnLike,
    Terminator]> {
  let summary = "ends an entry point";
  let description = [{
    Gives the named output sequences and the named states as they leave.

    Constraints:
    - (C1) there are as many names as values, of each kind.

    Example: see `model`.
  }];
  let arguments = (ins Variadic<Seqmix_Sequence>:$outputs,
                       Variadic<Seqmix_State>:$states,
                       StrArrayAttr:$output_names, StrArrayAttr:$state_names);
  let assemblyFormat = [{
    custom<NamedValues>("\"outputs\"", $output_names, $outputs, type($outputs))
    custom<NamedValues>("\"states\"", $state_names, $states, type($states))
    attr-dict
  }];
  let hasVerifier = 1;
}

#endif // SEQMIX_MODEL_OPS_TD
