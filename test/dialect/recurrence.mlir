// RUN: seqmix-opt %s | FileCheck %s

// CHECK-LABEL: @moving_average
func.func @moving_average(%x: tensor<?x?x4xf32>, %a: tensor<4xf32>,
                          %h0: tensor<?x4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  // CHECK: %{{.+}}, %{{.+}} = seqmix.recurrence
  // CHECK-NEXT: tokens(%[[X:.+]] = %{{.+}} : tensor<?x?x4xf32>)
  // CHECK-NEXT: invariants(%[[A:.+]] = %{{.+}} : tensor<4xf32>)
  // CHECK-NEXT: states(%[[H:.+]] = %{{.+}} : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
  // CHECK-NEXT: %[[KEPT:.+]] = arith.mulf %[[A]], %[[H]] : tensor<4xf32>
  // CHECK-NEXT: %[[NEXT:.+]] = arith.addf %[[KEPT]], %[[X]] : tensor<4xf32>
  // CHECK-NEXT: seqmix.yield %[[NEXT]], %[[NEXT]] : tensor<4xf32>, tensor<4xf32>
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

// Without states every token is on its own; without invariants likewise.
// CHECK-LABEL: @stateless
func.func @stateless(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  // CHECK: seqmix.recurrence
  // CHECK-NEXT: tokens(%{{.+}} = %{{.+}} : tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>) {
  %y = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      -> (tensor<?x?x4xf32>) {
    %0 = math.tanh %x_t : tensor<4xf32>
    seqmix.yield %0 : tensor<4xf32>
  }
  return %y : tensor<?x?x4xf32>
}

// Only the last state is wanted.
// CHECK-LABEL: @no_outputs
func.func @no_outputs(%x: tensor<?x?xf32>, %h0: tensor<?xf32>)
    -> tensor<?xf32> {
  // CHECK: tokens(%{{.+}} = %{{.+}} : tensor<?x?xf32>)
  // CHECK-NEXT: states(%{{.+}} = %{{.+}} : tensor<?xf32>) -> () {
  %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?xf32>)
      states(%h = %h0 : tensor<?xf32>) -> () {
    %0 = arith.maximumf %x_t, %h : tensor<f32>
    seqmix.yield %0 : tensor<f32>
  }
  return %h1 : tensor<?xf32>
}

// Several of each; batch and time may be static; states may have names.
// CHECK-LABEL: @several
func.func @several(%x: tensor<3x7x4xf32>, %i: tensor<3x7xi32>,
                   %a: tensor<4xf32>, %b: tensor<f32>,
                   %h0: tensor<3x4xf32>, %n0: tensor<3xi32>)
    -> (tensor<3x7x4xf32>, tensor<3x7xi32>) {
  // CHECK: tokens(%{{.+}} = %{{.+}} : tensor<3x7x4xf32>, %{{.+}} = %{{.+}} : tensor<3x7xi32>)
  // CHECK-NEXT: invariants(%{{.+}} = %{{.+}} : tensor<4xf32>, %{{.+}} = %{{.+}} : tensor<f32>)
  // CHECK-NEXT: states(%{{.+}} = %{{.+}} : tensor<3x4xf32>, %{{.+}} = %{{.+}} : tensor<3xi32>) -> (tensor<3x7x4xf32>, tensor<3x7xi32>) attributes {state_names = ["h", "n"]} {
  %y:4 = seqmix.recurrence
      tokens(%x_t = %x : tensor<3x7x4xf32>, %i_t = %i : tensor<3x7xi32>)
      invariants(%a_t = %a : tensor<4xf32>, %b_t = %b : tensor<f32>)
      states(%h = %h0 : tensor<3x4xf32>, %n = %n0 : tensor<3xi32>)
      -> (tensor<3x7x4xf32>, tensor<3x7xi32>)
      attributes {state_names = ["h", "n"]} {
    %0 = arith.mulf %a_t, %h : tensor<4xf32>
    %1 = arith.addf %0, %x_t : tensor<4xf32>
    %2 = arith.addi %n, %i_t : tensor<i32>
    seqmix.yield %1, %n, %1, %2
        : tensor<4xf32>, tensor<i32>, tensor<4xf32>, tensor<i32>
  }
  return %y#0, %y#1 : tensor<3x7x4xf32>, tensor<3x7xi32>
}

// How a chunk is taken at once stands beside the token.
// CHECK-LABEL: @chunk
// CHECK: } chunk 2 {
// CHECK-NEXT: ^bb0(%[[X:.+]]: tensor<2x4xf32>, %[[H:.+]]: tensor<4xf32>):
// CHECK-NEXT: seqmix.yield %[[X]], %[[H]] : tensor<2x4xf32>, tensor<4xf32>
func.func @chunk(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>) {
  %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      states(%h = %h0 : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
    seqmix.yield %x_t, %h : tensor<4xf32>, tensor<4xf32>
  } chunk 2 {
  ^bb0(%x_c: tensor<2x4xf32>, %h: tensor<4xf32>):
    seqmix.yield %x_c, %h : tensor<2x4xf32>, tensor<4xf32>
  }
  return
}
