// RUN: seqmix-opt %s | FileCheck %s

// CHECK-LABEL: @on_tensors
// CHECK-SAME: %[[X:.+]]: tensor<?x?x8xf32>, %[[Y0:.+]]: tensor<?x?x8xf32>
func.func @on_tensors(%x: tensor<?x?x8xf32>, %y0: tensor<?x?x8xf32>)
    -> tensor<?x?x8xf32> {
  // CHECK: %[[Y:.+]] = seqmix.launch @device::@norm blocks 1 per_sequence per_token ins(%[[X]] : tensor<?x?x8xf32>) outs(%[[Y0]] : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: return %[[Y]]
  %y = seqmix.launch @device::@norm blocks 1 per_sequence per_token
      ins(%x : tensor<?x?x8xf32>) outs(%y0 : tensor<?x?x8xf32>)
      -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// A launch that only changes what it is given, four blocks a sequence.
// CHECK-LABEL: @per_sequence
func.func @per_sequence(%s0: tensor<?x4xf32>, %n0: tensor<?xi64>)
    -> (tensor<?x4xf32>, tensor<?xi64>) {
  // CHECK: seqmix.launch @device::@step blocks 4 per_sequence {note = "kept"} outs(%{{.+}}, %{{.+}} : tensor<?x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>, tensor<?xi64>
  %r:2 = seqmix.launch @device::@step blocks 4 per_sequence {note = "kept"}
      outs(%s0, %n0 : tensor<?x4xf32>, tensor<?xi64>)
      -> tensor<?x4xf32>, tensor<?xi64>
  return %r#0, %r#1 : tensor<?x4xf32>, tensor<?xi64>
}

// On memory there are no results.
// CHECK-LABEL: @on_memory
func.func @on_memory(%x: memref<?x?x8xf32>, %y: memref<?x?x8xf32>) {
  // CHECK: seqmix.launch @device::@norm blocks 1 per_token ins(%{{.+}} : memref<?x?x8xf32>) outs(%{{.+}} : memref<?x?x8xf32>){{$}}
  seqmix.launch @device::@norm blocks 1 per_token
      ins(%x : memref<?x?x8xf32>) outs(%y : memref<?x?x8xf32>)
  return
}

// A launch whose results are not used may go, one on memory may not.
// RUN: seqmix-opt %s --canonicalize | FileCheck %s --check-prefix=EFFECTS
// EFFECTS-LABEL: @effects
// EFFECTS-NOT: @on_tensors
// EFFECTS: seqmix.launch @device::@on_memory
// EFFECTS-NOT: seqmix.launch
func.func @effects(%x: tensor<?x?x8xf32>, %y: memref<?x?x8xf32>) {
  %0 = seqmix.launch @device::@on_tensors blocks 1
      outs(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  seqmix.launch @device::@on_memory blocks 1 outs(%y : memref<?x?x8xf32>)
  return
}
