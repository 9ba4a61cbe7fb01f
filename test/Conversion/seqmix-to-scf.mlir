// RUN: seqmix-opt %s --convert-seqmix-to-scf --canonicalize --cse | FileCheck %s

// A loop over the batch around a loop over the tokens.
// CHECK-LABEL: @moving_average
// CHECK-SAME: %[[X:.+]]: tensor<?x?x4xf32>, %[[A:.+]]: tensor<4xf32>, %[[H0:.+]]: tensor<?x4xf32>
func.func @moving_average(%x: tensor<?x?x4xf32>, %a: tensor<4xf32>,
                          %h0: tensor<?x4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  // CHECK-DAG: %[[ZERO:.+]] = arith.constant 0 : index
  // CHECK-DAG: %[[ONE:.+]] = arith.constant 1 : index
  // CHECK-DAG: %[[BATCH:.+]] = tensor.dim %[[X]], %[[ZERO]]
  // CHECK-DAG: %[[LENGTH:.+]] = tensor.dim %[[X]], %[[ONE]]
  // CHECK: %[[EMPTY:.+]] = tensor.empty(%[[BATCH]], %[[LENGTH]]) : tensor<?x?x4xf32>
  // CHECK: %[[ALL:.+]]:2 = scf.for %[[B:.+]] = %[[ZERO]] to %[[BATCH]] step %[[ONE]] iter_args(%[[Y:.+]] = %[[EMPTY]], %[[H_ALL:.+]] = %[[H0]])
  // CHECK: %[[H_B:.+]] = tensor.extract_slice %[[H_ALL]][%[[B]], 0] [1, 4] [1, 1] : tensor<?x4xf32> to tensor<4xf32>
  // CHECK: %[[SEQUENCE:.+]]:2 = scf.for %[[T:.+]] = %[[ZERO]] to %[[LENGTH]] step %[[ONE]] iter_args(%[[Y_B:.+]] = %[[Y]], %[[H:.+]] = %[[H_B]])
  // CHECK: %[[X_T:.+]] = tensor.extract_slice %[[X]][%[[B]], %[[T]], 0] [1, 1, 4] [1, 1, 1]
  // CHECK: %[[KEPT:.+]] = arith.mulf %[[A]], %[[H]]
  // CHECK: %[[NEXT:.+]] = arith.addf %[[KEPT]], %[[X_T]]
  // CHECK: %[[Y_NEXT:.+]] = tensor.insert_slice %[[NEXT]] into %[[Y_B]][%[[B]], %[[T]], 0] [1, 1, 4] [1, 1, 1]
  // The next state lies where the state lay.
  // CHECK: %[[IN_PLACE:.+]] = bufferization.materialize_in_destination %[[NEXT]] in %[[H]]
  // CHECK: scf.yield %[[Y_NEXT]], %[[IN_PLACE]]
  // CHECK: %[[H_LAST:.+]] = tensor.insert_slice %[[SEQUENCE]]#1 into %[[H_ALL]][%[[B]], 0] [1, 4] [1, 1]
  // CHECK: scf.yield %[[SEQUENCE]]#0, %[[H_LAST]]
  // CHECK: return %[[ALL]]#0, %[[ALL]]#1
  %y, %h1 = seqmix.recurrence
      tokens(%x_t = %x : tensor<?x?x4xf32>)
      invariants(%a_t = %a : tensor<4xf32>)
      states(%h = %h0 : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
    %0 = arith.mulf %a_t, %h : tensor<4xf32>
    %1 = arith.addf %0, %x_t : tensor<4xf32>
    seqmix.yield %1, %1 : tensor<4xf32>, tensor<4xf32>
  }
  return %y, %h1 : tensor<?x?x4xf32>, tensor<?x4xf32>
}

