// RUN: seqmix-opt %s --convert-seqmix-model-to-func | FileCheck %s
// RUN: seqmix-opt %s --seqmix-to-buffers | FileCheck %s --check-prefix=BUFFERS

// The mixers have been lowered: here the state doubles with every call.
seqmix.model @adder {
  seqmix.entry @prefill(%x "x" : tensor<?x?x4xf32>) {
    %w = seqmix.param "w" : tensor<4xf32>
    %n = seqmix.state "n" init 0.0 : tensor<?xi64>
    %s = seqmix.state "s" init 0.0 : tensor<?x4xf32>
    %s1 = linalg.add ins(%s, %s : tensor<?x4xf32>, tensor<?x4xf32>)
        outs(%s : tensor<?x4xf32>) -> tensor<?x4xf32>
    seqmix.return outputs("y" = %x : tensor<?x?x4xf32>)
        states("n" = %n : tensor<?xi64>, "s" = %s1 : tensor<?x4xf32>)
  }
  seqmix.entry @step(%x "x" : tensor<?x?x4xf32>) length 1 {
    %c1 = arith.constant 1 : index
    %t = tensor.dim %x, %c1 : tensor<?x?x4xf32>
    %y = tensor.empty(%t, %t) : tensor<?x?x4xf32>
    seqmix.return outputs("y" = %y : tensor<?x?x4xf32>)
  }
}

// CHECK-NOT: seqmix.
// CHECK-LABEL: func.func @entry_prefill(
// CHECK-SAME: %[[HOST:.+]]: !llvm.ptr, %[[CALL:.+]]: !llvm.ptr) -> i32
// The batch is the struct's first member, the length its second.
// CHECK: %[[BATCH_AT:.+]] = llvm.getelementptr %[[CALL]][0]
// CHECK: %[[BATCH:.+]] = llvm.load %[[BATCH_AT]] : !llvm.ptr -> i64
// CHECK: %[[LENGTH_AT:.+]] = llvm.getelementptr %[[CALL]][1]
// CHECK: %[[LENGTH:.+]] = llvm.load %[[LENGTH_AT]] : !llvm.ptr -> i64

// The caller's state is only read, unless it was handed over: then the two
// pointers are equal. Two slots of 64 bytes a sequence.
// CHECK: %[[IN_AT:.+]] = llvm.getelementptr %[[CALL]][5]
// CHECK: %[[IN:.+]] = llvm.load %[[IN_AT]]
// CHECK: %[[OUT_AT:.+]] = llvm.getelementptr %[[CALL]][6]
// CHECK: %[[OUT:.+]] = llvm.load %[[OUT_AT]]
// CHECK: %[[KEPT:.+]] = llvm.icmp "ne" %[[IN]], %[[OUT]]
// CHECK: scf.if %[[KEPT]] {
// CHECK: %[[SIZE:.+]] = llvm.mlir.constant(128 : i64)
// CHECK: %[[BYTES:.+]] = llvm.mul %[[SIZE]], %[[BATCH]]
// CHECK: "llvm.intr.memcpy"(%[[OUT]], %[[IN]], %[[BYTES]])
// CHECK-NEXT: {{^ *\}$}}

// Inputs and parameters are read only, states are updated where they go out.
// CHECK: %[[X:.+]] = bufferization.to_tensor %{{.+}} restrict : memref<?x?x4xf32> to tensor<?x?x4xf32>
// CHECK: %{{.+}} = bufferization.to_tensor %{{.+}} restrict : memref<4xf32> to tensor<4xf32>
// CHECK: %[[N:.+]] = bufferization.to_tensor %{{.+}} restrict writable : memref<?xi64> to tensor<?xi64>
// The second state lies after all sequences' first.
// CHECK: %[[S_BYTES:.+]] = llvm.mul %{{.+}}, %[[BATCH]]
// CHECK: %[[S_AT:.+]] = llvm.getelementptr %[[OUT]][%[[S_BYTES]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK: %[[S:.+]] = bufferization.to_tensor %{{.+}} restrict writable : memref<?x4xf32> to tensor<?x4xf32>
// CHECK: %[[S1:.+]] = linalg.add
// CHECK: bufferization.materialize_in_destination %[[X]] in restrict writable %{{.+}} : (tensor<?x?x4xf32>, memref<?x?x4xf32>) -> ()
// CHECK: bufferization.materialize_in_destination %[[N]] in restrict writable %{{.+}}
// CHECK: bufferization.materialize_in_destination %[[S1]] in restrict writable %{{.+}}
// CHECK: %[[OK:.+]] = arith.constant 0 : i32
// CHECK: return %[[OK]]

// A length that is known is a constant.
// CHECK-LABEL: func.func @entry_step(
// CHECK: %[[ONE:.+]] = arith.constant 1 : index
// CHECK-NOT: tensor.dim
// CHECK: tensor.empty(%[[ONE]], %[[ONE]])

// After bufferization the one copy of the states is the guarded one: no state
// is copied in the body, and what comes in is never written.
// BUFFERS-LABEL: func.func @entry_prefill(
// BUFFERS-SAME: %{{.+}}: !llvm.ptr, %[[CALL:.+]]: !llvm.ptr)
// BUFFERS: %[[IN_AT:.+]] = llvm.getelementptr %[[CALL]][5]
// BUFFERS: %[[IN:.+]] = llvm.load %[[IN_AT]]
// BUFFERS: %[[OUT_AT:.+]] = llvm.getelementptr %[[CALL]][6]
// BUFFERS: %[[OUT:.+]] = llvm.load %[[OUT_AT]]
// BUFFERS: %[[KEPT:.+]] = llvm.icmp "ne" %[[IN]], %[[OUT]]
// BUFFERS: scf.if %[[KEPT]] {
// BUFFERS: "llvm.intr.memcpy"(%[[OUT]], %[[IN]],
// BUFFERS: }
// BUFFERS-NOT: %[[IN]]
// BUFFERS: %[[SUM:.+]] = arith.addf
// BUFFERS: vector.store %[[SUM]]
// BUFFERS-NOT: %[[IN]]
// BUFFERS: return
