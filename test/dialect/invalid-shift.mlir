// RUN: seqmix-opt %s -split-input-file -verify-diagnostics

func.func @shift_c1(%x: tensor<?x?x8xf32>, %p0: tensor<?x9xf32>) {
  // expected-error @+1 {{expects an input and a state of the same tokens: 'tensor<?x?x8xf32>' and 'tensor<?x9xf32>'}}
  %y, %p1 = seqmix.shift %x state(%p0) : tensor<?x?x8xf32>, tensor<?x9xf32>
  return
}

// -----

func.func @shift_c1_element(%x: tensor<?x?x8xf32>, %p0: tensor<?x8xf64>) {
  // expected-error @+1 {{'tensor<?x?x8xf32>' and 'tensor<?x8xf64>'}}
  %y, %p1 = seqmix.shift %x state(%p0) : tensor<?x?x8xf32>, tensor<?x8xf64>
  return
}

// -----

func.func @shift_c1_batch(%x: tensor<2x?x8xf32>, %p0: tensor<3x8xf32>) {
  // expected-error @+1 {{expects sequences and states of one batch: 'tensor<2x?x8xf32>' and 'tensor<3x8xf32>'}}
  %y, %p1 = seqmix.shift %x state(%p0) : tensor<2x?x8xf32>, tensor<3x8xf32>
  return
}

// -----

func.func @shift_c2(%x: tensor<?x?x8xf32>, %p0: tensor<?x8xf32>) {
  // expected-error @+1 {{expects a chunk of at least one token, not 0}}
  %y, %p1 = seqmix.shift %x state(%p0) chunk 0
      : tensor<?x?x8xf32>, tensor<?x8xf32>
  return
}
