// RUN: seqmix-opt %s --seqmix-expand-mixers | FileCheck %s
// RUN: seqmix-opt %s --seqmix-expand-mixers=on-host | FileCheck %s --check-prefix=HOST

// The output is the token before; the state, which is the last token, has no
// name to be given.
// CHECK-LABEL: @shift
// CHECK-SAME: %[[X:.+]]: tensor<?x?x4xf32>, %[[P:.+]]: tensor<?x4xf32>
func.func @shift(%x: tensor<?x?x4xf32>, %p: tensor<?x4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  // CHECK: %[[Y:.+]], %[[P1:.+]] = seqmix.recurrence
  // CHECK-NEXT: tokens(%[[X_T:.+]] = %[[X]] : tensor<?x?x4xf32>)
  // CHECK-NEXT: states(%[[P_T:.+]] = %[[P]] : tensor<?x4xf32>) -> (tensor<?x?x4xf32>)
  // CHECK-NEXT: seqmix.yield %[[P_T]], %[[X_T]] : tensor<4xf32>, tensor<4xf32>
  // CHECK-NEXT: }
  // CHECK-NEXT: return %[[Y]], %[[P1]]
  %y, %p1 = seqmix.shift %x state(%p) : tensor<?x?x4xf32>, tensor<?x4xf32>
  return %y, %p1 : tensor<?x?x4xf32>, tensor<?x4xf32>
}

// What is the same for every token is an invariant.
// CHECK-LABEL: @retention
// CHECK-SAME: %[[Q:.+]]: tensor<?x?x2x8xf32>, %[[V:.+]]: tensor<?x?x2x4xf32>, %[[G:.+]]: tensor<2xf32>, %[[S0:.+]]: tensor<?x2x8x4xf32>
func.func @retention(%q: tensor<?x?x2x8xf32>, %v: tensor<?x?x2x4xf32>,
                     %g: tensor<2xf32>, %S0: tensor<?x2x8x4xf32>)
    -> tensor<?x?x2x4xf32> {
  // CHECK: %[[O:.+]], %{{.+}} = seqmix.recurrence
  // CHECK-NEXT: tokens(%[[Q_T:.+]] = %[[Q]] : tensor<?x?x2x8xf32>, %[[K_T:.+]] = %[[Q]] : tensor<?x?x2x8xf32>, %[[V_T:.+]] = %[[V]] : tensor<?x?x2x4xf32>)
  // CHECK-NEXT: invariants(%[[G_T:.+]] = %[[G]] : tensor<2xf32>)
  // CHECK-NEXT: states(%[[S_T:.+]] = %[[S0]] : tensor<?x2x8x4xf32>)
  // CHECK-DAG: %[[K_ALL:.+]] = linalg.broadcast ins(%[[K_T]]
  // CHECK-DAG: %[[V_ALL:.+]] = linalg.broadcast ins(%[[V_T]]
  // CHECK-DAG: %[[KV:.+]] = arith.mulf %[[K_ALL]], %[[V_ALL]] : tensor<2x8x4xf32>
  // CHECK-DAG: %[[G_ALL:.+]] = linalg.broadcast ins(%[[G_T]]
  // CHECK-DAG: %[[KEPT:.+]] = arith.mulf %[[G_ALL]], %[[S_T]] : tensor<2x8x4xf32>
  // CHECK: %[[S:.+]] = arith.addf %[[KEPT]], %[[KV]] : tensor<2x8x4xf32>
  // CHECK: %[[Q_ALL:.+]] = linalg.broadcast ins(%[[Q_T]]
  // CHECK: %[[QS:.+]] = arith.mulf %[[Q_ALL]], %[[S]]
  // CHECK: %[[O_T:.+]] = linalg.reduce ins(%[[QS]] {{.*}} dimensions = [1]
  // CHECK: seqmix.yield %[[O_T]], %[[S]] : tensor<2x4xf32>, tensor<2x8x4xf32>
  // CHECK: return %[[O]]
  %o, %S1 = seqmix.retention %q, %q, %v constant_decay(%g : tensor<2xf32>)
      state(%S0)
      : tensor<?x?x2x8xf32>, tensor<?x?x2x4xf32>, tensor<?x2x8x4xf32>
  return %o : tensor<?x?x2x4xf32>
}

// Every mixer that runs forward, whatever it is.
// CHECK-LABEL: @others
// CHECK-COUNT-3: = seqmix.recurrence
// CHECK-NOT: seqmix.{{conv|scan|window_attention}}
// CHECK: return
func.func @others(%x: tensor<?x?x2x3xf32>, %w: tensor<2x3x4xf32>,
                  %h: tensor<?x3x2x3xf32>, %c: tensor<?x5x2x3xf32>,
                  %n: tensor<?xi64>, %s: tensor<?x2x3xf32>)
    -> tensor<?x?x2x3xf32> {
  %0, %h1 = seqmix.conv %x, %w history(%h)
      : tensor<?x?x2x3xf32>, tensor<2x3x4xf32>, tensor<?x3x2x3xf32>
  %1, %ks, %vs, %n1 = seqmix.window_attention %0, %0, %0 cache(%c, %c, %n)
      windowed scale 1.0
      : tensor<?x?x2x3xf32>, tensor<?x?x2x3xf32>, tensor<?x?x2x3xf32>,
        tensor<?x5x2x3xf32>, tensor<?x5x2x3xf32>, tensor<?xi64>
      -> tensor<?x?x2x3xf32>
  %2, %s1 = seqmix.scan inclusive (%1 : tensor<?x?x2x3xf32>)
      states(%s : tensor<?x2x3xf32>) {
  ^bb0(%l: tensor<2x3xf32>, %r: tensor<2x3xf32>):
    %sum = arith.addf %l, %r : tensor<2x3xf32>
    seqmix.yield %sum : tensor<2x3xf32>
  }
  return %2 : tensor<?x?x2x3xf32>
}

