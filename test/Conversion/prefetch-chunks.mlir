// RUN: seqmix-opt %s --pass-pipeline='builtin.module(func.func(seqmix-prefetch-chunks,canonicalize,cse))' | FileCheck %s

// Four tokens of 32 numbers are two lines each: while the sixteen turns of the
// first loop compute, each of a quarter of them would ask for a line, so each
// turn asks for one, of the tokens from 4 on; the output's are asked for to be
// written.
// CHECK-LABEL: @chunks
// CHECK-SAME: %[[X:.+]]: memref<?x8x32xf32>, %[[Y:.+]]: memref<?x8x32xf32>
// CHECK: scf.for %[[T:.+]] = %c0 to %{{.+}} step %c4 {
// CHECK-DAG: %[[IN:.+]] = memref.subview %[[X]][%[[T]], 3, 0] [4, 1, 32]
// CHECK-DAG: %[[OUT:.+]] = memref.subview %[[Y]][%[[T]], 3, 0] [4, 1, 32]
// CHECK: scf.for %[[I:.+]] = %c0 to %c16 step %c1 {
// CHECK: %[[LINE:.+]] = arith.minui %[[I]], %c7
// CHECK: %[[COLUMN:.+]] = arith.remui %[[LINE]], %c2
// CHECK: %[[TOKEN:.+]] = arith.divui %[[LINE]], %c2
// CHECK: %[[NEXT:.+]] = arith.addi %[[TOKEN]], %c4
// CHECK: %[[AT:.+]] = arith.muli %[[COLUMN]], %c16
// CHECK: memref.prefetch %[[IN]][%[[NEXT]], %[[AT]]], read, locality<2>, data
// CHECK: scf.for
// CHECK: memref.prefetch %[[OUT]][%{{.+}}, %{{.+}}], write, locality<3>, data
// CHECK: memref.store %{{.+}}, %[[OUT]]
// One token a turn needs no help.
// CHECK: scf.for
// CHECK-NOT: memref.prefetch
func.func @chunks(%x: memref<?x8x32xf32>, %y: memref<?x8x32xf32>, %s: memref<16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %t = %c0 to %n step %c4 {
    %in = memref.subview %x[%t, 3, 0] [4, 1, 32] [1, 1, 1]
        : memref<?x8x32xf32> to memref<4x32xf32, strided<[256, 1], offset: ?>>
    scf.for %i = %c0 to %c16 step %c1 {
      %0 = memref.load %in[%c0, %i] : memref<4x32xf32, strided<[256, 1], offset: ?>>
      memref.store %0, %s[%i] : memref<16xf32>
    }
    %out = memref.subview %y[%t, 3, 0] [4, 1, 32] [1, 1, 1]
        : memref<?x8x32xf32> to memref<4x32xf32, strided<[256, 1], offset: ?>>
    scf.for %i = %c0 to %c16 step %c1 {
      %0 = memref.load %s[%i] : memref<16xf32>
      memref.store %0, %out[%c0, %i] : memref<4x32xf32, strided<[256, 1], offset: ?>>
    }
  }
  scf.for %t = %c0 to %n step %c1 {
    %out = memref.subview %y[%t, 3, 0] [1, 1, 32] [1, 1, 1]
        : memref<?x8x32xf32> to memref<32xf32, strided<[1], offset: ?>>
    scf.for %i = %c0 to %c16 step %c1 {
      memref.store %zero, %out[%i] : memref<32xf32, strided<[1], offset: ?>>
    }
  }
  return
}
