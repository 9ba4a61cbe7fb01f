// RUN: seqmix-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expects at least one entry point}}
seqmix.model @model_c1_empty {
}

// -----

seqmix.model @model_c1_other {
  // expected-error @+1 {{'func.func' op is not an entry point of the model @model_c1_other}}
  func.func private @f()
}

// -----

seqmix.model @model_c2_param {
  seqmix.entry @a(%x "x" : tensor<?x?x4xf32>) {
    // expected-note @+1 {{used here}}
    %w = seqmix.param "w" : tensor<4xf32>
    seqmix.return outputs("y" = %x : tensor<?x?x4xf32>)
  }
  seqmix.entry @b(%x "x" : tensor<?x?x4xf32>) {
    // expected-error @+1 {{disagrees with the other use of "w": tensor<5xf32> and tensor<4xf32>}}
    %w = seqmix.param "w" : tensor<5xf32>
    seqmix.return outputs("y" = %x : tensor<?x?x4xf32>)
  }
}

// -----

seqmix.model @model_c2_state {
  seqmix.entry @a(%x "x" : tensor<?x?x4xf32>) {
    // expected-note @+1 {{used here}}
    %s = seqmix.state "s" init 0.0 : tensor<?x4xf32>
    seqmix.return states("s" = %s : tensor<?x4xf32>)
  }
  seqmix.entry @b(%x "x" : tensor<?x?x4xf32>) {
    // expected-error @+1 {{disagrees with the other use of "s": tensor<?x5xf32> init 0.00 and tensor<?x4xf32> init 0.00}}
    %s = seqmix.state "s" init 0.0 : tensor<?x5xf32>
    seqmix.return states("s" = %s : tensor<?x5xf32>)
  }
}

// -----

seqmix.model @model_c2_init {
  seqmix.entry @a(%x "x" : tensor<?x?x4xf32>) {
    // expected-note @+1 {{used here}}
    %s = seqmix.state "s" init 0.0 : tensor<?x4xf32>
    seqmix.return states("s" = %s : tensor<?x4xf32>)
  }
  seqmix.entry @b(%x "x" : tensor<?x?x4xf32>) {
    // expected-error @+1 {{disagrees with the other use of "s"}}
    %s = seqmix.state "s" init 1.0 : tensor<?x4xf32>
    seqmix.return states("s" = %s : tensor<?x4xf32>)
  }
}

// -----

// expected-error @+1 {{expects a positive max_length, not 0}}
seqmix.model @model_c3 max_length 0 {
  seqmix.entry @prefill(%x "x" : tensor<?x?x4xf32>) {
    seqmix.return outputs("y" = %x : tensor<?x?x4xf32>)
  }
}

// -----

seqmix.model @entry_c1_none {
  // expected-error @+1 {{expects at least one input}}
  seqmix.entry @prefill() {
    seqmix.return
  }
}

// -----

seqmix.model @entry_c1_sequence {
  // expected-error @+1 {{expects inputs that are sequences, not 'tensor<?xf32>'}}
  seqmix.entry @prefill(%x "x" : tensor<?xf32>) {
    seqmix.return
  }
}

// -----

seqmix.model @entry_c2_inputs {
  // expected-error @+1 {{expects unique names: input "x" appears twice}}
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>, %y "x" : tensor<?x?xf32>) {
    seqmix.return
  }
}

// -----

seqmix.model @entry_c2_outputs {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{expects unique names: output "y" appears twice}}
    seqmix.return outputs("y" = %x : tensor<?x?xf32>,
                          "y" = %x : tensor<?x?xf32>)
  }
}

// -----

seqmix.model @entry_c2_states {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    %s = seqmix.state "s" init 0.0 : tensor<?xf32>
    // expected-error @+1 {{expects unique names: state "s" appears twice}}
    seqmix.return states("s" = %s : tensor<?xf32>, "s" = %s : tensor<?xf32>)
  }
}

// -----

seqmix.model @entry_c3_float {
  // expected-error @+1 {{expects a positive limit on an integer input, not 7 on 'tensor<?x?xf32>'}}
  seqmix.entry @prefill(%x "x" limit 7 : tensor<?x?xf32>) {
    seqmix.return
  }
}

// -----

seqmix.model @entry_c3_positive {
  // expected-error @+1 {{expects a positive limit on an integer input, not -1 on 'tensor<?x?xi32>'}}
  seqmix.entry @prefill(%x "x" limit -1 : tensor<?x?xi32>) {
    seqmix.return
  }
}

// -----

seqmix.model @entry_c4_twice {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    %s = seqmix.state "s" init 0.0 : tensor<?xf32>
    // expected-error @+1 {{reads "s" a second time}}
    %again = seqmix.state "s" init 0.0 : tensor<?xf32>
    seqmix.return states("s" = %s : tensor<?xf32>)
  }
}

// -----

seqmix.model @entry_c4_kept {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{expects "s" to be returned as 'tensor<?xf32>'}}
    %s = seqmix.state "s" init 0.0 : tensor<?xf32>
    // expected-note @+1 {{returned here}}
    seqmix.return
  }
}

// -----

seqmix.model @entry_c4_type {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{expects "s" to be returned as 'tensor<?x4xf32>'}}
    %s = seqmix.state "s" init 0.0 : tensor<?x4xf32>
    %t = seqmix.state "t" init 0.0 : tensor<?xf32>
    // expected-note @+1 {{returned here}}
    seqmix.return states("s" = %t : tensor<?xf32>, "t" = %t : tensor<?xf32>)
  }
}

