// RUN: seqmix-opt %s -split-input-file -verify-diagnostics

func.func @conv_c1_channels(%x: tensor<?x?x6xf32>, %w: tensor<5x4xf32>,
                            %h0: tensor<?x3x6xf32>) {
  // expected-error @+1 {{expects an input [batch, time] + E and a weight E + [W] with W >= 2: 'tensor<?x?x6xf32>' and 'tensor<5x4xf32>'}}
  %y, %h1 = seqmix.conv %x, %w history(%h0)
      : tensor<?x?x6xf32>, tensor<5x4xf32>, tensor<?x3x6xf32>
  return
}

// -----

func.func @conv_c1_taps(%x: tensor<?x?x6xf32>, %w: tensor<6x1xf32>,
                        %h0: tensor<?x0x6xf32>) {
  // expected-error @+1 {{a weight E + [W] with W >= 2: 'tensor<?x?x6xf32>' and 'tensor<6x1xf32>'}}
  %y, %h1 = seqmix.conv %x, %w history(%h0)
      : tensor<?x?x6xf32>, tensor<6x1xf32>, tensor<?x0x6xf32>
  return
}

// -----

func.func @conv_c2(%x: tensor<?x?x6xf32>, %w: tensor<6x4xf32>,
                   %h0: tensor<?x4x6xf32>) {
  // expected-error @+1 {{expects a history of 3 tokens: 'tensor<?x4x6xf32>' for 'tensor<?x?x6xf32>'}}
  %y, %h1 = seqmix.conv %x, %w history(%h0)
      : tensor<?x?x6xf32>, tensor<6x4xf32>, tensor<?x4x6xf32>
  return
}

// -----

func.func @conv_c3(%x: tensor<?x?x6xf32>, %w: tensor<6x4xf32>,
                   %b: tensor<4xf32>, %h0: tensor<?x3x6xf32>) {
  // expected-error @+1 {{expects a bias shaped as a token: 'tensor<4xf32>' and 'tensor<?x?x6xf32>'}}
  %y, %h1 = seqmix.conv %x, %w bias(%b : tensor<4xf32>) history(%h0)
      : tensor<?x?x6xf32>, tensor<6x4xf32>, tensor<?x3x6xf32>
  return
}

// -----

func.func @conv_c4(%x: tensor<?x?x6xf32>, %w: tensor<6x4xf64>,
                   %h0: tensor<?x3x6xf32>) {
  // expected-error @+1 {{expects one float element type: 'tensor<?x?x6xf32>' and 'tensor<6x4xf64>'}}
  %y, %h1 = seqmix.conv %x, %w history(%h0)
      : tensor<?x?x6xf32>, tensor<6x4xf64>, tensor<?x3x6xf32>
  return
}

// -----

func.func @conv_batch(%x: tensor<2x?x6xf32>, %w: tensor<6x4xf32>,
                      %h0: tensor<3x3x6xf32>) {
  // expected-error @+1 {{expects sequences and states of one batch: 'tensor<2x?x6xf32>' and 'tensor<3x3x6xf32>'}}
  %y, %h1 = seqmix.conv %x, %w history(%h0)
      : tensor<2x?x6xf32>, tensor<6x4xf32>, tensor<3x3x6xf32>
  return
}

// -----

func.func @conv_c5(%x: tensor<?x?x6xf32>, %w: tensor<6x4xf32>,
                   %h0: tensor<?x3x6xf32>) {
  // expected-error @+1 {{expects a chunk of at least one token, not 0}}
  %y, %h1 = seqmix.conv %x, %w history(%h0) chunk 0
      : tensor<?x?x6xf32>, tensor<6x4xf32>, tensor<?x3x6xf32>
  return
}
