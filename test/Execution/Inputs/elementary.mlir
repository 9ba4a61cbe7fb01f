// One elementary function an output, and powers of two numbers.
seqmix.model @elementary {
  seqmix.entry @prefill(%x "x" : tensor<?x?xf32>, %y "y" : tensor<?x?xf32>) {
    %exp = math.exp %x : tensor<?x?xf32>
    %exp2 = math.exp2 %x : tensor<?x?xf32>
    %expm1 = math.expm1 %x : tensor<?x?xf32>
    %tanh = math.tanh %x : tensor<?x?xf32>
    %log = math.log %x : tensor<?x?xf32>
    %log2 = math.log2 %x : tensor<?x?xf32>
    %log10 = math.log10 %x : tensor<?x?xf32>
    %log1p = math.log1p %x : tensor<?x?xf32>
    %erf = math.erf %x : tensor<?x?xf32>
    %erfc = math.erfc %x : tensor<?x?xf32>
    %sin = math.sin %x : tensor<?x?xf32>
    %cos = math.cos %x : tensor<?x?xf32>
    %tan = math.tan %x : tensor<?x?xf32>
    %cbrt = math.cbrt %x : tensor<?x?xf32>
    %rsqrt = math.rsqrt %x : tensor<?x?xf32>
    %trunc = math.trunc %x : tensor<?x?xf32>
    %round = math.round %x : tensor<?x?xf32>
    %pow = math.powf %x, %y : tensor<?x?xf32>
    seqmix.return outputs(
        "exp" = %exp : tensor<?x?xf32>,
        "exp2" = %exp2 : tensor<?x?xf32>,
        "expm1" = %expm1 : tensor<?x?xf32>,
        "tanh" = %tanh : tensor<?x?xf32>,
        "log" = %log : tensor<?x?xf32>,
        "log2" = %log2 : tensor<?x?xf32>,
        "log10" = %log10 : tensor<?x?xf32>,
        "log1p" = %log1p : tensor<?x?xf32>,
        "erf" = %erf : tensor<?x?xf32>,
        "erfc" = %erfc : tensor<?x?xf32>,
        "sin" = %sin : tensor<?x?xf32>,
        "cos" = %cos : tensor<?x?xf32>,
        "tan" = %tan : tensor<?x?xf32>,
        "cbrt" = %cbrt : tensor<?x?xf32>,
        "rsqrt" = %rsqrt : tensor<?x?xf32>,
        "trunc" = %trunc : tensor<?x?xf32>,
        "round" = %round : tensor<?x?xf32>,
        "pow" = %pow : tensor<?x?xf32>)
  }
}
