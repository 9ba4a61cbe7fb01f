// RUN: seqmix-opt %s --pass-pipeline='builtin.module(func.func(seqmix-lower-elementwise,canonicalize,cse))' | FileCheck %s

#row = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>
#cube = affine_map<(b, t, c) -> (b, t, c)>
#turned = affine_map<(i, j) -> (j, i)>

// A decay of rows: vectors along the columns, the last one shorter; what a row
// has once is computed once.
// CHECK-LABEL: @decay
// CHECK-SAME: %[[D:.+]]: memref<3xf64>, %[[S:.+]]: memref<3x37xf32, strided<[50, 1], offset: ?>>
func.func @decay(%d: memref<3xf64>, %s: memref<3x37xf32, strided<[50, 1], offset: ?>>, %n: index) {
  // CHECK-DAG: %[[C0:.+]] = arith.constant 0 : index
  // CHECK-DAG: %[[C16:.+]] = arith.constant 16 : index
  // CHECK-DAG: %[[C32:.+]] = arith.constant 32 : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    // CHECK: scf.for
    // CHECK: scf.for %[[I:.+]] = %[[C0]]
    // CHECK: %[[OF_ROW:.+]] = memref.load %[[D]][%[[I]]] : memref<3xf64>
    // CHECK: %[[ROUNDED:.+]] = arith.truncf %[[OF_ROW]] : f64 to f32
    // CHECK: scf.for %[[J:.+]] = %[[C0]] to %[[C32]] step %[[C16]] {
    // CHECK: %[[OLD:.+]] = vector.load %[[S]][%[[I]], %[[J]]] : {{.+}}, vector<16xf32>
    // CHECK: %[[DECAY:.+]] = vector.broadcast %[[ROUNDED]] : f32 to vector<16xf32>
    // CHECK: %[[NEW:.+]] = arith.mulf %[[DECAY]], %[[OLD]] : vector<16xf32>
    // CHECK: vector.store %[[NEW]], %[[S]][%[[I]], %[[J]]]
    // CHECK: vector.load %[[S]][%[[I]], %[[C32]]] : {{.+}}, vector<5xf32>
    // CHECK: vector.store {{.+}}, %[[S]][%[[I]], %[[C32]]] : {{.+}}, vector<5xf32>
    linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]}
        ins(%d : memref<3xf64>) outs(%s : memref<3x37xf32, strided<[50, 1], offset: ?>>) {
    ^bb0(%a: f64, %old: f32):
      %0 = arith.truncf %a : f64 to f32
      %1 = arith.mulf %0, %old : f32
      linalg.yield %1 : f32
    }
  }
  return
}

// A mask of rows, and a constant.
// CHECK-LABEL: @mask
func.func @mask(%x: memref<3x4xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.for %t = %c0 to %n step %c1 {
    // CHECK: scf.for
    // CHECK: scf.for %[[ROW:.+]] =
    // CHECK: %[[FIRST:.+]] = arith.cmpi eq, %[[ROW]], %{{.+}} : index
    // CHECK: %[[MASK:.+]] = vector.broadcast %[[FIRST]] : i1 to vector<4xi1>
    // CHECK: arith.select %[[MASK]], {{.+}} : vector<4xi1>, vector<4xf32>
    linalg.generic {indexing_maps = [#all], iterator_types = ["parallel", "parallel"]}
        outs(%x : memref<3x4xf32>) {
    ^bb0(%old: f32):
      %row = linalg.index 0 : index
      %first = arith.cmpi eq, %row, %c0 : index
      %0 = arith.select %first, %old, %zero : f32
      linalg.yield %0 : f32
    }
  }
  return
}

// All tokens at once are shared among threads, by the last extent that is not
// known.
// CHECK-LABEL: @tokens
// CHECK-SAME: (%[[X:[^:]+]]: memref<?x?x24xf32>
// CHECK-DAG: %[[BATCH:.+]] = memref.dim %[[X]], %c0
// CHECK-DAG: %[[LENGTH:.+]] = memref.dim %[[X]], %c1
// CHECK: scf.for %[[B:.+]] = %c0 to %[[BATCH]]
// CHECK: scf.parallel (%[[T:.+]]) = (%c0) to (%[[LENGTH]]) step (%c1)
// CHECK: vector.load %[[X]][%[[B]], %[[T]], %c0] : memref<?x?x24xf32>, vector<16xf32>
// CHECK: vector.store
// CHECK: vector.load %[[X]][%[[B]], %[[T]], %c16] : memref<?x?x24xf32>, vector<8xf32>
func.func @tokens(%x: memref<?x?x24xf32>, %y: memref<?x?x24xf32>) {
  linalg.generic {indexing_maps = [#cube, #cube],
                  iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : memref<?x?x24xf32>) outs(%y : memref<?x?x24xf32>) {
  ^bb0(%a: f32, %old: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// Of truth values a vector lies differently in memory than they do one by one;
// an input lies across; the index differs along a vector; and so may extents.
// CHECK-LABEL: @left
// CHECK-NOT: vector
// CHECK-COUNT-4: linalg.generic
func.func @left(%x: memref<4x4xf32>, %y: memref<4x4xf32>, %b: memref<4x4xi1>,
                %k: memref<4x4xindex>, %n: index, %u: memref<4x?xf32>,
                %v: memref<4x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %t = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
        ins(%x : memref<4x4xf32>) outs(%b : memref<4x4xi1>) {
    ^bb0(%a: f32, %old: i1):
      %0 = arith.cmpf uno, %a, %a : f32
      linalg.yield %0 : i1
    }
    linalg.generic {indexing_maps = [#turned, #all], iterator_types = ["parallel", "parallel"]}
        ins(%x : memref<4x4xf32>) outs(%y : memref<4x4xf32>) {
    ^bb0(%a: f32, %old: f32):
      linalg.yield %a : f32
    }
    linalg.generic {indexing_maps = [#all], iterator_types = ["parallel", "parallel"]}
        outs(%k : memref<4x4xindex>) {
    ^bb0(%old: index):
      %0 = linalg.index 1 : index
      linalg.yield %0 : index
    }
  }
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%u : memref<4x?xf32>) outs(%v : memref<4x?xf32>) {
  ^bb0(%a: f32, %old: f32):
    linalg.yield %a : f32
  }
  return
}
