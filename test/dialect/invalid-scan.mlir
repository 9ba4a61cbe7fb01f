// RUN: seqmix-opt %s -split-input-file -verify-diagnostics

func.func @scan_c1() {
  // expected-error @+1 {{expects as many inputs as states, at least one: 0 and 0}}
  "seqmix.scan"() ({
    seqmix.yield
  }) : () -> ()
  return
}

// -----

func.func @scan_c2(%x: tensor<?x?x4xf32>, %s0: tensor<?x5xf32>) {
  // expected-error @+1 {{expects inputs and states of the same elements: 'tensor<?x?x4xf32>' and 'tensor<?x5xf32>'}}
  %y, %s = seqmix.scan inclusive (%x : tensor<?x?x4xf32>)
      states(%s0 : tensor<?x5xf32>) {
  ^bb0(%l: tensor<4xf32>, %r: tensor<4xf32>):
    seqmix.yield %r : tensor<4xf32>
  }
  return
}

// -----

func.func @scan_c2_batch(%x: tensor<2x?x4xf32>, %s0: tensor<3x4xf32>) {
  // expected-error @+1 {{expects sequences and states of one batch: 'tensor<2x?x4xf32>' and 'tensor<3x4xf32>'}}
  %y, %s = seqmix.scan inclusive (%x : tensor<2x?x4xf32>)
      states(%s0 : tensor<3x4xf32>) {
  ^bb0(%l: tensor<4xf32>, %r: tensor<4xf32>):
    seqmix.yield %r : tensor<4xf32>
  }
  return
}

// -----

func.func @scan_c2_time(%x: tensor<?x6xf32>, %y: tensor<?x7xf32>,
                        %s0: tensor<?xf32>) {
  // expected-error @+1 {{expects sequences of one length: 'tensor<?x6xf32>' and 'tensor<?x7xf32>'}}
  %s:4 = seqmix.scan inclusive (%x, %y : tensor<?x6xf32>, tensor<?x7xf32>)
      states(%s0, %s0 : tensor<?xf32>, tensor<?xf32>) {
  ^bb0(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>):
    seqmix.yield %c, %d : tensor<f32>, tensor<f32>
  }
  return
}

// -----

func.func @scan_c3(%x: tensor<?x?x4xf32>, %s0: tensor<?x4xf32>) {
  // expected-error @+1 {{expects region arguments 'tensor<4xf32>', 'tensor<4xf32>', not 'tensor<4xf32>'}}
  %y, %s = seqmix.scan inclusive (%x : tensor<?x?x4xf32>)
      states(%s0 : tensor<?x4xf32>) {
  ^bb0(%l: tensor<4xf32>):
    seqmix.yield %l : tensor<4xf32>
  }
  return
}

// -----

func.func @scan_c4(%x: tensor<?x?x4xf32>, %s0: tensor<?x4xf32>) {
  // expected-error @+1 {{expects yielded values 'tensor<4xf32>', not 'tensor<4xf32>', 'tensor<4xf32>'}}
  %y, %s = seqmix.scan inclusive (%x : tensor<?x?x4xf32>)
      states(%s0 : tensor<?x4xf32>) {
  ^bb0(%l: tensor<4xf32>, %r: tensor<4xf32>):
    // expected-note @+1 {{yielded here}}
    seqmix.yield %l, %r : tensor<4xf32>, tensor<4xf32>
  }
  return
}

// -----

func.func @scan_c5_output(%x: tensor<?x?x4xf32>, %s0: tensor<?x4xf32>) {
  // expected-error @+1 {{expects results of the operands' types}}
  %y, %s = "seqmix.scan"(%x, %s0) ({
  ^bb0(%l: tensor<4xf32>, %r: tensor<4xf32>):
    seqmix.yield %r : tensor<4xf32>
  }) : (tensor<?x?x4xf32>, tensor<?x4xf32>)
      -> (tensor<?x?x5xf32>, tensor<?x4xf32>)
  return
}

// -----

func.func @scan_c5_state(%x: tensor<?x?x4xf32>, %s0: tensor<?x4xf32>) {
  // expected-error @+1 {{expects results of the operands' types}}
  %y, %s = "seqmix.scan"(%x, %s0) ({
  ^bb0(%l: tensor<4xf32>, %r: tensor<4xf32>):
    seqmix.yield %r : tensor<4xf32>
  }) : (tensor<?x?x4xf32>, tensor<?x4xf32>)
      -> (tensor<?x?x4xf32>, tensor<3x4xf32>)
  return
}
