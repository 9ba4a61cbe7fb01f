// The two states change places with every call.
seqmix.model @swap {
  seqmix.entry @prefill(%x "x" : tensor<?x?x7xf32>) {
    %a = seqmix.state "a" init 1.0 : tensor<?x7xf32>
    %b = seqmix.state "b" init 2.0 : tensor<?x7xf32>
    %y, %last = seqmix.shift %x state(%a)
        : tensor<?x?x7xf32>, tensor<?x7xf32>
    seqmix.return outputs("y" = %y : tensor<?x?x7xf32>)
        states("a" = %b : tensor<?x7xf32>, "b" = %a : tensor<?x7xf32>)
  }
}
