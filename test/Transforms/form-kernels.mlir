// DEFINE: %{form} = --pass-pipeline='builtin.module(convert-elementwise-to-linalg,linalg-generalize-named-ops,seqmix-fuse-elementwise,canonicalize,cse,seqmix.model(seqmix.entry(seqmix-form-kernels)),canonicalize,cse)'
// RUN: seqmix-opt %s %{form} -split-input-file | FileCheck %s
// RUN: not seqmix-opt %S/Inputs/not-for-gpus.mlir %{form} 2>&1 | FileCheck %s --check-prefix=ERROR

#input = affine_map<(b, t, n, k) -> (b, t, k)>
#weight = affine_map<(b, t, n, k) -> (n, k)>
#output = affine_map<(b, t, n, k) -> (b, t, n)>

// CHECK-LABEL: seqmix.model @layer
seqmix.model @layer {
  // CHECK: seqmix.entry @prefill(%[[X:.+]] "x"
  seqmix.entry @prefill(%x "x" : tensor<?x?x8xf32>) {
    // CHECK-DAG: %[[W_Q:.+]] = seqmix.param "q"
    // CHECK-DAG: %[[W_K:.+]] = seqmix.param "k"
    // CHECK-DAG: %[[W_O:.+]] = seqmix.param "o"
    // CHECK-DAG: %[[H:.+]] = seqmix.state "h"
    %w_q = seqmix.param "q" : tensor<16x8xf32>
    %w_k = seqmix.param "k" : tensor<16x8xf32>
    %w_o = seqmix.param "o" : tensor<8x16xf32>
    %h = seqmix.state "h" init 0.0 : tensor<?x16xf32>
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %x, %c0 : tensor<?x?x8xf32>
    %t = tensor.dim %x, %c1 : tensor<?x?x8xf32>
    %e16 = tensor.empty(%b, %t) : tensor<?x?x16xf32>
    %e8 = tensor.empty(%b, %t) : tensor<?x?x8xf32>
    %z16 = linalg.fill ins(%zero : f32) outs(%e16 : tensor<?x?x16xf32>)
        -> tensor<?x?x16xf32>
    %z8 = linalg.fill ins(%zero : f32) outs(%e8 : tensor<?x?x8xf32>)
        -> tensor<?x?x8xf32>

    // All that comes before the first projections is one kernel.
    // CHECK: %[[NORMED:.+]] = seqmix.kernel ins(%[[X]] : tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    // CHECK-NEXT: ^bb0(%[[X_IN:.+]]: tensor<?x?x8xf32>):
    // CHECK: %[[SUM:.+]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[X_IN]] :
    // CHECK: %[[RATIO:.+]] = linalg.generic {{.*}} ins(%[[X_IN]], %[[SUM]] :
    // CHECK: seqmix.yield %[[RATIO]]
    %e = tensor.empty(%b, %t) : tensor<?x?xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>)
        -> tensor<?x?xf32>
    %total = linalg.reduce {arith.addf} ins(%x : tensor<?x?x8xf32>)
        outs(%z : tensor<?x?xf32>) dimensions = [2]
    %totals = linalg.broadcast ins(%total : tensor<?x?xf32>)
        outs(%e8 : tensor<?x?x8xf32>) dimensions = [2]
    %normed = arith.divf %x, %totals : tensor<?x?x8xf32>

    // Projections are not kernels. The zeros that they add to are theirs.
    // CHECK: %[[E_Q:.+]] = tensor.empty(%{{.+}}, %{{.+}}) : tensor<?x?x16xf32>
    // CHECK: %[[Q:.+]] = seqmix.matmul ins(%[[NORMED]], %[[W_Q]] : tensor<?x?x8xf32>, tensor<16x8xf32>) outs(%[[E_Q]] : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
    // CHECK: %[[K:.+]] = seqmix.matmul ins(%[[NORMED]], %[[W_K]] :
    %q = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%normed, %w_q : tensor<?x?x8xf32>, tensor<16x8xf32>)
        outs(%z16 : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
    %k = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%normed, %w_k : tensor<?x?x8xf32>, tensor<16x8xf32>)
        outs(%z16 : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>

    // What waits for the same projections runs together.
    // CHECK: %[[SUMS:.+]]:2 = seqmix.kernel ins(%[[Q]], %[[K]] : {{.+}}) -> tensor<?x?x16xf32>, tensor<?x?x16xf32> {
    // CHECK: arith.addf
    // CHECK: arith.subf
    // CHECK: }
    %sum = arith.addf %q, %k : tensor<?x?x16xf32>
    %gate = arith.subf %q, %k : tensor<?x?x16xf32>

    // A recurrence has a kernel to itself.
    // CHECK: %[[MIXED:.+]]:2 = seqmix.kernel ins(%[[SUMS]]#0, %[[H]] : tensor<?x?x16xf32>, tensor<?x16xf32>) -> tensor<?x?x16xf32>, tensor<?x16xf32> {
    // CHECK-NEXT: ^bb0(%[[SUM_IN:.+]]: tensor<?x?x16xf32>, %[[H_IN:.+]]: tensor<?x16xf32>):
    // CHECK-NEXT: %[[Y:.+]], %[[H1:.+]] = seqmix.recurrence
    // CHECK-NEXT: tokens(%{{.+}} = %[[SUM_IN]]
    // CHECK-NEXT: states(%{{.+}} = %[[H_IN]]
    // CHECK: seqmix.yield %[[Y]], %[[H1]]
    %y, %h1 = seqmix.recurrence
        tokens(%s_t = %sum : tensor<?x?x16xf32>)
        states(%h_t = %h : tensor<?x16xf32>) -> (tensor<?x?x16xf32>) {
      %0 = arith.addf %s_t, %h_t : tensor<16xf32>
      seqmix.yield %0, %0 : tensor<16xf32>, tensor<16xf32>
    }

    // CHECK: %[[GATED:.+]] = seqmix.kernel ins(%[[MIXED]]#0, %[[SUMS]]#1 :
    // CHECK: %[[O:.+]] = seqmix.matmul ins(%[[GATED]], %[[W_O]] :
    // CHECK: %[[R:.+]] = seqmix.kernel ins(%[[O]], %[[X]] :
    // CHECK: seqmix.return outputs("y" = %[[R]] : tensor<?x?x8xf32>, "gate" = %[[SUMS]]#1 : tensor<?x?x16xf32>) states("h" = %[[MIXED]]#1 : tensor<?x16xf32>)
    %gated = arith.mulf %y, %gate : tensor<?x?x16xf32>
    %o = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%gated, %w_o : tensor<?x?x16xf32>, tensor<8x16xf32>)
        outs(%z8 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %r = arith.addf %o, %x : tensor<?x?x8xf32>
    seqmix.return outputs("y" = %r : tensor<?x?x8xf32>,
                          "gate" = %gate : tensor<?x?x16xf32>)
        states("h" = %h1 : tensor<?x16xf32>)
  }
}

