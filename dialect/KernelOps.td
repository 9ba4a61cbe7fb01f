//===- KernelOps.td - work for a device, in pieces it can launch ----------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_KERNEL_OPS_TD
#define SEQMIX_KERNEL_OPS_TD

include "dialect/SeqmixBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def KernelOp : Seqmix_Op<"kernel", [
    IsolatedFromAbove, RecursiveMemoryEffects, SingleBlock]> {
  let summary = "what one launch computes";
  let description = [{
    Holds the ops that one launch of a kernel carries out: either ops between
    mixers, independent for each token, or a single `recurrence`. The region's
    arguments are the operands; it yields the results. It means what its body
    means: the op only says what is computed together.

    Constraints:
    - (C1) the region's arguments have the types of the operands.
    - (C2) the region yields one value per result, of the result's type.

    Example:

    ```mlir
    %r = seqmix.kernel ins(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    ^bb0(%y: tensor<?x?x8xf32>):
      %0 = arith.addf %y, %y : tensor<?x?x8xf32>
      seqmix.yield %0 : tensor<?x?x8xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs);
  let results = (outs Variadic<AnyRankedTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`ins` `(` $inputs^ `:` type($inputs) `)`)? `->` type($outputs) attr-dict-with-keyword
    $body
  }];
  let hasRegionVerifier = 1;
}

class Seqmix_DeviceOp<string mnemonic, list<Trait> traits = []>
    : Seqmix_Op<mnemonic, traits # [
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]>;

def LaunchOp : Seqmix_DeviceOp<"launch", [AttrSizedOperandSegments]> {
  let summary = "run a kernel of the device's module";
  let description = [{
    Enqueues a kernel. Its arguments are the addresses of the inputs, then of
    the outputs, then the batch and the length of the call, eight bytes each.
    The number of blocks is `blocks`, times the batch with `per_sequence`, times
    the length with `per_token`. On tensors every output has its result; on
    memrefs there are no results.

    Constraints:
    - (C1) on tensors there is one result per output, of its type; on memrefs
      there is none.
    - (C2) `blocks` is positive.

    Example:

    ```mlir
    %y = seqmix.launch @device::@norm blocks 1 per_sequence per_token
        ins(%x : tensor<?x?x8xf32>) outs(%y0 : tensor<?x?x8xf32>)
        -> tensor<?x?x8xf32>
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, I64Attr:$blocks,
                       UnitAttr:$per_sequence, UnitAttr:$per_token,
                       Variadic<AnyShaped>:$inputs,
                       Variadic<AnyShaped>:$outputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $kernel `blocks` $blocks (`per_sequence` $per_sequence^)?
    (`per_token` $per_token^)? attr-dict
    (`ins` `(` $inputs^ `:` type($inputs) `)`)?
    `outs` `(` $outputs `:` type($outputs) `)` (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutputsMutable();
    }
  }];
}

def MatmulOp : Seqmix_DeviceOp<"matmul"> {
  let summary = "project every token";
  let description = [{
    The matrix product of a projection, over all tokens at once:

        output[.., j] = sum over l of input[.., l] * weight[j, l]

    accumulated in f32. Who computes it, a library of the host's or code of the
    model's own, is decided when it runs. A weight of eight bits is an integer
    times the scale of its group, which is some weights of one row. On tensors
    there is a result; on memrefs there is none.

    Constraints:
    - (C1) the input is `[.., K]`, the weight `[N, K]`, the output `[.., N]`.
    - (C2) the weight is f32, bf16 or i8, the input f32, or bf16 as the weight
      is; the output is f32.
    - (C3) on tensors there is one result, of the output's type; on memrefs
      there is none.
    - (C4) there are scales where the weight is i8, and only there: f32 of
      `[N, groups]`, where `groups` divides K.

    Example:

    ```mlir
    %c = seqmix.matmul ins(%a, %b : tensor<?x?x8xf32>, tensor<16x8xf32>)
        outs(%c0 : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
    ```
  }];
  let arguments = (ins AnyShaped:$input, AnyShaped:$weight,
                       Optional<AnyShaped>:$scales, AnyShaped:$output);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $input `,` $weight `:` type($input) `,` type($weight) `)`
    (`scales` `(` $scales^ `:` type($scales) `)`)?
    `outs` `(` $output `:` type($output) `)` attr-dict (`->` type($result)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutputMutable();
    }
  }];
}

#endif // SEQMIX_KERNEL_OPS_TD