// -----

seqmix.model @entry_c4_other {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    %s = seqmix.state "s" init 0.0 : tensor<?xf32>
    // expected-error @+1 {{expects to return the states that are read: 2 != 1}}
    seqmix.return states("s" = %s : tensor<?xf32>, "t" = %s : tensor<?xf32>)
  }
}

// -----

seqmix.model @entry_c5 {
  // expected-error @+1 {{expects a positive length, not 0}}
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) length 0 {
    seqmix.return
  }
}

// -----

seqmix.model @entry_names {
  // expected-error @+1 {{expects one name and one limit per input: 2 and 1 for 1}}
  "seqmix.entry"() <{sym_name = "prefill", input_names = ["x", "y"],
                     input_limits = array<i64: 0>}> ({
  ^bb0(%x: tensor<?x?xf32>):
    seqmix.return
  }) : () -> ()
}

// -----

seqmix.model @param_c1 {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{'seqmix.param' op expects a name}}
    %w = seqmix.param "" : tensor<4xf32>
    seqmix.return
  }
}

// -----

seqmix.model @param_c2_extent {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{expects positive extents of f32, f64, bf16 or i8, not 'tensor<4x0xf32>'}}
    %w = seqmix.param "w" : tensor<4x0xf32>
    seqmix.return
  }
}

// -----

seqmix.model @param_c2_element {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{expects positive extents of f32, f64, bf16 or i8, not 'tensor<4xi32>'}}
    %w = seqmix.param "w" : tensor<4xi32>
    seqmix.return
  }
}

// -----

seqmix.model @state_c1 {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{'seqmix.state' op expects a name}}
    %s = seqmix.state "" init 0.0 : tensor<?xf32>
    seqmix.return states("" = %s : tensor<?xf32>)
  }
}

// -----

seqmix.model @state_c2_extent {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{expects dynamic batch and positive extents of f32, f64, i32 or i64, not 'tensor<?x0xf32>'}}
    %s = seqmix.state "s" init 0.0 : tensor<?x0xf32>
    seqmix.return states("s" = %s : tensor<?x0xf32>)
  }
}

// -----

seqmix.model @state_c2_element {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{expects dynamic batch and positive extents of f32, f64, i32 or i64, not 'tensor<?xi8>'}}
    %s = seqmix.state "s" init 0.0 : tensor<?xi8>
    seqmix.return states("s" = %s : tensor<?xi8>)
  }
}

// -----

seqmix.model @state_c3 {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{expects a whole number as initial value, not 5.000000e-01}}
    %s = seqmix.state "s" init 0.5 : tensor<?xi32>
    seqmix.return states("s" = %s : tensor<?xi32>)
  }
}

// -----

seqmix.model @return_c1 {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{'seqmix.return' op expects one name per value}}
    "seqmix.return"(%x) <{operandSegmentSizes = array<i32: 1, 0>,
                          output_names = ["y", "z"], state_names = []}>
        : (tensor<?x?xf32>) -> ()
  }
}

// -----

seqmix.model @state_c2_batch {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    // expected-error @+1 {{expects dynamic batch and positive extents of f32, f64, i32 or i64, not 'tensor<2xf32>'}}
    %s = seqmix.state "s" init 0.0 : tensor<2xf32>
    seqmix.return states("s" = %s : tensor<2xf32>)
  }
}

// -----

seqmix.model @entry_c3_zero {
  // expected-error @+1 {{expects a positive limit, not 0}}
  seqmix.entry @prefill(%x "x" limit 0 : tensor<?x?xi32>) {
    seqmix.return
  }
}

// -----

seqmix.model @entry_c6_batch {
  // expected-error @+1 {{expects sequences of dynamic batch and time, and of f32, f64, i32 or i64, not 'tensor<2x3xf32>'}}
  seqmix.entry @prefill(%x "x" : tensor<2x3xf32>) {
    seqmix.return
  }
}

// -----

seqmix.model @entry_c6_input {
  // expected-error @+1 {{expects sequences of dynamic batch and time, and of f32, f64, i32 or i64, not 'tensor<?x?xf16>'}}
  seqmix.entry @prefill(%x "x" : tensor<?x?xf16>) {
    seqmix.return
  }
}

// -----

seqmix.model @entry_c6_output {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    %y = arith.truncf %x : tensor<?x?xf32> to tensor<?x?xf16>
    // expected-error @+1 {{expects sequences of dynamic batch and time, and of f32, f64, i32 or i64, not 'tensor<?x?xf16>'}}
    seqmix.return outputs("y" = %y : tensor<?x?xf16>)
  }
}

// -----

seqmix.model @entry_c7 {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>) {
    %s = seqmix.state "s" init 0.0 : tensor<?xf32>
    // expected-error @+1 {{runs in reverse, but a session is fed in pieces}}
    %y, %s1 = seqmix.scan inclusive reverse (%x : tensor<?x?xf32>)
        states(%s : tensor<?xf32>) {
    ^bb0(%l: tensor<f32>, %r: tensor<f32>):
      %0 = arith.addf %l, %r : tensor<f32>
      seqmix.yield %0 : tensor<f32>
    }
    seqmix.return outputs("y" = %y : tensor<?x?xf32>)
        states("s" = %s1 : tensor<?xf32>)
  }
}
