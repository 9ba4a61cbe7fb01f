// RUN: seqmix-opt %s --seqmix-fuse-elementwise | FileCheck %s
// RUN: seqmix-opt %s --seqmix-fuse-elementwise=keep-invariants | FileCheck %s --check-prefix=APART

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// A chain of elementwise ops, each used once, becomes one op.

// CHECK-LABEL: func.func @chain
// CHECK-SAME:    %[[X:.+]]: tensor<4x8xf32>
// CHECK:         %[[Y:.+]] = linalg.generic
// CHECK-SAME:      ins(%[[X]] : tensor<4x8xf32>)
// CHECK:           math.exp
// CHECK:           arith.negf
// CHECK:         return %[[Y]]
func.func @chain(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = math.exp %in : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %3 = arith.negf %in : f32
    linalg.yield %3 : f32
  } -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// A value that its user reads many times is computed once, not fused.

// CHECK-LABEL: func.func @no_recomputation
// CHECK:         linalg.generic
// CHECK:           math.exp
// CHECK:         linalg.generic
// CHECK-NOT:       math.exp
// CHECK:         return
func.func @no_recomputation(%x: tensor<4xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = math.exp %in : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %e2 = tensor.empty() : tensor<4x8xf32>
  %2 = linalg.generic {indexing_maps = [#row, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0, %y : tensor<4xf32>, tensor<4x8xf32>) outs(%e2 : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %3 = arith.mulf %a, %b : f32
    linalg.yield %3 : f32
  } -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// Moving elements costs nothing: a broadcast goes into every user.

// CHECK-LABEL: func.func @broadcast
// CHECK-SAME:    %[[X:.+]]: tensor<4xf32>
// CHECK-COUNT-2: linalg.generic {{.*}} ins(%[[X]]
// CHECK-NOT:     linalg.generic
// CHECK:         return
func.func @broadcast(%x: tensor<4xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %3 = math.exp %in : f32
    linalg.yield %3 : f32
  } -> tensor<4x8xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %4 = arith.negf %in : f32
    linalg.yield %4 : f32
  } -> tensor<4x8xf32>
  return %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// A destination of dynamic extents, which asks its producer for its extent, is
// no second reader. (What is left of the producer is for that extent alone, and
// goes with the next canonicalization.)

// CHECK-LABEL: func.func @extents
// CHECK-SAME:    %[[X:.+]]: tensor<?xf32>
// CHECK:         tensor.dim
// CHECK:         tensor.dim
// CHECK:         %[[Y:.+]] = linalg.generic {{.*}} ins(%[[X]]
// CHECK-NEXT:    ^bb0(
// CHECK-NEXT:      math.exp
// CHECK-NEXT:      arith.negf
// CHECK:         return %[[Y]]
func.func @extents(%x: tensor<?xf32>) -> tensor<?xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%x : tensor<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = math.exp %in : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %2 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%0 : tensor<?xf32>) outs(%0 : tensor<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %3 = arith.negf %in : f32
    linalg.yield %3 : f32
  } -> tensor<?xf32>
  return %2 : tensor<?xf32>
}

// What is computed before a loop is not computed again in each of its turns.
// CHECK-LABEL: func.func @before_the_loop
// CHECK: linalg.generic
// CHECK:   math.exp
// CHECK: scf.for
// CHECK:   linalg.generic
// CHECK-NOT: math.exp
// CHECK: return
func.func @before_the_loop(%p: tensor<8xf32>, %x: tensor<8xf32>, %n: index) -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<8xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
                       iterator_types = ["parallel"]}
      ins(%p : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = math.exp %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %x) -> tensor<8xf32> {
    %2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
                         iterator_types = ["parallel"]}
        ins(%s, %0 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %3 = arith.mulf %a, %b : f32
      linalg.yield %3 : f32
    } -> tensor<8xf32>
    scf.yield %2 : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// Nor, for a loop over tokens, what is the same for all of them.
// CHECK-LABEL: func.func @for_all_tokens
// APART-LABEL: func.func @for_all_tokens
// APART: seqmix.recurrence
// APART:   linalg.generic
// APART-NEXT: ^bb0
// APART-NEXT: math.exp
// APART-NEXT: linalg.yield
// APART:   linalg.generic
// APART-NOT: math.exp
// APART: seqmix.yield
func.func @for_all_tokens(%x: tensor<?x?x8xf32>, %p: tensor<8xf32>, %s0: tensor<?x8xf32>) -> tensor<?x?x8xf32> {
  %y, %s1 = seqmix.recurrence
      tokens(%x_t = %x : tensor<?x?x8xf32>)
      invariants(%p_t = %p : tensor<8xf32>)
      states(%s = %s0 : tensor<?x8xf32>) -> (tensor<?x?x8xf32>) {
    %e = tensor.empty() : tensor<8xf32>
    %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
                         iterator_types = ["parallel"]}
        ins(%p_t : tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%a: f32, %o: f32):
      %1 = math.exp %a : f32
      linalg.yield %1 : f32
    } -> tensor<8xf32>
    %2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
                         iterator_types = ["parallel"]}
        ins(%x_t, %s, %0 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
      %3 = arith.mulf %b, %c : f32
      %4 = arith.addf %3, %a : f32
      linalg.yield %4 : f32
    } -> tensor<8xf32>
    seqmix.yield %2, %2 : tensor<8xf32>, tensor<8xf32>
  }
  return %y : tensor<?x?x8xf32>
}
