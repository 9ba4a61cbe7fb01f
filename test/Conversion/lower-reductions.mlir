// RUN: seqmix-opt %s --pass-pipeline='builtin.module(func.func(seqmix-lower-reductions))' | FileCheck %s

#batch_row = affine_map<(b, o, i) -> (b, i)>
#weights = affine_map<(b, o, i) -> (o, i)>
#batch_column = affine_map<(b, o, i) -> (b, o)>

// A product with weights. The rows of the weights are outermost and shared, the
// reduction along them is innermost and in a register.
// CHECK-LABEL: @product
// CHECK-SAME: %[[X:.+]]: memref<?x32xf32>, %[[W:.+]]: memref<64x32xf32>, %[[Y:.+]]: memref<?x64xf32>
func.func @product(%x: memref<?x32xf32>, %w: memref<64x32xf32>,
                   %y: memref<?x64xf32>) {
  // CHECK: scf.parallel (%[[O:.+]]) =
  // CHECK: scf.for %[[B:.+]] =
  // CHECK: %[[START:.+]] = memref.load %[[Y]][%[[B]], %[[O]]]
  // CHECK: %[[SUM:.+]] = scf.for %[[I:.+]] = {{.+}} iter_args(%[[SO_FAR:.+]] = %[[START]])
  // CHECK-DAG: %[[X_I:.+]] = memref.load %[[X]][%[[B]], %[[I]]]
  // CHECK-DAG: %[[W_I:.+]] = memref.load %[[W]][%[[O]], %[[I]]]
  // CHECK: %[[TERM:.+]] = arith.mulf %[[X_I]], %[[W_I]]
  // CHECK: %[[NEXT:.+]] = arith.addf %[[SO_FAR]], %[[TERM]]
  // CHECK: scf.yield %[[NEXT]]
  // CHECK: memref.store %[[SUM]], %[[Y]][%[[B]], %[[O]]]
  linalg.generic {indexing_maps = [#batch_row, #weights, #batch_column],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x32xf32>, memref<64x32xf32>)
      outs(%y : memref<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// A memory read along its keys: the values lie along memory and are innermost,
// so the reduction goes through the output.
// CHECK-LABEL: @read
// CHECK-SAME: %[[Q:.+]]: memref<3xf32>, %[[S:.+]]: memref<3x5xf32>, %[[O:.+]]: memref<5xf32>
func.func @read(%q: memref<3xf32>, %S: memref<3x5xf32>, %o: memref<5xf32>) {
  // Too little to be shared among threads.
  // CHECK-NOT: scf.parallel
  // CHECK: scf.for %[[K:.+]] =
  // CHECK: scf.for %[[V:.+]] =
  // CHECK-DAG: memref.load %[[Q]][%[[K]]]
  // CHECK-DAG: memref.load %[[S]][%[[K]], %[[V]]]
  // CHECK-DAG: memref.load %[[O]][%[[V]]]
  // CHECK: memref.store %{{.+}}, %[[O]][%[[V]]]
  linalg.generic {indexing_maps = [affine_map<(v, k) -> (k)>,
                                   affine_map<(v, k) -> (k, v)>,
                                   affine_map<(v, k) -> (v)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%q, %S : memref<3xf32>, memref<3x5xf32>) outs(%o : memref<5xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %sum, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// In a loop over tokens nothing is shared, however large.
// CHECK-LABEL: @in_a_loop
// CHECK-NOT: scf.parallel
func.func @in_a_loop(%x: memref<64x64xf32>, %y: memref<64xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
                                     affine_map<(i, j) -> (i)>],
                    iterator_types = ["parallel", "reduction"]}
        ins(%x : memref<64x64xf32>) outs(%y : memref<64xf32>) {
    ^bb0(%a: f32, %top: f32):
      %0 = arith.maximumf %top, %a : f32
      linalg.yield %0 : f32
    }
  }
  return
}

// Elementwise ops, and accesses that are not plain, are left to upstream.
// CHECK-LABEL: @left
// CHECK-COUNT-2: linalg.generic
func.func @left(%x: memref<4x8xf32>, %z: memref<15xf32>, %d: memref<8x8xf32>,
                %y: memref<8xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      outs(%x : memref<4x8xf32>) {
  ^bb0(%a: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i + j)>,
                                   affine_map<(i, j) -> (i, j)>,
                                   affine_map<(i, j) -> (i)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%z, %d : memref<15xf32>, memref<8x8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %0 = arith.addf %sum, %a : f32
    linalg.yield %0 : f32
  }
  return
}
