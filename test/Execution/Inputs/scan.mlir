// Scans from the first token to the last.
seqmix.model @scan {
  seqmix.entry @prefill(%x "x" : tensor<?x?x7xf32>) {
    %sum0 = seqmix.state "sum" init 10.0 : tensor<?x7xf32>
    %before0 = seqmix.state "before" init 10.0 : tensor<?x7xf32>
    %top0 = seqmix.state "top" init -3.0e38 : tensor<?x7xf32>
    %a0 = seqmix.state "a" init 1.0 : tensor<?x7xf32>
    %b0 = seqmix.state "b" init 0.5 : tensor<?x7xf32>
    %sum, %sum1 = seqmix.scan inclusive (%x : tensor<?x?x7xf32>)
        states(%sum0 : tensor<?x7xf32>) {
    ^bb0(%l: tensor<7xf32>, %r: tensor<7xf32>):
      %0 = arith.addf %l, %r : tensor<7xf32>
      seqmix.yield %0 : tensor<7xf32>
    }
    %before, %before1 = seqmix.scan exclusive (%x : tensor<?x?x7xf32>)
        states(%before0 : tensor<?x7xf32>) {
    ^bb0(%l: tensor<7xf32>, %r: tensor<7xf32>):
      %0 = arith.addf %l, %r : tensor<7xf32>
      seqmix.yield %0 : tensor<7xf32>
    }
    %top, %top1 = seqmix.scan inclusive (%x : tensor<?x?x7xf32>)
        states(%top0 : tensor<?x7xf32>) {
    ^bb0(%l: tensor<7xf32>, %r: tensor<7xf32>):
      %0 = arith.maximumf %l, %r : tensor<7xf32>
      seqmix.yield %0 : tensor<7xf32>
    }
    // The maps h -> a h + b, the left one first.
    %as, %bs, %a1, %b1 = seqmix.scan inclusive
        (%x, %x : tensor<?x?x7xf32>, tensor<?x?x7xf32>)
        states(%a0, %b0 : tensor<?x7xf32>, tensor<?x7xf32>) {
    ^bb0(%al: tensor<7xf32>, %bl: tensor<7xf32>,
         %ar: tensor<7xf32>, %br: tensor<7xf32>):
      %0 = arith.mulf %ar, %al : tensor<7xf32>
      %1 = arith.mulf %ar, %bl : tensor<7xf32>
      %2 = arith.addf %1, %br : tensor<7xf32>
      seqmix.yield %0, %2 : tensor<7xf32>, tensor<7xf32>
    }
    seqmix.return
        outputs("sum" = %sum : tensor<?x?x7xf32>,
                "before" = %before : tensor<?x?x7xf32>,
                "top" = %top : tensor<?x?x7xf32>,
                "map" = %bs : tensor<?x?x7xf32>)
        states("sum" = %sum1 : tensor<?x7xf32>,
               "before" = %before1 : tensor<?x7xf32>,
               "top" = %top1 : tensor<?x7xf32>,
               "a" = %a1 : tensor<?x7xf32>, "b" = %b1 : tensor<?x7xf32>)
  }
}
