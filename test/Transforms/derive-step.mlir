// RUN: seqmix-opt %s --pass-pipeline='builtin.module(seqmix.model(seqmix-derive-step))' -split-input-file | FileCheck %s
// RUN: not seqmix-opt %S/Inputs/no-prefill.mlir --pass-pipeline='builtin.module(seqmix.model(seqmix-derive-step))' 2>&1 | FileCheck %s --check-prefix=ERROR

// CHECK-LABEL: seqmix.model @previous
// CHECK: seqmix.entry @prefill(%{{.+}} "x" : tensor<?x?x4xf32>) {
// CHECK: seqmix.entry @step(%[[X:.+]] "x" : tensor<?x?x4xf32>) length 1 {
// CHECK-NEXT: %[[P:.+]] = seqmix.state "last" init 0.000000e+00 : tensor<?x4xf32>
// CHECK-NEXT: %[[Y:.+]], %[[P1:.+]] = seqmix.shift %[[X]] state(%[[P]])
// CHECK-NEXT: seqmix.return outputs("y" = %[[Y]] : tensor<?x?x4xf32>) states("last" = %[[P1]] : tensor<?x4xf32>)
// CHECK-NOT: seqmix.entry
seqmix.model @previous {
  seqmix.entry @prefill(%x "x" : tensor<?x?x4xf32>) {
    %p = seqmix.state "last" init 0.0 : tensor<?x4xf32>
    %y, %p1 = seqmix.shift %x state(%p) : tensor<?x?x4xf32>, tensor<?x4xf32>
    seqmix.return outputs("y" = %y : tensor<?x?x4xf32>)
        states("last" = %p1 : tensor<?x4xf32>)
  }
}

// -----

// A step that was written by hand stays.
// CHECK-LABEL: seqmix.model @by_hand
// CHECK-COUNT-2: seqmix.entry
// CHECK: seqmix.param "only in step"
// CHECK-NOT: seqmix.entry
seqmix.model @by_hand {
  seqmix.entry @prefill(%x "x" : tensor<?x?x4xf32>) {
    seqmix.return outputs("y" = %x : tensor<?x?x4xf32>)
  }
  seqmix.entry @step(%x "x" : tensor<?x?x4xf32>) length 1 {
    %w = seqmix.param "only in step" : tensor<4xf32>
    seqmix.return outputs("y" = %x : tensor<?x?x4xf32>)
  }
}

// One token is less than any chunk.
// CHECK-LABEL: seqmix.model @chunk
// CHECK: seqmix.entry @prefill
// CHECK: chunk 2
// CHECK: seqmix.entry @step
// CHECK: seqmix.recurrence
// CHECK-NOT: chunk
seqmix.model @chunk {
  seqmix.entry @prefill(%x "x" : tensor<?x?x4xf32>) {
    %s = seqmix.state "s" init 0.0 : tensor<?x4xf32>
    %y, %s1 = seqmix.recurrence
        tokens(%x_t = %x : tensor<?x?x4xf32>)
        states(%s_t = %s : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
      seqmix.yield %x_t, %s_t : tensor<4xf32>, tensor<4xf32>
    } chunk 2 {
    ^bb0(%x_c: tensor<2x4xf32>, %s_t: tensor<4xf32>):
      %both = arith.addf %x_c, %x_c : tensor<2x4xf32>
      %half = arith.subf %both, %x_c : tensor<2x4xf32>
      seqmix.yield %half, %s_t : tensor<2x4xf32>, tensor<4xf32>
    }
    seqmix.return outputs("y" = %y : tensor<?x?x4xf32>)
        states("s" = %s1 : tensor<?x4xf32>)
  }
}

// -----

// ERROR: no-prefill.mlir:[[#]]:[[#]]: error: model @headless has no entry point @prefill to derive from
