// A decaying sum, and how two tokens of it are taken at once.
seqmix.model @decaying_sum {
  seqmix.entry @prefill(%x "x" : tensor<?x?x3xf32>) {
    %w = seqmix.param "decay" : tensor<3xf32>
    %h0 = seqmix.state "sum" init 0.0 : tensor<?x3xf32>
    %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x3xf32>)
        invariants(%a = %w : tensor<3xf32>)
        states(%h = %h0 : tensor<?x3xf32>) -> (tensor<?x?x3xf32>)
        attributes {state_names = ["h"]} {
      %decayed = arith.mulf %a, %h : tensor<3xf32>
      %next = arith.addf %decayed, %x_t : tensor<3xf32>
      seqmix.yield %next, %next : tensor<3xf32>, tensor<3xf32>
    } chunk 2 {
    ^bb0(%x_c: tensor<2x3xf32>, %a: tensor<3xf32>, %h: tensor<3xf32>):
      %x_0 = tensor.extract_slice %x_c[0, 0] [1, 3] [1, 1] : tensor<2x3xf32> to tensor<3xf32>
      %x_1 = tensor.extract_slice %x_c[1, 0] [1, 3] [1, 1] : tensor<2x3xf32> to tensor<3xf32>
      %decayed = arith.mulf %a, %h : tensor<3xf32>
      %h_0 = arith.addf %decayed, %x_0 : tensor<3xf32>
      %twice = arith.mulf %a, %a : tensor<3xf32>
      %old = arith.mulf %twice, %h : tensor<3xf32>
      %before = arith.mulf %a, %x_0 : tensor<3xf32> // the first token
      %added = arith.addf %before, %x_1 : tensor<3xf32>
      %h_1 = arith.addf %old, %added : tensor<3xf32>
      %empty = tensor.empty() : tensor<2x3xf32>
      %first = tensor.insert_slice %h_0 into %empty[0, 0] [1, 3] [1, 1] : tensor<3xf32> into tensor<2x3xf32>
      %both = tensor.insert_slice %h_1 into %first[1, 0] [1, 3] [1, 1] : tensor<3xf32> into tensor<2x3xf32>
      seqmix.yield %both, %h_1 : tensor<2x3xf32>, tensor<3xf32>
    }
    seqmix.return outputs("y" = %y : tensor<?x?x3xf32>)
        states("sum" = %h1 : tensor<?x3xf32>)
  }
}
