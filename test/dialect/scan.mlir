// RUN: seqmix-opt %s | FileCheck %s

// CHECK-LABEL: @running_maximum
func.func @running_maximum(%x: tensor<?x?x4xf32>, %m0: tensor<?x4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  // CHECK: seqmix.scan inclusive(%{{.+}} : tensor<?x?x4xf32>) states(%{{.+}} : tensor<?x4xf32>) {
  // CHECK-NEXT: ^bb0(%[[L:.+]]: tensor<4xf32>, %[[R:.+]]: tensor<4xf32>):
  // CHECK-NEXT: %[[TOP:.+]] = arith.maximumf %[[L]], %[[R]] : tensor<4xf32>
  // CHECK-NEXT: seqmix.yield %[[TOP]] : tensor<4xf32>
  %m, %last = seqmix.scan inclusive (%x : tensor<?x?x4xf32>)
      states(%m0 : tensor<?x4xf32>) {
  ^bb0(%l: tensor<4xf32>, %r: tensor<4xf32>):
    %0 = arith.maximumf %l, %r : tensor<4xf32>
    seqmix.yield %0 : tensor<4xf32>
  }
  return %m, %last : tensor<?x?x4xf32>, tensor<?x4xf32>
}

// CHECK-LABEL: @remaining_sum
func.func @remaining_sum(%x: tensor<?x?xf32>, %s0: tensor<?xf32>)
    -> (tensor<?x?xf32>, tensor<?xf32>) {
  // CHECK: seqmix.scan exclusive reverse(%{{.+}} : tensor<?x?xf32>) states(%{{.+}} : tensor<?xf32>) {
  %s, %all = seqmix.scan exclusive reverse (%x : tensor<?x?xf32>)
      states(%s0 : tensor<?xf32>) {
  ^bb0(%l: tensor<f32>, %r: tensor<f32>):
    %0 = arith.addf %l, %r : tensor<f32>
    seqmix.yield %0 : tensor<f32>
  }
  return %s, %all : tensor<?x?xf32>, tensor<?xf32>
}

// Pairs (a, b) that stand for h -> a * h + b.
// CHECK-LABEL: @affine_maps
func.func @affine_maps(%a: tensor<?x?x4xf32>, %b: tensor<?x?x4xf32>,
                       %a0: tensor<?x4xf32>, %b0: tensor<?x4xf32>)
    -> tensor<?x?x4xf32> {
  // CHECK: seqmix.scan inclusive reverse(%{{.+}}, %{{.+}} : tensor<?x?x4xf32>, tensor<?x?x4xf32>) states(%{{.+}}, %{{.+}} : tensor<?x4xf32>, tensor<?x4xf32>) attributes {note = "kept"} {
  %s:4 = seqmix.scan inclusive reverse (%a, %b : tensor<?x?x4xf32>, tensor<?x?x4xf32>)
      states(%a0, %b0 : tensor<?x4xf32>, tensor<?x4xf32>)
      attributes {note = "kept"} {
  ^bb0(%al: tensor<4xf32>, %bl: tensor<4xf32>,
       %ar: tensor<4xf32>, %br: tensor<4xf32>):
    %0 = arith.mulf %al, %ar : tensor<4xf32>
    %1 = arith.mulf %ar, %bl : tensor<4xf32>
    %2 = arith.addf %1, %br : tensor<4xf32>
    seqmix.yield %0, %2 : tensor<4xf32>, tensor<4xf32>
  }
  return %s#1 : tensor<?x?x4xf32>
}
