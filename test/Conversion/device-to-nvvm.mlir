// RUN: seqmix-opt %s --pass-pipeline='builtin.module(gpu.module(convert-seqmix-device-to-nvvm,reconcile-unrealized-casts))' | FileCheck %s

// CHECK: gpu.module @device {
gpu.module @device {
  // CHECK-NEXT: llvm.mlir.global external @shared() {addr_space = 3 : i32, alignment = 16 : i64}
  llvm.mlir.global external @shared()
      {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<0 x i8>
  // The number of threads goes along: registers are shared out by it.
  // CHECK: llvm.func @tokens_0(%[[X:.+]]: !llvm.ptr<1>, %{{.+}}: !llvm.ptr<1>, %{{.+}}: i64, %{{.+}}: i64) attributes {{{.*}}nvvm.kernel, nvvm.maxntid = array<i32: 64, 1, 1>}
  gpu.func @tokens_0(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>, %b: i64, %t: i64)
      kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    // CHECK-DAG: %[[THREAD32:.+]] = nvvm.read.ptx.sreg.tid.x
    // CHECK-DAG: %[[THREAD:.+]] = llvm.sext %[[THREAD32]] : i32 to i64
    // CHECK-DAG: %[[BLOCK32:.+]] = nvvm.read.ptx.sreg.ctaid.x
    // CHECK-DAG: %[[BLOCK:.+]] = llvm.sext %[[BLOCK32]] : i32 to i64
    // CHECK: %[[I:.+]] = llvm.add %[[THREAD]], %[[BLOCK]] : i64
    %thread = gpu.thread_id x
    %block = gpu.block_id x
    %i = arith.addi %thread, %block : index
    %i64 = arith.index_cast %i : index to i64
    // CHECK: %[[PLACE:.+]] = llvm.getelementptr inbounds %[[X]][%[[I]]]
    // CHECK: %[[VALUE:.+]] = llvm.load %[[PLACE]]
    %place = llvm.getelementptr inbounds %x[%i64]
        : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
    %value = llvm.load %place : !llvm.ptr<1> -> f32
    // What is an instruction stays; it is no call of a library.
    // CHECK: %[[POWER:.+]] = llvm.intr.exp2(%[[VALUE]])
    // CHECK: llvm.intr.fma(%[[POWER]]
    // CHECK-NOT: llvm.call
    %power = llvm.intr.exp2(%value) : (f32) -> f32
    %sum = llvm.intr.fma(%power, %power, %value) : (f32, f32, f32) -> f32
    // CHECK: nvvm.shfl.sync bfly
    // CHECK: nvvm.barrier0
    %c1 = arith.constant 1 : i32
    %c32 = arith.constant 32 : i32
    %other, %valid = gpu.shuffle xor %sum, %c1, %c32 : f32
    gpu.barrier
    // CHECK: llvm.icmp "slt"
    // CHECK: llvm.cond_br
    %less = arith.cmpi slt, %thread, %block : index
    cf.cond_br %less, ^store, ^end
  ^store:
    llvm.store %other, %y : f32, !llvm.ptr<1>
    cf.br ^end
  ^end:
    // CHECK: llvm.return
    gpu.return
  }
}

// Outside of the module nothing changes.
// CHECK-LABEL: func.func @host
// CHECK: arith.addi
func.func @host(%x: i64) -> i64 {
  %0 = arith.addi %x, %x : i64
  return %0 : i64
}
