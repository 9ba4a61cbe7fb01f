// DEFINE: %{to-gpu} = --convert-elementwise-to-linalg --linalg-generalize-named-ops --seqmix-fuse-elementwise --seqmix-relax-reductions --canonicalize --cse --convert-seqmix-kernels-to-gpu --canonicalize --cse
// RUN: seqmix-opt %s %{to-gpu} -split-input-file | FileCheck %s

!q = tensor<?x?x4x64xf32>
!v = tensor<?x?x4x64xf32>
!S = tensor<?x4x64x64xf32>
!S_t = tensor<4x64x64xf32>
!scores = tensor<4x8x8xf32>

// Retention without decay, eight tokens at once. Heads and value columns are
// divided, as by token alone; the tokens of a chunk are not.
// CHECK-LABEL: @retention
// CHECK-SAME: %[[Q:.+]]: tensor<?x?x4x64xf32>, %[[V:.+]]: tensor<?x?x4x64xf32>, %[[S:.+]]: tensor<?x4x64x64xf32>
func.func @retention(%q: !q, %v: !v, %S: !S) -> (!v, !S) {
  // CHECK: seqmix.launch @device::@recurrence_0 blocks 64 per_sequence ins(%[[Q]], %[[V]] : {{.+}}) outs(%{{.+}}, %[[S]] :
  %r:2 = seqmix.kernel ins(%q, %v, %S : !q, !v, !S) -> !v, !S {
  ^bb0(%q_in: !q, %v_in: !v, %S_in: !S):
    %o, %S1 = seqmix.recurrence
        tokens(%q_t = %q_in : !q, %v_t = %v_in : !v)
        states(%s = %S_in : !S) -> (!v) {
      %e = tensor.empty() : !S_t
      %zero = arith.constant dense<0.0> : tensor<4x64xf32>
      %q_all = linalg.broadcast ins(%q_t : tensor<4x64xf32>) outs(%e : !S_t)
          dimensions = [2]
      %v_all = linalg.broadcast ins(%v_t : tensor<4x64xf32>) outs(%e : !S_t)
          dimensions = [1]
      %kv = arith.mulf %q_all, %v_all : !S_t
      %next = arith.addf %s, %kv : !S_t
      %qs = arith.mulf %q_all, %next : !S_t
      %out = linalg.reduce {arith.addf} ins(%qs : !S_t)
          outs(%zero : tensor<4x64xf32>) dimensions = [1]
      seqmix.yield %out, %next : tensor<4x64xf32>, !S_t
    } chunk 8 {
    ^bb0(%q_c: tensor<8x4x64xf32>, %v_c: tensor<8x4x64xf32>, %s: !S_t):
      %zero = arith.constant 0.0 : f32
      %zeros = arith.constant dense<0.0> : !scores
      %zero_out = arith.constant dense<0.0> : tensor<8x4x64xf32>
      %all = linalg.contract indexing_maps = [
          affine_map<(h, t, s, k) -> (t, h, k)>,
          affine_map<(h, t, s, k) -> (s, h, k)>,
          affine_map<(h, t, s, k) -> (h, t, s)>]
          ins(%q_c, %q_c : tensor<8x4x64xf32>, tensor<8x4x64xf32>)
          outs(%zeros : !scores) -> !scores
      %past = linalg.generic {indexing_maps = [
          affine_map<(h, t, s) -> (h, t, s)>,
          affine_map<(h, t, s) -> (h, t, s)>],
          iterator_types = ["parallel", "parallel", "parallel"]}
          ins(%all : !scores) outs(%zeros : !scores) {
      ^bb0(%x: f32, %y: f32):
        %t = linalg.index 1 : index
        %s_at = linalg.index 2 : index
        %is_past = arith.cmpi ule, %s_at, %t : index
        %0 = arith.select %is_past, %x, %zero : f32
        linalg.yield %0 : f32
      } -> !scores
      %before = linalg.contract indexing_maps = [
          affine_map<(t, h, v, k) -> (t, h, k)>,
          affine_map<(t, h, v, k) -> (h, k, v)>,
          affine_map<(t, h, v, k) -> (t, h, v)>]
          ins(%q_c, %s : tensor<8x4x64xf32>, !S_t)
          outs(%zero_out : tensor<8x4x64xf32>) -> tensor<8x4x64xf32>
      %out = linalg.contract indexing_maps = [
          affine_map<(t, h, v, s) -> (h, t, s)>,
          affine_map<(t, h, v, s) -> (s, h, v)>,
          affine_map<(t, h, v, s) -> (t, h, v)>]
          ins(%past, %v_c : !scores, tensor<8x4x64xf32>)
          outs(%before : tensor<8x4x64xf32>) -> tensor<8x4x64xf32>
      %next = linalg.contract indexing_maps = [
          affine_map<(h, k, v, s) -> (s, h, k)>,
          affine_map<(h, k, v, s) -> (s, h, v)>,
          affine_map<(h, k, v, s) -> (h, k, v)>]
          ins(%q_c, %v_c : tensor<8x4x64xf32>, tensor<8x4x64xf32>)
          outs(%s : !S_t) -> !S_t
      seqmix.yield %out, %next : tensor<8x4x64xf32>, !S_t
    }
    seqmix.yield %o, %S1 : !v, !S
  }
  return %r#0, %r#1 : !v, !S
}
// A block has one head and 4 of its columns: more parts would compute the scores
// more often than what is their own.
// CHECK: gpu.func @recurrence_0(%[[Q:.+]]: !llvm.ptr<1>, %[[V:.+]]: !llvm.ptr<1>, %[[O:.+]]: !llvm.ptr<1>, %[[S:.+]]: !llvm.ptr<1>, %{{.+}}: i64, %[[LENGTH64:.+]]: i64)
// CHECK: %[[SHARED:.+]] = llvm.mlir.addressof @shared
// CHECK: %[[LENGTH:.+]] = arith.index_cast %[[LENGTH64]]
// The state is loaded once,
// CHECK: %[[S_AT:.+]] = llvm.getelementptr inbounds %[[S]]
// CHECK: %[[S_HERE:.+]] = llvm.getelementptr inbounds %[[SHARED]]
// CHECK: llvm.store %{{.+}}, %[[S_HERE]]
// then there are as many whole chunks as there are,
// CHECK: %[[REST:.+]] = arith.remui %[[LENGTH]], %c8
// CHECK: %[[WHOLE:.+]] = arith.subi %[[LENGTH]], %[[REST]]
// CHECK: scf.for %[[BEGIN:.+]] = %c0 to %[[WHOLE]] step %c8 {
// CHECK-NEXT: gpu.barrier
// with scores of its tokens, counted from where it begins,
// CHECK: %[[SCORES:.+]] = llvm.getelementptr %[[SHARED]][1024]
// CHECK: scf.for
// CHECK: arith.addi %[[BEGIN]], %{{.+}}
// CHECK: llvm.getelementptr inbounds %[[Q]]
// CHECK: arith.addi %[[BEGIN]], %{{.+}}
// CHECK: llvm.getelementptr inbounds %[[Q]]
// CHECK: %[[PLACE:.+]] = llvm.getelementptr inbounds %[[SCORES]]
// CHECK-NEXT: llvm.store %{{.+}}, %[[PLACE]]
// those of the future left out,
// CHECK: %[[PAST:.+]] = llvm.getelementptr %[[SHARED]][1280]
// CHECK-NEXT: gpu.barrier
// CHECK-NOT: gpu.barrier
// CHECK: arith.cmpi ule
// CHECK: llvm.getelementptr inbounds %[[PAST]]
// what the state gives, where the scores were,
// CHECK: gpu.barrier
// CHECK-NOT: gpu.barrier
// CHECK: llvm.getelementptr inbounds %[[Q]]
// CHECK: llvm.getelementptr inbounds %[[SHARED]]
// CHECK: %[[PLACE:.+]] = llvm.getelementptr inbounds %[[SCORES]]
// CHECK-NEXT: llvm.store %{{.+}}, %[[PLACE]]
// what the chunk's tokens give,
// CHECK: gpu.barrier
// CHECK-NOT: gpu.barrier
// CHECK: llvm.getelementptr inbounds %[[PAST]]
// CHECK: arith.addi %[[BEGIN]], %{{.+}}
// CHECK: llvm.getelementptr inbounds %[[V]]
// CHECK: llvm.getelementptr inbounds %[[SCORES]]
// CHECK: arith.addi %[[BEGIN]], %{{.+}}
// CHECK: %[[O_AT:.+]] = llvm.getelementptr inbounds %[[O]]
// CHECK-NEXT: llvm.store %{{.+}}, %[[O_AT]]
// and the state, to which what follows is added where it is.
// CHECK-NOT: gpu.barrier
// CHECK: %[[OLD:.+]] = llvm.load %[[S_HERE]]
// CHECK-NEXT: %[[NEW:.+]] = scf.for %{{.+}} = %c0 to %c8 step %c1 iter_args(%{{.+}} = %[[OLD]])
// CHECK: llvm.store %[[NEW]], %[[S_HERE]]
// CHECK-NEXT: }
// The tokens that are left begin there, with the state as it is.
// CHECK-NEXT: scf.for %[[TOKEN:.+]] = %[[WHOLE]] to %[[LENGTH]] step %c1 {
// CHECK-NEXT: gpu.barrier
// CHECK-NOT: getelementptr inbounds %[[S]]
// CHECK: llvm.load %[[S_HERE]]
// CHECK: llvm.store %{{.+}}, %[[S_HERE]]
// Nothing of the chunk is kept for them: this is where the scores were.
// CHECK: llvm.getelementptr %[[SHARED]][1024]
// CHECK: llvm.getelementptr inbounds %[[O]]
// And the state is stored.
// CHECK: gpu.barrier
// CHECK-NEXT: %[[LAST:.+]] = llvm.load %[[S_HERE]]
// CHECK-NEXT: llvm.store %[[LAST]], %[[S_AT]]
// CHECK-NEXT: gpu.return

