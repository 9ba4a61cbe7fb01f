// RUN: seqmix-opt %s -split-input-file -verify-diagnostics

func.func @matmul_c1_transposed(%a: tensor<?x?x8xf32>, %b: tensor<8x16xf32>,
                                %c: tensor<?x?x16xf32>) {
  // expected-error @+1 {{expects an input [.., K], a weight [N, K] and an output [.., N]: 'tensor<?x?x8xf32>', 'tensor<8x16xf32>' and 'tensor<?x?x16xf32>'}}
  %0 = seqmix.matmul ins(%a, %b : tensor<?x?x8xf32>, tensor<8x16xf32>)
      outs(%c : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return
}

// -----

func.func @matmul_c1_rank(%a: tensor<?x?x8xf32>, %b: tensor<2x16x8xf32>,
                          %c: tensor<?x?x16xf32>) {
  // expected-error @+1 {{expects an input [.., K], a weight [N, K] and an output [.., N]:}}
  %0 = seqmix.matmul ins(%a, %b : tensor<?x?x8xf32>, tensor<2x16x8xf32>)
      outs(%c : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return
}

// -----

func.func @matmul_c1_output(%a: tensor<?x?x8xf32>, %b: tensor<16x8xf32>,
                            %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expects an input [.., K], a weight [N, K] and an output [.., N]:}}
  %0 = seqmix.matmul ins(%a, %b : tensor<?x?x8xf32>, tensor<16x8xf32>)
      outs(%c : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return
}

// -----

func.func @matmul_c1_rows(%a: tensor<3x?x8xf32>, %b: tensor<16x8xf32>,
                          %c: tensor<2x?x16xf32>) {
  // expected-error @+1 {{expects an input [.., K], a weight [N, K] and an output [.., N]:}}
  %0 = seqmix.matmul ins(%a, %b : tensor<3x?x8xf32>, tensor<16x8xf32>)
      outs(%c : tensor<2x?x16xf32>) -> tensor<2x?x16xf32>
  return
}

// -----

func.func @matmul_c1_scalar(%a: tensor<f32>, %b: tensor<16x8xf32>,
                            %c: tensor<f32>) {
  // expected-error @+1 {{expects an input [.., K], a weight [N, K] and an output [.., N]:}}
  %0 = seqmix.matmul ins(%a, %b : tensor<f32>, tensor<16x8xf32>)
      outs(%c : tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @matmul_c1_unranked(%a: tensor<*xf32>, %b: tensor<16x8xf32>,
                              %c: tensor<?x?x16xf32>) {
  // expected-error @+1 {{expects an input [.., K], a weight [N, K] and an output [.., N]:}}
  %0 = seqmix.matmul ins(%a, %b : tensor<*xf32>, tensor<16x8xf32>)
      outs(%c : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return
}

// -----

func.func @matmul_c2_mixed(%a: tensor<?x?x8xbf16>, %b: tensor<16x8xf32>,
                           %c: tensor<?x?x16xf32>) {
  // expected-error @+1 {{expects a weight of f32, bf16 or i8, an input of f32 or as the weight, and an output of f32: 'tensor<?x?x8xbf16>', 'tensor<16x8xf32>' and 'tensor<?x?x16xf32>'}}
  %0 = seqmix.matmul ins(%a, %b : tensor<?x?x8xbf16>, tensor<16x8xf32>)
      outs(%c : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return
}

// -----

func.func @matmul_c2_f16(%a: tensor<?x?x8xf16>, %b: tensor<16x8xf16>,
                         %c: tensor<?x?x16xf32>) {
  // expected-error @+1 {{expects a weight of f32, bf16 or i8, an input of f32 or as the weight, and an output of f32:}}
  %0 = seqmix.matmul ins(%a, %b : tensor<?x?x8xf16>, tensor<16x8xf16>)
      outs(%c : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return
}

// -----

func.func @matmul_c2_output(%a: tensor<?x?x8xbf16>, %b: tensor<16x8xbf16>,
                            %c: tensor<?x?x16xbf16>) {
  // expected-error @+1 {{expects a weight of f32, bf16 or i8, an input of f32 or as the weight, and an output of f32:}}
  %0 = seqmix.matmul ins(%a, %b : tensor<?x?x8xbf16>, tensor<16x8xbf16>)
      outs(%c : tensor<?x?x16xbf16>) -> tensor<?x?x16xbf16>
  return
}

// -----

func.func @matmul_c3_missing(%a: tensor<?x?x8xf32>, %b: tensor<16x8xf32>,
                             %c: tensor<?x?x16xf32>) {
  // expected-error @+1 {{'seqmix.matmul' op expects results of types 'tensor<?x?x16xf32>', not}}
  seqmix.matmul ins(%a, %b : tensor<?x?x8xf32>, tensor<16x8xf32>)
      outs(%c : tensor<?x?x16xf32>)
  return
}

// -----

func.func @matmul_c3_memory(%a: memref<?x?x8xf32>, %b: memref<16x8xf32>,
                            %c: memref<?x?x16xf32>) {
  // expected-error @+1 {{expects no results on memrefs, not 'tensor<?x?x16xf32>'}}
  %0 = seqmix.matmul ins(%a, %b : memref<?x?x8xf32>, memref<16x8xf32>)
      outs(%c : memref<?x?x16xf32>) -> tensor<?x?x16xf32>
  return
}

// -----

func.func @matmul_c4_missing(%a: tensor<?x?x8xf32>, %b: tensor<16x8xi8>,
                             %c: tensor<?x?x16xf32>) {
  // expected-error @+1 {{expects scales for a weight of i8, and for no other: 'tensor<16x8xi8>'}}
  %0 = seqmix.matmul ins(%a, %b : tensor<?x?x8xf32>, tensor<16x8xi8>)
      outs(%c : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return
}

// -----

func.func @matmul_c4_too_many(%a: tensor<?x?x8xf32>, %b: tensor<16x8xf32>,
                              %s: tensor<16x2xf32>, %c: tensor<?x?x16xf32>) {
  // expected-error @+1 {{expects scales for a weight of i8, and for no other: 'tensor<16x8xf32>'}}
  %0 = seqmix.matmul ins(%a, %b : tensor<?x?x8xf32>, tensor<16x8xf32>)
      scales(%s : tensor<16x2xf32>) outs(%c : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return
}

// -----

func.func @matmul_c4_groups(%a: tensor<?x?x8xf32>, %b: tensor<16x8xi8>,
                            %s: tensor<16x3xf32>, %c: tensor<?x?x16xf32>) {
  // expected-error @+1 {{expects scales of f32 [N, groups] with a group count that divides K: 'tensor<16x8xi8>' and 'tensor<16x3xf32>'}}
  %0 = seqmix.matmul ins(%a, %b : tensor<?x?x8xf32>, tensor<16x8xi8>)
      scales(%s : tensor<16x3xf32>) outs(%c : tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return
}
