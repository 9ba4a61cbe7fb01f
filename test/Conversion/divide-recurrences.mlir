// RUN: seqmix-opt %s --seqmix-divide-recurrences --cse --split-input-file | FileCheck %s
// RUN: seqmix-opt %s --seqmix-divide-recurrences=steps --cse --split-input-file | FileCheck %s --check-prefix=STEPS

// Two heads, side by side: each part takes its slices, and runs chunks and then
// tokens by itself, those of a chunk in one piece if they are read more than once.
// Empty tensors have the part's shape.
// CHECK-LABEL: @heads
// CHECK-SAME: %[[X:.+]]: tensor<?x?x2x4xf32>, %[[Z:.+]]: tensor<?x?x2x4xf32>, %[[W:.+]]: tensor<4xf32>, %[[H0:.+]]: tensor<?x2x4xf32>
// CHECK: %[[EMPTY:.+]] = tensor.empty({{.*}}) : tensor<?x?x2x4xf32>
// CHECK: %[[ALL:.+]]:2 = scf.forall (%[[P:.+]]) in (2) shared_outs(%[[Y:.+]] = %[[EMPTY]], %[[H:.+]] = %[[H0]])
// CHECK: %[[BEGIN:.+]] = arith.muli %[[P]]
// CHECK: tensor.extract_slice %[[X]][0, 0, %[[BEGIN]], 0] [%{{.+}}, %{{.+}}, 1, 4] [1, 1, 1, 1] : tensor<?x?x2x4xf32> to tensor<?x?x1x4xf32>
// CHECK: tensor.extract_slice %[[Y]][0, 0, %[[BEGIN]], 0]
// CHECK: tensor.extract_slice %[[H]][0, %[[BEGIN]], 0] [%{{.+}}, 1, 4] [1, 1, 1]
// CHECK: scf.for
// CHECK: scf.for
// CHECK: %[[X_C:.+]] = tensor.extract_slice %{{.+}} : tensor<?x?x1x4xf32> to tensor<8x1x4xf32>
// CHECK: %[[COPY:.+]] = bufferization.alloc_tensor() copy(%[[X_C]])
// CHECK: %[[Z_C:.+]] = tensor.extract_slice %{{.+}} : tensor<?x?x1x4xf32> to tensor<8x1x4xf32>
// CHECK-NOT: copy(
// CHECK: linalg.generic {{.*}} ins(%[[COPY]], %[[Z_C]], {{.*}} : tensor<8x1x4xf32>, tensor<8x1x4xf32>, tensor<4xf32>) outs(%{{.+}} : tensor<8x1x4xf32>)
// CHECK: linalg.generic {{.*}} ins({{.*}} : tensor<8x1x4xf32>{{.*}} outs(%{{.+}} : tensor<1x4xf32>)
// CHECK: scf.for
// CHECK: linalg.generic {{.*}} outs(%{{.+}} : tensor<1x4xf32>)
// CHECK: scf.forall.in_parallel
// CHECK: tensor.parallel_insert_slice %{{.+}} into %[[Y]][0, 0, %[[BEGIN]], 0] [%{{.+}}, %{{.+}}, 1, 4]
// CHECK: tensor.parallel_insert_slice %{{.+}} into %[[H]][0, %[[BEGIN]], 0] [%{{.+}}, 1, 4]
// CHECK: return %[[ALL]]#0, %[[ALL]]#1
func.func @heads(%x: tensor<?x?x2x4xf32>, %z: tensor<?x?x2x4xf32>,
                 %w: tensor<4xf32>, %h0: tensor<?x2x4xf32>)
    -> (tensor<?x?x2x4xf32>, tensor<?x2x4xf32>) {
  %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x2x4xf32>, %z_t = %z : tensor<?x?x2x4xf32>)
      invariants(%w_t = %w : tensor<4xf32>)
      states(%h = %h0 : tensor<?x2x4xf32>) -> (tensor<?x?x2x4xf32>) {
    %half = arith.constant dense<0.5> : tensor<2x4xf32>
    %e = tensor.empty() : tensor<2x4xf32>
    %w2 = linalg.broadcast ins(%w_t : tensor<4xf32>) outs(%e : tensor<2x4xf32>) dimensions = [0]
    %0 = arith.mulf %x_t, %half : tensor<2x4xf32>
    %1 = arith.mulf %0, %w2 : tensor<2x4xf32>
    %2 = arith.addf %h, %1 : tensor<2x4xf32>
    seqmix.yield %1, %2 : tensor<2x4xf32>, tensor<2x4xf32>
  } chunk 8 {
  ^bb0(%x_c: tensor<8x2x4xf32>, %z_c: tensor<8x2x4xf32>, %w_t: tensor<4xf32>, %h: tensor<2x4xf32>):
    %half = arith.constant dense<0.5> : tensor<8x2x4xf32>
    %e = tensor.empty() : tensor<8x2x4xf32>
    %w2 = linalg.broadcast ins(%w_t : tensor<4xf32>) outs(%e : tensor<8x2x4xf32>) dimensions = [0, 1]
    %xz = arith.mulf %x_c, %z_c : tensor<8x2x4xf32>
    %0 = arith.mulf %xz, %half : tensor<8x2x4xf32>
    %1 = arith.mulf %0, %w2 : tensor<8x2x4xf32>
    %2 = linalg.reduce { arith.addf } ins(%x_c : tensor<8x2x4xf32>) outs(%h : tensor<2x4xf32>) dimensions = [0]
    seqmix.yield %1, %2 : tensor<8x2x4xf32>, tensor<2x4xf32>
  }
  return %y, %h1 : tensor<?x?x2x4xf32>, tensor<?x2x4xf32>
}

