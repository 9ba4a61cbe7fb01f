// RUN: seqmix-opt %s --seqmix-mark-triangles --split-input-file | FileCheck %s

#scores = affine_map<(i, v, j) -> (i, j)>
#values = affine_map<(i, v, j) -> (j, v)>
#out = affine_map<(i, v, j) -> (i, v)>

// Scores by halves: two blocks on the diagonal, which are triangles themselves,
// and one below it. Where an op of another kind gave one of them, nothing is
// known of its elements.
// CHECK-LABEL: @halves
func.func @halves(%diagonal: tensor<2x1xf32>, %below: tensor<2x2xf32>,
                  %any: tensor<2x2xf32>, %v: tensor<4x8xf32>,
                  %init: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %zero = arith.constant dense<0.0> : tensor<2x2xf32>
  %0 = tensor.collapse_shape %diagonal [[0, 1]] : tensor<2x1xf32> into tensor<2xf32>
  %column = tensor.expand_shape %0 [[0, 1]] output_shape [2, 1] : tensor<2xf32> into tensor<2x1xf32>
  %lower = tensor.insert_slice %column into %zero[0, 0] [2, 1] [1, 1] : tensor<2x1xf32> into tensor<2x2xf32>
  %empty = tensor.empty() : tensor<4x4xf32>
  %number = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%number : f32) outs(%empty : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = tensor.insert_slice %lower into %zeros[0, 0] [2, 2] [1, 1] : tensor<2x2xf32> into tensor<4x4xf32>
  %2 = tensor.insert_slice %below into %1[2, 0] [2, 2] [1, 1] : tensor<2x2xf32> into tensor<4x4xf32>
  %3 = tensor.insert_slice %lower into %2[2, 2] [2, 2] [1, 1] : tensor<2x2xf32> into tensor<4x4xf32>
  %4 = tensor.insert_slice %any into %2[2, 2] [2, 2] [1, 1] : tensor<2x2xf32> into tensor<4x4xf32>
  // CHECK: linalg.generic {{.+}} attrs = {seqmix.triangle = array<i64: 0, 2>}
  %5 = linalg.generic {indexing_maps = [#scores, #values, #out],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%3, %v : tensor<4x4xf32>, tensor<4x8xf32>) outs(%init : tensor<4x8xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  // CHECK: linalg.generic
  // CHECK-NOT: seqmix.triangle
  %6 = linalg.generic {indexing_maps = [#scores, #values, #out],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%4, %v : tensor<4x4xf32>, tensor<4x8xf32>) outs(%init : tensor<4x8xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %5, %6 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

#rows = affine_map<(i, j) -> (j, i)>
#vector = affine_map<(i, j) -> (j)>
#sums = affine_map<(i, j) -> (i)>

// The columns of a matrix that is read across, and a slice of a larger one; of
// what a strided or unknown place of it has, just what is certain counts.
// CHECK-LABEL: @slices
func.func @slices(%part: tensor<1x2xf32>, %at: index, %v: tensor<2xf32>,
                  %init: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %zeros = arith.constant dense<0.0> : tensor<4x4xf32>
  %0 = tensor.insert_slice %part into %zeros[1, 1] [1, 2] [1, 2] : tensor<1x2xf32> into tensor<4x4xf32>
  %1 = tensor.extract_slice %0[1, 1] [2, 2] [1, 1] : tensor<4x4xf32> to tensor<2x2xf32>
  // CHECK: linalg.generic {{.+}} attrs = {seqmix.triangle = array<i64: 0, 1>}
  %2 = linalg.generic {indexing_maps = [#rows, #vector, #sums],
                       iterator_types = ["parallel", "reduction"]}
      ins(%1, %v : tensor<2x2xf32>, tensor<2xf32>) outs(%init : tensor<2xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<2xf32>
  %3 = tensor.extract_slice %0[%at, 1] [2, 2] [1, 1] : tensor<4x4xf32> to tensor<2x2xf32>
  // CHECK: linalg.generic
  // CHECK-NOT: seqmix.triangle
  %4 = linalg.generic {indexing_maps = [#rows, #vector, #sums],
                       iterator_types = ["parallel", "reduction"]}
      ins(%3, %v : tensor<2x2xf32>, tensor<2xf32>) outs(%init : tensor<2xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<2xf32>
  return %2, %4 : tensor<2xf32>, tensor<2xf32>
}
