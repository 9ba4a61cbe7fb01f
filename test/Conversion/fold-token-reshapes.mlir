// RUN: seqmix-opt %s --seqmix-fold-token-reshapes --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @there_and_back
// CHECK-SAME: %[[X:.+]]: memref<?x?x8xf32>
// CHECK-NEXT: return %[[X]]
func.func @there_and_back(%x: memref<?x?x8xf32>, %b: index, %t: index) -> memref<?x?x8xf32> {
  %rows = memref.collapse_shape %x [[0, 1], [2]] : memref<?x?x8xf32> into memref<?x8xf32>
  %back = memref.expand_shape %rows [[0, 1], [2]] output_shape [%b, %t, 8]
      : memref<?x8xf32> into memref<?x?x8xf32>
  return %back : memref<?x?x8xf32>
}

// The axes behind are reshaped as before.
// CHECK-LABEL: func.func @to_heads
// CHECK-SAME: %[[X:.+]]: memref<?x?x8xf32>
// CHECK-NEXT: %[[HEADS:.+]] = memref.expand_shape %[[X]] {{\[}}[0], [1], [2, 3]] output_shape [%{{.+}}, %{{.+}}, 2, 4]
// CHECK-NEXT: return %[[HEADS]]
func.func @to_heads(%x: memref<?x?x8xf32>, %b: index, %t: index) -> memref<?x?x2x4xf32> {
  %rows = memref.collapse_shape %x [[0, 1], [2]] : memref<?x?x8xf32> into memref<?x8xf32>
  %heads = memref.expand_shape %rows [[0, 1], [2, 3]] output_shape [%b, %t, 2, 4]
      : memref<?x8xf32> into memref<?x?x2x4xf32>
  return %heads : memref<?x?x2x4xf32>
}

// Other axes are none of its business.
// CHECK-LABEL: func.func @others
// CHECK: memref.collapse_shape
// CHECK: memref.expand_shape
func.func @others(%x: memref<?x2x?xf32>, %b: index, %t: index) -> memref<?x?x?xf32> {
  %rows = memref.collapse_shape %x [[0], [1, 2]] : memref<?x2x?xf32> into memref<?x?xf32>
  %back = memref.expand_shape %rows [[0], [1, 2]] output_shape [%b, %t, %t]
      : memref<?x?xf32> into memref<?x?x?xf32>
  return %back : memref<?x?x?xf32>
}
