// RUN: seqmix-opt %s --seqmix-stabilize-exponentials --canonicalize --cse | FileCheck %s

// RWKV-4. Both sums have the exponent of the running maximum, so one is carried
// for both; the output needs it no more.
// CHECK-LABEL: seqmix.model @wkv4
seqmix.model @wkv4 {
  seqmix.entry @prefill(%k "k" : tensor<?x?x4xf32>, %v "v" : tensor<?x?x4xf32>) {
    %w = seqmix.param "w" : tensor<4xf32>
    %u = seqmix.param "u" : tensor<4xf32>
    // Zero is `0 * exp(lowest)`.
    // CHECK-DAG: %[[NUM0:.+]] = seqmix.state "num" init 0.000000e+00 : tensor<?x4xf32>
    // CHECK-DAG: %[[DEN0:.+]] = seqmix.state "den" init 0.000000e+00 : tensor<?x4xf32>
    // CHECK-DAG: %[[MAX0:.+]] = seqmix.state "num.exponent" init -1.000000e+30 : tensor<?x4xf32>
    %num0 = seqmix.state "num" init 0.0 : tensor<?x4xf32>
    %den0 = seqmix.state "den" init 0.0 : tensor<?x4xf32>
    // CHECK: %[[O:.+]], %[[FINAL:.+]]:3 = seqmix.recurrence
    // CHECK-NEXT: tokens(%[[K:.+]] = %{{.+}} : tensor<?x?x4xf32>, %[[V:.+]] = %{{.+}} : tensor<?x?x4xf32>)
    // CHECK-NEXT: invariants(%[[W:.+]] = %{{.+}} : tensor<4xf32>, %[[U:.+]] = %{{.+}} : tensor<4xf32>)
    // CHECK-NEXT: states(%[[NUM:.+]] = %[[NUM0]] : tensor<?x4xf32>, %[[DEN:.+]] = %[[DEN0]] : tensor<?x4xf32>, %[[MAX:.+]] = %[[MAX0]] : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) attributes {
    // CHECK-SAME: running_maximum = {num.exponent = ["num", "den"]}
    // CHECK-SAME: state_names = ["num", "den", "num.exponent"]
    // CHECK-DAG: %[[LOWEST:.+]] = arith.constant dense<-1.000000e+30>

    // The output is read with the larger of the exponents of memory and token.
    // CHECK: %[[KU:.+]] = arith.addf %[[K]], %[[U]]
    // CHECK: %[[TOP0:.+]] = arith.maximumf %[[MAX]], %[[KU]]
    // CHECK: %[[TOP:.+]] = arith.maximumf %[[TOP0]], %[[LOWEST]]
    // CHECK: %[[FROM_MEMORY:.+]] = arith.subf %[[MAX]], %[[TOP]]
    // CHECK: %[[A:.+]] = math.exp %[[FROM_MEMORY]]
    // What depends on the token, and may be huge, meets first; then the rest.
    // CHECK: %[[FROM_TOKEN0:.+]] = arith.subf %[[K]], %[[TOP]]
    // CHECK: %[[FROM_TOKEN:.+]] = arith.addf %[[FROM_TOKEN0]], %[[U]]
    // CHECK: %[[B:.+]] = math.exp %[[FROM_TOKEN]]
    // CHECK: %[[O_T:.+]] = arith.divf

    // CHECK: %[[DECAY:.+]] = math.exp %[[W]]
    // CHECK: %[[KEPT:.+]] = arith.subf %[[MAX]], %[[DECAY]]
    // CHECK: %[[NEXT0:.+]] = arith.maximumf %[[KEPT]], %[[K]]
    // CHECK: %[[NEXT:.+]] = arith.maximumf %[[NEXT0]], %[[LOWEST]]
    // CHECK: %[[OLD0:.+]] = arith.subf %[[MAX]], %[[NEXT]]
    // CHECK: %[[OLD:.+]] = arith.subf %[[OLD0]], %[[DECAY]]
    // CHECK: %[[OLD_FACTOR:.+]] = math.exp %[[OLD]]
    // CHECK: %[[NUM_KEPT:.+]] = arith.mulf %[[NUM]], %[[OLD_FACTOR]]
    // CHECK: %[[NEW:.+]] = arith.subf %[[K]], %[[NEXT]]
    // CHECK: %[[NEW_FACTOR:.+]] = math.exp %[[NEW]]
    // CHECK: %[[NUM_ADDED:.+]] = arith.mulf %[[V]], %[[NEW_FACTOR]]
    // CHECK: %[[NUM1:.+]] = arith.addf %[[NUM_KEPT]], %[[NUM_ADDED]]
    // CHECK: %[[DEN_KEPT:.+]] = arith.mulf %[[DEN]], %[[OLD_FACTOR]]
    // CHECK: %[[DEN1:.+]] = arith.addf %[[DEN_KEPT]], %[[NEW_FACTOR]]
    // CHECK: seqmix.yield %[[O_T]], %[[NUM1]], %[[DEN1]], %[[NEXT]]
    %o, %num1, %den1 = seqmix.recurrence
        tokens(%k_t = %k : tensor<?x?x4xf32>, %v_t = %v : tensor<?x?x4xf32>)
        invariants(%w_t = %w : tensor<4xf32>, %u_t = %u : tensor<4xf32>)
        states(%num = %num0 : tensor<?x4xf32>, %den = %den0 : tensor<?x4xf32>)
        -> (tensor<?x?x4xf32>) attributes {state_names = ["num", "den"]} {
      %uk = arith.addf %u_t, %k_t : tensor<4xf32>
      %now = math.exp %uk : tensor<4xf32>
      %now_v = arith.mulf %now, %v_t : tensor<4xf32>
      %above = arith.addf %num, %now_v : tensor<4xf32>
      %below = arith.addf %den, %now : tensor<4xf32>
      %mean = arith.divf %above, %below : tensor<4xf32>
      %rate = math.exp %w_t : tensor<4xf32>
      %minus = arith.negf %rate : tensor<4xf32>
      %decay = math.exp %minus : tensor<4xf32>
      %weight = math.exp %k_t : tensor<4xf32>
      %num_kept = arith.mulf %decay, %num : tensor<4xf32>
      %weighted = arith.mulf %weight, %v_t : tensor<4xf32>
      %num_next = arith.addf %num_kept, %weighted : tensor<4xf32>
      %den_kept = arith.mulf %decay, %den : tensor<4xf32>
      %den_next = arith.addf %den_kept, %weight : tensor<4xf32>
      seqmix.yield %mean, %num_next, %den_next
          : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
    }
    // CHECK: seqmix.return outputs("o" = %[[O]] : {{.+}}) states("num" = %[[FINAL]]#0 : {{.+}}, "den" = %[[FINAL]]#1 : {{.+}}, "num.exponent" = %[[FINAL]]#2 : tensor<?x4xf32>)
    seqmix.return outputs("o" = %o : tensor<?x?x4xf32>)
        states("num" = %num1 : tensor<?x4xf32>, "den" = %den1 : tensor<?x4xf32>)
  }
}