// -----

!x = tensor<?x?x2048xf32>
!s = tensor<?x2048xf32>
!t = tensor<2048xf32>
!c = tensor<4x2048xf32>

// Slices and concatenations along time leave other axes to be divided. What is
// put into a concatenation is the part of it that its block has.
// CHECK-LABEL: @previous
// CHECK: seqmix.launch @device::@recurrence_0 blocks 16 per_sequence
func.func @previous(%x: !x, %s: !s) -> (!x, !s) {
  %r:2 = seqmix.kernel ins(%x, %s : !x, !s) -> !x, !s {
  ^bb0(%x_in: !x, %s_in: !s):
    %o, %s1 = seqmix.recurrence
        tokens(%x_t = %x_in : !x) states(%last = %s_in : !s) -> (!x) {
      %0 = arith.mulf %x_t, %last : !t
      seqmix.yield %0, %x_t : !t, !t
    } chunk 4 {
    ^bb0(%x_c: !c, %last: !t):
      %first = tensor.expand_shape %last [[0, 1]] output_shape [1, 2048]
          : !t into tensor<1x2048xf32>
      %others = tensor.extract_slice %x_c[0, 0] [3, 2048] [1, 1]
          : !c to tensor<3x2048xf32>
      %before = tensor.concat dim(0) %first, %others
          : (tensor<1x2048xf32>, tensor<3x2048xf32>) -> !c
      %0 = arith.mulf %x_c, %before : !c
      %next = tensor.extract_slice %x_c[3, 0] [1, 2048] [1, 1] : !c to !t
      seqmix.yield %0, %next : !c, !t
    }
    seqmix.yield %o, %s1 : !x, !s
  }
  return %r#0, %r#1 : !x, !s
}
// CHECK: gpu.func @recurrence_0
// CHECK: %[[SHARED:.+]] = llvm.mlir.addressof @shared
// CHECK: %[[PART:.+]] = arith.remui %{{.+}}, %c16
// CHECK: %[[BASE:.+]] = arith.muli %[[PART]], %c128
// CHECK: scf.for %[[BEGIN:.+]] = %c0 to %{{.+}} step %c4 {
// CHECK: %[[BEFORE:.+]] = llvm.getelementptr %[[SHARED]][512]
// CHECK: scf.if
// CHECK: llvm.getelementptr inbounds %[[BEFORE]]
// CHECK: llvm.store
// CHECK: scf.for %[[POINT:.+]] = %thread_id_x to %c384 step %c256 {
// CHECK: %[[COLUMN:.+]] = arith.remui %[[POINT]], %c128
// CHECK: %[[AT:.+]] = arith.addi %[[COLUMN]], %[[BASE]]
// CHECK: arith.subi %[[AT]], %[[BASE]]
// CHECK: llvm.getelementptr inbounds %[[BEFORE]]
// CHECK: llvm.store

