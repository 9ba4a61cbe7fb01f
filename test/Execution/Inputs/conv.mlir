// Convolutions without and with a bias, on tokens with two axes and with none.
seqmix.model @conv {
  seqmix.entry @prefill(%x "x" : tensor<?x?x2x3xf32>, %s "s" : tensor<?x?xf32>) {
    %w2 = seqmix.param "w2" : tensor<2x3x2xf32>
    %w4 = seqmix.param "w4" : tensor<2x3x4xf32>
    %b = seqmix.param "b" : tensor<2x3xf32>
    %ws = seqmix.param "ws" : tensor<3xf32>
    %bs = seqmix.param "bs" : tensor<f32>
    %h2 = seqmix.state "h2" init 0.0 : tensor<?x1x2x3xf32>
    %h4 = seqmix.state "h4" init 0.0 : tensor<?x3x2x3xf32>
    %hs = seqmix.state "hs" init 0.0 : tensor<?x2xf32>
    %y2, %n2 = seqmix.conv %x, %w2 history(%h2)
        : tensor<?x?x2x3xf32>, tensor<2x3x2xf32>, tensor<?x1x2x3xf32>
    %y4, %n4 = seqmix.conv %x, %w4 bias(%b : tensor<2x3xf32>) history(%h4)
        : tensor<?x?x2x3xf32>, tensor<2x3x4xf32>, tensor<?x3x2x3xf32>
    %ys, %ns = seqmix.conv %s, %ws bias(%bs : tensor<f32>) history(%hs)
        : tensor<?x?xf32>, tensor<3xf32>, tensor<?x2xf32>
    seqmix.return
        outputs("plain" = %y2 : tensor<?x?x2x3xf32>,
                "biased" = %y4 : tensor<?x?x2x3xf32>,
                "scalar" = %ys : tensor<?x?xf32>)
        states("h2" = %n2 : tensor<?x1x2x3xf32>,
               "h4" = %n4 : tensor<?x3x2x3xf32>, "hs" = %ns : tensor<?x2xf32>)
  }
}
