// RUN: seqmix-opt %s -split-input-file -verify-diagnostics

!k = tensor<?x?x2x16xf32>
!c = tensor<?x8x2x16xf32>
!n = tensor<?xi64>
func.func @window_attention_c1_divides(%q: tensor<?x?x3x16xf32>, %k: !k,
                                       %c: !c, %n: !n) {
  // expected-error @+1 {{expects query [batch, time, H, K], key [.., G, K] and value [.., G, V], where G divides H: 'tensor<?x?x3x16xf32>', 'tensor<?x?x2x16xf32>' and 'tensor<?x?x2x16xf32>'}}
  %o, %ks, %vs, %n1 = seqmix.window_attention %q, %k, %k cache(%c, %c, %n)
      scale 1.0 : tensor<?x?x3x16xf32>, !k, !k, !c, !c, !n
      -> tensor<?x?x3x16xf32>
  return
}

// -----

!k = tensor<?x?x2x16xf32>
!c = tensor<?x8x2x16xf32>
!n = tensor<?xi64>
func.func @window_attention_c1_width(%q: tensor<?x?x2x15xf32>, %k: !k,
                                     %c: !c, %n: !n) {
  // expected-error @+1 {{expects query [batch, time, H, K], key [.., G, K]}}
  %o, %ks, %vs, %n1 = seqmix.window_attention %q, %k, %k cache(%c, %c, %n)
      scale 1.0 : tensor<?x?x2x15xf32>, !k, !k, !c, !c, !n
      -> tensor<?x?x2x16xf32>
  return
}

// -----

!q = tensor<?x?x2x16xf32>
!c = tensor<?x8x2x16xf32>
!n = tensor<?xi64>
func.func @window_attention_c2_capacities(%q: !q, %ks0: !c,
                                          %vs0: tensor<?x9x2x16xf32>, %n: !n) {
  // expected-error @+1 {{expects caches [batch, C, G, K] and [batch, C, G, V] of one positive capacity C: 'tensor<?x8x2x16xf32>' and 'tensor<?x9x2x16xf32>'}}
  %o, %ks, %vs, %n1 = seqmix.window_attention %q, %q, %q cache(%ks0, %vs0, %n)
      scale 1.0 : !q, !q, !q, !c, tensor<?x9x2x16xf32>, !n -> !q
  return
}

// -----

!q = tensor<?x?x2x16xf32>
!c = tensor<?x0x2x16xf32>
!n = tensor<?xi64>
func.func @window_attention_c2_positive(%q: !q, %c: !c, %n: !n) {
  // expected-error @+1 {{of one positive capacity C: 'tensor<?x0x2x16xf32>'}}
  %o, %ks, %vs, %n1 = seqmix.window_attention %q, %q, %q cache(%c, %c, %n)
      scale 1.0 : !q, !q, !q, !c, !c, !n -> !q
  return
}

// -----

!q = tensor<?x?x2x16xf32>
!c = tensor<?x8x2x16xf32>
!n = tensor<?xi32>
func.func @window_attention_c3(%q: !q, %c: !c, %n: !n) {
  // expected-error @+1 {{expects a count [batch] of i64, not 'tensor<?xi32>'}}
  %o, %ks, %vs, %n1 = seqmix.window_attention %q, %q, %q cache(%c, %c, %n)
      scale 1.0 : !q, !q, !q, !c, !c, !n -> !q
  return
}

// -----

!q = tensor<?x?x2x16xf32>
!v = tensor<?x?x2x5xf32>
!n = tensor<?xi64>
func.func @window_attention_c4(%q: !q, %v: !v, %ks0: tensor<?x8x2x16xf32>,
                               %vs0: tensor<?x8x2x5xf32>, %n: !n) {
  // expected-error @+1 {{expects an output [batch, time, 2, 5], not 'tensor<?x?x2x16xf32>'}}
  %o, %ks, %vs, %n1 = seqmix.window_attention %q, %q, %v cache(%ks0, %vs0, %n)
      scale 1.0 : !q, !q, !v, tensor<?x8x2x16xf32>, tensor<?x8x2x5xf32>, !n
      -> !q
  return
}

// -----

!q = tensor<?x?x2x16xf32>
!v = tensor<?x?x2x16xf64>
!n = tensor<?xi64>
func.func @window_attention_c5(%q: !q, %v: !v, %ks0: tensor<?x8x2x16xf32>,
                               %vs0: tensor<?x8x2x16xf64>, %n: !n) {
  // expected-error @+1 {{expects one float element type: 'tensor<?x?x2x16xf32>' and 'tensor<?x?x2x16xf64>'}}
  %o, %ks, %vs, %n1 = seqmix.window_attention %q, %q, %v cache(%ks0, %vs0, %n)
      scale 1.0 : !q, !q, !v, tensor<?x8x2x16xf32>, tensor<?x8x2x16xf64>, !n
      -> !v
  return
}

// -----

!q = tensor<?x?x2x16xf32>
!c = tensor<?x8x2x16xf32>
!n = tensor<?xi64>
func.func @window_attention_c6(%q: !q, %c: !c, %n: !n) {
  // expected-error @+1 {{expects a chunk of at least one token, not 0}}
  %o, %ks, %vs, %n1 = seqmix.window_attention %q, %q, %q cache(%c, %c, %n)
      scale 1.0 chunk 0 : !q, !q, !q, !c, !c, !n -> !q
  return
}

// -----

!q = tensor<2x?x2x16xf32>
!c = tensor<2x8x2x16xf32>
!n = tensor<3xi64>
func.func @window_attention_batch(%q: !q, %c: !c, %n: !n) {
  // expected-error @+1 {{expects sequences and states of one batch: 'tensor<2x?x2x16xf32>' and 'tensor<3xi64>'}}
  %o, %ks, %vs, %n1 = seqmix.window_attention %q, %q, %q cache(%c, %c, %n)
      scale 1.0 : !q, !q, !q, !c, !c, !n -> !q
  return
}
