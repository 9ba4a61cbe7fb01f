// DEFINE: %{to-gpu} = --convert-elementwise-to-linalg --linalg-generalize-named-ops --seqmix-fuse-elementwise --seqmix-relax-reductions --canonicalize --cse --convert-seqmix-kernels-to-gpu --canonicalize --cse
// RUN: seqmix-opt %s %{to-gpu} -split-input-file | FileCheck %s
// RUN: not seqmix-opt %S/Inputs/not-for-gpus.mlir --convert-seqmix-kernels-to-gpu 2>&1 | FileCheck %s --check-prefix=ERROR

!x = tensor<?x?x2048xf32>

// A block takes 512 of a token's numbers, the least that is worth a block; its
// threads take every 256th of them.
// CHECK-LABEL: @elementwise
// CHECK-SAME: %[[X:.+]]: tensor<?x?x2048xf32>, %[[W:.+]]: tensor<2048xf32>, %[[W2:.+]]: tensor<2048xf32>
func.func @elementwise(%x: !x, %w: tensor<2048xf32>, %w2: tensor<2048xf32>)
    -> !x {
  // CHECK: %[[E:.+]] = tensor.empty(%{{.+}}, %{{.+}}) : tensor<?x?x2048xf32>
  // CHECK: %[[Y:.+]] = seqmix.launch @device::@tokens_0 blocks 4 per_sequence per_token ins(%[[X]], %[[W]] : {{.+}}) outs(%[[E]] : tensor<?x?x2048xf32>)
  %r = seqmix.kernel ins(%x, %w : !x, tensor<2048xf32>) -> !x {
  ^bb0(%y: !x, %v: tensor<2048xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %y, %c0 : !x
    %t = tensor.dim %y, %c1 : !x
    %e = tensor.empty(%b, %t) : !x
    %all = linalg.broadcast ins(%v : tensor<2048xf32>) outs(%e : !x)
        dimensions = [0, 1]
    %0 = arith.mulf %y, %all : !x
    seqmix.yield %0 : !x
  }
  // The same with another parameter is the same function.
  // CHECK: seqmix.launch @device::@tokens_0 {{.+}} ins(%[[Y]], %[[W2]] :
  %s = seqmix.kernel ins(%r, %w2 : !x, tensor<2048xf32>) -> !x {
  ^bb0(%y: !x, %v: tensor<2048xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %y, %c0 : !x
    %t = tensor.dim %y, %c1 : !x
    %e = tensor.empty(%b, %t) : !x
    %all = linalg.broadcast ins(%v : tensor<2048xf32>) outs(%e : !x)
        dimensions = [0, 1]
    %0 = arith.mulf %y, %all : !x
    seqmix.yield %0 : !x
  }
  return %s : !x
}
// Inputs, outputs, batch, length.
// CHECK: gpu.module @device {
// CHECK: llvm.mlir.global external @shared() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<0 x i8>
// CHECK: gpu.func @tokens_0(%[[X:.+]]: !llvm.ptr<1>, %[[W:.+]]: !llvm.ptr<1>, %[[Y:.+]]: !llvm.ptr<1>, %{{.+}}: i64, %[[LENGTH64:.+]]: i64) kernel attributes {known_block_size = array<i32: 256, 1, 1>, seqmix.shared_bytes = 0 : i64}
// CHECK-DAG: %[[LENGTH:.+]] = arith.index_cast %[[LENGTH64]]
// CHECK-DAG: %[[THREAD:.+]] = gpu.thread_id x
// CHECK-DAG: %[[BLOCK:.+]] = gpu.block_id x
// The part changes fastest, then the token, then the sequence.
// CHECK: %[[PART:.+]] = arith.remui %[[BLOCK]], %c4
// CHECK: %[[REST:.+]] = arith.divui %[[BLOCK]], %c4
// CHECK: %[[TOKEN:.+]] = arith.remui %[[REST]], %[[LENGTH]]
// CHECK: %[[SEQUENCE:.+]] = arith.divui %[[REST]], %[[LENGTH]]
// CHECK: %[[BASE:.+]] = arith.muli %[[PART]], %c512
// CHECK: scf.for %[[POINT:.+]] = %[[THREAD]] to %c512 step %c256 {
// CHECK: %[[I:.+]] = arith.addi %[[BASE]], %[[POINT]]
// CHECK: %[[FIRST:.+]] = arith.muli %[[SEQUENCE]], %[[LENGTH]]
// CHECK: %[[ROW:.+]] = arith.addi %[[FIRST]], %[[TOKEN]]
// CHECK: %[[AT:.+]] = arith.muli %[[ROW]], %c2048
// CHECK: %[[AT_I:.+]] = arith.addi %[[AT]], %[[I]]
// CHECK: %[[AT64:.+]] = arith.index_cast %[[AT_I]] : index to i64
// CHECK: llvm.getelementptr inbounds %[[X]][%[[AT64]]] : {{.+}}, f32
// CHECK: llvm.getelementptr inbounds %[[W]]
// CHECK: arith.mulf
// CHECK: llvm.getelementptr inbounds %[[Y]][%[[AT64]]]
// CHECK: llvm.store
// CHECK: }
// CHECK-NEXT: gpu.return
// CHECK-NOT: gpu.func

// -----

!x = tensor<?x?x512xf32>

// A sum over an axis: that is not divided, all threads take part. Each sums what
// it meets, a warp by shuffles, and the eight warps through shared memory.
// CHECK-LABEL: @norm
// CHECK: seqmix.launch @device::@tokens_0 blocks 1 per_sequence per_token
func.func @norm(%x: !x) -> !x {
  %r = seqmix.kernel ins(%x : !x) -> !x {
  ^bb0(%y: !x):
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %y, %c0 : !x
    %t = tensor.dim %y, %c1 : !x
    %e = tensor.empty(%b, %t) : !x
    %e1 = tensor.empty(%b, %t) : tensor<?x?xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x?xf32>)
        -> tensor<?x?xf32>
    %sum = linalg.reduce {arith.addf} ins(%y : !x) outs(%z : tensor<?x?xf32>)
        dimensions = [2]
    %sums = linalg.broadcast ins(%sum : tensor<?x?xf32>) outs(%e : !x)
        dimensions = [2]
    %0 = arith.divf %y, %sums : !x
    seqmix.yield %0 : !x
  }
  return %r : !x
}
// CHECK: gpu.func @tokens_0({{.+}} {known_block_size = array<i32: 256, 1, 1>, seqmix.shared_bytes = 48 : i64}
// CHECK: %[[SHARED:.+]] = llvm.mlir.addressof @shared
// CHECK: %[[THREAD:.+]] = gpu.thread_id x
// CHECK: %[[SUM:.+]] = scf.for %{{.+}} = %{{.+}} to %c512 step %c256 iter_args(%[[SO_FAR:.+]] = %cst)
// CHECK: %[[NEXT:.+]] = arith.addf %[[SO_FAR]], %{{.+}}
// CHECK: scf.yield %[[NEXT]]
// CHECK: %[[OTHER:.+]], %{{.+}} = gpu.shuffle xor %[[SUM]], %c16_i32, %c32_i32
// CHECK: %[[BOTH:.+]] = arith.addf %[[SUM]], %[[OTHER]]
// CHECK: gpu.shuffle xor %[[BOTH]], %c8_i32
// CHECK: gpu.shuffle xor %{{.+}}, %c4_i32
// CHECK: gpu.shuffle xor %{{.+}}, %c2_i32
// CHECK: %[[LAST:.+]], %{{.+}} = gpu.shuffle xor %{{.+}}, %c1_i32
// CHECK: %[[OF_WARP:.+]] = arith.addf %{{.+}}, %[[LAST]]
// The first of each warp leaves the warp's sum for all.
// CHECK: scf.if %{{.+}} {
// CHECK: llvm.store %[[OF_WARP]], %{{.+}} : f32, !llvm.ptr<3>
// CHECK-NEXT: }
// CHECK-NEXT: gpu.barrier
// CHECK-COUNT-8: llvm.load %{{.+}} : !llvm.ptr<3> -> f32
// CHECK: scf.if
// CHECK: llvm.store %{{.+}}, %[[SHARED]]
// CHECK-NEXT: }
// CHECK-NEXT: gpu.barrier
// All threads take part in what follows.
// CHECK: scf.for %{{.+}} = %[[THREAD]] to %c512 step %c256 {
// CHECK: llvm.load %[[SHARED]]
// CHECK: arith.divf

// -----

!x = tensor<?x?x4x64xf32>

// What is no sum, nor another thing that may be taken in any order, one thread
// takes in its own.
// CHECK-LABEL: @in_order
func.func @in_order(%x: !x) -> tensor<?x?xf32> {
  %r = seqmix.kernel ins(%x : !x) -> tensor<?x?xf32> {
  ^bb0(%y: !x):
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %y, %c0 : !x
    %t = tensor.dim %y, %c1 : !x
    %e = tensor.empty(%b, %t) : tensor<?x?xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>)
        -> tensor<?x?xf32>
    %0 = linalg.generic {
        indexing_maps = [affine_map<(b, t, i, j) -> (b, t, i, j)>,
                         affine_map<(b, t, i, j) -> (b, t)>],
        iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
        ins(%y : !x) outs(%z : tensor<?x?xf32>) {
    ^bb0(%in: f32, %so_far: f32):
      %1 = arith.mulf %so_far, %in : f32
      %2 = arith.addf %1, %in : f32
      linalg.yield %2 : f32
    } -> tensor<?x?xf32>
    seqmix.yield %0 : tensor<?x?xf32>
  }
  return %r : tensor<?x?xf32>
}
// CHECK: gpu.func @tokens_0(
// CHECK-NOT: gpu.shuffle
// CHECK: scf.for %{{.+}} = %c0 to %c256 step %c1 iter_args(%{{.+}} = %cst)
// CHECK-NOT: gpu.shuffle
// CHECK: gpu.return

// -----

!q = tensor<?x?x4x32xf32>
!v = tensor<?x?x4x64xf32>
!S = tensor<?x4x32x64xf32>
!S_t = tensor<4x32x64xf32>

// Retention. A state's heads and value columns are independent, and are divided:
// 4 times 4 blocks a sequence. Its rows are not, for the output sums over them.
// CHECK-LABEL: @retention
// CHECK-SAME: %[[Q:.+]]: tensor<?x?x4x32xf32>, %[[V:.+]]: tensor<?x?x4x64xf32>, %[[G:.+]]: tensor<4xf32>, %[[S:.+]]: tensor<?x4x32x64xf32>
func.func @retention(%q: !q, %v: !v, %g: tensor<4xf32>, %S: !S) -> (!v, !S) {
  // The state is updated where it lies: it is an output, not an input.
  // CHECK: seqmix.launch @device::@recurrence_0 blocks 16 per_sequence ins(%[[Q]], %[[V]], %[[G]] : {{.+}}) outs(%{{.+}}, %[[S]] :
  %r:2 = seqmix.kernel ins(%q, %v, %g, %S : !q, !v, tensor<4xf32>, !S)
      -> !v, !S {
  ^bb0(%q_in: !q, %v_in: !v, %g_in: tensor<4xf32>, %S_in: !S):
    %o, %S1 = seqmix.recurrence
        tokens(%q_t = %q_in : !q, %v_t = %v_in : !v)
        invariants(%g_t = %g_in : tensor<4xf32>)
        states(%s = %S_in : !S) -> (!v) {
      %e = tensor.empty() : !S_t
      %zero = arith.constant dense<0.0> : tensor<4x64xf32>
      %q_all = linalg.broadcast ins(%q_t : tensor<4x32xf32>) outs(%e : !S_t)
          dimensions = [2]
      %v_all = linalg.broadcast ins(%v_t : tensor<4x64xf32>) outs(%e : !S_t)
          dimensions = [1]
      %g_all = linalg.broadcast ins(%g_t : tensor<4xf32>) outs(%e : !S_t)
          dimensions = [1, 2]
      %kv = arith.mulf %q_all, %v_all : !S_t
      %kept = arith.mulf %g_all, %s : !S_t
      %next = arith.addf %kept, %kv : !S_t
      %qs = arith.mulf %q_all, %next : !S_t
      %out = linalg.reduce {arith.addf} ins(%qs : !S_t)
          outs(%zero : tensor<4x64xf32>) dimensions = [1]
      seqmix.yield %out, %next : tensor<4x64xf32>, !S_t
    }
    seqmix.yield %o, %S1 : !v, !S
  }
  return %r#0, %r#1 : !v, !S
}
// A block has one head and 16 of its columns: 32 * 16 numbers, 2048 bytes.
// CHECK: gpu.func @recurrence_0(%{{.+}}, %{{.+}}, %{{.+}}, %[[O:.+]]: !llvm.ptr<1>, %[[S:.+]]: !llvm.ptr<1>, %{{.+}}: i64, %[[LENGTH64:.+]]: i64) kernel attributes {{.+}}seqmix.shared_bytes = 2048 : i64}
// CHECK: %[[SHARED:.+]] = llvm.mlir.addressof @shared
// CHECK: %[[LENGTH:.+]] = arith.index_cast %[[LENGTH64]]
// CHECK: %[[BLOCK:.+]] = gpu.block_id x
// CHECK: %[[COLUMNS:.+]] = arith.remui %[[BLOCK]], %c4
// CHECK: %[[REST:.+]] = arith.divui %[[BLOCK]], %c4
// CHECK: %[[HEAD:.+]] = arith.remui %[[REST]], %c4
// CHECK: arith.muli %[[COLUMNS]], %c16
// Once in,
// CHECK: scf.for %{{.+}} = %{{.+}} to %c512 step %c256 {
// CHECK: llvm.getelementptr inbounds %[[S]]
// CHECK: llvm.getelementptr inbounds %[[SHARED]]
// CHECK: llvm.store
// then all tokens, each after a barrier,
// CHECK: scf.for %[[TOKEN:.+]] = %c0 to %[[LENGTH]] step %c1 {
// CHECK-NEXT: gpu.barrier
// with the state read and written in place,
// CHECK: scf.for %{{.+}} = %{{.+}} to %c512 step %c256 {
// CHECK: %[[PLACE:.+]] = llvm.getelementptr inbounds %[[SHARED]]
// CHECK: %[[OLD:.+]] = llvm.load %[[PLACE]]
// CHECK: arith.mulf %{{.+}}, %[[OLD]]
// CHECK: %[[NEW:.+]] = arith.addf
// CHECK: llvm.store %[[NEW]], %[[PLACE]]
// CHECK-NEXT: }
// CHECK-NEXT: gpu.barrier
// and the output summed over the 32 rows by 16 lanes,
// CHECK: scf.for %{{.+}} = %{{.+}} to %c32 step %c16 iter_args
// CHECK: llvm.getelementptr inbounds %[[SHARED]]
// CHECK: gpu.shuffle xor %{{.+}}, %c8_i32, %c32_i32
// CHECK-NOT: gpu.barrier
// CHECK: llvm.getelementptr inbounds %[[O]]
// CHECK-NEXT: llvm.store
// and once out.
// CHECK: }
// CHECK: }
// CHECK-NEXT: gpu.barrier
// CHECK: scf.for %{{.+}} = %{{.+}} to %c512 step %c256 {
// CHECK: llvm.getelementptr inbounds %[[SHARED]]
// CHECK: llvm.getelementptr inbounds %[[S]]
// CHECK: llvm.store
// CHECK: gpu.return

// -----

!x = tensor<?x?x4xf32>
!s = tensor<?x4xf32>

// States that become each other are moved aside before either is overwritten.
// CHECK-LABEL: @swap
func.func @swap(%x: !x, %a: !s, %b: !s) -> (!x, !s, !s) {
  %r:3 = seqmix.kernel ins(%x, %a, %b : !x, !s, !s) -> !x, !s, !s {
  ^bb0(%x_in: !x, %a_in: !s, %b_in: !s):
    %y, %a1, %b1 = seqmix.recurrence
        tokens(%x_t = %x_in : !x)
        states(%a_t = %a_in : !s, %b_t = %b_in : !s) -> (!x) {
      %0 = arith.addf %a_t, %x_t : tensor<4xf32>
      seqmix.yield %0, %b_t, %a_t
          : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
    }
    seqmix.yield %y, %a1, %b1 : !x, !s, !s
  }
  return %r#0, %r#1, %r#2 : !x, !s, !s
}
// CHECK: gpu.func @recurrence_0({{.+}} seqmix.shared_bytes = 64 : i64}
// CHECK: %[[A:.+]] = llvm.mlir.addressof @shared
// CHECK: %[[B:.+]] = llvm.getelementptr %[[A]][16]
// CHECK: scf.for %{{.+}} = %c0 to %{{.+}} step %c1 {
// CHECK-NEXT: gpu.barrier
// CHECK: %[[B_ASIDE:.+]] = llvm.getelementptr %[[A]][32]
// CHECK: llvm.getelementptr inbounds %[[B]]
// CHECK: llvm.getelementptr inbounds %[[B_ASIDE]]
// CHECK: llvm.store
// CHECK: %[[A_ASIDE:.+]] = llvm.getelementptr %[[A]][48]
// CHECK: llvm.getelementptr inbounds %[[A]]
// CHECK: llvm.getelementptr inbounds %[[A_ASIDE]]
// CHECK: llvm.store
// CHECK: gpu.barrier
// CHECK: llvm.getelementptr inbounds %[[B_ASIDE]]
// CHECK: llvm.getelementptr inbounds %[[A]]
// CHECK: llvm.store
// CHECK: llvm.getelementptr inbounds %[[A_ASIDE]]
// CHECK: llvm.getelementptr inbounds %[[B]]
// CHECK: llvm.store

// -----

!x = tensor<?x?x8xf32>
!n = tensor<?x?xi32>

// An index that comes from data is brought into the table; one that counts is
// there already.
// CHECK-LABEL: @gather
func.func @gather(%n: !n, %w: tensor<61x8xf32>) -> !x {
  %r = seqmix.kernel ins(%n, %w : !n, tensor<61x8xf32>) -> !x {
  ^bb0(%m: !n, %v: tensor<61x8xf32>):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %m, %c0 : !n
    %t = tensor.dim %m, %c1 : !n
    %e = tensor.empty(%b, %t) : !x
    %0 = linalg.generic {
        indexing_maps = [affine_map<(b, t, i) -> (b, t)>,
                         affine_map<(b, t, i) -> (b, t, i)>],
        iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%m : !n) outs(%e : !x) {
    ^bb0(%id: i32, %o: f32):
      %row = arith.index_cast %id : i32 to index
      %i = linalg.index 2 : index
      %1 = tensor.extract %v[%row, %i] : tensor<61x8xf32>
      linalg.yield %1 : f32
    } -> !x
    seqmix.yield %0 : !x
  }
  return %r : !x
}
// CHECK: gpu.func @tokens_0(
// CHECK: %[[ID:.+]] = llvm.load %{{.+}} -> i32
// CHECK: %[[INDEX:.+]] = arith.index_cast %[[ID]] : i32 to index
// CHECK: %[[POSITIVE:.+]] = arith.maxsi %[[INDEX]], %c0
// CHECK: %[[ROW:.+]] = arith.minsi %[[POSITIVE]], %c60
// CHECK-NOT: arith.minsi
// CHECK: %[[BEFORE:.+]] = arith.muli %[[ROW]], %c8
// CHECK: arith.addi %[[BEFORE]], %thread_id_x

// -----

!x = tensor<?x?x8xf32>
#input = affine_map<(b, t, n, k) -> (b, t, k)>
#weight = affine_map<(b, t, n, k) -> (n, k)>
#output = affine_map<(b, t, n, k) -> (b, t, n)>

// Threads wait where one reads what another wrote, and only there.
// CHECK-LABEL: @barriers
func.func @barriers(%x: !x, %w: tensor<8x8xf32>) -> (!x, !x, !x) {
  %r:3 = seqmix.kernel ins(%x, %w : !x, tensor<8x8xf32>) -> !x, !x, !x {
  ^bb0(%y: !x, %v: tensor<8x8xf32>):
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %y, %c0 : !x
    %t = tensor.dim %y, %c1 : !x
    %e = tensor.empty(%b, %t) : !x
    %z = linalg.fill ins(%zero : f32) outs(%e : !x) -> !x
    %sum = arith.addf %y, %y : !x
    %difference = arith.subf %y, %y : !x
    %product = linalg.contract indexing_maps = [#input, #weight, #output]
        ins(%sum, %v : !x, tensor<8x8xf32>) outs(%z : !x) -> !x
    seqmix.yield %sum, %difference, %product : !x, !x, !x
  }
  return %r#0, %r#1, %r#2 : !x, !x, !x
}
// CHECK: gpu.func @tokens_0(
// CHECK-NOT: gpu.barrier
// CHECK: arith.addf
// CHECK-NOT: gpu.barrier
// CHECK: arith.subf
// CHECK: gpu.barrier
// CHECK-NOT: gpu.barrier
// CHECK: arith.mulf
// CHECK-NOT: gpu.barrier
// CHECK: gpu.return

// -----

!x = tensor<?x?x32768xf32>

// 128 KiB are too large for shared memory: they go to memory that the caller
// lends, one more output of the launch.
// CHECK-LABEL: @scratch
// CHECK: seqmix.launch @device::@tokens_0 blocks 1 per_sequence per_token ins(%{{.+}} : tensor<?x?x32768xf32>) outs(%{{.+}}, %{{.+}} : tensor<?x?x32768xf32>, tensor<?x?x32768xf32>)
func.func @scratch(%x: !x) -> !x {
  %r = seqmix.kernel ins(%x : !x) -> !x {
  ^bb0(%y: !x):
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %y, %c0 : !x
    %t = tensor.dim %y, %c1 : !x
    %e = tensor.empty(%b, %t) : !x
    %e1 = tensor.empty(%b, %t) : tensor<?x?xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x?xf32>)
        -> tensor<?x?xf32>
    %exp = math.exp %y : !x
    %sum = linalg.reduce {arith.addf} ins(%exp : !x)
        outs(%z : tensor<?x?xf32>) dimensions = [2]
    %sums = linalg.broadcast ins(%sum : tensor<?x?xf32>) outs(%e : !x)
        dimensions = [2]
    %0 = arith.divf %exp, %sums : !x
    seqmix.yield %0 : !x
  }
  return %r : !x
}
// CHECK: gpu.func @tokens_0(%[[X:.+]]: !llvm.ptr<1>, %[[Y:.+]]: !llvm.ptr<1>, %[[SCRATCH:.+]]: !llvm.ptr<1>, %{{.+}}: i64, %{{.+}}: i64) kernel attributes {{.+}}seqmix.shared_bytes = 48 : i64}
// Blocks have theirs one after the other.
// CHECK: %[[BLOCK:.+]] = gpu.block_id x
// CHECK: %[[OWN:.+]] = arith.muli %[[BLOCK]], %c32768
// CHECK: %[[AT:.+]] = arith.addi %{{.+}}, %[[OWN]]
// CHECK: %[[AT64:.+]] = arith.index_cast %[[AT]]
// CHECK: %[[PLACE:.+]] = llvm.getelementptr inbounds %[[SCRATCH]][%[[AT64]]]
// CHECK: llvm.store %{{.+}}, %[[PLACE]]
// CHECK: gpu.barrier
// CHECK: llvm.getelementptr inbounds %[[SCRATCH]]
// CHECK: llvm.getelementptr inbounds %[[Y]]

// -----

!x = tensor<?x?x32xf32>
!o = tensor<?x?x32x32xf32>
#rows = affine_map<(b, t, i, j) -> (b, t, i)>
#columns = affine_map<(b, t, i, j) -> (b, t, j)>
#all = affine_map<(b, t, i, j) -> (b, t, i, j)>

// The outer product of a vector with itself has the vector's axis twice: a block
// with a part of it would lack what the other axis needs.
// CHECK-LABEL: @outer_product
// CHECK: seqmix.launch @device::@tokens_0 blocks 1 per_sequence per_token
func.func @outer_product(%x: !x) -> !o {
  %r = seqmix.kernel ins(%x : !x) -> !o {
  ^bb0(%y: !x):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %y, %c0 : !x
    %t = tensor.dim %y, %c1 : !x
    %e = tensor.empty(%b, %t) : !o
    %exp = math.exp %y : !x
    %0 = linalg.generic {
        indexing_maps = [#rows, #columns, #all],
        iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
        ins(%exp, %exp : !x, !x) outs(%e : !o) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %1 = arith.mulf %p, %q : f32
      linalg.yield %1 : f32
    } -> !o
    seqmix.yield %0 : !o
  }
  return %r : !o
}

// Of an input every block has all.
// CHECK-LABEL: @outer_product_of_input
// CHECK: seqmix.launch @device::@tokens_1 blocks 2 per_sequence per_token
func.func @outer_product_of_input(%x: !x) -> !o {
  %r = seqmix.kernel ins(%x : !x) -> !o {
  ^bb0(%y: !x):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %y, %c0 : !x
    %t = tensor.dim %y, %c1 : !x
    %e = tensor.empty(%b, %t) : !o
    %0 = linalg.generic {
        indexing_maps = [#rows, #columns, #all],
        iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
        ins(%y, %y : !x, !x) outs(%e : !o) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %1 = arith.mulf %p, %q : f32
      linalg.yield %1 : f32
    } -> !o
    seqmix.yield %0 : !o
  }
  return %r : !o
}

// -----

!x = tensor<?x?x2048xf32>
!h = tensor<?x?x1024xf32>

// Neither is an axis divided of which a part is taken; of an input it may be.
// CHECK-LABEL: @slice
// CHECK: seqmix.launch @device::@tokens_0 blocks 1 per_sequence per_token
func.func @slice(%x: !x) -> (!x, !h) {
  %r:2 = seqmix.kernel ins(%x : !x) -> !x, !h {
  ^bb0(%y: !x):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %y, %c0 : !x
    %t = tensor.dim %y, %c1 : !x
    %all = math.exp %y : !x
    %half = tensor.extract_slice %all[0, 0, 1024] [%b, %t, 1024] [1, 1, 1]
        : !x to !h
    %0 = arith.mulf %half, %half : !h
    seqmix.yield %all, %0 : !x, !h
  }
  return %r#0, %r#1 : !x, !h
}

// CHECK-LABEL: @slice_of_input
// CHECK: seqmix.launch @device::@tokens_1 blocks 2 per_sequence per_token
func.func @slice_of_input(%x: !x) -> !h {
  %r = seqmix.kernel ins(%x : !x) -> !h {
  ^bb0(%y: !x):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %b = tensor.dim %y, %c0 : !x
    %t = tensor.dim %y, %c1 : !x
    %half = tensor.extract_slice %y[0, 0, 1024] [%b, %t, 1024] [1, 1, 1]
        : !x to !h
    %0 = arith.mulf %half, %half : !h
    seqmix.yield %0 : !h
  }
  return %r : !h
}

// -----

!x = tensor<?x?x1x2048xf32>
!o = tensor<?x?x2x2048xf32>

// A concatenation is divided along other axes: a block puts 256 columns of each
// input into the 512 numbers that it has, also of one that lies in memory whole.
// CHECK-LABEL: @concat
// CHECK: seqmix.launch @device::@tokens_0 blocks 8 per_sequence per_token
func.func @concat(%x: !x) -> !o {
  %r = seqmix.kernel ins(%x : !x) -> !o {
  ^bb0(%y: !x):
    %exp = math.exp %y : !x
    %both = tensor.concat dim(2) %exp, %y : (!x, !x) -> !o
    %0 = arith.mulf %both, %both : !o
    seqmix.yield %0 : !o
  }
  return %r : !o
}
// CHECK: gpu.func @tokens_0
// CHECK: math.exp
// CHECK: %[[BOTH:.+]] = llvm.getelementptr %{{.+}}[1024]
// CHECK-NOT: scf.for
// CHECK: llvm.getelementptr inbounds %[[BOTH]]
// CHECK-NOT: scf.for
// CHECK: llvm.getelementptr inbounds %[[BOTH]]
// CHECK: scf.for %{{.+}} = %thread_id_x to %c512 step %c256 {
// CHECK: llvm.getelementptr inbounds %[[BOTH]]

// ERROR: not-for-gpus.mlir:[[#]]:[[#]]: error: 'tensor.pad' op cannot run on a GPU

// -----

// A token that becomes the next state: of its 2048 numbers each block stores the
// 512 that its part of the state holds.
// CHECK-LABEL: @previous
// CHECK: seqmix.launch @device::@recurrence_0 blocks 4 per_sequence
func.func @previous(%x: tensor<?x?x2048xf32>, %s: tensor<?x2048xf32>)
    -> (tensor<?x?x2048xf32>, tensor<?x2048xf32>) {
  %r:2 = seqmix.kernel ins(%x, %s : tensor<?x?x2048xf32>, tensor<?x2048xf32>)
      -> tensor<?x?x2048xf32>, tensor<?x2048xf32> {
  ^bb0(%y: tensor<?x?x2048xf32>, %s0: tensor<?x2048xf32>):
    %o, %s1 = seqmix.recurrence
        tokens(%y_t = %y : tensor<?x?x2048xf32>)
        states(%last = %s0 : tensor<?x2048xf32>) -> (tensor<?x?x2048xf32>) {
      %0 = arith.mulf %y_t, %last : tensor<2048xf32>
      seqmix.yield %0, %y_t : tensor<2048xf32>, tensor<2048xf32>
    }
    seqmix.yield %o, %s1 : tensor<?x?x2048xf32>, tensor<?x2048xf32>
  }
  return %r#0, %r#1 : tensor<?x?x2048xf32>, tensor<?x2048xf32>
}
// CHECK: gpu.func @recurrence_0
// CHECK: %[[PART:.+]] = arith.remui %{{.+}}, %c4
// CHECK: %[[BASE:.+]] = arith.muli %[[PART]], %c512
// CHECK: scf.for
// CHECK: scf.for %{{.+}} to %{{.+}} step %c1 {
// CHECK: scf.for %{{.+}} to %c512 step %c256 {
// CHECK: scf.for %[[I:.+]] = %{{.+}} to %c512 step %c256 {
// CHECK-NEXT: %[[AT:.+]] = arith.addi %{{.*}}[[BASE]]
// CHECK: %[[TOKEN:.+]] = llvm.load %{{.+}} : !llvm.ptr<1> -> f32
// CHECK: arith.subi %[[AT]], %[[BASE]]
// CHECK: llvm.store %[[TOKEN]], %{{.+}} : f32, !llvm.ptr<3>
