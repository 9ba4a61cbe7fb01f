// RUN: seqmix-opt %s --split-input-file | FileCheck %s

// CHECK-LABEL: seqmix.model @counter {
seqmix.model @counter {
  // CHECK: seqmix.entry @prefill(%[[X:.+]] "x" : tensor<?x?x4xf32>) {
  seqmix.entry @prefill(%x "x" : tensor<?x?x4xf32>) {
    // CHECK: seqmix.param "scale" : tensor<4xf32>
    %w = seqmix.param "scale" : tensor<4xf32>
    // CHECK: %[[S:.+]] = seqmix.state "last" init 0.000000e+00 : tensor<?x4xf32>
    %s = seqmix.state "last" init 0.0 : tensor<?x4xf32>
    // CHECK: %[[Y:.+]], %[[S1:.+]] = seqmix.shift %[[X]] state(%[[S]])
    %y, %s1 = seqmix.shift %x state(%s)
        : tensor<?x?x4xf32>, tensor<?x4xf32>
    // CHECK: seqmix.return outputs("y" = %[[Y]] : tensor<?x?x4xf32>) states("last" = %[[S1]] : tensor<?x4xf32>)
    seqmix.return outputs("y" = %y : tensor<?x?x4xf32>)
        states("last" = %s1 : tensor<?x4xf32>)
  }
}

// -----

// Several entry points, inputs and outputs; a limit; a length; no states; an
// initial value that is not zero; names that are no identifiers.
// CHECK-LABEL: seqmix.model @several max_length 512 attributes {note = "kept"} {
seqmix.model @several max_length 512 attributes {note = "kept"} {
  // CHECK: seqmix.entry @prefill(%[[T:.+]] "token" limit 61 : tensor<?x?xi32>, %[[X:.+]] "x" : tensor<?x?x4xf32>) {
  seqmix.entry @prefill(%t "token" limit 61 : tensor<?x?xi32>,
                        %x "x" : tensor<?x?x4xf32>) {
    // CHECK: seqmix.param "lm_head.weight" : tensor<61x32xf32>
    %w = seqmix.param "lm_head.weight" : tensor<61x32xf32>
    // CHECK: seqmix.return outputs("a b" = %[[X]] : tensor<?x?x4xf32>, "again" = %[[T]] : tensor<?x?xi32>){{ *$}}
    seqmix.return outputs("a b" = %x : tensor<?x?x4xf32>,
                          "again" = %t : tensor<?x?xi32>)
  }
  // CHECK: seqmix.entry @step(%{{.+}} "token" limit 61 : tensor<?x?xi32>) length 1 attributes {note = "kept"} {
  seqmix.entry @step(%t "token" limit 61 : tensor<?x?xi32>) length 1
      attributes {note = "kept"} {
    // CHECK: seqmix.state "layers.0.S" init 5.000000e-01 : tensor<?x2x16x32xf32>
    %s = seqmix.state "layers.0.S" init 0.5 : tensor<?x2x16x32xf32>
    // CHECK: seqmix.state "count" init -1.000000e+00 : tensor<?xi64>
    %n = seqmix.state "count" init -1.0 : tensor<?xi64>
    // CHECK: seqmix.return states("count" = %{{.+}} : tensor<?xi64>, "layers.0.S" = %{{.+}} : tensor<?x2x16x32xf32>)
    seqmix.return states("count" = %n : tensor<?xi64>,
                         "layers.0.S" = %s : tensor<?x2x16x32xf32>)
  }
}
