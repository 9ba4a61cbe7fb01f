// RUN: seqmix-opt %s --convert-seqmix-launch-to-host --canonicalize --cse -split-input-file | FileCheck %s
// RUN: not seqmix-opt %S/Inputs/launch-of-part.mlir --convert-seqmix-launch-to-host 2>&1 | FileCheck %s --check-prefix=ERROR

gpu.module @device {
  gpu.func @tokens_0(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>, %b: i64, %t: i64)
      kernel {
    gpu.return
  }
  gpu.func @recurrence_1(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>, %b: i64, %t: i64)
      kernel {
    gpu.return
  }
}
memref.global "private" @x : memref<2x3x8xf32> = uninitialized
memref.global "private" @y : memref<2x3x8xf32> = uninitialized

// The host's table, context 1 and launch 3, gets the kernel's index among the
// functions of the module, the number of blocks, and the words: addresses in the
// order of the operands, batch, length.
// CHECK-LABEL: func.func @launches(
// CHECK-SAME: %[[HOST:.+]]: !llvm.ptr, %[[CALL:.+]]: !llvm.ptr) -> i32
func.func @launches(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  // CHECK-DAG: %[[ZERO:.+]] = llvm.mlir.constant(0 : i64)
  // CHECK-DAG: %[[ONE:.+]] = llvm.mlir.constant(1 : i64)
  // CHECK-DAG: %[[FOUR:.+]] = llvm.mlir.constant(4 : i64)
  // CHECK: %[[WORDS:.+]] = llvm.alloca %{{.+}} x i64
  // CHECK-DAG: %[[X_MEMORY:.+]] = memref.get_global @x
  // CHECK-DAG: %[[Y_MEMORY:.+]] = memref.get_global @y
  %ok = arith.constant 0 : i32
  %x = memref.get_global @x : memref<2x3x8xf32>
  %y = memref.get_global @y : memref<2x3x8xf32>

  // Once for each sequence and token: 4 * batch * length blocks.
  // CHECK: %[[X_INDEX:.+]] = memref.extract_aligned_pointer_as_index %[[X_MEMORY]]
  // CHECK: %[[X:.+]] = arith.index_cast %[[X_INDEX]] : index to i64
  // CHECK: %[[Y_INDEX:.+]] = memref.extract_aligned_pointer_as_index %[[Y_MEMORY]]
  // CHECK: %[[Y:.+]] = arith.index_cast %[[Y_INDEX]] : index to i64
  // CHECK: %[[BATCH:.+]] = llvm.load %[[CALL]] : !llvm.ptr -> i64
  // CHECK: %[[LENGTH_AT:.+]] = llvm.getelementptr %[[CALL]][1]
  // CHECK: %[[LENGTH:.+]] = llvm.load %[[LENGTH_AT]] : !llvm.ptr -> i64
  // CHECK: %[[OF_BATCH:.+]] = llvm.mul %[[BATCH]], %[[FOUR]]
  // CHECK: %[[BLOCKS:.+]] = llvm.mul %[[OF_BATCH]], %[[LENGTH]]
  // CHECK: llvm.store %[[X]], %[[WORDS]]
  // CHECK: %[[WORD_1:.+]] = llvm.getelementptr %[[WORDS]][1]
  // CHECK: llvm.store %[[Y]], %[[WORD_1]]
  // CHECK: %[[WORD_2:.+]] = llvm.getelementptr %[[WORDS]][2]
  // CHECK: llvm.store %[[BATCH]], %[[WORD_2]]
  // CHECK: %[[WORD_3:.+]] = llvm.getelementptr %[[WORDS]][3]
  // CHECK: llvm.store %[[LENGTH]], %[[WORD_3]]
  // CHECK: %[[LAUNCH_AT:.+]] = llvm.getelementptr %[[HOST]][3]
  // CHECK: %[[LAUNCH:.+]] = llvm.load %[[LAUNCH_AT]]
  // CHECK: %[[CONTEXT_AT:.+]] = llvm.getelementptr %[[HOST]][1]
  // CHECK: %[[CONTEXT:.+]] = llvm.load %[[CONTEXT_AT]]
  // CHECK: llvm.call %[[LAUNCH]](%[[CONTEXT]], %[[ZERO]], %[[BLOCKS]], %[[WORDS]]) : !llvm.ptr, (!llvm.ptr, i64, i64, !llvm.ptr) -> ()
  seqmix.launch @device::@tokens_0 blocks 4 per_sequence per_token
      ins(%x : memref<2x3x8xf32>) outs(%y : memref<2x3x8xf32>)

  // Once for each sequence.
  // CHECK: %[[BATCH_2:.+]] = llvm.load %[[CALL]]
  // CHECK: %[[BLOCKS_2:.+]] = llvm.mul %[[BATCH_2]], %[[FOUR]]
  // CHECK: llvm.call %{{.+}}(%{{.+}}, %[[ONE]], %[[BLOCKS_2]], %[[WORDS]])
  seqmix.launch @device::@recurrence_1 blocks 4 per_sequence
      ins(%x : memref<2x3x8xf32>) outs(%y : memref<2x3x8xf32>)

  // Once.
  // CHECK: llvm.call %{{.+}}(%{{.+}}, %[[ONE]], %[[FOUR]], %[[WORDS]])
  // CHECK-NOT: seqmix.launch
  seqmix.launch @device::@recurrence_1 blocks 4
      ins(%x : memref<2x3x8xf32>) outs(%y : memref<2x3x8xf32>)
  return %ok : i32
}

