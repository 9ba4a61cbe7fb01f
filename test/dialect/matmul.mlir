// RUN: seqmix-opt %s | FileCheck %s

// CHECK-LABEL: @on_tensors
// CHECK-SAME: %[[A:.+]]: tensor<?x?x8xf32>, %[[B:.+]]: tensor<16x8xf32>, %[[C0:.+]]: tensor<?x?x16xf32>
func.func @on_tensors(%a: tensor<?x?x8xf32>, %b: tensor<16x8xf32>,
                      %c0: tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
  // CHECK: %[[C:.+]] = seqmix.matmul ins(%[[A]], %[[B]] : tensor<?x?x8xf32>, tensor<16x8xf32>) outs(%[[C0]] : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  // CHECK: return %[[C]]
  %c = seqmix.matmul ins(%a, %b : tensor<?x?x8xf32>, tensor<16x8xf32>)
      outs(%c0 : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return %c : tensor<?x?x16xf32>
}

// Of bf16 are both factors; the sum is of f32. One row has no axes but its own.
// CHECK-LABEL: @row_of_bf16
func.func @row_of_bf16(%a: tensor<8xbf16>, %b: tensor<16x8xbf16>,
                       %c0: tensor<16xf32>) -> tensor<16xf32> {
  // CHECK: seqmix.matmul ins(%{{.+}}, %{{.+}} : tensor<8xbf16>, tensor<16x8xbf16>) outs(%{{.+}} : tensor<16xf32>) {note = "kept"} -> tensor<16xf32>
  %c = seqmix.matmul ins(%a, %b : tensor<8xbf16>, tensor<16x8xbf16>)
      outs(%c0 : tensor<16xf32>) {note = "kept"} -> tensor<16xf32>
  return %c : tensor<16xf32>
}

// On memory there is no result.
// CHECK-LABEL: @on_memory
func.func @on_memory(%a: memref<?x?x8xbf16>, %b: memref<16x8xbf16>,
                     %c: memref<?x?x16xf32>) {
  // CHECK: seqmix.matmul ins(%{{.+}}, %{{.+}} : memref<?x?x8xbf16>, memref<16x8xbf16>) outs(%{{.+}} : memref<?x?x16xf32>){{$}}
  seqmix.matmul ins(%a, %b : memref<?x?x8xbf16>, memref<16x8xbf16>)
      outs(%c : memref<?x?x16xf32>)
  return
}

// Weights of eight bits have scales, one for each group of a row.
// CHECK-LABEL: @scaled
func.func @scaled(%a: tensor<?x?x96xf32>, %b: tensor<16x96xi8>, %s: tensor<16x3xf32>,
                  %c0: tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
  // CHECK: seqmix.matmul ins(%{{.+}}, %{{.+}} : tensor<?x?x96xf32>, tensor<16x96xi8>) scales(%{{.+}} : tensor<16x3xf32>) outs(%{{.+}} : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  %c = seqmix.matmul ins(%a, %b : tensor<?x?x96xf32>, tensor<16x96xi8>)
      scales(%s : tensor<16x3xf32>) outs(%c0 : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return %c : tensor<?x?x16xf32>
}