// -----

!x = tensor<?x?x4xf32>
!s = tensor<?x16x4xf32>
!t = tensor<4xf32>
!S = tensor<16x4xf32>

// A chain of insertions grows in one place: that of the state, whose last reader
// its first link is.
// CHECK-LABEL: @grown
func.func @grown(%x: !x, %s: !s) -> (!x, !s) {
  %r:2 = seqmix.kernel ins(%x, %s : !x, !s) -> !x, !s {
  ^bb0(%x_in: !x, %s_in: !s):
    %o, %s1 = seqmix.recurrence
        tokens(%x_t = %x_in : !x) states(%old = %s_in : !s) -> (!x) {
      %last = tensor.extract_slice %old[15, 0] [1, 4] [1, 1] : !S to !t
      %y = arith.mulf %last, %x_t : !t
      %twice = arith.addf %old, %old : !S
      %0 = tensor.insert_slice %x_t into %twice[0, 0] [1, 4] [1, 1]
          : !t into !S
      %next = tensor.insert_slice %x_t into %0[7, 0] [1, 4] [1, 1]
          : !t into !S
      seqmix.yield %y, %next : !t, !S
    }
    seqmix.yield %o, %s1 : !x, !s
  }
  return %r#0, %r#1 : !x, !s
}
// 16 times 4 numbers, 256 bytes.
// CHECK: gpu.func @recurrence_0({{.+}} seqmix.shared_bytes = 256 : i64}