// What is not called with the host's table is not an entry point.
// CHECK-LABEL: func.func @elsewhere(
// CHECK: seqmix.launch
func.func @elsewhere(%x: memref<2x3x8xf32>) {
  seqmix.launch @device::@tokens_0 blocks 1 outs(%x : memref<2x3x8xf32>)
  return
}

// -----

gpu.module @device {
  gpu.func @matvec_bf16(%a: !llvm.ptr<1>) kernel {
    gpu.return
  }
  gpu.func @matmul_bf16(%a: !llvm.ptr<1>) kernel {
    gpu.return
  }
}
memref.global "private" @a : memref<2x3x8xbf16> = uninitialized
memref.global "private" @b : memref<200x8xbf16> = uninitialized
memref.global "private" @c : memref<2x3x200xf32> = uninitialized

// The host's library is asked first, with a seqmix_abi_matmul: m, n and k, the
// types of its operands, each address with its stride, and no scales. It answers
// whether it has done it.
// CHECK-LABEL: func.func @product(
// CHECK-SAME: %[[HOST:.+]]: !llvm.ptr, %{{.+}}: !llvm.ptr) -> i32
func.func @product(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  // CHECK-DAG: %[[ZERO:.+]] = llvm.mlir.constant(0 : i64)
  // CHECK-DAG: %[[ONE:.+]] = llvm.mlir.constant(1 : i64)
  // CHECK-DAG: %[[M:.+]] = llvm.mlir.constant(6 : i64)
  // CHECK-DAG: %[[N:.+]] = llvm.mlir.constant(200 : i64)
  // CHECK-DAG: %[[K:.+]] = llvm.mlir.constant(8 : i64)
  // CHECK-DAG: %[[BF16:.+]] = llvm.mlir.constant(4 : i64)
  // CHECK-DAG: %[[COLUMN_TILES:.+]] = llvm.mlir.constant(25 : i64)
  // CHECK: %[[WORDS:.+]] = llvm.alloca %{{.+}} x i64
  // CHECK-DAG: %[[A_INDEX:.+]] = memref.extract_aligned_pointer_as_index %{{.+}} : memref<2x3x8xbf16>
  // CHECK-DAG: %[[A:.+]] = arith.index_cast %[[A_INDEX]]
  // CHECK-DAG: %[[B_INDEX:.+]] = memref.extract_aligned_pointer_as_index %{{.+}} : memref<200x8xbf16>
  // CHECK-DAG: %[[B:.+]] = arith.index_cast %[[B_INDEX]]
  // CHECK-DAG: %[[C_INDEX:.+]] = memref.extract_aligned_pointer_as_index %{{.+}} : memref<2x3x200xf32>
  // CHECK-DAG: %[[C:.+]] = arith.index_cast %[[C_INDEX]]
  // CHECK: llvm.store %[[M]], %[[WORDS]]
  // CHECK: llvm.store %[[N]], %{{.+}}
  // CHECK: llvm.store %[[K]], %{{.+}}
  // CHECK: llvm.store %[[BF16]], %{{.+}}
  // CHECK: llvm.store %[[BF16]], %{{.+}}
  // CHECK: llvm.store %[[ONE]], %{{.+}}
  // CHECK: llvm.store %[[A]], %{{.+}}
  // CHECK: llvm.store %[[K]], %{{.+}}
  // CHECK: llvm.store %[[B]], %{{.+}}
  // CHECK: llvm.store %[[K]], %{{.+}}
  // CHECK: llvm.store %[[C]], %{{.+}}
  // CHECK: llvm.store %[[N]], %{{.+}}
  // CHECK-COUNT-3: llvm.store %[[ZERO]], %{{.+}}
  // CHECK: %[[MATMUL_AT:.+]] = llvm.getelementptr %[[HOST]][5]
  // CHECK: %[[MATMUL:.+]] = llvm.load %[[MATMUL_AT]]
  // CHECK: %[[DONE:.+]] = llvm.call %[[MATMUL]](%{{.+}}, %[[WORDS]]) : !llvm.ptr, (!llvm.ptr, !llvm.ptr) -> i64
  // CHECK: %[[DECLINED:.+]] = llvm.icmp "eq" %[[DONE]], %[[ZERO]]
  // CHECK: scf.if %[[DECLINED]] {

  // For few rows every block has all of them.
  // CHECK: %[[FEW:.+]] = llvm.icmp "sle" %[[M]], %{{.+}} : i64
  // CHECK: scf.if %[[FEW]] {
  // CHECK: llvm.store %[[A]], %[[WORDS]]
  // CHECK: llvm.store %[[K]], %{{.+}}
  // CHECK: llvm.store %[[B]], %{{.+}}
  // CHECK: llvm.store %[[K]], %{{.+}}
  // CHECK: llvm.store %[[C]], %{{.+}}
  // CHECK: llvm.store %[[N]], %{{.+}}
  // CHECK: llvm.store %[[M]], %{{.+}}
  // CHECK: llvm.store %[[N]], %{{.+}}
  // CHECK: llvm.store %[[K]], %{{.+}}
  // CHECK: llvm.call %{{.+}}(%{{.+}}, %[[ZERO]], %[[COLUMN_TILES]], %[[WORDS]])

  // For many there are tiles of rows too.
  // CHECK: } else {
  // CHECK: llvm.sdiv
  // CHECK: %[[TILES:.+]] = llvm.mul
  // CHECK: llvm.store %[[A]], %[[WORDS]]
  // CHECK: llvm.call %{{.+}}(%{{.+}}, %[[ONE]], %[[TILES]], %[[WORDS]])
  // CHECK-NOT: seqmix.matmul
  // CHECK: return
  %ok = arith.constant 0 : i32
  %a = memref.get_global @a : memref<2x3x8xbf16>
  %b = memref.get_global @b : memref<200x8xbf16>
  %c = memref.get_global @c : memref<2x3x200xf32>
  seqmix.matmul ins(%a, %b : memref<2x3x8xbf16>, memref<200x8xbf16>)
      outs(%c : memref<2x3x200xf32>)
  return %ok : i32
}

