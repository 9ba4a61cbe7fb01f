// RUN: seqmix-opt %s -split-input-file -verify-diagnostics

func.func @recurrence_c1(%h0: tensor<?x4xf32>) {
  // expected-error @+1 {{'seqmix.recurrence' op expects at least one sequence operand}}
  %h1 = seqmix.recurrence states(%h = %h0 : tensor<?x4xf32>) -> () {
    seqmix.yield %h : tensor<4xf32>
  }
  return
}

// -----

func.func @recurrence_c2_batch(%x: tensor<2x?x4xf32>, %h0: tensor<3x4xf32>) {
  // expected-error @+1 {{expects sequences and states of one batch: 'tensor<2x?x4xf32>' and 'tensor<3x4xf32>'}}
  %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<2x?x4xf32>)
      states(%h = %h0 : tensor<3x4xf32>) -> () {
    seqmix.yield %h : tensor<4xf32>
  }
  return
}

// -----

func.func @recurrence_c2_batch_of_sequences(%x: tensor<2x?x4xf32>,
                                            %y: tensor<3x?x4xf32>) {
  // expected-error @+1 {{expects sequences of one batch: 'tensor<2x?x4xf32>' and 'tensor<3x?x4xf32>'}}
  seqmix.recurrence tokens(%x_t = %x : tensor<2x?x4xf32>,
                           %y_t = %y : tensor<3x?x4xf32>) -> () {
    seqmix.yield
  }
  return
}

// -----

func.func @recurrence_c2_time(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{expects sequences of one length: 'tensor<?x6x4xf32>' and 'tensor<?x7x4xf32>'}}
  %y = seqmix.recurrence tokens(%x_t = %x : tensor<?x6x4xf32>)
      -> (tensor<?x7x4xf32>) {
    seqmix.yield %x_t : tensor<4xf32>
  }
  return
}

// -----

func.func @recurrence_c3_number(%x: tensor<?x?x4xf32>) {
  // expected-error @+1 {{expects one region argument per operand: 2 != 1}}
  %y = "seqmix.recurrence"(%x)
      <{operandSegmentSizes = array<i32: 1, 0, 0>,
        resultSegmentSizes = array<i32: 1, 0>}> ({
  ^bb0(%x_t: tensor<4xf32>, %more: tensor<4xf32>):
    seqmix.yield %x_t : tensor<4xf32>
  }, {}) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @recurrence_c3_type(%x: tensor<?x?x4xf32>) {
  // expected-error @+1 {{expects region argument #0 of type 'tensor<4xf32>', not 'tensor<?x4xf32>'}}
  %y = "seqmix.recurrence"(%x)
      <{operandSegmentSizes = array<i32: 1, 0, 0>,
        resultSegmentSizes = array<i32: 1, 0>}> ({
  ^bb0(%x_t: tensor<?x4xf32>):
    %0 = arith.constant dense<0.0> : tensor<4xf32>
    seqmix.yield %0 : tensor<4xf32>
  }, {}) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return
}

// -----

func.func @recurrence_c4(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>) {
  // expected-error @+1 {{expects as many yielded values as outputs and states: 1 != 2}}
  %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      states(%h = %h0 : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
    // expected-note @+1 {{yielded here}}
    seqmix.yield %x_t : tensor<4xf32>
  }
  return
}

// -----

func.func @recurrence_c5_output(%x: tensor<?x?x4xf32>) {
  // expected-error @+1 {{expects yielded value #0 of type 'tensor<5xf32>', not 'tensor<4xf32>'}}
  %y = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      -> (tensor<?x?x5xf32>) {
    // expected-note @+1 {{yielded here}}
    seqmix.yield %x_t : tensor<4xf32>
  }
  return
}

// -----

func.func @recurrence_c5_state(%x: tensor<?x?x4xf32>, %h0: tensor<?xf32>) {
  // expected-error @+1 {{expects yielded value #1 of type 'tensor<f32>', not 'tensor<4xf32>'}}
  %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      states(%h = %h0 : tensor<?xf32>) -> (tensor<?x?x4xf32>) {
    // expected-note @+1 {{yielded here}}
    seqmix.yield %x_t, %x_t : tensor<4xf32>, tensor<4xf32>
  }
  return
}

// -----

func.func @recurrence_c6(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>) {
  // expected-error @+1 {{expects final states of the initial states' types}}
  %h1 = "seqmix.recurrence"(%x, %h0)
      <{operandSegmentSizes = array<i32: 1, 0, 1>,
        resultSegmentSizes = array<i32: 0, 1>}> ({
  ^bb0(%x_t: tensor<4xf32>, %h: tensor<4xf32>):
    seqmix.yield %h : tensor<4xf32>
  }, {}) : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> tensor<?x5xf32>
  return
}

// -----

func.func @recurrence_state_names(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>) {
  // expected-error @+1 {{expects one name per state: 2 != 1}}
  %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      states(%h = %h0 : tensor<?x4xf32>) -> ()
      attributes {state_names = ["h", "n"]} {
    seqmix.yield %h : tensor<4xf32>
  }
  return
}

// -----

// The region's arguments are made from the operands' types, so those are
// checked while parsing.
func.func @recurrence_parses_sequences(%x: tensor<?xf32>) {
  // expected-error @+1 {{expects a sequence tensor, not 'tensor<?xf32>'}}
  seqmix.recurrence tokens(%x_t = %x : tensor<?xf32>) -> () {
    seqmix.yield
  }
  return
}

// -----

func.func @recurrence_parses_states(%x: tensor<?x?xf32>, %h0: tensor<f32>) {
  // expected-error @+1 {{expects a state tensor, not 'tensor<f32>'}}
  %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?xf32>)
      states(%h = %h0 : tensor<f32>) -> () {
    seqmix.yield %h : tensor<f32>
  }
  return
}

