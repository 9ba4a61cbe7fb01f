// RUN: seqmix-opt %s --allow-unregistered-dialect --seqmix-outline-repeats --cse | FileCheck %s

// Two loops, three times over, on other buffers: one function, three calls. The
// second loop of a round reads what the first one wrote; %t is in every round,
// so it is one parameter.

// CHECK-LABEL: func.func @prefill
// CHECK-SAME:    %[[HOST:.+]]: !llvm.ptr, %{{.+}}: !llvm.ptr
// CHECK-DAG:     %[[T:.+]] = memref.alloc() : memref<8xf32>
// CHECK-DAG:     %[[B:.+]]:4 = "test.buffers"()
// CHECK-NOT:     scf.for
// CHECK:         call @prefill_repeat_0(%[[HOST]], %[[B]]#0, %[[T]], %[[B]]#1)
// CHECK-NEXT:    call @prefill_repeat_0(%[[HOST]], %[[B]]#1, %[[T]], %[[B]]#2)
// CHECK-NEXT:    call @prefill_repeat_0(%[[HOST]], %[[B]]#2, %[[T]], %[[B]]#3)
// CHECK-NEXT:    return

// CHECK:       func.func private @prefill_repeat_0(
// CHECK-SAME:    %{{.+}}: !llvm.ptr, %[[IN:.+]]: memref<8xf32>, %[[MID:.+]]: memref<8xf32>, %[[OUT:.+]]: memref<8xf32>)
// CHECK-DAG:     %[[C0:.+]] = arith.constant 0 : index
// CHECK-DAG:     %[[C8:.+]] = arith.constant 8 : index
// CHECK:         scf.for %{{.+}} = %[[C0]] to %[[C8]]
// CHECK:           memref.load %[[IN]]
// CHECK:           memref.store %{{.+}}, %[[MID]]
// CHECK:         scf.for
// CHECK:           memref.load %[[MID]]
// CHECK:           memref.store %{{.+}}, %[[OUT]]
func.func @prefill(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %ok = arith.constant 0 : i32
  %a, %b, %c, %d = "test.buffers"() : () -> (memref<8xf32>, memref<8xf32>, memref<8xf32>, memref<8xf32>)
  %t = memref.alloc() : memref<8xf32>
  scf.for %i = %c0 to %c8 step %c1 {
    %0 = memref.load %a[%i] : memref<8xf32>
    %1 = math.exp %0 : f32
    memref.store %1, %t[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    %0 = memref.load %t[%i] : memref<8xf32>
    %1 = arith.negf %0 : f32
    memref.store %1, %b[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    %0 = memref.load %b[%i] : memref<8xf32>
    %1 = math.exp %0 : f32
    memref.store %1, %t[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    %0 = memref.load %t[%i] : memref<8xf32>
    %1 = arith.negf %0 : f32
    memref.store %1, %c[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    %0 = memref.load %c[%i] : memref<8xf32>
    %1 = math.exp %0 : f32
    memref.store %1, %t[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    %0 = memref.load %t[%i] : memref<8xf32>
    %1 = arith.negf %0 : f32
    memref.store %1, %d[%i] : memref<8xf32>
  }
  return %ok : i32
}

// Loops that differ in a constant are not alike.

// CHECK-LABEL: func.func @other
// CHECK-COUNT-6: scf.for
// CHECK-NOT:     call
// CHECK:         return
func.func @other(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %ok = arith.constant 0 : i32
  %t = "test.buffer"() : () -> memref<8xf32>
  %f = arith.constant 0.0 : f32
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c6 = arith.constant 6 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c3 step %c1 {
    memref.store %f, %t[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c4 step %c1 {
    memref.store %f, %t[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c5 step %c1 {
    memref.store %f, %t[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c6 step %c1 {
    memref.store %f, %t[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c7 step %c1 {
    memref.store %f, %t[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %f, %t[%i] : memref<8xf32>
  }
  return %ok : i32
}