// -----

// What mixes all elements has no parts, and stays for the next pass.
// CHECK-LABEL: @mixed
// CHECK-NOT: scf.forall
// CHECK: seqmix.recurrence
func.func @mixed(%x: tensor<?x?x2x4xf32>, %h0: tensor<?xf32>)
    -> (tensor<?x?xf32>, tensor<?xf32>) {
  %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x2x4xf32>)
      states(%h = %h0 : tensor<?xf32>) -> (tensor<?x?xf32>) {
    %0 = linalg.reduce { arith.addf } ins(%x_t : tensor<2x4xf32>) outs(%h : tensor<f32>) dimensions = [0, 1]
    seqmix.yield %0, %0 : tensor<f32>, tensor<f32>
  } chunk 2 {
  ^bb0(%x_c: tensor<2x2x4xf32>, %h: tensor<f32>):
    %e = tensor.empty() : tensor<2xf32>
    %y = linalg.broadcast ins(%h : tensor<f32>) outs(%e : tensor<2xf32>) dimensions = [0]
    seqmix.yield %y, %h : tensor<2xf32>, tensor<f32>
  }
  return %y, %h1 : tensor<?x?xf32>, tensor<?xf32>
}

// -----

// A recurrence without chunks is the reference, and is left to its lowering.
// CHECK-LABEL: @tokens
// CHECK-NOT: scf.forall
// CHECK: seqmix.recurrence
// It may be divided, too, if parts are large; one token is not worth it.
// STEPS-LABEL: @tokens
// STEPS: scf.forall (%{{.+}}) in (2)
// STEPS: tensor.extract_slice {{.+}} to tensor<?x?x1024xf32>
// STEPS-NOT: seqmix.recurrence
// STEPS-LABEL: @one_token
// STEPS-NOT: scf.forall
// STEPS: seqmix.recurrence
func.func @tokens(%x: tensor<?x?x2048xf32>, %h0: tensor<?x2048xf32>) -> tensor<?x?x2048xf32> {
  %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x2048xf32>)
      states(%h = %h0 : tensor<?x2048xf32>) -> (tensor<?x?x2048xf32>) {
    %0 = arith.addf %h, %x_t : tensor<2048xf32>
    seqmix.yield %0, %0 : tensor<2048xf32>, tensor<2048xf32>
  }
  return %y : tensor<?x?x2048xf32>
}
func.func @one_token(%x: tensor<?x1x2048xf32>, %h0: tensor<?x2048xf32>) -> tensor<?x1x2048xf32> {
  %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x1x2048xf32>)
      states(%h = %h0 : tensor<?x2048xf32>) -> (tensor<?x1x2048xf32>) {
    %0 = arith.addf %h, %x_t : tensor<2048xf32>
    seqmix.yield %0, %0 : tensor<2048xf32>, tensor<2048xf32>
  }
  return %y : tensor<?x1x2048xf32>
}

