// RUN: seqmix-opt %s -split-input-file -verify-diagnostics

func.func @launch_c1_missing(%x: tensor<?x?x8xf32>) {
  // expected-error @+1 {{'seqmix.launch' op expects results of types 'tensor<?x?x8xf32>', not}}
  seqmix.launch @device::@norm blocks 1 outs(%x : tensor<?x?x8xf32>)
  return
}

// -----

func.func @launch_c1_type(%x: tensor<?x?x8xf32>) -> tensor<?x?x4xf32> {
  // expected-error @+1 {{expects results of types 'tensor<?x?x8xf32>', not 'tensor<?x?x4xf32>'}}
  %y = seqmix.launch @device::@norm blocks 1
      outs(%x : tensor<?x?x8xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

func.func @launch_c1_memory(%x: memref<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{expects no results on memrefs, not 'tensor<?x?x8xf32>'}}
  %y = seqmix.launch @device::@norm blocks 1
      outs(%x : memref<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @launch_c2(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{expects a positive number of blocks, not 0}}
  %y = seqmix.launch @device::@norm blocks 0
      outs(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @launch_c2_negative(%x: memref<?x?x8xf32>) {
  // expected-error @+1 {{expects a positive number of blocks, not -4}}
  seqmix.launch @device::@norm blocks -4 outs(%x : memref<?x?x8xf32>)
  return
}
