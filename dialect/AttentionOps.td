//===- AttentionOps.td - softmax attention over a window ------------------===//
//
// Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQMIX_ATTENTION_OPS_TD
#define SEQMIX_ATTENTION_OPS_TD

include "dialect/RecurrenceOps.td"

def WindowAttentionOp : Seqmix_MixerOp<"window_attention", [
    Pure, AllTypesMatch<["keys", "final_keys"]>,
    AllTypesMatch<["values", "final_values"]>,
    AllTypesMatch<["count", "final_count"]>]> {
  let summary = "softmax attention over the last tokens";
  let description = [{
    Softmax attention of each token over itself and the tokens before it, as
    many as the cache holds:

        slot = count mod C;  keys[slot] = key;  values[slot] = value
        count = count + 1
        w[h, j] = softmax over slots j < min(count, C) of
                  scale * sum over K of query[h] * keys[j, h / (H / G)]
        output[h] = sum over j of w[h, j] * values[j, h / (H / G)]

    The caches are rings of C slots: C is the window, the current token
    included. H query heads share G key and value heads in groups of H / G.
    `count` is the number of tokens seen. With `windowed` absent the attention
    is over all tokens, C is a capacity, and more than C tokens are the
    caller's error: the model's `max_length` says so to the runtime.

    On a host one token attends to what has been written alone, by a softmax
    that is carried from tile to tile of the cache; with `chunk n` the op also
    takes n tokens at once like this.

    Constraints:
    - (C1) query is `[batch, time, H, K]`, key `[.., G, K]`, value `[.., G, V]`,
      and G divides H.
    - (C2) the caches are `[batch, C, G, K]` and `[batch, C, G, V]`, C positive.
    - (C3) `count` is `[batch]` of i64.
    - (C4) the output is `[batch, time, H, V]`.
    - (C5) all float operands have one element type.
    - (C6) a chunk has at least one token.

    Example:

    ```mlir
    %o, %ks1, %vs1, %n1 = seqmix.window_attention %q, %k, %v
        cache(%ks, %vs, %n) windowed scale 0.25
        : tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>,
          tensor<?x8x2x16xf32>, tensor<?x8x2x16xf32>, tensor<?xi64>
        -> tensor<?x?x4x16xf32>
    ```
  }];
  let arguments = (ins Seqmix_Sequence:$query, Seqmix_Sequence:$key,
                       Seqmix_Sequence:$value, Seqmix_State:$keys,
                       Seqmix_State:$values, Seqmix_State:$count,
                       UnitAttr:$windowed, F64Attr:$scale,
                       OptionalAttr<I64Attr>:$chunk_size);
  let results = (outs Seqmix_Sequence:$output, Seqmix_State:$final_keys,
                      Seqmix_State:$final_values, Seqmix_State:$final_count);
  let assemblyFormat = [{
    $query `,` $key `,` $value `cache` `(` $keys `,` $values `,` $count `)`
    (`windowed` $windowed^)? `scale` $scale (`chunk` $chunk_size^)? attr-dict
    `:` type($query) `,` type($key) `,` type($value) `,` type($keys) `,`
    type($values) `,` type($count) `->` type($output)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = !strconcat(Seqmix_OwnChunk.declaration, [{
    /// Without a window the caches keep all tokens.
    bool growsWithSequence(unsigned state) {
      return !getWindowed() && state < 2;
    }
    bool isWindowed() { return true; }
    /// Groups of heads do not need each other.
    ::llvm::SmallVector<::std::optional<unsigned>> getDividedAxes() {
      return {2, 2, 2, 2, 2, std::nullopt, 2, 2, 2, std::nullopt};
    }
    ::llvm::SmallVector<::mlir::Value>
    buildStep(::mlir::OpBuilder &builder, ::mlir::Location loc,
              ::mlir::ValueRange tokens, ::mlir::ValueRange invariants,
              ::mlir::ValueRange states);
  }]);
}

#endif // SEQMIX_ATTENTION_OPS_TD