// -----

// A state that becomes a number, and an output that is one, have a part's shape.
// CHECK-LABEL: @numbers
// CHECK: scf.forall
// CHECK: scf.for
// CHECK-DAG: arith.constant dense<1.000000e+00> : tensor<8x1x4xf32>
// CHECK-DAG: arith.constant dense<0.000000e+00> : tensor<1x4xf32>
// CHECK: scf.for
// CHECK: arith.constant dense<0.000000e+00> : tensor<1x4xf32>
func.func @numbers(%x: tensor<?x?x2x4xf32>, %h0: tensor<?x2x4xf32>)
    -> (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x2x4xf32>) {
  %y, %z, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x2x4xf32>)
      states(%h = %h0 : tensor<?x2x4xf32>) -> (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>) {
    %zero = arith.constant dense<0.0> : tensor<2x4xf32>
    %one = arith.constant dense<1.0> : tensor<2x4xf32>
    %0 = arith.addf %h, %x_t : tensor<2x4xf32>
    %1 = arith.addf %0, %one : tensor<2x4xf32>
    seqmix.yield %1, %0, %zero : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
  } chunk 8 {
  ^bb0(%x_c: tensor<8x2x4xf32>, %h: tensor<2x4xf32>):
    %zero = arith.constant dense<0.0> : tensor<2x4xf32>
    %one = arith.constant dense<1.0> : tensor<8x2x4xf32>
    %0 = arith.addf %x_c, %x_c : tensor<8x2x4xf32>
    seqmix.yield %one, %0, %zero : tensor<8x2x4xf32>, tensor<8x2x4xf32>, tensor<2x4xf32>
  }
  return %y, %z, %h1 : tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x2x4xf32>
}

// -----

// An op may say itself how it is divided; of a state that is not, such as the count,
// each part has a copy.
// CHECK-LABEL: @attention
// CHECK-SAME: %[[X:[^:]+]]: tensor<?x?x4x3xf32>, %{{.+}}: tensor<?x?x2x3xf32>, %[[C:[^:]+]]: tensor<?x4096x2x3xf32>, %[[N:[^:]+]]: tensor<?xi64>
// CHECK: %[[COPIES:.+]] = linalg.broadcast ins(%[[N]] : tensor<?xi64>) outs(%{{.+}} : tensor<?x2xi64>) dimensions = [1]
// CHECK: %[[ALL:.+]]:4 = scf.forall (%[[P:[^)]+]]) in (2) shared_outs(%{{.+}}, %{{.+}} = %[[C]], %{{.+}} = %[[C]], %[[COUNTS:[^ ]+]] = %[[COPIES]])
// CHECK: tensor.extract_slice %[[X]]{{.+}} to tensor<?x?x2x3xf32>
// CHECK: tensor.extract_slice %[[COUNTS]][0, %[[P]]] [%{{.+}}, 1] [1, 1] : tensor<?x2xi64> to tensor<?xi64>
// CHECK-NOT: seqmix.window_attention
// Of a tile the values are copied, which sums run across.
// CHECK: tensor.extract_slice %{{.+}} : tensor<4096x1x3xf32> to tensor<64x1x3xf32>
// CHECK-NEXT: %[[V:.+]] = tensor.extract_slice %{{.+}} : tensor<4096x1x3xf32> to tensor<64x1x3xf32>
// CHECK-NEXT: bufferization.alloc_tensor() copy(%[[V]]) : tensor<64x1x3xf32>
// CHECK-NOT: alloc_tensor() copy({{.+}}) : tensor<64x1x3xf32>
// CHECK: scf.forall.in_parallel
// CHECK: tensor.parallel_insert_slice %{{.+}} into %[[COUNTS]][0, %[[P]]]
// CHECK: tensor.extract_slice %[[ALL]]#3[0, %{{.+}}] [%{{.+}}, 1] [1, 1] : tensor<?x2xi64> to tensor<?xi64>
func.func @attention(%x: tensor<?x?x4x3xf32>, %k: tensor<?x?x2x3xf32>,
                     %c: tensor<?x4096x2x3xf32>, %n: tensor<?xi64>)
    -> (tensor<?x?x4x3xf32>, tensor<?x4096x2x3xf32>, tensor<?xi64>) {
  %y, %ks, %vs, %n1 = seqmix.window_attention %x, %k, %k cache(%c, %c, %n)
      scale 1.0 chunk 4
      : tensor<?x?x4x3xf32>, tensor<?x?x2x3xf32>, tensor<?x?x2x3xf32>,
        tensor<?x4096x2x3xf32>, tensor<?x4096x2x3xf32>, tensor<?xi64>
      -> tensor<?x?x4x3xf32>
  return %y, %ks, %n1 : tensor<?x?x4x3xf32>, tensor<?x4096x2x3xf32>, tensor<?xi64>
}

