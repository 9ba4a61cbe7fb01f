// Linear attention that forgets key by key, with a second output that sums the
// weights and a third that is the previous value; and a region, written by hand,
// that takes four tokens at once.
//
// Within a chunk what token t has of token s is decayed by all tokens after s up
// to t. That product is taken in halves: the tokens of a first half times all
// that follow them in it, those of the second times all before them.
!q = tensor<?x?x4x8xf32>
!v = tensor<?x?x4x32xf32>
!S = tensor<?x4x8x32xf32>
!z = tensor<?x4x8xf32>
!l = tensor<?x4x32xf32>

!qt = tensor<4x8xf32>
!vt = tensor<4x32xf32>
!St = tensor<4x8x32xf32>
!mt = tensor<4xf32>

!qc = tensor<4x4x8xf32>
!qp = tensor<2x2x4x8xf32>
!q2 = tensor<2x4x8xf32>
!q1 = tensor<1x4x8xf32>
!vc = tensor<4x4x32xf32>
!scores = tensor<4x4x4xf32>

#ts = affine_map<(h, t, s) -> (t, s)>
#th = affine_map<(h, t, s) -> (t, h)>
#hts = affine_map<(h, t, s) -> (h, t, s)>

seqmix.model @chunk {
  seqmix.entry @prefill(%q "q" : !q, %k "k" : !q, %v "v" : !v, %a "a" : !q) {
    %w = seqmix.param "w" : !vt
    %S = seqmix.state "S" init 0.0 : !S
    %z = seqmix.state "z" init 0.0 : !z
    %l = seqmix.state "last" init 0.5 : !l
    %o, %m, %p, %S1, %z1, %l1 = seqmix.recurrence
        tokens(%q_t = %q : !q, %k_t = %k : !q, %v_t = %v : !v, %a_t = %a : !q)
        invariants(%w_t = %w : !vt)
        states(%S_t = %S : !S, %z_t = %z : !z, %l_t = %l : !l)
        -> (!v, tensor<?x?x4xf32>, !v) {
      %e = tensor.empty() : !St
      %zero_m = arith.constant dense<0.0> : !mt
      %zero_v = arith.constant dense<0.0> : !vt
      %k_all = linalg.broadcast ins(%k_t : !qt) outs(%e : !St) dimensions = [2]
      %q_all = linalg.broadcast ins(%q_t : !qt) outs(%e : !St) dimensions = [2]
      %a_all = linalg.broadcast ins(%a_t : !qt) outs(%e : !St) dimensions = [2]
      %v_all = linalg.broadcast ins(%v_t : !vt) outs(%e : !St) dimensions = [1]
      %kv = arith.mulf %k_all, %v_all : !St
      %kept = arith.mulf %a_all, %S_t : !St
      %S_next = arith.addf %kept, %kv : !St
      %z_kept = arith.mulf %a_t, %z_t : !qt
      %z_next = arith.addf %z_kept, %k_t : !qt
      %qS = arith.mulf %q_all, %S_next : !St
      %read = linalg.reduce {arith.addf} ins(%qS : !St) outs(%zero_v : !vt)
          dimensions = [1]
      %out = arith.mulf %read, %w_t : !vt
      %qz = arith.mulf %q_t, %z_next : !qt
      %sum = linalg.reduce {arith.addf} ins(%qz : !qt) outs(%zero_m : !mt)
          dimensions = [1]
      seqmix.yield %out, %sum, %l_t, %S_next, %z_next, %v_t
          : !vt, !mt, !vt, !St, !qt, !vt
    } chunk 4 {
    ^bb0(%q_c: !qc, %k_c: !qc, %v_c: !vc, %a_c: !qc, %w_t: !vt,
         %S_t: !St, %z_t: !qt, %l_t: !vt):
      %zero = arith.constant 0.0 : f32
      %ones = arith.constant dense<1.0> : !qp
      %zero_scores = arith.constant dense<0.0> : !scores
      %zero_v = arith.constant dense<0.0> : !vc
      %zero_m = arith.constant dense<0.0> : tensor<4x4xf32>
      %past = arith.constant dense<[[true, false, false, false],
                                    [true, true, false, false],
                                    [true, true, true, false],
                                    [true, true, true, true]]> : tensor<4x4xi1>

      // Pairs: even tokens, odd tokens.
      %q_p = tensor.expand_shape %q_c [[0, 1], [2], [3]]
          output_shape [2, 2, 4, 8] : !qc into !qp
      %k_p = tensor.expand_shape %k_c [[0, 1], [2], [3]]
          output_shape [2, 2, 4, 8] : !qc into !qp
      %a_p = tensor.expand_shape %a_c [[0, 1], [2], [3]]
          output_shape [2, 2, 4, 8] : !qc into !qp
      %q_odd = tensor.extract_slice %q_p[0, 1, 0, 0] [2, 1, 4, 8] [1, 1, 1, 1]
          : !qp to !q2
      %k_even = tensor.extract_slice %k_p[0, 0, 0, 0] [2, 1, 4, 8] [1, 1, 1, 1]
          : !qp to !q2
      %a_even = tensor.extract_slice %a_p[0, 0, 0, 0] [2, 1, 4, 8] [1, 1, 1, 1]
          : !qp to !q2
      %a_odd = tensor.extract_slice %a_p[0, 1, 0, 0] [2, 1, 4, 8] [1, 1, 1, 1]
          : !qp to !q2

      // Decays from a pair's first token on, and after each of its tokens.
      %a_pair = arith.mulf %a_even, %a_odd : !q2
      %until_p = tensor.insert_slice %a_pair into %a_p[0, 1, 0, 0] [2, 1, 4, 8]
          [1, 1, 1, 1] : !q2 into !qp
      %until_2 = tensor.collapse_shape %until_p [[0, 1], [2], [3]] : !qp into !qc
      %after_p = tensor.insert_slice %a_odd into %ones[0, 0, 0, 0] [2, 1, 4, 8]
          [1, 1, 1, 1] : !q2 into !qp
      %after_2 = tensor.collapse_shape %after_p [[0, 1], [2], [3]] : !qp into !qc

      // The same of the whole chunk.
      %until_a = tensor.extract_slice %until_2[0, 0, 0] [2, 4, 8] [1, 1, 1]
          : !qc to !q2
      %until_b = tensor.extract_slice %until_2[2, 0, 0] [2, 4, 8] [1, 1, 1]
          : !qc to !q2
      %first = tensor.extract_slice %until_2[1, 0, 0] [1, 4, 8] [1, 1, 1]
          : !qc to !qt
      %second = tensor.extract_slice %until_2[3, 0, 0] [1, 4, 8] [1, 1, 1]
          : !qc to !qt
      %e2 = tensor.empty() : !q2
      %first_all = linalg.broadcast ins(%first : !qt) outs(%e2 : !q2)
          dimensions = [0]
      %second_all = linalg.broadcast ins(%second : !qt) outs(%e2 : !q2)
          dimensions = [0]
      %until_c = arith.mulf %until_b, %first_all : !q2
      %until = tensor.concat dim(0) %until_a, %until_c : (!q2, !q2) -> !qc
      %after_a = tensor.extract_slice %after_2[0, 0, 0] [2, 4, 8] [1, 1, 1]
          : !qc to !q2
      %after_b = arith.mulf %after_a, %second_all : !q2
      %after = tensor.insert_slice %after_b into %after_2[0, 0, 0] [2, 4, 8]
          [1, 1, 1] : !q2 into !qc

      // Scores: of a token with itself,
      %self = linalg.contract indexing_maps = [
          affine_map<(t, h, k) -> (t, h, k)>, affine_map<(t, h, k) -> (t, h, k)>,
          affine_map<(t, h, k) -> (t, h)>]
          ins(%q_c, %k_c : !qc, !qc) outs(%zero_m : tensor<4x4xf32>)
          -> tensor<4x4xf32>
      %scores_0 = linalg.generic {indexing_maps = [#th, #hts], iterator_types =
          ["parallel", "parallel", "parallel"]}
          ins(%self : tensor<4x4xf32>) outs(%zero_scores : !scores) {
      ^bb0(%x: f32, %y: f32):
        %t = linalg.index 1 : index
        %s = linalg.index 2 : index
        %is_self = arith.cmpi eq, %t, %s : index
        %1 = arith.select %is_self, %x, %y : f32
        linalg.yield %1 : f32
      } -> !scores
      // of the odd one of a pair with the even one,
      %qa_odd = arith.mulf %q_odd, %a_odd : !q2
      %zero_p = arith.constant dense<0.0> : tensor<2x4xf32>
      %pairs = linalg.contract indexing_maps = [
          affine_map<(b, h, k) -> (b, h, k)>, affine_map<(b, h, k) -> (b, h, k)>,
          affine_map<(b, h, k) -> (b, h)>]
          ins(%qa_odd, %k_even : !q2, !q2) outs(%zero_p : tensor<2x4xf32>)
          -> tensor<2x4xf32>
      %pair_0 = tensor.extract_slice %pairs[0, 0] [1, 4] [1, 1]
          : tensor<2x4xf32> to !mt
      %pair_1 = tensor.extract_slice %pairs[1, 0] [1, 4] [1, 1]
          : tensor<2x4xf32> to !mt
      %scores_1 = tensor.insert_slice %pair_0 into %scores_0[0, 1, 0] [4, 1, 1]
          [1, 1, 1] : !mt into !scores
      %scores_2 = tensor.insert_slice %pair_1 into %scores_1[0, 3, 2] [4, 1, 1]
          [1, 1, 1] : !mt into !scores
      // and of the second pair with the first.
      %q_b = tensor.extract_slice %q_c[2, 0, 0] [2, 4, 8] [1, 1, 1] : !qc to !q2
      %k_a = tensor.extract_slice %k_c[0, 0, 0] [2, 4, 8] [1, 1, 1] : !qc to !q2
      %qa = arith.mulf %q_b, %until_b : !q2
      %ka = arith.mulf %k_a, %after_a : !q2
      %zero_2 = arith.constant dense<0.0> : tensor<4x2x2xf32>
      %between = linalg.contract indexing_maps = [
          affine_map<(h, t, s, k) -> (t, h, k)>,
          affine_map<(h, t, s, k) -> (s, h, k)>,
          affine_map<(h, t, s, k) -> (h, t, s)>]
          ins(%qa, %ka : !q2, !q2) outs(%zero_2 : tensor<4x2x2xf32>)
          -> tensor<4x2x2xf32>
      %scores_3 = tensor.insert_slice %between into %scores_2[0, 2, 0] [4, 2, 2]
          [1, 1, 1] : tensor<4x2x2xf32> into !scores
      %scores_4 = linalg.generic {indexing_maps = [#ts, #hts, #hts],
          iterator_types = ["parallel", "parallel", "parallel"]}
          ins(%past, %scores_3 : tensor<4x4xi1>, !scores)
          outs(%zero_scores : !scores) {
      ^bb0(%is_past: i1, %x: f32, %y: f32):
        %1 = arith.select %is_past, %x, %zero : f32
        linalg.yield %1 : f32
      } -> !scores

      // What each token reads of the states before the chunk and of the tokens
      // in it.
      %q_until = arith.mulf %q_c, %until : !qc
      %from_state = linalg.contract indexing_maps = [
          affine_map<(t, h, v, k) -> (t, h, k)>,
          affine_map<(t, h, v, k) -> (h, k, v)>,
          affine_map<(t, h, v, k) -> (t, h, v)>]
          ins(%q_until, %S_t : !qc, !St) outs(%zero_v : !vc) -> !vc
      %read = linalg.contract indexing_maps = [
          affine_map<(t, h, v, s) -> (h, t, s)>,
          affine_map<(t, h, v, s) -> (s, h, v)>,
          affine_map<(t, h, v, s) -> (t, h, v)>]
          ins(%scores_4, %v_c : !scores, !vc) outs(%from_state : !vc) -> !vc
      %e_v = tensor.empty() : !vc
      %w_all = linalg.broadcast ins(%w_t : !vt) outs(%e_v : !vc) dimensions = [0]
      %out = arith.mulf %read, %w_all : !vc
      %sum_state = linalg.contract indexing_maps = [
          affine_map<(t, h, k) -> (t, h, k)>, affine_map<(t, h, k) -> (h, k)>,
          affine_map<(t, h, k) -> (t, h)>]
          ins(%q_until, %z_t : !qc, !qt) outs(%zero_m : tensor<4x4xf32>)
          -> tensor<4x4xf32>
      %sum_chunk = linalg.reduce {arith.addf} ins(%scores_4 : !scores)
          outs(%zero_m : tensor<4x4xf32>) dimensions = [2]
      %e_m = tensor.empty() : tensor<4x4xf32>
      %sum_turned = linalg.transpose ins(%sum_chunk : tensor<4x4xf32>)
          outs(%e_m : tensor<4x4xf32>) permutation = [1, 0]
      %sum = arith.addf %sum_state, %sum_turned : tensor<4x4xf32>
      %l_1 = tensor.expand_shape %l_t [[0, 1], [2]] output_shape [1, 4, 32]
          : !vt into tensor<1x4x32xf32>
      %v_0 = tensor.extract_slice %v_c[0, 0, 0] [3, 4, 32] [1, 1, 1]
          : !vc to tensor<3x4x32xf32>
      %previous = tensor.concat dim(0) %l_1, %v_0
          : (tensor<1x4x32xf32>, tensor<3x4x32xf32>) -> !vc

      // The states after the chunk.
      %all = tensor.extract_slice %until[3, 0, 0] [1, 4, 8] [1, 1, 1]
          : !qc to !qt
      %ka_all = arith.mulf %k_c, %after : !qc
      %e_S = tensor.empty() : !St
      %all_v = linalg.broadcast ins(%all : !qt) outs(%e_S : !St) dimensions = [2]
      %kept = arith.mulf %all_v, %S_t : !St
      %S_next = linalg.contract indexing_maps = [
          affine_map<(h, k, v, s) -> (s, h, k)>,
          affine_map<(h, k, v, s) -> (s, h, v)>,
          affine_map<(h, k, v, s) -> (h, k, v)>]
          ins(%ka_all, %v_c : !qc, !vc) outs(%kept : !St) -> !St
      %z_kept = arith.mulf %all, %z_t : !qt
      %z_next = linalg.reduce {arith.addf} ins(%ka_all : !qc)
          outs(%z_kept : !qt) dimensions = [0]
      %l_next = tensor.extract_slice %v_c[3, 0, 0] [1, 4, 32] [1, 1, 1]
          : !vc to !vt
      seqmix.yield %out, %sum, %previous, %S_next, %z_next, %l_next
          : !vc, tensor<4x4xf32>, !vc, !St, !qt, !vt
    }
    seqmix.return outputs("o" = %o : !v, "m" = %m : tensor<?x?x4xf32>,
                          "p" = %p : !v)
        states("S" = %S1 : !S, "z" = %z1 : !z, "last" = %l1 : !l)
  }
}