// Reverse: the token of step s is `length - 1 - s`. Exclusive: the state comes
// out before it is combined. The earlier element is the left one.
// CHECK-LABEL: @reverse_exclusive
// CHECK-SAME: %[[X:.+]]: tensor<?x?xf32>, %[[S0:.+]]: tensor<?xf32>
func.func @reverse_exclusive(%x: tensor<?x?xf32>, %s0: tensor<?xf32>)
    -> (tensor<?x?xf32>, tensor<?xf32>) {
  // CHECK: %[[LENGTH:.+]] = tensor.dim %[[X]], %c1
  // CHECK: scf.for %[[B:.+]] = %c0
  // CHECK: scf.for %[[STEP:.+]] = %c0 to %[[LENGTH]] step %c1 iter_args(%[[Y:.+]] = %{{.+}}, %[[S:.+]] = %{{.+}})
  // CHECK: %[[LAST:.+]] = arith.subi %[[LENGTH]], %c1
  // CHECK: %[[T:.+]] = arith.subi %[[LAST]], %[[STEP]]
  // CHECK: %[[X_T:.+]] = tensor.extract_slice %[[X]][%[[B]], %[[T]]] [1, 1] [1, 1]
  // CHECK: %[[NEXT:.+]] = arith.divf %[[S]], %[[X_T]]
  // CHECK: tensor.insert_slice %[[S]] into %[[Y]][%[[B]], %[[T]]]
  // The output is the old state, which the next one may then not be written over.
  // CHECK: %[[KEPT:.+]] = bufferization.alloc_tensor() copy(%[[NEXT]])
  // CHECK: bufferization.materialize_in_destination %[[KEPT]] in %[[S]]
  %y, %s1 = seqmix.scan exclusive reverse (%x : tensor<?x?xf32>)
      states(%s0 : tensor<?xf32>) {
  ^bb0(%l: tensor<f32>, %r: tensor<f32>):
    %0 = arith.divf %l, %r : tensor<f32>
    seqmix.yield %0 : tensor<f32>
  }
  return %y, %s1 : tensor<?x?xf32>, tensor<?xf32>
}

// Any mixer is lowered by its own one-token form; none is left.
// CHECK-LABEL: @named
// CHECK-NOT: seqmix.
// CHECK: return
func.func @named(%x: tensor<?x?x2x3xf32>, %g: tensor<2xf32>,
                 %w: tensor<2x3x4xf32>, %S: tensor<?x2x3x3xf32>,
                 %h: tensor<?x3x2x3xf32>, %p: tensor<?x2x3xf32>,
                 %c: tensor<?x5x2x3xf32>, %n: tensor<?xi64>)
    -> tensor<?x?x2x3xf32> {
  %0, %S1 = seqmix.retention %x, %x, %x constant_decay(%g : tensor<2xf32>)
      state(%S) : tensor<?x?x2x3xf32>, tensor<?x?x2x3xf32>, tensor<?x2x3x3xf32>
  %1, %h1 = seqmix.conv %0, %w history(%h)
      : tensor<?x?x2x3xf32>, tensor<2x3x4xf32>, tensor<?x3x2x3xf32>
  %2, %p1 = seqmix.shift %1 state(%p)
      : tensor<?x?x2x3xf32>, tensor<?x2x3xf32>
  %3, %ks, %vs, %n1 = seqmix.window_attention %2, %2, %2 cache(%c, %c, %n)
      windowed scale 1.0
      : tensor<?x?x2x3xf32>, tensor<?x?x2x3xf32>, tensor<?x?x2x3xf32>,
        tensor<?x5x2x3xf32>, tensor<?x5x2x3xf32>, tensor<?xi64>
      -> tensor<?x?x2x3xf32>
  return %3 : tensor<?x?x2x3xf32>
}

// One token attends to tiles of what has been written, not to the whole cache.
// CHECK-LABEL: @written
// CHECK: %[[SEEN:.+]] = arith.index_cast %{{.+}} : i64 to index
// CHECK: %[[NOW:.+]] = arith.addi %[[SEEN]], %c1
// CHECK: %[[WRITTEN:.+]] = arith.minui %[[NOW]], %c4096
// CHECK: scf.for %[[FIRST:.+]] = %c0 to %[[WRITTEN]] step %c64
// CHECK-NEXT: %[[BEGIN:.+]] = arith.minui %[[FIRST]], %c4032
// CHECK-NEXT: tensor.extract_slice %{{.+}}[%[[BEGIN]], 0, 0] [64, 2, 3]
func.func @written(%x: tensor<?x?x4x3xf32>, %k: tensor<?x?x2x3xf32>,
                   %c: tensor<?x4096x2x3xf32>, %n: tensor<?xi64>)
    -> tensor<?x?x4x3xf32> {
  %y, %ks, %vs, %n1 = seqmix.window_attention %x, %k, %k cache(%c, %c, %n)
      scale 1.0
      : tensor<?x?x4x3xf32>, tensor<?x?x2x3xf32>, tensor<?x?x2x3xf32>,
        tensor<?x4096x2x3xf32>, tensor<?x4096x2x3xf32>, tensor<?xi64>
      -> tensor<?x?x4x3xf32>
  return %y : tensor<?x?x4x3xf32>
}

