// RUN: seqmix-opt %s --convert-parallel-to-runtime --cse | FileCheck %s

// What the body uses travels in a struct on the stack; the host is called
// through its table.
// CHECK-LABEL: func.func @prefill(
// CHECK-SAME: %[[HOST:.+]]: !llvm.ptr, %{{.+}}: !llvm.ptr) -> i32
// CHECK: %[[SLOT:.+]] = llvm.alloca %{{.+}} x !llvm.struct<(f32, struct<(ptr, ptr, i64, array<2 x i64>, array<2 x i64>)>)>
// CHECK-NOT: scf.parallel
// CHECK: llvm.store %{{.+}}, %[[SLOT]]
// CHECK: %[[COUNT:.+]] = arith.ceildivsi
// CHECK-DAG: %[[CONTEXT_AT:.+]] = llvm.getelementptr %[[HOST]][1]
// CHECK-DAG: %[[CONTEXT:.+]] = llvm.load %[[CONTEXT_AT]]
// CHECK-DAG: %[[PARALLEL_AT:.+]] = llvm.getelementptr %[[HOST]][2]
// CHECK-DAG: %[[PARALLEL:.+]] = llvm.load %[[PARALLEL_AT]]
// CHECK: %[[BODY:.+]] = {{.*}}constant @prefill_parallel_0 : (!llvm.ptr, i64, i64) -> ()
// CHECK: %[[ADDRESS:.+]] = builtin.unrealized_conversion_cast %[[BODY]]
// CHECK: %[[COUNT64:.+]] = arith.index_cast %[[COUNT]] : index to i64
// CHECK: llvm.call %[[PARALLEL]](%[[CONTEXT]], %[[COUNT64]], %{{.+}}, %[[ADDRESS]], %[[SLOT]]) : !llvm.ptr, (!llvm.ptr, i64, i64, !llvm.ptr, !llvm.ptr) -> ()

// One function for each loop, on a range of its iterations. Constants are made
// anew.
// CHECK: func.func private @prefill_parallel_0(
// CHECK-SAME: %[[ARGUMENTS:.+]]: !llvm.ptr, %[[BEGIN64:.+]]: i64, %[[END64:.+]]: i64)
// CHECK: llvm.load %[[ARGUMENTS]]
// CHECK-DAG: %[[BEGIN:.+]] = arith.index_cast %[[BEGIN64]]
// CHECK-DAG: %[[END:.+]] = arith.index_cast %[[END64]]
// CHECK: scf.for %[[TURN:.+]] = %[[BEGIN]] to %[[END]]
// CHECK: %[[STEP:.+]] = arith.muli %[[TURN]], %c2
// CHECK: %[[I:.+]] = arith.addi %[[STEP]], %c4
// CHECK: scf.for %[[J:.+]] =
// CHECK: memref.store %{{.+}}, %{{.+}}[%[[I]], %[[J]]] : memref<64x8xf32>
func.func @prefill(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  %ok = arith.constant 0 : i32
  %y = memref.alloca() : memref<64x8xf32>
  %x = llvm.load %call : !llvm.ptr -> f32
  scf.parallel (%i) = (%c4) to (%c64) step (%c2) {
    scf.for %j = %c0 to %c8 step %c1 {
      memref.store %x, %y[%i, %j] : memref<64x8xf32>
    }
  }
  return %ok : i32
}

// A function that is not handed the host's table keeps its loops.
// CHECK-LABEL: func.func @elsewhere(
// CHECK: scf.parallel
func.func @elsewhere(%y: memref<64xf32>, %x: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  scf.parallel (%i) = (%c0) to (%c64) step (%c1) {
    memref.store %x, %y[%i] : memref<64xf32>
  }
  return
}

// Room on the stack is made once in the body, not in each of its turns; the
// turns of an inner loop are counted by what bounds them from outside, and
// those of all branches.
// CHECK-LABEL: func.func @slots(
// CHECK-SAME: %{{.+}}: !llvm.ptr, %{{.+}}: !llvm.ptr, %[[N:.+]]: index
// CHECK: %[[TURNS:.+]] = arith.minui %[[N]], %c64
// CHECK: arith.muli %{{.+}}, %[[TURNS]]
// CHECK: llvm.call
// CHECK: func.func private @slots_parallel_0(
// CHECK: llvm.alloca %{{.+}} x i64
// CHECK: scf.for
// CHECK-NOT: llvm.alloca
// CHECK: return
func.func @slots(%host: !llvm.ptr, %call: !llvm.ptr, %n: index, %x: i64) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %ok = arith.constant 0 : i32
  %size = llvm.mlir.constant(4 : i64) : i64
  %few = arith.cmpi ult, %n, %c64 : index
  scf.parallel (%i) = (%c0) to (%c64) step (%c1) {
    %slots = llvm.alloca %size x i64 : (i64) -> !llvm.ptr
    %left = arith.subi %n, %i : index
    %turns = arith.minui %left, %c64 : index
    scf.if %few {
      scf.for %j = %c0 to %turns step %c1 {
        llvm.store %x, %slots : i64, !llvm.ptr
      }
    }
  }
  return %ok : i32
}
