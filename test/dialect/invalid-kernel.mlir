// RUN: seqmix-opt %s -split-input-file -verify-diagnostics

func.func @kernel_c1(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{expects region arguments of the operands' types: 'tensor<?x?x4xf32>' and 'tensor<?x?x8xf32>'}}
  %r = seqmix.kernel ins(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  ^bb0(%y: tensor<?x?x4xf32>):
    %0 = arith.constant dense<0.0> : tensor<8xf32>
    seqmix.yield %0 : tensor<8xf32>
  }
  return %r : tensor<?x?x8xf32>
}

// -----

func.func @kernel_c1_number(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{expects region arguments of the operands' types: 'tensor<?x?x8xf32>', 'tensor<?x?x8xf32>' and 'tensor<?x?x8xf32>'}}
  %r = seqmix.kernel ins(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  ^bb0(%y: tensor<?x?x8xf32>, %z: tensor<?x?x8xf32>):
    seqmix.yield %y : tensor<?x?x8xf32>
  }
  return %r : tensor<?x?x8xf32>
}

// -----

func.func @kernel_c2(%x: tensor<?x?x8xf32>) -> tensor<?x?x4xf32> {
  // expected-error @+1 {{expects yielded values of the results' types: 'tensor<?x?x8xf32>' and 'tensor<?x?x4xf32>'}}
  %r = seqmix.kernel ins(%x : tensor<?x?x8xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%y: tensor<?x?x8xf32>):
    // expected-note @+1 {{yielded here}}
    seqmix.yield %y : tensor<?x?x8xf32>
  }
  return %r : tensor<?x?x4xf32>
}

// -----

func.func @kernel_c2_number(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @+1 {{expects yielded values of the results' types: 'tensor<?x?x8xf32>', 'tensor<?x?x8xf32>' and 'tensor<?x?x8xf32>'}}
  %r = seqmix.kernel ins(%x : tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  ^bb0(%y: tensor<?x?x8xf32>):
    // expected-note @+1 {{yielded here}}
    seqmix.yield %y, %y : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  }
  return %r : tensor<?x?x8xf32>
}

// -----

// What a kernel computes with is among its operands.
func.func @kernel_isolated(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-note @+1 {{required by region isolation constraints}}
  %r = seqmix.kernel -> tensor<?x?x8xf32> {
    // expected-error @+1 {{using value defined outside the region}}
    seqmix.yield %x : tensor<?x?x8xf32>
  }
  return %r : tensor<?x?x8xf32>
}
