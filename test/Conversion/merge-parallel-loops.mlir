// RUN: seqmix-opt %s --pass-pipeline='builtin.module(func.func(seqmix-merge-parallel-loops,canonicalize,cse))' | FileCheck %s

// Loops that write buffers of their own and read the same, with allocations and
// addresses between: one loop, whose first turns are the first's.
// CHECK-LABEL: @independent
// CHECK-SAME: %[[X:.+]]: memref<8xf32>, %[[N:.+]]: index, %[[M:.+]]: index
// CHECK-DAG: %[[A:.+]] = memref.alloc(%[[N]])
// CHECK-DAG: %[[B:.+]] = memref.alloc(%[[M]])
// CHECK-DAG: %[[VIEW:.+]] = memref.subview %[[B]]
// CHECK: %[[ALL:.+]] = arith.addi %[[N]], %[[M]]
// CHECK: scf.parallel (%[[I:.+]]) = (%c0) to (%[[ALL]]) step (%c1) {
// CHECK:   %[[IS_FIRST:.+]] = arith.cmpi ult, %[[I]], %[[N]]
// CHECK:   scf.if %[[IS_FIRST]] {
// CHECK:     memref.store %{{.+}}, %[[A]][%[[I]]]
// CHECK:   } else {
// CHECK:     %[[TURN:.+]] = arith.subi %[[I]], %[[N]]
// CHECK:     memref.load %[[X]][%c1]
// CHECK:     memref.store %{{.+}}, %[[VIEW]][%[[TURN]]]
// CHECK:   }
// CHECK-NOT: scf.parallel
func.func @independent(%x: memref<8xf32>, %n: index, %m: index) -> (memref<?xf32>, memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc(%n) : memref<?xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %0 = memref.load %x[%c0] : memref<8xf32>
    memref.store %0, %a[%i] : memref<?xf32>
  }
  %b = memref.alloc(%m) : memref<?xf32>
  %view = memref.subview %b[0] [%m] [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  scf.parallel (%i) = (%c0) to (%m) step (%c1) {
    %0 = memref.load %x[%c1] : memref<8xf32>
    memref.store %0, %view[%i] : memref<?xf32, strided<[1]>>
  }
  return %a, %b : memref<?xf32>, memref<?xf32>
}

// What another has written, or writes as well, even through a view, is waited
// for; so is what is done between, and nothing is known of the caller's memory.
// CHECK-LABEL: @dependent
// CHECK-COUNT-5: scf.parallel
func.func @dependent(%x: memref<8xf32>, %n: index) -> (memref<8xf32>, memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %a = memref.alloc() : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  %view = memref.subview %a[4] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %zero, %a[%i] : memref<8xf32>
  }
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %0 = memref.load %view[%i] : memref<4xf32, strided<[1], offset: 4>>
    memref.store %0, %b[%i] : memref<8xf32>
  }
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %zero, %b[%c0] : memref<8xf32>
  }
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %zero, %x[%i] : memref<8xf32>
  }
  memref.store %zero, %b[%c0] : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    memref.store %zero, %a[%i] : memref<8xf32>
  }
  return %a, %b : memref<8xf32>, memref<8xf32>
}
