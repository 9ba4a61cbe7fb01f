// RUN: seqmix-opt %s --seqmix-plan-workspace --split-input-file --cse | FileCheck %s
// RUN: not seqmix-opt %S/Inputs/grown-temporary.mlir --seqmix-plan-workspace 2>&1 | FileCheck %s --check-prefix=ERROR

// Three temporaries that grow with batch and length, of which the first and the
// third do not live at once and share a slot; one that grows with nothing.
// CHECK-LABEL: func.func @prefill(
// CHECK-SAME: %{{.+}}: !llvm.ptr, %[[CALL:.+]]: !llvm.ptr) -> i32
// CHECK: %[[WORKSPACE_AT:.+]] = llvm.getelementptr %[[CALL]][7]
// CHECK: %[[WORKSPACE:.+]] = llvm.load %[[WORKSPACE_AT]]
// CHECK-NOT: memref.alloc
// CHECK-DAG: llvm.getelementptr %[[WORKSPACE]][%[[A_AT:.+]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK-DAG: llvm.getelementptr %[[WORKSPACE]][%[[B_AT:.+]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK: return
func.func @prefill(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %batch64 = llvm.load %call : !llvm.ptr -> i64
  %at = llvm.getelementptr %call[1] : (!llvm.ptr) -> !llvm.ptr, i64
  %length64 = llvm.load %at : !llvm.ptr -> i64
  %batch = arith.index_cast %batch64 : i64 to index
  %length = arith.index_cast %length64 : i64 to index
  %a = memref.alloc(%batch, %length) : memref<?x?x4xf32>
  %b = memref.alloc(%batch, %length) : memref<?x?x32xf32>
  %c = memref.alloc(%batch, %length) : memref<?x?x20xf32>
  %d = memref.alloc() : memref<3xf32>
  memref.store %zero, %a[%c0, %c0, %c0] : memref<?x?x4xf32>
  memref.store %zero, %b[%c0, %c0, %c0] : memref<?x?x32xf32>
  memref.store %zero, %c[%c0, %c0, %c0] : memref<?x?x20xf32>
  memref.store %zero, %b[%c0, %c0, %c0] : memref<?x?x32xf32>
  memref.store %zero, %d[%c0] : memref<3xf32>
  %ok = arith.constant 0 : i32
  return %ok : i32
}

// The first and third need 128 bytes, the second 128, each a token; the last 64.
// CHECK-LABEL: func.func @prefill_workspace(
// CHECK-SAME: %[[BATCH:.+]]: i64, %[[LENGTH:.+]]: i64) -> i64
// CHECK: %[[SLOT:.+]] = llvm.mlir.constant(128 : i64)
// CHECK: %[[A:.+]] = llvm.mul %[[SLOT]], %[[BATCH]]
// CHECK: %[[B:.+]] = llvm.mul %[[A]], %[[LENGTH]]
// CHECK: %[[END1:.+]] = llvm.add %{{.+}}, %[[B]]
// CHECK: %[[END2:.+]] = llvm.add %[[END1]], %[[B]]
// CHECK: %[[FIXED:.+]] = llvm.mlir.constant(64 : i64)
// CHECK: %[[END:.+]] = llvm.add %[[END2]], %[[FIXED]]
// CHECK: return %[[END]]

// -----

// Truth values take a byte each.
// CHECK-LABEL: func.func @step(
func.func @step(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  %c0 = arith.constant 0 : index
  %true = arith.constant true
  %a = memref.alloc() : memref<512xi1>
  memref.store %true, %a[%c0] : memref<512xi1>
  %ok = arith.constant 0 : i32
  return %ok : i32
}

// CHECK-LABEL: func.func @step_workspace(
// CHECK: llvm.mlir.constant(512 : i64)

// -----

// Nothing is needed; other functions are not entry points.
// CHECK-LABEL: func.func @step(
// CHECK: func.func @step_workspace(
// CHECK: %[[NONE:.+]] = llvm.mlir.constant(0 : i64)
// CHECK: return %[[NONE]]
func.func @step(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  %ok = arith.constant 0 : i32
  return %ok : i32
}

// ERROR: grown-temporary.mlir:6:{{.+}}: error: temporary of a size that is not a constant times batch times length

// -----

// Rows are the tokens of all sequences: batch times length, not the batch.
// CHECK-LABEL: func.func @prefill(
// CHECK-NOT: memref.alloc
// CHECK-LABEL: func.func @prefill_workspace(
// CHECK-SAME: %[[BATCH:.+]]: i64, %[[LENGTH:.+]]: i64) -> i64
// CHECK: %[[A:.+]] = llvm.mul %{{.+}}, %[[BATCH]]
// CHECK: llvm.mul %[[A]], %[[LENGTH]]
func.func @prefill(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %batch64 = llvm.load %call : !llvm.ptr -> i64
  %at = llvm.getelementptr %call[1] : (!llvm.ptr) -> !llvm.ptr, i64
  %length64 = llvm.load %at : !llvm.ptr -> i64
  %batch = arith.index_cast %batch64 : i64 to index
  %length = arith.index_cast %length64 : i64 to index
  %rows = arith.muli %batch, %length : index
  %a = memref.alloc(%rows) : memref<?x4xf32>
  memref.store %zero, %a[%c0, %c0] : memref<?x4xf32>
  %ok = arith.constant 0 : i32
  return %ok : i32
}