// xLSTM's matrix memory: gates for each head. Memory and normaliser, of
// different ranks, share an exponent for each head, although the output's
// denominator is bounded below by one.
// CHECK-LABEL: seqmix.model @mlstm
seqmix.model @mlstm {
  seqmix.entry @prefill(
      %q "q" : tensor<?x?x2x3xf32>, %k "k" : tensor<?x?x2x3xf32>,
      %v "v" : tensor<?x?x2x5xf32>, %i "i" : tensor<?x?x2xf32>,
      %f "f" : tensor<?x?x2xf32>) {
    // CHECK: seqmix.state "S.exponent" init -1.000000e+30 : tensor<?x2xf32>
    %S0 = seqmix.state "S" init 0.0 : tensor<?x2x3x5xf32>
    %n0 = seqmix.state "n" init 0.0 : tensor<?x2x3xf32>
    // CHECK: tokens(%{{.+}}, %{{.+}}, %{{.+}}, %[[I:.+]] = %{{.+}} : tensor<?x?x2xf32>, %[[F:.+]] = %{{.+}} : tensor<?x?x2xf32>)
    // CHECK-NEXT: states(%{{.+}} : tensor<?x2x3x5xf32>, %{{.+}} : tensor<?x2x3xf32>, %[[MAX:.+]] = %{{.+}} : tensor<?x2xf32>)
    // CHECK-SAME: running_maximum = {S.exponent = ["S", "n"]}
    // CHECK-DAG: %[[LOWEST:.+]] = arith.constant dense<-1.000000e+30> : tensor<2xf32>
    // CHECK-DAG: %[[KEPT:.+]] = arith.addf %[[MAX]], %[[F]] : tensor<2xf32>
    // CHECK: %[[NEXT0:.+]] = arith.maximumf %[[KEPT]], %[[I]] : tensor<2xf32>
    // CHECK: %[[NEXT:.+]] = arith.maximumf %[[NEXT0]], %[[LOWEST]] : tensor<2xf32>
    // One factor for each head: what is kept, then what is added. The carried
    // exponent and the maximum, which may both be huge, meet first.
    // CHECK: %[[FALLEN:.+]] = arith.subf %[[MAX]], %[[NEXT]] : tensor<2xf32>
    // CHECK: %[[OLD:.+]] = arith.addf %[[FALLEN]], %[[F]] : tensor<2xf32>
    // CHECK: math.exp %[[OLD]] : tensor<2xf32>
    // CHECK: %[[NEW:.+]] = arith.subf %[[I]], %[[NEXT]] : tensor<2xf32>
    // CHECK: math.exp %[[NEW]] : tensor<2xf32>
    // The denominator is `max(|q n|, 1)`: the one gets the exponent zero.
    // CHECK: math.absf
    // CHECK: arith.maximumf %[[NEXT]], %{{.+}} : tensor<2xf32>
    // CHECK: seqmix.yield %{{.+}}, %{{.+}}, %{{.+}}, %[[NEXT]]
    %h, %S1, %n1 = seqmix.recurrence
        tokens(%q_t = %q : tensor<?x?x2x3xf32>, %k_t = %k : tensor<?x?x2x3xf32>,
               %v_t = %v : tensor<?x?x2x5xf32>, %i_t = %i : tensor<?x?x2xf32>,
               %f_t = %f : tensor<?x?x2xf32>)
        states(%S = %S0 : tensor<?x2x3x5xf32>, %n = %n0 : tensor<?x2x3xf32>)
        -> (tensor<?x?x2x5xf32>) attributes {state_names = ["S", "n"]} {
      %hk = tensor.empty() : tensor<2x3xf32>
      %hv = tensor.empty() : tensor<2x5xf32>
      %hkv = tensor.empty() : tensor<2x3x5xf32>
      %zero_h = arith.constant dense<0.0> : tensor<2xf32>
      %zero_hv = arith.constant dense<0.0> : tensor<2x5xf32>
      %one = arith.constant dense<1.0> : tensor<2xf32>
      %ef = math.exp %f_t : tensor<2xf32>
      %ei = math.exp %i_t : tensor<2xf32>
      %ef_k = linalg.broadcast ins(%ef : tensor<2xf32>) outs(%hk : tensor<2x3xf32>) dimensions = [1]
      %ei_k = linalg.broadcast ins(%ei : tensor<2xf32>) outs(%hk : tensor<2x3xf32>) dimensions = [1]
      %ik = arith.mulf %ei_k, %k_t : tensor<2x3xf32>
      %n_kept = arith.mulf %ef_k, %n : tensor<2x3xf32>
      %n_next = arith.addf %n_kept, %ik : tensor<2x3xf32>
      %ef_kv = linalg.broadcast ins(%ef : tensor<2xf32>) outs(%hkv : tensor<2x3x5xf32>) dimensions = [1, 2]
      %ik_kv = linalg.broadcast ins(%ik : tensor<2x3xf32>) outs(%hkv : tensor<2x3x5xf32>) dimensions = [2]
      %v_kv = linalg.broadcast ins(%v_t : tensor<2x5xf32>) outs(%hkv : tensor<2x3x5xf32>) dimensions = [1]
      %S_kept = arith.mulf %ef_kv, %S : tensor<2x3x5xf32>
      %S_added = arith.mulf %ik_kv, %v_kv : tensor<2x3x5xf32>
      %S_next = arith.addf %S_kept, %S_added : tensor<2x3x5xf32>
      %q_kv = linalg.broadcast ins(%q_t : tensor<2x3xf32>) outs(%hkv : tensor<2x3x5xf32>) dimensions = [2]
      %qS = arith.mulf %q_kv, %S_next : tensor<2x3x5xf32>
      %above = linalg.reduce { arith.addf } ins(%qS : tensor<2x3x5xf32>) outs(%zero_hv : tensor<2x5xf32>) dimensions = [1]
      %qn = arith.mulf %q_t, %n_next : tensor<2x3xf32>
      %dot = linalg.reduce { arith.addf } ins(%qn : tensor<2x3xf32>) outs(%zero_h : tensor<2xf32>) dimensions = [1]
      %size = math.absf %dot : tensor<2xf32>
      %below = arith.maximumf %size, %one : tensor<2xf32>
      %below_v = linalg.broadcast ins(%below : tensor<2xf32>) outs(%hv : tensor<2x5xf32>) dimensions = [1]
      %read = arith.divf %above, %below_v : tensor<2x5xf32>
      seqmix.yield %read, %S_next, %n_next
          : tensor<2x5xf32>, tensor<2x3x5xf32>, tensor<2x3xf32>
    }
    // CHECK: "S.exponent" = %{{.+}} : tensor<?x2xf32>)
    seqmix.return outputs("h" = %h : tensor<?x?x2x5xf32>)
        states("S" = %S1 : tensor<?x2x3x5xf32>, "n" = %n1 : tensor<?x2x3xf32>)
  }
}