// What a chunk reads of the cache, in a loop, it reads before it writes there.
// CHECK-LABEL: @window_chunk
// CHECK-NOT: copy({{.+}}) : tensor<4096
// CHECK: return
func.func @window_chunk(%x: tensor<?x?x4x3xf32>, %k: tensor<?x?x2x3xf32>,
                        %c: tensor<?x4096x2x3xf32>, %n: tensor<?xi64>)
    -> (tensor<?x?x4x3xf32>, tensor<?x4096x2x3xf32>) {
  %y, %ks, %vs, %n1 = seqmix.window_attention %x, %k, %k cache(%c, %c, %n)
      scale 1.0 chunk 4
      : tensor<?x?x4x3xf32>, tensor<?x?x2x3xf32>, tensor<?x?x2x3xf32>,
        tensor<?x4096x2x3xf32>, tensor<?x4096x2x3xf32>, tensor<?xi64>
      -> tensor<?x?x4x3xf32>
  return %y, %ks : tensor<?x?x4x3xf32>, tensor<?x4096x2x3xf32>
}

// Static batch and time stay in the types.
// CHECK-LABEL: @static
// CHECK: tensor.empty() : tensor<2x5x3xf32>
// CHECK: scf.for %{{.+}} = %c0 to %c2
// CHECK: scf.for %{{.+}} = %c0 to %c5
func.func @static(%x: tensor<2x5x3xf32>, %p: tensor<2x3xf32>)
    -> tensor<2x5x3xf32> {
  %y, %p1 = seqmix.shift %x state(%p) : tensor<2x5x3xf32>, tensor<2x3xf32>
  return %y : tensor<2x5x3xf32>
}

// Whole chunks at once, then the rest token by token.
// CHECK-LABEL: @chunks
// CHECK-SAME: %[[X:.+]]: tensor<?x?x4xf32>, %[[H0:.+]]: tensor<?x4xf32>
// CHECK: scf.for %[[B:[^ ]+]] =
// CHECK: %[[REST:.+]] = arith.remui %[[LENGTH:.+]], %[[EIGHT:[^ ]+]]
// CHECK: %[[END:.+]] = arith.subi %[[LENGTH]], %[[REST]]
// CHECK: %[[CHUNKS:.+]]:2 = scf.for %[[T:.+]] = %{{.+}} to %[[END]] step %[[EIGHT]] iter_args(%[[Y:[^ ]+]] =
// CHECK: %[[X_C:.+]] = tensor.extract_slice %[[X]][%[[B]], %[[T]], 0] [1, 8, 4] [1, 1, 1] : tensor<?x?x4xf32> to tensor<8x4xf32>
// CHECK: tensor.insert_slice %[[X_C]] into %[[Y]][%[[B]], %[[T]], 0] [1, 8, 4] [1, 1, 1] : tensor<8x4xf32> into tensor<?x?x4xf32>
// CHECK: scf.for %{{.+}} = %[[END]] to %[[LENGTH]] step %{{.+}} iter_args(%{{.+}} = %[[CHUNKS]]#0, %{{.+}} = %[[CHUNKS]]#1)
func.func @chunks(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      states(%h = %h0 : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
    seqmix.yield %x_t, %h : tensor<4xf32>, tensor<4xf32>
  } chunk 8 {
  ^bb0(%x_c: tensor<8x4xf32>, %h: tensor<4xf32>):
    seqmix.yield %x_c, %h : tensor<8x4xf32>, tensor<4xf32>
  }
  return %y, %h1 : tensor<?x?x4xf32>, tensor<?x4xf32>
}

// What is made of the old state before the next one is computed is no reason for
// a copy, what is made of it afterwards is.
// CHECK-LABEL: @read_before
// CHECK: linalg.reduce
// CHECK: %[[NEXT:.+]] = arith.addf
// CHECK-NOT: bufferization.alloc_tensor
// CHECK: bufferization.materialize_in_destination %[[NEXT]]
func.func @read_before(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>)
    -> (tensor<?x?xf32>, tensor<?x4xf32>) {
  %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      states(%h = %h0 : tensor<?x4xf32>) -> (tensor<?x?xf32>) {
    %zero = arith.constant dense<0.0> : tensor<f32>
    %sum = linalg.reduce {arith.addf} ins(%h : tensor<4xf32>) outs(%zero : tensor<f32>) dimensions = [0]
    %next = arith.addf %h, %x_t : tensor<4xf32>
    seqmix.yield %sum, %next : tensor<f32>, tensor<4xf32>
  }
  return %y, %h1 : tensor<?x?xf32>, tensor<?x4xf32>
}