// A recurrence goes forward: what runs in reverse is left alone, and so is what
// is a recurrence already, with the names of its states.
// CHECK-LABEL: @left_alone
func.func @left_alone(%x: tensor<?x?xf32>, %s: tensor<?xf32>)
    -> tensor<?x?xf32> {
  // CHECK: seqmix.scan inclusive reverse
  %0, %s1 = seqmix.scan inclusive reverse (%x : tensor<?x?xf32>)
      states(%s : tensor<?xf32>) {
  ^bb0(%l: tensor<f32>, %r: tensor<f32>):
    %sum = arith.addf %l, %r : tensor<f32>
    seqmix.yield %sum : tensor<f32>
  }
  // CHECK: seqmix.recurrence
  // CHECK: attributes {state_names = ["sum"]}
  // CHECK-NOT: seqmix.recurrence
  // CHECK: return
  %y, %s2 = seqmix.recurrence
      tokens(%x_t = %0 : tensor<?x?xf32>)
      states(%s_t = %s : tensor<?xf32>) -> (tensor<?x?xf32>)
      attributes {state_names = ["sum"]} {
    %sum = arith.addf %s_t, %x_t : tensor<f32>
    seqmix.yield %sum, %sum : tensor<f32>, tensor<f32>
  }
  return %y : tensor<?x?xf32>
}

// On a host, what an op has for several tokens at once: a convolution of the
// token before its first and four of its own is the sum of two terms, shifted.
// HOST-LABEL: @chunks
// HOST: seqmix.recurrence
// HOST: } chunk 4 {
// HOST-NEXT: ^bb0(%[[X:.+]]: tensor<4x6xf32>, %[[W:.+]]: tensor<6x2xf32>, %[[H:.+]]: tensor<1x6xf32>):
// HOST: %[[WINDOW:.+]] = tensor.concat dim(0) %[[H]], %[[X]] : (tensor<1x6xf32>, tensor<4x6xf32>) -> tensor<5x6xf32>
// HOST: %[[EARLIER:.+]] = tensor.extract_slice %[[WINDOW]][0, 0] [4, 6] [1, 1]
// HOST: %[[FIRST:.+]] = arith.mulf %{{.+}}, %[[EARLIER]]
// HOST: %[[LATER:.+]] = tensor.extract_slice %[[WINDOW]][1, 0] [4, 6] [1, 1]
// HOST: %[[SECOND:.+]] = arith.mulf %{{.+}}, %[[LATER]]
// HOST: %[[Y:.+]] = arith.addf %[[FIRST]], %[[SECOND]]
// HOST: %[[NEXT:.+]] = tensor.extract_slice %[[WINDOW]][4, 0] [1, 6] [1, 1]
// HOST: seqmix.yield %[[Y]], %[[NEXT]]
// HOST: seqmix.recurrence
// HOST: } chunk 4 {
// HOST-NEXT: ^bb0(%[[X:.+]]: tensor<4x6xf32>, %[[P:.+]]: tensor<6xf32>):
// HOST-DAG: %[[ROW:.+]] = tensor.expand_shape %[[P]]
// HOST-DAG: %[[FIRST:.+]] = tensor.extract_slice %[[X]][0, 0] [3, 6] [1, 1]
// HOST: %[[Y:.+]] = tensor.concat dim(0) %[[ROW]], %[[FIRST]]
// HOST: %[[LAST:.+]] = tensor.extract_slice %[[X]][3, 0] [1, 6] [1, 1]
// HOST: %[[NEXT:.+]] = tensor.collapse_shape %[[LAST]]
// HOST: seqmix.yield %[[Y]], %[[NEXT]]
func.func @chunks(%x: tensor<?x?x6xf32>, %w: tensor<6x2xf32>,
                  %h: tensor<?x1x6xf32>, %p: tensor<?x6xf32>)
    -> (tensor<?x?x6xf32>, tensor<?x?x6xf32>) {
  %y, %h1 = seqmix.conv %x, %w history(%h) chunk 4
      : tensor<?x?x6xf32>, tensor<6x2xf32>, tensor<?x1x6xf32>
  %z, %p1 = seqmix.shift %x state(%p) chunk 4
      : tensor<?x?x6xf32>, tensor<?x6xf32>
  return %y, %z : tensor<?x?x6xf32>, tensor<?x?x6xf32>
}
