// RUN: seqmix-opt %s --seqmix-narrow-params=type=int8 | FileCheck %s

#input = affine_map<(b, t, n, k) -> (b, t, k)>
#weight = affine_map<(b, t, n, k) -> (n, k)>
#output = affine_map<(b, t, n, k) -> (b, t, n)>

// CHECK-LABEL: seqmix.model @projections
seqmix.model @projections {
  // CHECK: seqmix.entry @prefill(%[[X:.+]] "x"
  seqmix.entry @prefill(%x "x" : tensor<?x?x64xf32>, %h "h" : tensor<?x?x40xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0.0 : f32
    %batch = tensor.dim %x, %c0 : tensor<?x?x64xf32>
    %time = tensor.dim %x, %c1 : tensor<?x?x64xf32>
    // CHECK: %[[EMPTY:.+]] = tensor.empty(
    %empty = tensor.empty(%batch, %time) : tensor<?x?x8xf32>
    %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>

    // Two groups in a row.
    // CHECK: %[[W:.+]] = seqmix.param "w" : tensor<8x64xi8>
    // CHECK: %[[S:.+]] = seqmix.param "w_scale" : tensor<8x2xf32>
    // CHECK: seqmix.matmul ins(%[[X]], %[[W]] : tensor<?x?x64xf32>, tensor<8x64xi8>) scales(%[[S]] : tensor<8x2xf32>) outs(%[[EMPTY]]
    %w = seqmix.param "w" : tensor<8x64xf32>
    %0 = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%x, %w : tensor<?x?x64xf32>, tensor<8x64xf32>)
        outs(%zeros : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>

    // Rows that are not whole groups, sums that begin with something else, and
    // axes in another order stay in f32.
    // CHECK: seqmix.param "no groups" : tensor<8x40xf32>
    // CHECK-NEXT: linalg.contract
    %g = seqmix.param "no groups" : tensor<8x40xf32>
    %1 = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%h, %g : tensor<?x?x40xf32>, tensor<8x40xf32>)
        outs(%zeros : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    // CHECK: seqmix.param "added to" : tensor<8x64xf32>
    // CHECK-NEXT: linalg.contract
    %a = seqmix.param "added to" : tensor<8x64xf32>
    %2 = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%x, %a : tensor<?x?x64xf32>, tensor<8x64xf32>)
        outs(%1 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    // CHECK: seqmix.param "transposed" : tensor<64x32xf32>
    // CHECK: linalg.contract
    %t = seqmix.param "transposed" : tensor<64x32xf32>
    %wide = tensor.empty(%batch, %time) : tensor<?x?x32xf32>
    %none = linalg.fill ins(%zero : f32) outs(%wide : tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
    %3 = linalg.contract
        indexing_maps = [#input, affine_map<(b, t, n, k) -> (k, n)>, #output]
        ins(%x, %t : tensor<?x?x64xf32>, tensor<64x32xf32>)
        outs(%none : tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
    // Where its scales' name is taken, so does a weight.
    // CHECK: seqmix.param "taken" : tensor<8x64xf32>
    %u = seqmix.param "taken" : tensor<8x64xf32>
    %us = seqmix.param "taken_scale" : tensor<8xf32>
    %4 = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%x, %u : tensor<?x?x64xf32>, tensor<8x64xf32>)
        outs(%zeros : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    seqmix.return outputs("y0" = %0 : tensor<?x?x8xf32>, "y2" = %2 : tensor<?x?x8xf32>, "y3" = %3 : tensor<?x?x32xf32>, "y4" = %4 : tensor<?x?x8xf32>)
        states()
  }
}