// CHECK-LABEL: @read_after
// CHECK: %[[NEXT:.+]] = arith.addf
// CHECK: linalg.reduce
// CHECK: %[[KEPT:.+]] = bufferization.alloc_tensor() copy(%[[NEXT]])
// CHECK: bufferization.materialize_in_destination %[[KEPT]]
func.func @read_after(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>)
    -> (tensor<?x?xf32>, tensor<?x4xf32>) {
  %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      states(%h = %h0 : tensor<?x4xf32>) -> (tensor<?x?xf32>) {
    %zero = arith.constant dense<0.0> : tensor<f32>
    %next = arith.addf %h, %x_t : tensor<4xf32>
    %sum = linalg.reduce {arith.addf} ins(%h : tensor<4xf32>) outs(%zero : tensor<f32>) dimensions = [0]
    seqmix.yield %sum, %next : tensor<f32>, tensor<4xf32>
  }
  return %y, %h1 : tensor<?x?xf32>, tensor<?x4xf32>
}

#left = affine_map<(i, j, k) -> (i, k)>
#right = affine_map<(i, j, k) -> (k, j)>
#sums = affine_map<(i, j, k) -> (i, j)>
#all = affine_map<(i, j) -> (i, j)>

// Sums are added to what stands where the old state stood, decayed or as it was.
// CHECK-LABEL: @added
// CHECK-NOT: bufferization.alloc_tensor
// CHECK: bufferization.materialize_in_destination
// CHECK: bufferization.materialize_in_destination
func.func @added(%x: tensor<?x?x2x4xf32>, %w: tensor<4x2xf32>, %s0: tensor<?x2x2xf32>, %t0: tensor<?x2x2xf32>)
    -> (tensor<?x?x2x2xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>) {
  %y, %s1, %t1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x2x4xf32>)
      invariants(%w_t = %w : tensor<4x2xf32>)
      states(%s = %s0 : tensor<?x2x2xf32>, %t = %t0 : tensor<?x2x2xf32>) -> (tensor<?x?x2x2xf32>) {
    %empty = tensor.empty() : tensor<2x2xf32>
    %decayed = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
        ins(%s : tensor<2x2xf32>) outs(%empty : tensor<2x2xf32>) {
    ^bb0(%a: f32, %o: f32):
      %half = arith.constant 0.5 : f32
      %0 = arith.mulf %a, %half : f32
      linalg.yield %0 : f32
    } -> tensor<2x2xf32>
    %next = linalg.generic {indexing_maps = [#left, #right, #sums], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x_t, %w_t : tensor<2x4xf32>, tensor<4x2xf32>) outs(%decayed : tensor<2x2xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %0 = arith.mulf %a, %b : f32
      %1 = arith.addf %o, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<2x2xf32>
    %total = linalg.generic {indexing_maps = [#left, #right, #sums], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x_t, %w_t : tensor<2x4xf32>, tensor<4x2xf32>) outs(%t : tensor<2x2xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %0 = arith.mulf %a, %b : f32
      %1 = arith.addf %o, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<2x2xf32>
    seqmix.yield %next, %next, %total : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
  }
  return %y, %s1, %t1 : tensor<?x?x2x2xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>
}

// The old state is what is summed: the sums are kept apart, from the start.
// CHECK-LABEL: @summed
// CHECK: %[[APART:.+]] = bufferization.alloc_tensor() : tensor<2x2xf32>
// CHECK: %[[ZEROS:.+]] = linalg.generic {{.+}} outs(%[[APART]] : tensor<2x2xf32>)
// CHECK: %[[NEXT:.+]] = linalg.generic {{.+}} outs(%[[ZEROS]] : tensor<2x2xf32>)
// CHECK: bufferization.materialize_in_destination %[[NEXT]]
func.func @summed(%x: tensor<?x?x2x2xf32>, %s0: tensor<?x2x2xf32>)
    -> (tensor<?x?x2x2xf32>, tensor<?x2x2xf32>) {
  %y, %s1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x2x2xf32>)
      states(%s = %s0 : tensor<?x2x2xf32>) -> (tensor<?x?x2x2xf32>) {
    %empty = tensor.empty() : tensor<2x2xf32>
    %zeros = linalg.generic {indexing_maps = [#all], iterator_types = ["parallel", "parallel"]}
        outs(%empty : tensor<2x2xf32>) {
    ^bb0(%o: f32):
      %zero = arith.constant 0.0 : f32
      linalg.yield %zero : f32
    } -> tensor<2x2xf32>
    %next = linalg.generic {indexing_maps = [#left, #right, #sums], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x_t, %s : tensor<2x2xf32>, tensor<2x2xf32>) outs(%zeros : tensor<2x2xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %0 = arith.mulf %a, %b : f32
      %1 = arith.addf %o, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<2x2xf32>
    seqmix.yield %next, %next : tensor<2x2xf32>, tensor<2x2xf32>
  }
  return %y, %s1 : tensor<?x?x2x2xf32>, tensor<?x2x2xf32>
}
