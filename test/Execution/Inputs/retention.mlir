// Retention with every kind of decay, and with a bonus.
seqmix.model @retention {
  seqmix.entry @prefill(
      %q "q" : tensor<?x?x2x5xf32>, %k "k" : tensor<?x?x2x5xf32>,
      %v "v" : tensor<?x?x2x3xf32>, %token "token" : tensor<?x?xf32>,
      %head "head" : tensor<?x?x2xf32>, %key "key" : tensor<?x?x2x5xf32>) {
    %constant = seqmix.param "constant_decay" : tensor<f32>
    %constant_head = seqmix.param "head_decay" : tensor<2xf32>
    %constant_key = seqmix.param "key_decay" : tensor<2x5xf32>
    %bonus = seqmix.param "bonus" : tensor<2x5xf32>
    %S0 = seqmix.state "none.S" init 0.0 : tensor<?x2x5x3xf32>
    %S1 = seqmix.state "by_token.S" init 0.0 : tensor<?x2x5x3xf32>
    %S2 = seqmix.state "by_head.S" init 0.0 : tensor<?x2x5x3xf32>
    %S3 = seqmix.state "by_key.S" init 0.0 : tensor<?x2x5x3xf32>
    %S4 = seqmix.state "constant.S" init 0.0 : tensor<?x2x5x3xf32>
    %S5 = seqmix.state "constant_head.S" init 0.0 : tensor<?x2x5x3xf32>
    %S6 = seqmix.state "constant_key.S" init 0.0 : tensor<?x2x5x3xf32>
    %S7 = seqmix.state "bonus.S" init 0.0 : tensor<?x2x5x3xf32>
    %S8 = seqmix.state "bonus_key.S" init 0.0 : tensor<?x2x5x3xf32>
    %o0, %N0 = seqmix.retention %q, %k, %v
        state(%S0)
        : tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>, tensor<?x2x5x3xf32>
    %o1, %N1 = seqmix.retention %q, %k, %v
        decay(%token : tensor<?x?xf32>) state(%S1)
        : tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>, tensor<?x2x5x3xf32>
    %o2, %N2 = seqmix.retention %q, %k, %v
        decay(%head : tensor<?x?x2xf32>) state(%S2)
        : tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>, tensor<?x2x5x3xf32>
    %o3, %N3 = seqmix.retention %q, %k, %v
        decay(%key : tensor<?x?x2x5xf32>) state(%S3)
        : tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>, tensor<?x2x5x3xf32>
    %o4, %N4 = seqmix.retention %q, %k, %v
        constant_decay(%constant : tensor<f32>) state(%S4)
        : tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>, tensor<?x2x5x3xf32>
    %o5, %N5 = seqmix.retention %q, %k, %v
        constant_decay(%constant_head : tensor<2xf32>) state(%S5)
        : tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>, tensor<?x2x5x3xf32>
    %o6, %N6 = seqmix.retention %q, %k, %v
        constant_decay(%constant_key : tensor<2x5xf32>) state(%S6)
        : tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>, tensor<?x2x5x3xf32>
    %o7, %N7 = seqmix.retention %q, %k, %v
        bonus(%bonus : tensor<2x5xf32>) state(%S7)
        : tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>, tensor<?x2x5x3xf32>
    %o8, %N8 = seqmix.retention %q, %k, %v
        decay(%key : tensor<?x?x2x5xf32>) bonus(%bonus : tensor<2x5xf32>) state(%S8)
        : tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>, tensor<?x2x5x3xf32>
    seqmix.return outputs(
        "none" = %o0 : tensor<?x?x2x3xf32>,
        "by_token" = %o1 : tensor<?x?x2x3xf32>,
        "by_head" = %o2 : tensor<?x?x2x3xf32>,
        "by_key" = %o3 : tensor<?x?x2x3xf32>,
        "constant" = %o4 : tensor<?x?x2x3xf32>,
        "constant_head" = %o5 : tensor<?x?x2x3xf32>,
        "constant_key" = %o6 : tensor<?x?x2x3xf32>,
        "bonus" = %o7 : tensor<?x?x2x3xf32>,
        "bonus_key" = %o8 : tensor<?x?x2x3xf32>)
      states(
        "none.S" = %N0 : tensor<?x2x5x3xf32>,
        "by_token.S" = %N1 : tensor<?x2x5x3xf32>,
        "by_head.S" = %N2 : tensor<?x2x5x3xf32>,
        "by_key.S" = %N3 : tensor<?x2x5x3xf32>,
        "constant.S" = %N4 : tensor<?x2x5x3xf32>,
        "constant_head.S" = %N5 : tensor<?x2x5x3xf32>,
        "constant_key.S" = %N6 : tensor<?x2x5x3xf32>,
        "bonus.S" = %N7 : tensor<?x2x5x3xf32>,
        "bonus_key.S" = %N8 : tensor<?x2x5x3xf32>)
  }
}
