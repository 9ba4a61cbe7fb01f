// RUN: seqmix-opt %s --pass-pipeline='builtin.module(func.func(seqmix-prefetch-tokens,canonicalize,cse))' | FileCheck %s

// Of one token a turn, pieces of 2 KiB: where a vector is loaded, that of the
// next token is asked for. Not where it is loaded again and again, and not what
// only each sequence has.
// CHECK-LABEL: @tokens
// CHECK-SAME: %[[X:.+]]: memref<?x?x1024xf32>
// CHECK: scf.for %[[B:.+]] =
// CHECK-NOT: memref.prefetch
// CHECK: scf.for %[[T:.+]] = %c0 to %{{.+}} step %c1 {
// CHECK: scf.for %[[J:.+]] =
// CHECK: %[[NEXT:.+]] = arith.addi %[[T]], %c1
// CHECK: %[[AT:.+]] = arith.addi %[[J]], %c512
// CHECK: memref.prefetch %[[X]][%[[B]], %[[NEXT]], %[[AT]]], read, locality<2>, data
// CHECK: vector.load
// CHECK-NOT: memref.prefetch
func.func @tokens(%x: memref<?x?x1024xf32>, %s: memref<?x512xf32>, %batch: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c512 = arith.constant 512 : index
  scf.for %b = %c0 to %batch step %c1 {
    %state = memref.subview %s[%b, 0] [1, 512] [1, 1]
        : memref<?x512xf32> to memref<512xf32, strided<[1], offset: ?>>
    scf.for %t = %c0 to %n step %c1 {
      %in = memref.subview %x[%b, %t, 512] [1, 1, 512] [1, 1, 1]
          : memref<?x?x1024xf32> to memref<512xf32, strided<[1], offset: ?>>
      scf.for %j = %c0 to %c512 step %c16 {
        %0 = vector.load %in[%j] : memref<512xf32, strided<[1], offset: ?>>, vector<16xf32>
        %1 = vector.load %state[%j] : memref<512xf32, strided<[1], offset: ?>>, vector<16xf32>
        %2 = arith.addf %0, %1 : vector<16xf32>
        vector.store %2, %state[%j] : memref<512xf32, strided<[1], offset: ?>>, vector<16xf32>
      }
      scf.for %i = %c0 to %n step %c1 {
        scf.for %j = %c0 to %c512 step %c16 {
          %0 = vector.load %in[%j] : memref<512xf32, strided<[1], offset: ?>>, vector<16xf32>
          vector.store %0, %state[%j] : memref<512xf32, strided<[1], offset: ?>>, vector<16xf32>
        }
      }
    }
  }
  return
}
