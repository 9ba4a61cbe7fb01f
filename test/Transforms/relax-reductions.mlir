// RUN: seqmix-opt %s --seqmix-relax-reductions | FileCheck %s

#rows = affine_map<(i, j) -> (i, j)>
#columns = affine_map<(i, j) -> (j)>
#result = affine_map<(i, j) -> (i)>

// CHECK-LABEL: @product
func.func @product(%w: tensor<4x8xf32>, %x: tensor<8xf32>, %y: tensor<4xf32>)
    -> tensor<4xf32> {
  // CHECK: %[[P:.+]] = arith.mulf %{{.+}}, %{{.+}} fastmath<contract> : f32
  // CHECK: arith.addf %{{.+}}, %[[P]] fastmath<reassoc,contract> : f32
  %0 = linalg.generic {indexing_maps = [#rows, #columns, #result],
                       iterator_types = ["parallel", "reduction"]}
      ins(%w, %x : tensor<4x8xf32>, tensor<8xf32>) outs(%y : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %sum, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// Only sums: of other operations, and of what a maximum is taken, nothing is
// promised.
// CHECK-LABEL: @difference_and_maximum
func.func @difference_and_maximum(%w: tensor<4x8xf32>, %y: tensor<4xf32>)
    -> tensor<4xf32> {
  // CHECK: arith.subf %{{.+}}, %{{.+}} : f32
  // CHECK: arith.maximumf %{{.+}}, %{{.+}} : f32
  %0 = linalg.generic {indexing_maps = [#rows, #result],
                       iterator_types = ["parallel", "reduction"]}
      ins(%w : tensor<4x8xf32>) outs(%y : tensor<4xf32>) {
  ^bb0(%a: f32, %top: f32):
    %1 = arith.subf %a, %a : f32
    %2 = arith.maximumf %top, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// What computes a summand keeps its order too.
// CHECK-LABEL: @summand
func.func @summand(%w: tensor<4x8xf32>, %x: tensor<8xf32>, %y: tensor<4xf32>)
    -> tensor<4xf32> {
  // CHECK: %[[A:.+]] = arith.mulf %{{.+}}, %{{.+}} : f32
  // CHECK: %[[B:.+]] = arith.addf %[[A]], %{{.+}} : f32
  // CHECK: %[[C:.+]] = arith.mulf %[[B]], %{{.+}} fastmath<contract> : f32
  // CHECK: arith.addf %[[C]], %{{.+}} fastmath<reassoc,contract> : f32
  %0 = linalg.generic {indexing_maps = [#rows, #columns, #result],
                       iterator_types = ["parallel", "reduction"]}
      ins(%w, %x : tensor<4x8xf32>, tensor<8xf32>) outs(%y : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %1, %b : f32
    %3 = arith.mulf %2, %a : f32
    %4 = arith.addf %3, %sum : f32
    linalg.yield %4 : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// What is written as a token's arithmetic keeps its order.
// CHECK-LABEL: @elementwise
func.func @elementwise(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>)
    -> tensor<4x8xf32> {
  // CHECK: arith.mulf %{{.+}}, %{{.+}} : f32
  // CHECK: arith.addf %{{.+}}, %{{.+}} : f32
  %0 = linalg.generic {indexing_maps = [#rows, #rows],
                       iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%y : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.mulf %a, %a : f32
    %2 = arith.addf %b, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