// A state that does not start at zero is itself times `exp(0)`; so is its
// companion, zero or not, because the exponent is theirs together.
// CHECK-LABEL: seqmix.model @nonzero_start
seqmix.model @nonzero_start {
  seqmix.entry @prefill(%k "k" : tensor<?x?xf32>, %v "v" : tensor<?x?xf32>) {
    // CHECK-DAG: seqmix.state "num" init 0.000000e+00
    // CHECK-DAG: seqmix.state "den" init 1.000000e+00
    // CHECK-DAG: seqmix.state "num.exponent" init 0.000000e+00 : tensor<?xf32>
    %num0 = seqmix.state "num" init 0.0 : tensor<?xf32>
    %den0 = seqmix.state "den" init 1.0 : tensor<?xf32>
    // CHECK: running_maximum = {num.exponent = ["num", "den"]}
    %o, %num1, %den1 = seqmix.recurrence
        tokens(%k_t = %k : tensor<?x?xf32>, %v_t = %v : tensor<?x?xf32>)
        states(%num = %num0 : tensor<?xf32>, %den = %den0 : tensor<?xf32>)
        -> (tensor<?x?xf32>) attributes {state_names = ["num", "den"]} {
      %weight = math.exp %k_t : tensor<f32>
      %weighted = arith.mulf %weight, %v_t : tensor<f32>
      %num_next = arith.addf %num, %weighted : tensor<f32>
      %den_next = arith.addf %den, %weight : tensor<f32>
      %mean = arith.divf %num_next, %den_next : tensor<f32>
      seqmix.yield %mean, %num_next, %den_next
          : tensor<f32>, tensor<f32>, tensor<f32>
    }
    seqmix.return outputs("o" = %o : tensor<?x?xf32>)
        states("num" = %num1 : tensor<?xf32>, "den" = %den1 : tensor<?xf32>)
  }
}

