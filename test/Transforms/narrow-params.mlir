// RUN: seqmix-opt %s --seqmix-narrow-params | FileCheck %s
// RUN: seqmix-opt %s --seqmix-narrow-params --linalg-generalize-named-ops | FileCheck %s --check-prefix=WIDENS

#input = affine_map<(b, t, n, k) -> (b, t, k)>
#weight = affine_map<(b, t, n, k) -> (n, k)>
#output = affine_map<(b, t, n, k) -> (b, t, n)>

// CHECK-LABEL: seqmix.model @projections
seqmix.model @projections {
  // CHECK: seqmix.entry @prefill(%[[X:.+]] "x"
  seqmix.entry @prefill(%x "x" : tensor<?x?x8xf32>,
                        %y0 "y0" : tensor<?x?x8xf32>,
                        %s0 "s0" : tensor<?x?xf32>) {
    // What it is contracted with is rounded; the sum is of f32.
    // CHECK: %[[W:.+]] = seqmix.param "only projected with" : tensor<8x8xbf16>
    // CHECK: %[[ROUNDED:.+]] = arith.truncf %[[X]] : tensor<?x?x8xf32> to tensor<?x?x8xbf16>
    // CHECK: linalg.contract {{.+}} ins(%[[ROUNDED]], %[[W]] : tensor<?x?x8xbf16>, tensor<8x8xbf16>) outs(%{{.+}} : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    // WIDENS: linalg.generic {{.+}} ins(%{{.+}}, %{{.+}} : tensor<?x?x8xbf16>, tensor<8x8xbf16>) outs(%{{.+}} : tensor<?x?x8xf32>)
    // WIDENS-NEXT: ^bb0(%[[X_AT:.+]]: bf16, %[[W_AT:.+]]: bf16, %[[SUM:.+]]: f32):
    // WIDENS-NEXT: %[[X_WIDE:.+]] = arith.extf %[[X_AT]] : bf16 to f32
    // WIDENS-NEXT: %[[W_WIDE:.+]] = arith.extf %[[W_AT]] : bf16 to f32
    // WIDENS-NEXT: %[[PRODUCT:.+]] = arith.mulf %[[X_WIDE]], %[[W_WIDE]] : f32
    // WIDENS-NEXT: arith.addf %[[SUM]], %[[PRODUCT]] : f32
    %w = seqmix.param "only projected with" : tensor<8x8xf32>
    %0 = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%x, %w : tensor<?x?x8xf32>, tensor<8x8xf32>)
        outs(%y0 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>

    // What is looked up in as well, as the embedding of a model that shares it
    // with its last projection, keeps its type.
    // CHECK: %[[E:.+]] = seqmix.param "looked up in" : tensor<8x8xf32>
    // CHECK-NEXT: linalg.contract {{.+}} ins(%{{.+}}, %[[E]] : tensor<?x?x8xf32>, tensor<8x8xf32>)
    %e = seqmix.param "looked up in" : tensor<8x8xf32>
    %1 = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%0, %e : tensor<?x?x8xf32>, tensor<8x8xf32>)
        outs(%y0 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %c0 = arith.constant 0 : index
    %first = tensor.extract %e[%c0, %c0] : tensor<8x8xf32>

    // Vectors are added or multiplied with; they are small.
    // CHECK: seqmix.param "vector" : tensor<8xf32>
    %v = seqmix.param "vector" : tensor<8xf32>
    %2 = linalg.contract
        indexing_maps = [affine_map<(b, t, k) -> (b, t, k)>,
                         affine_map<(b, t, k) -> (k)>,
                         affine_map<(b, t, k) -> (b, t)>]
        ins(%1, %v : tensor<?x?x8xf32>, tensor<8xf32>)
        outs(%s0 : tensor<?x?xf32>) -> tensor<?x?xf32>

    // CHECK: seqmix.param "precise" : tensor<8x8xf64>
    %p = seqmix.param "precise" : tensor<8x8xf64>
    %3 = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%x, %p : tensor<?x?x8xf32>, tensor<8x8xf64>)
        outs(%1 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>

    // A mixer is no contraction.
    // CHECK: seqmix.param "mixed with" : tensor<8x4xf32>
    %m = seqmix.param "mixed with" : tensor<8x4xf32>
    %h = seqmix.state "h" init 0.0 : tensor<?x3x8xf32>
    %4, %h1 = seqmix.conv %3, %m history(%h)
        : tensor<?x?x8xf32>, tensor<8x4xf32>, tensor<?x3x8xf32>
    seqmix.return outputs("y" = %4 : tensor<?x?x8xf32>)
        states("h" = %h1 : tensor<?x3x8xf32>)
  }
}

// A parameter has one type in all entry points: what one of them does with it
// counts for the other.
// CHECK-LABEL: seqmix.model @shared
// CHECK: seqmix.param "projected with in both" : tensor<8x8xbf16>
// CHECK: seqmix.param "projected with here" : tensor<8x8xf32>
// CHECK: seqmix.entry @step
// CHECK: seqmix.param "projected with in both" : tensor<8x8xbf16>
// CHECK: seqmix.param "projected with here" : tensor<8x8xf32>
seqmix.model @shared {
  seqmix.entry @prefill(%x "x" : tensor<?x?x8xf32>) {
    %w = seqmix.param "projected with in both" : tensor<8x8xf32>
    %u = seqmix.param "projected with here" : tensor<8x8xf32>
    %0 = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%x, %w : tensor<?x?x8xf32>, tensor<8x8xf32>)
        outs(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %1 = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%0, %u : tensor<?x?x8xf32>, tensor<8x8xf32>)
        outs(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    seqmix.return outputs("y" = %1 : tensor<?x?x8xf32>)
  }
  seqmix.entry @step(%x "x" : tensor<?x?x8xf32>) length 1 {
    %w = seqmix.param "projected with in both" : tensor<8x8xf32>
    %u = seqmix.param "projected with here" : tensor<8x8xf32>
    %0 = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%x, %w : tensor<?x?x8xf32>, tensor<8x8xf32>)
        outs(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %1 = arith.addf %u, %u : tensor<8x8xf32>
    seqmix.return outputs("y" = %0 : tensor<?x?x8xf32>)
  }
}
