//===- ConvOps.td - short convolutions and the token shift ----------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_CONV_OPS_TD
#define SEQMIX_CONV_OPS_TD

include "dialect/RecurrenceOps.td"

def ConvOp : Seqmix_MixerOp<"conv", [
    Pure, AllTypesMatch<["input", "output"]>,
    AllTypesMatch<["history", "final_history"]>]> {
  let summary = "short causal convolution";
  let description = [{
    A depthwise convolution over the current token and the W - 1 before it;
    the last tap is the current token:

        output[t] = bias + sum over j < W of weight[.., j] * input[t - W + 1 + j]

    `history` holds the W - 1 tokens before the first one, the oldest first.
    With a `chunk` so many tokens may be taken at once.

    Constraints:
    - (C1) the input is `[batch, time] + E`, the weight `E + [W]` with W >= 2.
    - (C2) the history is `[batch, W - 1] + E`.
    - (C3) the bias is `E`.
    - (C4) all operands have one element type, which is a float.
    - (C5) a chunk has at least one token.

    Example:

    ```mlir
    %y, %h1 = seqmix.conv %x, %w bias(%b : tensor<6xf32>) history(%h0)
        : tensor<?x?x6xf32>, tensor<6x4xf32>, tensor<?x3x6xf32>
    ```
  }];
  let arguments = (ins Seqmix_Sequence:$input, Seqmix_Invariant:$weight,
                       Optional<Seqmix_Invariant>:$bias, Seqmix_State:$history,
                       OptionalAttr<I64Attr>:$chunk_size);
  let results = (outs Seqmix_Sequence:$output, Seqmix_State:$final_history);
  let assemblyFormat = [{
    $input `,` $weight (`bias` `(` $bias^ `:` type($bias) `)`)?
    `history` `(` $history `)` (`chunk` $chunk_size^)? attr-dict
    `:` type($input) `,` type($weight) `,` type($history)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = !strconcat(Seqmix_OwnChunk.declaration, [{
    bool isWindowed() { return true; }
  }]);
}

def ShiftOp : Seqmix_MixerOp<"shift", [
    Pure, AllTypesMatch<["input", "output"]>,
    AllTypesMatch<["previous", "last"]>]> {
  let summary = "the previous token";
  let description = [{
    Gives each token the value of the one before it; the first gets `previous`,
    and `last` is the value of the last token:

        output[t] = input[t - 1],  output[0] = previous

    With a `chunk` so many tokens may be taken at once.

    Constraints:
    - (C1) the input is `[batch, time] + E` and the state `[batch] + E`, of one
      element type.
    - (C2) a chunk has at least one token.

    Example:

    ```mlir
    %y, %p1 = seqmix.shift %x state(%p0) : tensor<?x?x8xf32>, tensor<?x8xf32>
    ```
  }];
  let arguments = (ins Seqmix_Sequence:$input, Seqmix_State:$previous,
                       OptionalAttr<I64Attr>:$chunk_size);
  let results = (outs Seqmix_Sequence:$output, Seqmix_State:$last);
  let assemblyFormat = [{
    $input `state` `(` $previous `)` (`chunk` $chunk_size^)? attr-dict
    `:` type($input) `,` type($previous)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = !strconcat(Seqmix_OwnChunk.declaration, [{
    bool isWindowed() { return true; }
  }]);
}

#endif // SEQMIX_CONV_OPS_TD