// Sums with different weights have an exponent each.
// CHECK-LABEL: seqmix.model @two_means
seqmix.model @two_means {
  seqmix.entry @prefill(%k "k" : tensor<?x?xf32>, %l "l" : tensor<?x?xf32>) {
    // CHECK-DAG: seqmix.state "a.exponent" init -1.000000e+30
    // CHECK-DAG: seqmix.state "c.exponent" init -1.000000e+30
    %a0 = seqmix.state "a" init 0.0 : tensor<?xf32>
    %b0 = seqmix.state "b" init 0.0 : tensor<?xf32>
    %c0 = seqmix.state "c" init 0.0 : tensor<?xf32>
    %d0 = seqmix.state "d" init 0.0 : tensor<?xf32>
    // CHECK: running_maximum = {a.exponent = ["a", "b"], c.exponent = ["c", "d"]}
    // CHECK-SAME: state_names = ["a", "b", "c", "d", "a.exponent", "c.exponent"]
    %o:2, %s:4 = seqmix.recurrence
        tokens(%k_t = %k : tensor<?x?xf32>, %l_t = %l : tensor<?x?xf32>)
        states(%a = %a0 : tensor<?xf32>, %b = %b0 : tensor<?xf32>,
               %c = %c0 : tensor<?xf32>, %d = %d0 : tensor<?xf32>)
        -> (tensor<?x?xf32>, tensor<?x?xf32>)
        attributes {state_names = ["a", "b", "c", "d"]} {
      %wk = math.exp %k_t : tensor<f32>
      %wl = math.exp %l_t : tensor<f32>
      %al = arith.mulf %wk, %l_t : tensor<f32>
      %ck = arith.mulf %wl, %k_t : tensor<f32>
      %a1 = arith.addf %a, %al : tensor<f32>
      %b1 = arith.addf %b, %wk : tensor<f32>
      %c1 = arith.addf %c, %ck : tensor<f32>
      %d1 = arith.addf %d, %wl : tensor<f32>
      %0 = arith.divf %a1, %b1 : tensor<f32>
      %1 = arith.divf %c1, %d1 : tensor<f32>
      seqmix.yield %0, %1, %a1, %b1, %c1, %d1 : tensor<f32>, tensor<f32>,
          tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
    }
    seqmix.return
        outputs("o" = %o#0 : tensor<?x?xf32>, "p" = %o#1 : tensor<?x?xf32>)
        states("a" = %s#0 : tensor<?xf32>, "b" = %s#1 : tensor<?xf32>,
               "c" = %s#2 : tensor<?xf32>, "d" = %s#3 : tensor<?xf32>)
  }
}

// Gated linear attention gives the memory out undivided: nothing bounds its
// exponent, and it stays as it is.
// CHECK-LABEL: seqmix.model @gated_linear_attention
// CHECK-NOT: exponent
// CHECK-NOT: running_maximum
// CHECK: seqmix.return
seqmix.model @gated_linear_attention {
  seqmix.entry @prefill(%g "g" : tensor<?x?x4xf32>, %x "x" : tensor<?x?x4xf32>) {
    %S0 = seqmix.state "S" init 0.0 : tensor<?x4xf32>
    %o, %S1 = seqmix.recurrence
        tokens(%g_t = %g : tensor<?x?x4xf32>, %x_t = %x : tensor<?x?x4xf32>)
        states(%S = %S0 : tensor<?x4xf32>) -> (tensor<?x?x4xf32>)
        attributes {state_names = ["S"]} {
      %gate = math.exp %g_t : tensor<4xf32>
      %kept = arith.mulf %gate, %S : tensor<4xf32>
      %next = arith.addf %kept, %x_t : tensor<4xf32>
      seqmix.yield %next, %next : tensor<4xf32>, tensor<4xf32>
    }
    seqmix.return outputs("o" = %o : tensor<?x?x4xf32>)
        states("S" = %S1 : tensor<?x4xf32>)
  }
}

// No exponential enters an average, so there is nothing to carry.
// CHECK-LABEL: seqmix.model @moving_average
// CHECK-NOT: exponent
// CHECK: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NEXT: seqmix.yield
seqmix.model @moving_average {
  seqmix.entry @prefill(%x "x" : tensor<?x?x4xf32>) {
    %a = seqmix.param "a" : tensor<4xf32>
    %h0 = seqmix.state "h" init 0.0 : tensor<?x4xf32>
    %y, %h1 = seqmix.recurrence tokens(%x_t = %x : tensor<?x?x4xf32>)
        invariants(%a_t = %a : tensor<4xf32>)
        states(%h = %h0 : tensor<?x4xf32>) -> (tensor<?x?x4xf32>) {
      %kept = arith.mulf %a_t, %h : tensor<4xf32>
      %next = arith.addf %kept, %x_t : tensor<4xf32>
      seqmix.yield %next, %next : tensor<4xf32>, tensor<4xf32>
    }
    seqmix.return outputs("y" = %y : tensor<?x?x4xf32>)
        states("h" = %h1 : tensor<?x4xf32>)
  }
}

// One state that an operation without a rule reads stays plain, and with it
// what shares its exponent.
// CHECK-LABEL: seqmix.model @state_read_by_tanh
// CHECK-NOT: exponent
// CHECK: seqmix.return
seqmix.model @state_read_by_tanh {
  seqmix.entry @prefill(%k "k" : tensor<?x?xf32>) {
    %s0 = seqmix.state "s" init 0.0 : tensor<?xf32>
    %y, %s1 = seqmix.recurrence tokens(%k_t = %k : tensor<?x?xf32>)
        states(%s = %s0 : tensor<?xf32>) -> (tensor<?x?xf32>) {
      %weight = math.exp %k_t : tensor<f32>
      %next = arith.addf %s, %weight : tensor<f32>
      %read = math.tanh %next : tensor<f32>
      seqmix.yield %read, %next : tensor<f32>, tensor<f32>
    }
    seqmix.return outputs("y" = %y : tensor<?x?xf32>)
        states("s" = %s1 : tensor<?xf32>)
  }
}

// Where something else sees the state, before or after, its representation may
// not change.
// CHECK-LABEL: seqmix.model @state_used_twice
// CHECK-NOT: exponent
// CHECK: seqmix.return
seqmix.model @state_used_twice {
  seqmix.entry @prefill(%k "k" : tensor<?x?xf32>, %v "v" : tensor<?x?xf32>) {
    %num0 = seqmix.state "num" init 0.0 : tensor<?xf32>
    %den0 = seqmix.state "den" init 0.0 : tensor<?xf32>
    %o, %num1, %den1 = seqmix.recurrence
        tokens(%k_t = %k : tensor<?x?xf32>, %v_t = %v : tensor<?x?xf32>)
        states(%num = %num0 : tensor<?xf32>, %den = %den0 : tensor<?xf32>)
        -> (tensor<?x?xf32>) {
      %weight = math.exp %k_t : tensor<f32>
      %weighted = arith.mulf %weight, %v_t : tensor<f32>
      %num_next = arith.addf %num, %weighted : tensor<f32>
      %den_next = arith.addf %den, %weight : tensor<f32>
      %mean = arith.divf %num_next, %den_next : tensor<f32>
      seqmix.yield %mean, %num_next, %den_next
          : tensor<f32>, tensor<f32>, tensor<f32>
    }
    %y, %last = seqmix.shift %o state(%num1) : tensor<?x?xf32>, tensor<?xf32>
    seqmix.return outputs("o" = %y : tensor<?x?xf32>)
        states("num" = %last : tensor<?xf32>, "den" = %den1 : tensor<?xf32>)
  }
}

// Likewise outside of a model, where the states are the caller's.
// CHECK-LABEL: func.func @states_of_the_caller
// CHECK-NOT: exponent
// CHECK: return
func.func @states_of_the_caller(%k: tensor<?x?xf32>, %den0: tensor<?xf32>)
    -> (tensor<?x?xf32>, tensor<?xf32>) {
  %o, %den1 = seqmix.recurrence tokens(%k_t = %k : tensor<?x?xf32>)
      states(%den = %den0 : tensor<?xf32>) -> (tensor<?x?xf32>) {
    %weight = math.exp %k_t : tensor<f32>
    %den_next = arith.addf %den, %weight : tensor<f32>
    %share = arith.divf %weight, %den_next : tensor<f32>
    seqmix.yield %share, %den_next : tensor<f32>, tensor<f32>
  }
  return %o, %den1 : tensor<?x?xf32>, tensor<?xf32>
}

// A state that another entry point shares keeps its meaning.
// CHECK-LABEL: seqmix.model @shared
// CHECK-NOT:   exponent
seqmix.model @shared {
  seqmix.entry @prefill(%k "k" : tensor<?x?x4xf32>) {
    %n0 = seqmix.state "num" init 0.0 : tensor<?x4xf32>
    %d0 = seqmix.state "den" init 0.0 : tensor<?x4xf32>
    %o, %n1, %d1 = seqmix.recurrence
        tokens(%k_t = %k : tensor<?x?x4xf32>)
        states(%n = %n0 : tensor<?x4xf32>, %d = %d0 : tensor<?x4xf32>)
        -> (tensor<?x?x4xf32>) {
      %e = math.exp %k_t : tensor<4xf32>
      %ek = arith.mulf %e, %k_t : tensor<4xf32>
      %n_next = arith.addf %n, %ek : tensor<4xf32>
      %d_next = arith.addf %d, %e : tensor<4xf32>
      %mean = arith.divf %n_next, %d_next : tensor<4xf32>
      seqmix.yield %mean, %n_next, %d_next
          : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
    }
    seqmix.return outputs("o" = %o : tensor<?x?x4xf32>)
        states("num" = %n1 : tensor<?x4xf32>, "den" = %d1 : tensor<?x4xf32>)
  }
  seqmix.entry @reset(%k "k" : tensor<?x?x4xf32>) {
    %n = seqmix.state "num" init 0.0 : tensor<?x4xf32>
    seqmix.return outputs("o" = %k : tensor<?x?x4xf32>)
        states("num" = %n : tensor<?x4xf32>)
  }
}
