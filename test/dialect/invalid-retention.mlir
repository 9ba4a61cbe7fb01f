// RUN: seqmix-opt %s -split-input-file -verify-diagnostics

func.func @retention_c1_rank(%q: tensor<?x?x8xf32>, %v: tensor<?x?x2x16xf32>,
                             %S0: tensor<?x2x8x16xf32>) {
  // expected-error @+1 {{expects query and value [batch, time, H, K] and [batch, time, H, V] with the same heads: 'tensor<?x?x8xf32>' and 'tensor<?x?x2x16xf32>'}}
  %o, %S1 = seqmix.retention %q, %q, %v state(%S0)
      : tensor<?x?x8xf32>, tensor<?x?x2x16xf32>, tensor<?x2x8x16xf32>
  return
}

// -----

func.func @retention_c1_heads(%q: tensor<?x?x3x8xf32>,
                              %v: tensor<?x?x2x16xf32>,
                              %S0: tensor<?x2x8x16xf32>) {
  // expected-error @+1 {{with the same heads: 'tensor<?x?x3x8xf32>' and 'tensor<?x?x2x16xf32>'}}
  %o, %S1 = seqmix.retention %q, %q, %v state(%S0)
      : tensor<?x?x3x8xf32>, tensor<?x?x2x16xf32>, tensor<?x2x8x16xf32>
  return
}

// -----

!q = tensor<?x?x2x8xf32>
!v = tensor<?x?x2x16xf32>
func.func @retention_c2(%q: !q, %v: !v, %S0: tensor<?x2x16x8xf32>) {
  // expected-error @+1 {{expects a state [batch, 2, 8, 16], not 'tensor<?x2x16x8xf32>'}}
  %o, %S1 = seqmix.retention %q, %q, %v state(%S0) : !q, !v, tensor<?x2x16x8xf32>
  return
}

// -----

!q = tensor<?x?x2x8xf32>
!v = tensor<?x?x2x16xf32>
!S = tensor<?x2x8x16xf32>
func.func @retention_c3(%q: !q, %v: !v, %g: tensor<?x?x8xf32>, %S0: !S) {
  // expected-error @+1 {{expects decay over no axis, [H] or [H, K], not 'tensor<?x?x8xf32>'}}
  %o, %S1 = seqmix.retention %q, %q, %v decay(%g : tensor<?x?x8xf32>)
      state(%S0) : !q, !v, !S
  return
}

// -----

!q = tensor<?x?x2x8xf32>
!v = tensor<?x?x2x16xf32>
!S = tensor<?x2x8x16xf32>
func.func @retention_c3_rank(%q: !q, %v: !v, %g: tensor<?x?x2x8x16xf32>,
                             %S0: !S) {
  // expected-error @+1 {{expects decay over no axis, [H] or [H, K], not 'tensor<?x?x2x8x16xf32>'}}
  %o, %S1 = seqmix.retention %q, %q, %v decay(%g : tensor<?x?x2x8x16xf32>)
      state(%S0) : !q, !v, !S
  return
}

// -----

!q = tensor<?x?x2x8xf32>
!v = tensor<?x?x2x16xf32>
!S = tensor<?x2x8x16xf32>
func.func @retention_c4(%q: !q, %v: !v, %g: tensor<8xf32>, %S0: !S) {
  // expected-error @+1 {{expects constant_decay over no axis, [H] or [H, K], not 'tensor<8xf32>'}}
  %o, %S1 = seqmix.retention %q, %q, %v constant_decay(%g : tensor<8xf32>)
      state(%S0) : !q, !v, !S
  return
}

// -----

!q = tensor<?x?x2x8xf32>
!v = tensor<?x?x2x16xf32>
!S = tensor<?x2x8x16xf32>
func.func @retention_c4_excludes(%q: !q, %v: !v, %g: tensor<2xf32>, %S0: !S) {
  // expected-error @+1 {{expects decay or constant_decay, not both}}
  %o, %S1 = seqmix.retention %q, %q, %v decay(%q : !q)
      constant_decay(%g : tensor<2xf32>) state(%S0) : !q, !v, !S
  return
}

// -----

!q = tensor<?x?x2x8xf32>
!v = tensor<?x?x2x16xf32>
!S = tensor<?x2x8x16xf32>
func.func @retention_c5(%q: !q, %v: !v, %u: tensor<2xf32>, %S0: !S) {
  // expected-error @+1 {{expects bonus [H, K], not 'tensor<2xf32>'}}
  %o, %S1 = seqmix.retention %q, %q, %v bonus(%u : tensor<2xf32>)
      state(%S0) : !q, !v, !S
  return
}

// -----

!q = tensor<?x?x2x8xf32>
!v = tensor<?x?x2x16xf32>
!S = tensor<?x2x8x16xf64>
func.func @retention_c6(%q: !q, %v: !v, %S0: !S) {
  // expected-error @+1 {{expects one float element type: 'tensor<?x?x2x8xf32>' and 'tensor<?x2x8x16xf64>'}}
  %o, %S1 = seqmix.retention %q, %q, %v state(%S0) : !q, !v, !S
  return
}

// -----

!q = tensor<?x?x2x8xi32>
!v = tensor<?x?x2x16xi32>
!S = tensor<?x2x8x16xi32>
func.func @retention_c6_float(%q: !q, %v: !v, %S0: !S) {
  // expected-error @+1 {{expects one float element type: 'tensor<?x?x2x8xi32>' and}}
  %o, %S1 = seqmix.retention %q, %q, %v state(%S0) : !q, !v, !S
  return
}

// -----

!q = tensor<2x?x2x8xf32>
!v = tensor<2x?x2x16xf32>
!S = tensor<3x2x8x16xf32>
func.func @retention_batch(%q: !q, %v: !v, %S0: !S) {
  // expected-error @+1 {{expects sequences and states of one batch: 'tensor<2x?x2x8xf32>' and 'tensor<3x2x8x16xf32>'}}
  %o, %S1 = seqmix.retention %q, %q, %v state(%S0) : !q, !v, !S
  return
}
