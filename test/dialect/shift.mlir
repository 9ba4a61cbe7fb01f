// RUN: seqmix-opt %s | FileCheck %s

// CHECK-LABEL: @shift
func.func @shift(%x: tensor<?x?x8xf32>, %p0: tensor<?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  // CHECK: seqmix.shift %{{.+}} state(%{{.+}}) : tensor<?x?x8xf32>, tensor<?x8xf32>
  %y, %p1 = seqmix.shift %x state(%p0) : tensor<?x?x8xf32>, tensor<?x8xf32>
  return %y, %p1 : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// Nothing is computed, so any element type will do.
// CHECK-LABEL: @shift_of_tokens
func.func @shift_of_tokens(%x: tensor<2x?xi32>, %p0: tensor<2xi32>)
    -> tensor<2x?xi32> {
  // CHECK: seqmix.shift %{{.+}} state(%{{.+}}) {note = "kept"} : tensor<2x?xi32>, tensor<2xi32>
  %y, %p1 = seqmix.shift %x state(%p0) {note = "kept"}
      : tensor<2x?xi32>, tensor<2xi32>
  return %y : tensor<2x?xi32>
}

// CHECK-LABEL: @in_chunks
func.func @in_chunks(%x: tensor<?x?x8xf32>, %p0: tensor<?x8xf32>)
    -> tensor<?x?x8xf32> {
  // CHECK: seqmix.shift %{{.+}} state(%{{.+}}) chunk 8 : tensor<?x?x8xf32>, tensor<?x8xf32>
  %y, %p1 = seqmix.shift %x state(%p0) chunk 8
      : tensor<?x?x8xf32>, tensor<?x8xf32>
  return %y : tensor<?x?x8xf32>
}