// -----

#input = affine_map<(b, t, n, k) -> (b, t, k)>
#weight = affine_map<(b, t, n, k) -> (n, k)>
#output = affine_map<(b, t, n, k) -> (b, t, n)>

// Two projections with bf16 weights share an input that is rounded once; one
// with an f32 weight takes the input as it is.
// CHECK-LABEL: seqmix.model @narrow
seqmix.model @narrow {
  // CHECK: seqmix.entry @prefill(%[[X:.+]] "x"
  seqmix.entry @prefill(%x "x" : tensor<?x?x8xf32>) {
    %w_a = seqmix.param "a" : tensor<8x8xbf16>
    %w_b = seqmix.param "b" : tensor<8x8xbf16>
    %w_c = seqmix.param "c" : tensor<8x8xf32>
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = tensor.dim %x, %c0 : tensor<?x?x8xf32>
    %t = tensor.dim %x, %c1 : tensor<?x?x8xf32>
    %e = tensor.empty(%n, %t) : tensor<?x?x8xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?x8xf32>)
        -> tensor<?x?x8xf32>
    // CHECK-DAG: %[[W_A:.+]] = seqmix.param "a"
    // CHECK-DAG: %[[W_B:.+]] = seqmix.param "b"
    // CHECK-DAG: %[[W_C:.+]] = seqmix.param "c"
    // CHECK: %[[ROUNDED:.+]] = seqmix.kernel ins(%[[X]] : tensor<?x?x8xf32>) -> tensor<?x?x8xbf16> {
    // CHECK: arith.truncf %{{.+}} : f32 to bf16
    // CHECK: }
    // CHECK-NOT: arith.truncf
    // CHECK: seqmix.matmul ins(%[[ROUNDED]], %[[W_A]] : tensor<?x?x8xbf16>, tensor<8x8xbf16>) outs(%{{.+}} : tensor<?x?x8xf32>)
    // CHECK: seqmix.matmul ins(%[[ROUNDED]], %[[W_B]] : tensor<?x?x8xbf16>, tensor<8x8xbf16>)
    // CHECK: seqmix.matmul ins(%[[X]], %[[W_C]] : tensor<?x?x8xf32>, tensor<8x8xf32>)
    %a = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%x, %w_a : tensor<?x?x8xf32>, tensor<8x8xbf16>)
        outs(%z : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %b = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%x, %w_b : tensor<?x?x8xf32>, tensor<8x8xbf16>)
        outs(%z : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %c = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%x, %w_c : tensor<?x?x8xf32>, tensor<8x8xf32>)
        outs(%z : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    seqmix.return outputs("a" = %a : tensor<?x?x8xf32>,
                          "b" = %b : tensor<?x?x8xf32>,
                          "c" = %c : tensor<?x?x8xf32>)
  }
}