// -----

// Without states, the tokens are divided: each of 16 parts takes as many whole
// chunks, the last one what is left.
// CHECK-LABEL: @tokens
// CHECK-SAME: %[[X:.+]]: tensor<?x?x4xf32>
// CHECK: scf.forall (%[[P:.+]]) in (16) shared_outs(%[[Y:.+]] = %{{.+}}) -> (tensor<?x?x4xf32>)
// CHECK: %[[SCALED:.+]] = arith.muli %[[P]], %[[CHUNKS:.+]] : index
// CHECK: %[[FIRST:.+]] = arith.divui %[[SCALED]], %c16
// CHECK: %[[BEGIN:.+]] = arith.muli %[[FIRST]], %c8
// CHECK: %[[LAST:.+]] = arith.cmpi eq, %{{.+}}, %c16
// CHECK: %[[END:.+]] = arith.select %[[LAST]], %[[LENGTH:.+]], %{{.+}} : index
// CHECK: %[[COUNT:.+]] = arith.subi %[[END]], %[[BEGIN]]
// CHECK: tensor.extract_slice %[[X]][0, %[[BEGIN]], 0] [%{{.+}}, %[[COUNT]], 4]
// CHECK: tensor.extract_slice %[[Y]][0, %[[BEGIN]], 0] [%{{.+}}, %[[COUNT]], 4]
// CHECK: %[[REST:.+]] = arith.remui %[[COUNT]], %c8
// CHECK: %[[WHOLE:.+]] = arith.subi %[[COUNT]], %[[REST]]
// CHECK: scf.for %{{.+}} = %c0 to %[[WHOLE]] step %c8
// CHECK-NOT: copy(
// CHECK: scf.for %{{.+}} = %[[WHOLE]] to %[[COUNT]] step %c1
// CHECK: scf.forall.in_parallel
// CHECK: tensor.parallel_insert_slice %{{.+}} into %[[Y]][0, %[[BEGIN]], 0] [%{{.+}}, %[[COUNT]], 4]
func.func @tokens(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %y = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      states() -> (tensor<?x?x4xf32>) {
    %0 = arith.mulf %x_t, %x_t : tensor<4xf32>
    %1 = arith.addf %0, %x_t : tensor<4xf32>
    seqmix.yield %1 : tensor<4xf32>
  } chunk 8 {
  ^bb0(%x_n: tensor<8x4xf32>):
    %0 = arith.mulf %x_n, %x_n : tensor<8x4xf32>
    %1 = arith.addf %0, %x_n : tensor<8x4xf32>
    seqmix.yield %1 : tensor<8x4xf32>
  }
  return %y : tensor<?x?x4xf32>
}
