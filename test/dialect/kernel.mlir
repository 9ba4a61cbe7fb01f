// RUN: seqmix-opt %s | FileCheck %s

// CHECK-LABEL: @elementwise
// CHECK-SAME: %[[X:.+]]: tensor<?x?x8xf32>
func.func @elementwise(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: %[[R:.+]] = seqmix.kernel ins(%[[X]] : tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK-NEXT: ^bb0(%[[Y:.+]]: tensor<?x?x8xf32>):
  // CHECK-NEXT: %[[SUM:.+]] = arith.addf %[[Y]], %[[Y]]
  // CHECK-NEXT: seqmix.yield %[[SUM]] : tensor<?x?x8xf32>
  // CHECK-NEXT: }
  // CHECK: return %[[R]]
  %r = seqmix.kernel ins(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  ^bb0(%y: tensor<?x?x8xf32>):
    %0 = arith.addf %y, %y : tensor<?x?x8xf32>
    seqmix.yield %0 : tensor<?x?x8xf32>
  }
  return %r : tensor<?x?x8xf32>
}

// Several operands and results, of any kinds, and attributes.
// CHECK-LABEL: @recurrence
func.func @recurrence(%x: tensor<?x?x4xf32>, %a: tensor<4xf32>,
                      %h: tensor<?x4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  // CHECK: %{{.+}}:2 = seqmix.kernel ins(%{{.+}}, %{{.+}}, %{{.+}} : tensor<?x?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x?x4xf32>, tensor<?x4xf32> attributes {note = "kept"} {
  // CHECK: seqmix.recurrence
  // CHECK: seqmix.yield %{{.+}}, %{{.+}} : tensor<?x?x4xf32>, tensor<?x4xf32>
  %r:2 = seqmix.kernel
      ins(%x, %a, %h : tensor<?x?x4xf32>, tensor<4xf32>, tensor<?x4xf32>)
      -> tensor<?x?x4xf32>, tensor<?x4xf32> attributes {note = "kept"} {
  ^bb0(%x_in: tensor<?x?x4xf32>, %a_in: tensor<4xf32>, %h_in: tensor<?x4xf32>):
    %y, %h1 = seqmix.recurrence
        tokens(%x_t = %x_in : tensor<?x?x4xf32>)
        invariants(%a_t = %a_in : tensor<4xf32>)
        states(%s = %h_in : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
      %0 = arith.mulf %a_t, %s : tensor<4xf32>
      %1 = arith.addf %0, %x_t : tensor<4xf32>
      seqmix.yield %1, %1 : tensor<4xf32>, tensor<4xf32>
    }
    seqmix.yield %y, %h1 : tensor<?x?x4xf32>, tensor<?x4xf32>
  }
  return %r#0, %r#1 : tensor<?x?x4xf32>, tensor<?x4xf32>
}

// CHECK-LABEL: @no_operands
func.func @no_operands() -> tensor<4xf32> {
  // CHECK: seqmix.kernel -> tensor<4xf32> {
  %r = seqmix.kernel -> tensor<4xf32> {
    %0 = arith.constant dense<1.0> : tensor<4xf32>
    seqmix.yield %0 : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