// -----

#input = affine_map<(b, t, n, k) -> (b, t, k)>
#output = affine_map<(b, t, n, k) -> (b, t, n)>

// Near misses: the weight the other way round, a sum that begins with something
// and no product. They are ops as others are.
// CHECK-LABEL: seqmix.model @no_projections
// CHECK-NOT: seqmix.matmul
// CHECK: seqmix.return
seqmix.model @no_projections {
  seqmix.entry @prefill(%x "x" : tensor<?x?x8xf32>) {
    %w = seqmix.param "w" : tensor<8x8xf32>
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %x, %c0 : tensor<?x?x8xf32>
    %t = tensor.dim %x, %c1 : tensor<?x?x8xf32>
    %e = tensor.empty(%b, %t) : tensor<?x?x8xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?x8xf32>)
        -> tensor<?x?x8xf32>
    %0 = linalg.contract
        indexing_maps = [#input, affine_map<(b, t, n, k) -> (k, n)>, #output]
        ins(%x, %w : tensor<?x?x8xf32>, tensor<8x8xf32>)
        outs(%z : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %1 = linalg.contract
        indexing_maps = [#input, affine_map<(b, t, n, k) -> (n, k)>, #output]
        ins(%0, %w : tensor<?x?x8xf32>, tensor<8x8xf32>)
        outs(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
    %2 = linalg.generic {
        indexing_maps = [#input, affine_map<(b, t, n, k) -> (n, k)>, #output],
        iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
        ins(%1, %w : tensor<?x?x8xf32>, tensor<8x8xf32>)
        outs(%z : tensor<?x?x8xf32>) {
    ^bb0(%l: f32, %r: f32, %most: f32):
      %3 = arith.mulf %l, %r : f32
      %4 = arith.maximumf %most, %3 : f32
      linalg.yield %4 : f32
    } -> tensor<?x?x8xf32>
    seqmix.return outputs("y" = %2 : tensor<?x?x8xf32>)
  }
}

// -----

// Views are taken where they are used, of what lies in memory: both kernels get
// the whole. What leaves the entry point as a part is copied for it.
// CHECK-LABEL: seqmix.model @views
seqmix.model @views {
  // CHECK: seqmix.entry @prefill(%[[X:.+]] "x"
  seqmix.entry @prefill(%x "x" : tensor<?x?x8xf32>) {
    %h = seqmix.state "h" init 0.0 : tensor<?x4xf32>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %x, %c0 : tensor<?x?x8xf32>
    %t = tensor.dim %x, %c1 : tensor<?x?x8xf32>
    // CHECK-NOT: tensor.extract_slice
    // CHECK: seqmix.kernel ins(%[[X]] : tensor<?x?x8xf32>) -> tensor<?x?x4xf32>, tensor<?x?x4xf32> {
    // CHECK-NEXT: ^bb0(%[[X_IN:.+]]: tensor<?x?x8xf32>):
    // CHECK-DAG: %[[FIRST:.+]] = tensor.extract_slice %[[X_IN]][0, 0, 0]
    // CHECK-DAG: %[[SECOND:.+]] = tensor.extract_slice %[[X_IN]][0, 0, 4]
    // CHECK: %[[SQUARE:.+]] = linalg.generic {{.*}} ins(%[[FIRST]] :
    // CHECK: seqmix.yield %[[SECOND]], %[[SQUARE]]
    // CHECK-NOT: tensor.extract_slice
    // CHECK: seqmix.kernel ins(%[[X]], %{{.+}} : tensor<?x?x8xf32>, tensor<?x4xf32>)
    // CHECK-NEXT: ^bb0(%[[X_AGAIN:.+]]: tensor<?x?x8xf32>,
    // CHECK: %[[TOKENS:.+]] = tensor.extract_slice %[[X_AGAIN]][0, 0, 0]
    // CHECK: seqmix.recurrence
    // CHECK-NEXT: tokens(%{{.+}} = %[[TOKENS]]
    %first = tensor.extract_slice %x[0, 0, 0] [%b, %t, 4] [1, 1, 1]
        : tensor<?x?x8xf32> to tensor<?x?x4xf32>
    %second = tensor.extract_slice %x[0, 0, 4] [%b, %t, 4] [1, 1, 1]
        : tensor<?x?x8xf32> to tensor<?x?x4xf32>
    %square = arith.mulf %first, %first : tensor<?x?x4xf32>
    %y, %h1 = seqmix.recurrence
        tokens(%s_t = %first : tensor<?x?x4xf32>)
        states(%h_t = %h : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
      seqmix.yield %h_t, %s_t : tensor<4xf32>, tensor<4xf32>
    }
    seqmix.return outputs("square" = %square : tensor<?x?x4xf32>,
                          "second" = %second : tensor<?x?x4xf32>,
                          "y" = %y : tensor<?x?x4xf32>)
        states("h" = %h1 : tensor<?x4xf32>)
  }
}

// -----

// What runs once, once a sequence and once a token are different kernels.
// CHECK-LABEL: seqmix.model @extents
seqmix.model @extents {
  // CHECK: seqmix.entry @prefill(%[[X:.+]] "x"
  seqmix.entry @prefill(%x "x" : tensor<?x?x8xf32>) {
    // CHECK-DAG: %[[W:.+]] = seqmix.param "w"
    // CHECK-DAG: %[[H:.+]] = seqmix.state "h"
    // CHECK: seqmix.kernel ins({{.*}}%[[W]]{{.*}}) -> tensor<8xf32> {
    // CHECK: seqmix.kernel ins({{.*}}%[[H]]{{.*}}) -> tensor<?x8xf32> {
    // CHECK: seqmix.kernel ins(%[[X]] : {{.*}}) -> tensor<?x?x8xf32> {
    // CHECK-NOT: seqmix.kernel
    %w = seqmix.param "w" : tensor<8xf32>
    %h = seqmix.state "h" init 0.0 : tensor<?x8xf32>
    %once = arith.mulf %w, %w : tensor<8xf32>
    %h1 = arith.mulf %h, %h : tensor<?x8xf32>
    %x2 = arith.mulf %x, %x : tensor<?x?x8xf32>
    %y, %h2 = seqmix.recurrence
        tokens(%x_t = %x2 : tensor<?x?x8xf32>)
        invariants(%w_t = %once : tensor<8xf32>)
        states(%h_t = %h1 : tensor<?x8xf32>) -> (tensor<?x?x8xf32>) {
      %0 = arith.addf %w_t, %h_t : tensor<8xf32>
      seqmix.yield %0, %x_t : tensor<8xf32>, tensor<8xf32>
    }
    // CHECK: seqmix.kernel
    // CHECK: seqmix.recurrence
    seqmix.return outputs("y" = %y : tensor<?x?x8xf32>)
        states("h" = %h2 : tensor<?x8xf32>)
  }
}

// -----

!x = tensor<?x?x1xf32>

// The arguments of a kernel are limited: ops that do not need each other are
// divided where they would be too many.
// CHECK-LABEL: seqmix.model @many_operands
// CHECK: seqmix.kernel
// CHECK: tensor.concat
// CHECK: seqmix.kernel
// CHECK: tensor.concat
// CHECK-NOT: seqmix.kernel
seqmix.model @many_operands {
  seqmix.entry @prefill(%x "x" : !x, %y "y" : !x) {
    %a = tensor.concat dim(2) %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x,
        %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x, %x,
        %x, %x : (!x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x,
        !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x) ->
        tensor<?x?x32xf32>
    %b = tensor.concat dim(2) %y, %y, %y, %y, %y, %y, %y, %y, %y, %y, %y, %y,
        %y, %y, %y, %y, %y, %y, %y, %y, %y, %y, %y, %y, %y, %y, %y, %y, %y, %y,
        %y, %y : (!x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x,
        !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x, !x) ->
        tensor<?x?x32xf32>
    seqmix.return outputs("a" = %a : tensor<?x?x32xf32>,
                          "b" = %b : tensor<?x?x32xf32>)
  }
}

// -----

// What takes a chunk of tokens at once may need more digits within.
// CHECK-LABEL: seqmix.model @digits
// CHECK: seqmix.kernel
// CHECK: chunk 2
// CHECK: arith.mulf {{.+}} : f64
seqmix.model @digits {
  seqmix.entry @prefill(%x "x" : tensor<?x?x4xf32>) {
    %s = seqmix.state "s" init 1.0 : tensor<?x4xf32>
    %y, %s1 = seqmix.recurrence
        tokens(%x_t = %x : tensor<?x?x4xf32>)
        states(%s_t = %s : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
      %0 = arith.mulf %x_t, %s_t : tensor<4xf32>
      seqmix.yield %x_t, %0 : tensor<4xf32>, tensor<4xf32>
    } chunk 2 {
    ^bb0(%x_c: tensor<2x4xf32>, %s_t: tensor<4xf32>):
      %0 = tensor.extract_slice %x_c[0, 0] [1, 4] [1, 1]
          : tensor<2x4xf32> to tensor<4xf32>
      %1 = tensor.extract_slice %x_c[1, 0] [1, 4] [1, 1]
          : tensor<2x4xf32> to tensor<4xf32>
      %2 = arith.extf %0 : tensor<4xf32> to tensor<4xf64>
      %3 = arith.extf %1 : tensor<4xf32> to tensor<4xf64>
      %4 = arith.mulf %2, %3 : tensor<4xf64>
      %5 = arith.truncf %4 : tensor<4xf64> to tensor<4xf32>
      %6 = arith.mulf %5, %s_t : tensor<4xf32>
      seqmix.yield %x_c, %6 : tensor<2x4xf32>, tensor<4xf32>
    }
    seqmix.return outputs("y" = %y : tensor<?x?x4xf32>)
        states("s" = %s1 : tensor<?x4xf32>)
  }
}

// ERROR: not-for-gpus.mlir:[[#]]:[[#]]: error: 'tensor.pad' op cannot run on a GPU
