// The previous token, the one before it, and a token without axes.
seqmix.model @shift {
  seqmix.entry @prefill(%x "x" : tensor<?x?x7xf32>, %s "s" : tensor<?x?xf32>) {
    %p0 = seqmix.state "p" init 0.5 : tensor<?x7xf32>
    %r0 = seqmix.state "r" init 0.5 : tensor<?x7xf32>
    %s0 = seqmix.state "s" init 0.0 : tensor<?xf32>
    %y, %p1 = seqmix.shift %x state(%p0) : tensor<?x?x7xf32>, tensor<?x7xf32>
    %twice, %r1 = seqmix.shift %y state(%r0)
        : tensor<?x?x7xf32>, tensor<?x7xf32>
    %t, %s1 = seqmix.shift %s state(%s0) : tensor<?x?xf32>, tensor<?xf32>
    seqmix.return
        outputs("y" = %y : tensor<?x?x7xf32>,
                "twice" = %twice : tensor<?x?x7xf32>,
                "t" = %t : tensor<?x?xf32>)
        states("p" = %p1 : tensor<?x7xf32>, "r" = %r1 : tensor<?x7xf32>,
               "s" = %s1 : tensor<?xf32>)
  }
}
