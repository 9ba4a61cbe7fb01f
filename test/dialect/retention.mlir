// RUN: seqmix-opt %s | FileCheck %s

!q = tensor<?x?x2x8xf32>
!v = tensor<?x?x2x16xf32>
!S = tensor<?x2x8x16xf32>

// CHECK-LABEL: @no_decay
func.func @no_decay(%q: !q, %k: !q, %v: !v, %S0: !S) -> (!v, !S) {
  // CHECK: seqmix.retention %{{.+}}, %{{.+}}, %{{.+}} state(%{{.+}}) : tensor<?x?x2x8xf32>, tensor<?x?x2x16xf32>, tensor<?x2x8x16xf32>
  %o, %S1 = seqmix.retention %q, %k, %v state(%S0) : !q, !v, !S
  return %o, %S1 : !v, !S
}

// CHECK-LABEL: @decay_of_a_token
func.func @decay_of_a_token(%q: !q, %k: !q, %v: !v, %g: tensor<?x?xf32>,
                            %S0: !S) -> !v {
  // CHECK: seqmix.retention %{{.+}}, %{{.+}}, %{{.+}} decay(%{{.+}} : tensor<?x?xf32>) state(
  %o, %S1 = seqmix.retention %q, %k, %v decay(%g : tensor<?x?xf32>)
      state(%S0) : !q, !v, !S
  return %o : !v
}

// CHECK-LABEL: @decay_of_a_head
func.func @decay_of_a_head(%q: !q, %k: !q, %v: !v, %g: tensor<?x?x2xf32>,
                           %S0: !S) -> !v {
  // CHECK: decay(%{{.+}} : tensor<?x?x2xf32>) state(
  %o, %S1 = seqmix.retention %q, %k, %v decay(%g : tensor<?x?x2xf32>)
      state(%S0) : !q, !v, !S
  return %o : !v
}

// CHECK-LABEL: @decay_of_a_key
func.func @decay_of_a_key(%q: !q, %k: !q, %v: !v, %g: !q, %S0: !S) -> !v {
  // CHECK: decay(%{{.+}} : tensor<?x?x2x8xf32>) state(
  %o, %S1 = seqmix.retention %q, %k, %v decay(%g : !q) state(%S0)
      : !q, !v, !S
  return %o : !v
}

// CHECK-LABEL: @constant_decay
func.func @constant_decay(%q: !q, %k: !q, %v: !v, %g: tensor<2xf32>, %S0: !S)
    -> !v {
  // CHECK: seqmix.retention %{{.+}}, %{{.+}}, %{{.+}} constant_decay(%{{.+}} : tensor<2xf32>) state(%{{.+}}) : tensor<?x?x2x8xf32>, tensor<?x?x2x16xf32>, tensor<?x2x8x16xf32>
  %o, %S1 = seqmix.retention %q, %k, %v constant_decay(%g : tensor<2xf32>)
      state(%S0) : tensor<?x?x2x8xf32>, tensor<?x?x2x16xf32>,
                   tensor<?x2x8x16xf32>
  return %o : !v
}

// CHECK-LABEL: @constant_decay_scalar
func.func @constant_decay_scalar(%q: !q, %k: !q, %v: !v, %g: tensor<f32>,
                                 %S0: !S) -> !v {
  // CHECK: constant_decay(%{{.+}} : tensor<f32>) state(
  %o, %S1 = seqmix.retention %q, %k, %v constant_decay(%g : tensor<f32>)
      state(%S0) : !q, !v, !S
  return %o : !v
}

// CHECK-LABEL: @constant_decay_of_a_key_and_bonus
func.func @constant_decay_of_a_key_and_bonus(
    %q: !q, %k: !q, %v: !v, %g: tensor<2x8xf32>, %u: tensor<2x8xf32>, %S0: !S)
    -> !v {
  // CHECK: constant_decay(%{{.+}} : tensor<2x8xf32>) bonus(%{{.+}} : tensor<2x8xf32>) state(%{{.+}}) {note = "kept"} :
  %o, %S1 = seqmix.retention %q, %k, %v constant_decay(%g : tensor<2x8xf32>)
      bonus(%u : tensor<2x8xf32>) state(%S0) {note = "kept"} : !q, !v, !S
  return %o : !v
}

// CHECK-LABEL: @decay_and_bonus
func.func @decay_and_bonus(%q: !q, %k: !q, %v: !v, %g: !q,
                           %u: tensor<2x8xf32>, %S0: !S) -> !v {
  // CHECK: decay(%{{.+}} : tensor<?x?x2x8xf32>) bonus(%{{.+}} : tensor<2x8xf32>) state(
  %o, %S1 = seqmix.retention %q, %k, %v decay(%g : !q)
      bonus(%u : tensor<2x8xf32>) state(%S0) : !q, !v, !S
  return %o : !v
}
