// RUN: seqmix-opt %s --seqmix-separate-destinations | FileCheck %s

// Each use has its own destination, next to it.

// CHECK-LABEL: func.func @shared
// CHECK-NEXT:    %[[A:.+]] = tensor.empty() : tensor<4xf32>
// CHECK-NEXT:    linalg.exp {{.*}} outs(%[[A]]
// CHECK-NEXT:    %[[B:.+]] = tensor.empty() : tensor<4xf32>
// CHECK-NEXT:    linalg.exp {{.*}} outs(%[[B]]
func.func @shared(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %1 = linalg.exp ins(%0 : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
