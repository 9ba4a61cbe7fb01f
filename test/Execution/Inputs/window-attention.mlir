// A window of four, all of at most seventeen tokens, a window of one; two query
// heads for each key head, and one.
seqmix.model @window_attention max_length 17 {
  seqmix.entry @prefill(
      %q "q" : tensor<?x?x4x5xf32>, %k "k" : tensor<?x?x2x5xf32>,
      %v "v" : tensor<?x?x2x3xf32>, %p "p" : tensor<?x?x3x2xf32>) {
    %wk = seqmix.state "windowed.keys" init 0.0 : tensor<?x4x2x5xf32>
    %wv = seqmix.state "windowed.values" init 0.0 : tensor<?x4x2x3xf32>
    %wn = seqmix.state "windowed.count" init 0.0 : tensor<?xi64>
    %ak = seqmix.state "all.keys" init 0.0 : tensor<?x17x2x5xf32>
    %av = seqmix.state "all.values" init 0.0 : tensor<?x17x2x3xf32>
    %an = seqmix.state "all.count" init 0.0 : tensor<?xi64>
    %sk = seqmix.state "self.keys" init 0.0 : tensor<?x1x3x2xf32>
    %sv = seqmix.state "self.values" init 0.0 : tensor<?x1x3x2xf32>
    %sn = seqmix.state "self.count" init 0.0 : tensor<?xi64>
    %w, %wk1, %wv1, %wn1 = seqmix.window_attention %q, %k, %v
        cache(%wk, %wv, %wn) windowed scale 0.25
        : tensor<?x?x4x5xf32>, tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>,
          tensor<?x4x2x5xf32>, tensor<?x4x2x3xf32>, tensor<?xi64>
        -> tensor<?x?x4x3xf32>
    %a, %ak1, %av1, %an1 = seqmix.window_attention %q, %k, %v
        cache(%ak, %av, %an) scale 0.5
        : tensor<?x?x4x5xf32>, tensor<?x?x2x5xf32>, tensor<?x?x2x3xf32>,
          tensor<?x17x2x5xf32>, tensor<?x17x2x3xf32>, tensor<?xi64>
        -> tensor<?x?x4x3xf32>
    %s, %sk1, %sv1, %sn1 = seqmix.window_attention %p, %p, %p
        cache(%sk, %sv, %sn) windowed scale 1.0
        : tensor<?x?x3x2xf32>, tensor<?x?x3x2xf32>, tensor<?x?x3x2xf32>,
          tensor<?x1x3x2xf32>, tensor<?x1x3x2xf32>, tensor<?xi64>
        -> tensor<?x?x3x2xf32>
    seqmix.return
        outputs("windowed" = %w : tensor<?x?x4x3xf32>,
                "all" = %a : tensor<?x?x4x3xf32>,
                "self" = %s : tensor<?x?x3x2xf32>)
        states("windowed.keys" = %wk1 : tensor<?x4x2x5xf32>,
               "windowed.values" = %wv1 : tensor<?x4x2x3xf32>,
               "windowed.count" = %wn1 : tensor<?xi64>,
               "all.keys" = %ak1 : tensor<?x17x2x5xf32>,
               "all.values" = %av1 : tensor<?x17x2x3xf32>,
               "all.count" = %an1 : tensor<?xi64>,
               "self.keys" = %sk1 : tensor<?x1x3x2xf32>,
               "self.values" = %sv1 : tensor<?x1x3x2xf32>,
               "self.count" = %sn1 : tensor<?xi64>)
  }
}
