// RUN: seqmix-opt %s | FileCheck %s

// CHECK-LABEL: @window_of_eight
func.func @window_of_eight(
    %q: tensor<?x?x4x16xf32>, %k: tensor<?x?x2x16xf32>,
    %v: tensor<?x?x2x16xf32>, %ks: tensor<?x8x2x16xf32>,
    %vs: tensor<?x8x2x16xf32>, %n: tensor<?xi64>)
    -> (tensor<?x?x4x16xf32>, tensor<?xi64>) {
  // CHECK: seqmix.window_attention %{{.+}}, %{{.+}}, %{{.+}} cache(%{{.+}}, %{{.+}}, %{{.+}}) windowed scale 2.500000e-01 : tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>, tensor<?x8x2x16xf32>, tensor<?x8x2x16xf32>, tensor<?xi64> -> tensor<?x?x4x16xf32>
  %o, %ks1, %vs1, %n1 = seqmix.window_attention %q, %k, %v
      cache(%ks, %vs, %n) windowed scale 0.25
      : tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>,
        tensor<?x8x2x16xf32>, tensor<?x8x2x16xf32>, tensor<?xi64>
      -> tensor<?x?x4x16xf32>
  return %o, %n1 : tensor<?x?x4x16xf32>, tensor<?xi64>
}

// All tokens, at most 100; values wider than keys.
// CHECK-LABEL: @capacity_of_a_hundred
func.func @capacity_of_a_hundred(
    %q: tensor<?x?x2x3xf64>, %k: tensor<?x?x2x3xf64>, %v: tensor<?x?x2x5xf64>,
    %ks: tensor<?x100x2x3xf64>, %vs: tensor<?x100x2x5xf64>, %n: tensor<?xi64>)
    -> tensor<?x?x2x5xf64> {
  // CHECK: seqmix.window_attention %{{.+}} cache(%{{.+}}, %{{.+}}, %{{.+}}) scale 1.000000e+00 {note = "kept"} : {{.*}} -> tensor<?x?x2x5xf64>
  %o, %ks1, %vs1, %n1 = seqmix.window_attention %q, %k, %v
      cache(%ks, %vs, %n) scale 1.0 {note = "kept"}
      : tensor<?x?x2x3xf64>, tensor<?x?x2x3xf64>, tensor<?x?x2x5xf64>,
        tensor<?x100x2x3xf64>, tensor<?x100x2x5xf64>, tensor<?xi64>
      -> tensor<?x?x2x5xf64>
  return %o : tensor<?x?x2x5xf64>
}
