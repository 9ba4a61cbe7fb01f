// Linear attention, five tokens at once, with sizes of which none is a whole
// number of vectors, and a sum over two axes: the elements of `k` weighted.
#k_of = affine_map<(h, k, v) -> (h, k)>
#v_of = affine_map<(h, k, v) -> (h, v)>
#all3 = affine_map<(h, k, v) -> (h, k, v)>
#row = affine_map<(h, i, j, k) -> (i, h, k)>
#column = affine_map<(h, i, j, k) -> (j, h, k)>
#score = affine_map<(h, i, j, k) -> (h, i, j)>
#id3 = affine_map<(a, b, c) -> (a, b, c)>
#query = affine_map<(i, h, v, k) -> (i, h, k)>
#state = affine_map<(i, h, v, k) -> (h, k, v)>
#weight = affine_map<(i, h, v, j) -> (h, i, j)>
#value = affine_map<(i, h, v, j) -> (j, h, v)>
#output = affine_map<(i, h, v, r) -> (i, h, v)>
#key_t = affine_map<(h, k, v, t) -> (t, h, k)>
#value_t = affine_map<(h, k, v, t) -> (t, h, v)>
#update = affine_map<(h, k, v, t) -> (h, k, v)>
#key_z = affine_map<(i, h, k) -> (i, h, k)>
#w_z = affine_map<(i, h, k) -> (h, k)>
#z = affine_map<(i, h, k) -> (i)>
seqmix.model @linear_attention {
  seqmix.entry @prefill(%q "q" : tensor<?x?x3x19xf32>, %k "k" : tensor<?x?x3x19xf32>, %v "v" : tensor<?x?x3x21xf32>) {
    %w = seqmix.param "w" : tensor<3x19xf32>
    %S0 = seqmix.state "S" init 0.0 : tensor<?x3x19x21xf32>
    %o, %z, %S1 = seqmix.recurrence
        tokens(%q_t = %q : tensor<?x?x3x19xf32>, %k_t = %k : tensor<?x?x3x19xf32>, %v_t = %v : tensor<?x?x3x21xf32>)
        invariants(%w_t = %w : tensor<3x19xf32>)
        states(%S = %S0 : tensor<?x3x19x21xf32>) -> (tensor<?x?x3x21xf32>, tensor<?x?xf32>) {
      %zero = arith.constant 0.0 : f32
      %next = linalg.generic {indexing_maps = [#k_of, #v_of, #all3], iterator_types = ["parallel", "parallel", "parallel"]}
          ins(%k_t, %v_t : tensor<3x19xf32>, tensor<3x21xf32>) outs(%S : tensor<3x19x21xf32>) {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %0 = arith.mulf %a, %b : f32
        %1 = arith.addf %c, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<3x19x21xf32>
      %e = tensor.empty() : tensor<3x21xf32>
      %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x21xf32>) -> tensor<3x21xf32>
      %o_t = linalg.generic {indexing_maps = [#k_of, #all3, #v_of], iterator_types = ["parallel", "reduction", "parallel"]}
          ins(%q_t, %next : tensor<3x19xf32>, tensor<3x19x21xf32>) outs(%f : tensor<3x21xf32>) {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %0 = arith.mulf %a, %b : f32
        %1 = arith.addf %c, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<3x21xf32>
      %ez = tensor.empty() : tensor<f32>
      %fz = linalg.fill ins(%zero : f32) outs(%ez : tensor<f32>) -> tensor<f32>
      %z_t = linalg.generic {indexing_maps = [affine_map<(h, k) -> (h, k)>, affine_map<(h, k) -> (h, k)>, affine_map<(h, k) -> ()>],
                             iterator_types = ["reduction", "reduction"]}
          ins(%k_t, %w_t : tensor<3x19xf32>, tensor<3x19xf32>) outs(%fz : tensor<f32>) {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %0 = arith.mulf %a, %b : f32
        %1 = arith.addf %c, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<f32>
      seqmix.yield %o_t, %z_t, %next : tensor<3x21xf32>, tensor<f32>, tensor<3x19x21xf32>
    } chunk 5 {
    ^bb0(%q_c: tensor<5x3x19xf32>, %k_c: tensor<5x3x19xf32>, %v_c: tensor<5x3x21xf32>, %w_c: tensor<3x19xf32>, %S: tensor<3x19x21xf32>):
      %zero = arith.constant 0.0 : f32
      %es = tensor.empty() : tensor<3x5x5xf32>
      %fs = linalg.fill ins(%zero : f32) outs(%es : tensor<3x5x5xf32>) -> tensor<3x5x5xf32>
      %scores = linalg.generic {indexing_maps = [#row, #column, #score], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
          ins(%q_c, %k_c : tensor<5x3x19xf32>, tensor<5x3x19xf32>) outs(%fs : tensor<3x5x5xf32>) {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %0 = arith.mulf %a, %b : f32
        %1 = arith.addf %c, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<3x5x5xf32>
      %masked = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
          ins(%scores : tensor<3x5x5xf32>) outs(%es : tensor<3x5x5xf32>) {
      ^bb0(%a: f32, %b: f32):
        %i = linalg.index 1 : index
        %j = linalg.index 2 : index
        %earlier = arith.cmpi ule, %j, %i : index
        %0 = arith.select %earlier, %a, %zero : f32
        linalg.yield %0 : f32
      } -> tensor<3x5x5xf32>
      %eo = tensor.empty() : tensor<5x3x21xf32>
      %fo = linalg.fill ins(%zero : f32) outs(%eo : tensor<5x3x21xf32>) -> tensor<5x3x21xf32>
      %old = linalg.generic {indexing_maps = [#query, #state, #output], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
          ins(%q_c, %S : tensor<5x3x19xf32>, tensor<3x19x21xf32>) outs(%fo : tensor<5x3x21xf32>) {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %0 = arith.mulf %a, %b : f32
        %1 = arith.addf %c, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<5x3x21xf32>
      %o_c = linalg.generic {indexing_maps = [#weight, #value, #output], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
          ins(%masked, %v_c : tensor<3x5x5xf32>, tensor<5x3x21xf32>) outs(%old : tensor<5x3x21xf32>) {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %0 = arith.mulf %a, %b : f32
        %1 = arith.addf %c, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<5x3x21xf32>
      %ez = tensor.empty() : tensor<5xf32>
      %fz = linalg.fill ins(%zero : f32) outs(%ez : tensor<5xf32>) -> tensor<5xf32>
      %z_c = linalg.generic {indexing_maps = [#key_z, #w_z, #z], iterator_types = ["parallel", "reduction", "reduction"]}
          ins(%k_c, %w_c : tensor<5x3x19xf32>, tensor<3x19xf32>) outs(%fz : tensor<5xf32>) {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %0 = arith.mulf %a, %b : f32
        %1 = arith.addf %c, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<5xf32>
      %next = linalg.generic {indexing_maps = [#key_t, #value_t, #update], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
          ins(%k_c, %v_c : tensor<5x3x19xf32>, tensor<5x3x21xf32>) outs(%S : tensor<3x19x21xf32>) {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %0 = arith.mulf %a, %b : f32
        %1 = arith.addf %c, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<3x19x21xf32>
      seqmix.yield %o_c, %z_c, %next : tensor<5x3x21xf32>, tensor<5xf32>, tensor<3x19x21xf32>
    }
    seqmix.return outputs("o" = %o : tensor<?x?x3x21xf32>, "z" = %z : tensor<?x?xf32>)
        states("S" = %S1 : tensor<?x3x19x21xf32>)
  }
}
