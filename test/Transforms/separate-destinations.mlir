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

// What is filled to be written over is filled for each use; what is read is not.

#id = affine_map<(i) -> (i)>
// CHECK-LABEL: func.func @filled
// CHECK:         %[[E0:.+]] = tensor.empty() : tensor<4xf32>
// CHECK:         %[[READ:.+]] = linalg.generic {{.*}} outs(%[[E0]]
// CHECK:         tensor.empty() : tensor<4xf32>
// CHECK:         %[[A:.+]] = linalg.generic {{.*}}iterator_types = ["parallel"]} outs(
// CHECK:         tensor.insert_slice %{{.+}} into %[[A]][0]
// CHECK:         %[[B:.+]] = linalg.generic {{.*}}iterator_types = ["parallel"]} outs(
// CHECK:         tensor.insert_slice %{{.+}} into %[[B]][2]
// CHECK:         return %{{.+}}, %{{.+}}, %[[READ]]
func.func @filled(%x: tensor<2xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]}
      outs(%e : tensor<4xf32>) {
  ^bb0(%out: f32):
    linalg.yield %zero : f32
  } -> tensor<4xf32>
  %0 = tensor.insert_slice %x into %f[0] [2] [1] : tensor<2xf32> into tensor<4xf32>
  %1 = tensor.insert_slice %x into %f[2] [2] [1] : tensor<2xf32> into tensor<4xf32>
  return %0, %1, %f : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// One destination seen in another shape is one for each use, too.
// CHECK-LABEL: func.func @reshaped
// CHECK-COUNT-2: tensor.collapse_shape
// CHECK: return
func.func @reshaped(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<2x2xf32>
  %c = tensor.collapse_shape %e [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>
  %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%c : tensor<4xf32>) -> tensor<4xf32>
  %1 = linalg.log ins(%x : tensor<4xf32>) outs(%c : tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}
