// RUN: seqmix-opt %s --seqmix-lower-copies | FileCheck %s

// CHECK: #[[$IDENTITY:.+]] = affine_map<(d0, d1) -> (d0, d1)>

// The second of three columns is no piece.
// CHECK-LABEL: @column
// CHECK-SAME: %[[FROM:.+]]: memref<?x4xf32, strided<[12, 1], offset: 4>>, %[[TO:.+]]: memref<?x4xf32>
func.func @column(%from: memref<?x4xf32, strided<[12, 1], offset: 4>>,
                  %to: memref<?x4xf32>) {
  // CHECK: linalg.generic {indexing_maps = [#[[$IDENTITY]], #[[$IDENTITY]]], iterator_types = ["parallel", "parallel"]} ins(%[[FROM]] : {{.+}}) outs(%[[TO]] : memref<?x4xf32>) {
  // CHECK: ^bb0(%[[X:.+]]: f32, %{{.+}}: f32):
  // CHECK: linalg.yield %[[X]]
  memref.copy %from, %to : memref<?x4xf32, strided<[12, 1], offset: 4>>
      to memref<?x4xf32>
  return
}

// CHECK-LABEL: @piece
func.func @piece(%from: memref<3x4xf32, strided<[4, 1], offset: ?>>,
                 %to: memref<3x4xf32>) {
  // CHECK-NOT: linalg
  // CHECK: memref.copy
  memref.copy %from, %to : memref<3x4xf32, strided<[4, 1], offset: ?>>
      to memref<3x4xf32>
  return
}

// What is already in its place.
// CHECK-LABEL: @itself
func.func @itself(%column: memref<?x4xf32, strided<[12, 1], offset: 4>>) {
  // CHECK-NOT: linalg
  // CHECK-NOT: memref.copy
  // CHECK: return
  memref.copy %column, %column : memref<?x4xf32, strided<[12, 1], offset: 4>>
      to memref<?x4xf32, strided<[12, 1], offset: 4>>
  return
}