// -----

gpu.module @device {
}
memref.global "private" @a : memref<2x8xbf16> = uninitialized
memref.global "private" @b : memref<2x8xbf16> = uninitialized

// What lies on the device is copied by the host: whole buffers, and the states
// that the caller keeps.
// CHECK-LABEL: func.func @copies(
// CHECK-SAME: %[[HOST:.+]]: !llvm.ptr, %[[CALL:.+]]: !llvm.ptr) -> i32
func.func @copies(%host: !llvm.ptr, %call: !llvm.ptr) -> i32 {
  // CHECK-DAG: %[[BYTES:.+]] = llvm.mlir.constant(128 : i64)
  // CHECK: %[[A_INDEX:.+]] = memref.extract_aligned_pointer_as_index %{{.+}}
  // CHECK: %[[A64:.+]] = arith.index_cast %[[A_INDEX]]
  // CHECK: %[[B_INDEX:.+]] = memref.extract_aligned_pointer_as_index %{{.+}}
  // CHECK: %[[B64:.+]] = arith.index_cast %[[B_INDEX]]
  // CHECK: %[[SIZE:.+]] = llvm.mul
  // CHECK-DAG: %[[A:.+]] = llvm.inttoptr %[[A64]]
  // CHECK-DAG: %[[B:.+]] = llvm.inttoptr %[[B64]]
  // CHECK: %[[COPY_AT:.+]] = llvm.getelementptr %[[HOST]][4]
  // CHECK: %[[COPY:.+]] = llvm.load %[[COPY_AT]]
  // CHECK: llvm.call %[[COPY]](%{{.+}}, %[[B]], %[[A]], %[[SIZE]]) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
  // CHECK: llvm.call %{{.+}}(%{{.+}}, %[[HOST]], %[[CALL]], %[[BYTES]])
  // CHECK-NOT: memcpy
  // CHECK: return
  %ok = arith.constant 0 : i32
  %bytes = llvm.mlir.constant(128 : i64) : i64
  %a = memref.get_global @a : memref<2x8xbf16>
  %b = memref.get_global @b : memref<2x8xbf16>
  memref.copy %a, %b : memref<2x8xbf16> to memref<2x8xbf16>
  "llvm.intr.memcpy"(%host, %call, %bytes) <{isVolatile = false}>
      : (!llvm.ptr, !llvm.ptr, i64) -> ()
  return %ok : i32
}

// ERROR: launch-of-part.mlir:[[#]]:[[#]]: error: a launch needs buffers that are whole, not 'memref<2x3x4xf32, strided<[24, 8, 1]>>'
