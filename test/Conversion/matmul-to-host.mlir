// RUN: seqmix-opt %s --convert-seqmix-matmul-to-host --split-input-file | FileCheck %s

// A seqmix_abi_matmul on the stack: m, n and k, types, each matrix with its
// stride, and no scales. A host that lends no products, or declines, leaves
// them to loops over the rows.

// CHECK-LABEL: func.func @product
// CHECK-SAME: %[[HOST:.+]]: !llvm.ptr, %[[A:.+]]: memref<?x96xf32, strided<[128, 1], offset: ?>>
// CHECK: %[[SLOTS:.+]] = llvm.alloca %{{.+}} x i64
// CHECK: %[[AT:.+]] = llvm.getelementptr %[[HOST]][5]
// CHECK: %[[MATMUL:.+]] = llvm.load %[[AT]]
// CHECK: %[[LENT:.+]] = llvm.icmp "ne" %[[MATMUL]], %{{.+}} : !llvm.ptr
// CHECK: %[[DONE:.+]] = scf.if %[[LENT]] -> (i64) {
// CHECK-DAG: %[[N:.+]] = llvm.mlir.constant(64 : i64)
// CHECK-DAG: %[[K:.+]] = llvm.mlir.constant(96 : i64)
// CHECK: llvm.store %{{.+}}, %{{.+}} : i64, !llvm.ptr
// CHECK: llvm.store %[[N]]
// CHECK: llvm.store %[[K]]
// CHECK-COUNT-12: llvm.store
// CHECK: %[[CONTEXT_AT:.+]] = llvm.getelementptr %[[HOST]][1]
// CHECK: %[[CONTEXT:.+]] = llvm.load %[[CONTEXT_AT]]
// CHECK: llvm.call %[[MATMUL]](%[[CONTEXT]], %[[SLOTS]])
// CHECK: } else {
// CHECK: scf.if %{{.+}} {
// CHECK: } else {
// CHECK:   scf.for
// CHECK:     %[[OUT:.+]] = memref.subview %{{.+}}[%{{.+}}, 0] [1, 64]
// CHECK:     linalg.generic {{.+}} outs(%[[OUT]]
// CHECK:     %[[IN:.+]] = memref.subview %[[A]][%{{.+}}, 0] [1, 96]
// CHECK:     linalg.generic {{.+}}iterator_types = ["parallel", "reduction"]} ins(%[[IN]], %{{.+}}) outs(%[[OUT]]
func.func @product(%host: !llvm.ptr, %a: memref<?x96xf32, strided<[128, 1], offset: ?>>,
                   %b: memref<64x96xf32>, %c: memref<?x64xf32>) {
  seqmix.matmul ins(%a, %b : memref<?x96xf32, strided<[128, 1], offset: ?>>, memref<64x96xf32>)
      outs(%c : memref<?x64xf32>)
  return
}

// -----

// Weights of eight bits: the sum is over groups and in each.

// CHECK-LABEL: func.func @scaled
// CHECK-DAG: llvm.mlir.constant(32 : i64)
// CHECK-DAG: llvm.mlir.constant(7 : i64)
// CHECK: llvm.call
// CHECK: linalg.generic {{.+}}iterator_types = ["parallel", "reduction", "reduction"]}
// CHECK-SAME: memref<3x32xf32{{.*}}>, memref<64x3x32xi8{{.*}}>, memref<64x3xf32>
// CHECK: arith.sitofp
// CHECK: arith.mulf
func.func @scaled(%host: !llvm.ptr, %a: memref<?x96xf32>, %b: memref<64x96xi8>,
                  %s: memref<64x3xf32>, %c: memref<?x64xf32>) {
  seqmix.matmul ins(%a, %b : memref<?x96xf32>, memref<64x96xi8>) scales(%s : memref<64x3xf32>)
      outs(%c : memref<?x64xf32>)
  return
}

// -----

// In a branch of a parallel loop's turn the slots are the turn's: the loop's
// outliner takes them out of the loop, which could not know of the branch's.

// CHECK-LABEL: func.func @branch
// CHECK: scf.parallel
// CHECK: llvm.alloca %{{.+}} x i64
// CHECK: scf.if
// CHECK-NOT: llvm.alloca
// CHECK: return
func.func @branch(%host: !llvm.ptr, %a: memref<4x96xf32>, %b: memref<64x96xf32>,
                  %c: memref<4x64xf32>, %isFirst: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {
    scf.if %isFirst {
      seqmix.matmul ins(%a, %b : memref<4x96xf32>, memref<64x96xf32>) outs(%c : memref<4x64xf32>)
    }
  }
  return
}