// -----

func.func @yield_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{'seqmix.yield' op expects parent op to be one of 'seqmix.kernel, seqmix.recurrence, seqmix.scan'}}
  seqmix.yield %x : tensor<4xf32>
}

// -----

func.func @recurrence_c7_length(%x: tensor<?x?x4xf32>) {
  // expected-error @+1 {{expects a chunk of at least two tokens, not 1}}
  %y = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      -> (tensor<?x?x4xf32>) {
    seqmix.yield %x_t : tensor<4xf32>
  } chunk 1 {
  ^bb0(%x_c: tensor<1x4xf32>):
    seqmix.yield %x_c : tensor<1x4xf32>
  }
  return
}

// -----

func.func @recurrence_c7_together(%x: tensor<?x?x4xf32>) {
  // expected-error @+1 {{expects a chunk's region and its length together}}
  %y = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      -> (tensor<?x?x4xf32>) attributes {chunk_size = 4 : i64} {
    seqmix.yield %x_t : tensor<4xf32>
  }
  return
}

// -----

func.func @recurrence_c7_argument(%x: tensor<?x?x4xf32>) {
  // expected-error @+1 {{expects region argument #0 of type 'tensor<8x4xf32>', not 'tensor<4xf32>'}}
  %y = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      -> (tensor<?x?x4xf32>) {
    seqmix.yield %x_t : tensor<4xf32>
  } chunk 8 {
  ^bb0(%x_c: tensor<4xf32>):
    seqmix.yield %x_c : tensor<4xf32>
  }
  return
}

// -----

func.func @recurrence_c7_output(%x: tensor<?x?x4xf32>) {
  // expected-error @+1 {{expects yielded value #0 of type 'tensor<8x4xf32>', not 'tensor<4xf32>'}}
  %y = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
      -> (tensor<?x?x4xf32>) {
    seqmix.yield %x_t : tensor<4xf32>
  } chunk 8 {
  ^bb0(%x_c: tensor<8x4xf32>):
    %0 = arith.constant dense<0.0> : tensor<4xf32>
    // expected-note @+1 {{yielded here}}
    seqmix.yield %0 : tensor<4xf32>
  }
  return
}
