#===- mixers.py - what the mixers mean ------------------------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""The mixers of the .sqm files that tests execute, written again from their
definitions for one sequence, in Python's floats and without the compiler's
forms.

A mixer is a generator: tokens and parameters in, one token's outputs at a time
out. Values are nested lists; a token maps the names of the inputs to values.
"""

import itertools
import math
from fractions import Fraction

# ------------------------------------------------------- a little arithmetic


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def read(q, memory):
    """The sum over keys of q times a memory [K, V]."""
    return [dot(q, column) for column in zip(*memory)]


def zeros(*shape):
    if not shape:
        return 0.0
    return [zeros(*shape[1:]) for _ in range(shape[0])]


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def exp(x):
    """Large, where it is not a float."""
    return math.exp(min(x, 700))


def weighted_sum(exponents, values, top):
    """The sum of exp(exponent - top) * value. The exponents are fractions: their
    differences are exact, however large they are."""
    return math.fsum(math.exp(max(e - top, -1000)) * v for e, v in zip(exponents, values))


# ------------------------------------------------------------------ a mixer


class Mixer:
    """What is known of a mixer besides its meaning.

    `inputs`, `params` and `outputs` map names to shapes of one token;
    `regimes` maps a name to what draws an element of a tensor other than by
    default: {tensor: random -> float}. `way` is the one way to feed it where
    the ways differ in meaning.
    """

    def __init__(self, inputs, outputs, params=None, regimes=None, way=None):
        self.inputs, self.outputs = inputs, outputs
        self.params, self.regimes = params or {}, regimes or {"usual": {}}
        self.way = way

    def __call__(self, run):
        self.run = run
        MIXERS[run.__name__] = self
        return run


MIXERS = {}


def usual(random):
    return random.uniform(-1, 1)


def one_of(*values):
    return lambda random: random.choice(values)


def between(low, high):
    return lambda random: random.uniform(low, high)


H, K, V, C, N = 2, 5, 3, 7, 3


# --------------------------------------------------- examples/mixers/*.sqm


@Mixer(
    inputs={"q": [H, K], "k": [H, K], "v": [H, V], "g": [H, K]},
    outputs={"o": [H, V]},
    regimes={
        "usual": {"g": between(-2, 0)},
        "no decay": {"g": one_of(0.0)},
        "decay of zero": {"g": one_of(-math.inf)},
        "extreme gates": {"g": one_of(0.0, -1e-6, -1.0, -87.0, -200.0, -1e4, -math.inf)},
        "growing": {"g": between(0, 1)},
    },
)
def gated_linear_attention(tokens, _):
    S = zeros(H, K, V)
    for token in tokens:
        q, k, v, g = (token[name] for name in "qkvg")
        for h, i, j in itertools.product(range(H), range(K), range(V)):
            S[h][i][j] = math.exp(g[h][i]) * S[h][i][j] + k[h][i] * v[h][j]
        yield {"o": [read(q[h], S[h]) for h in range(H)]}


@Mixer(
    inputs={"q": [H, K], "k": [H, K], "v": [H, V], "beta": [H]},
    outputs={"o": [H, V]},
    regimes={
        "usual": {"k": between(-0.4, 0.4), "beta": between(0, 1)},
        "gate at its ends": {"k": between(-0.4, 0.4), "beta": one_of(0.0, 1.0, 2.0)},
        "zero keys": {"k": one_of(0.0), "beta": between(0, 1)},
    },
)
def delta_rule(tokens, _):
    S = zeros(H, K, V)
    for token in tokens:
        q, k, v, beta = (token[name] for name in ("q", "k", "v", "beta"))
        for h, j in itertools.product(range(H), range(V)):
            held = dot(k[h], [S[h][i][j] for i in range(K)])
            for i in range(K):
                S[h][i][j] += beta[h] * k[h][i] * (v[h][j] - held)
        yield {"o": [read(q[h], S[h]) for h in range(H)]}


@Mixer(
    inputs={"k": [C], "v": [C]},
    outputs={"o": [C]},
    params={"w": [C], "u": [C]},
    regimes={
        "usual": {},
        "huge keys": {"k": between(1e4 - 5, 1e4)},
        "tiny keys": {"k": between(-1e4, -1e4 + 5)},
        "mixed signs": {"k": one_of(-1e4, -300.0, -88.5, -1.0, 0.0, 1.0, 88.5, 89.0, 300.0, 1e4)},
        "jumps": {"k": one_of(-1e30, -1e9, -1e4, 0.0, 0.5)},
        "rising": {"k": between(80, 95), "u": between(-5, 5)},
        "no decay": {"w": one_of(-200.0), "k": between(-100, 100)},
        "decay of zero": {"w": one_of(50.0, 80.0, 100.0), "k": between(-100, 100)},
        "all decays": {"w": one_of(-200.0, -8.0, 0.0, 1.5, 50.0, 100.0), "k": between(-20, 20)},
        "first token wins": {"u": one_of(-1e4, 1e4), "k": between(-3, 3)},
    },
)
def wkv4(tokens, params):
    # Not a recurrence: the weights of all tokens so far, by their logarithms.
    past = []
    for token in tokens:
        o = []
        for c in range(C):
            decay = Fraction(exp(params["w"][c]))
            exponents = [Fraction(k[c]) - age * decay for age, (k, _) in enumerate(reversed(past))]
            values = [v[c] for _, v in reversed(past)]
            exponents.append(Fraction(params["u"][c]) + Fraction(token["k"][c]))
            values.append(token["v"][c])
            top = max(exponents)
            above = weighted_sum(exponents, values, top)
            o.append(above / weighted_sum(exponents, [1.0] * len(values), top))
        past.append((token["k"], token["v"]))
        yield {"o": o}


@Mixer(
    inputs={"x": [C], "dt": [C], "B": [N], "G": [N]},
    outputs={"y": [C]},
    params={"A": [C, N], "D": [C]},
    regimes={
        "usual": {"A": between(-4, 0), "dt": between(0, 1)},
        "decay of zero": {"A": between(-4, -1), "dt": one_of(0.0, 1e-6, 1.0, 1e4)},
        "no decay": {"A": one_of(0.0), "dt": between(0, 1)},
    },
)
def selective_scan(tokens, params):
    h = zeros(C, N)
    for token in tokens:
        x, dt, B, G = (token[name] for name in ("x", "dt", "B", "G"))
        for c, n in itertools.product(range(C), range(N)):
            h[c][n] = math.exp(dt[c] * params["A"][c][n]) * h[c][n] + dt[c] * B[n] * x[c]
        yield {"y": [dot(G, h[c]) + params["D"][c] * x[c] for c in range(C)]}


@Mixer(
    inputs={"q": [H, K], "k": [H, K], "v": [H, V]},
    outputs={"o": [H, V]},
    regimes={"usual": {}, "loud": {"v": one_of(-1e3, 0.0, 1e3)}, "silent": {"v": one_of(0.0)}},
)
def braking_retention(tokens, _):
    S, norm = zeros(H, K, V), zeros(H)
    for token in tokens:
        q, k, v = (token[name] for name in "qkv")
        o = zeros(H, V)
        for h in range(H):
            for i, j in itertools.product(range(K), range(V)):
                S[h][i][j] = math.exp(-norm[h]) * S[h][i][j] + k[h][i] * v[h][j]
            o[h] = read(q[h], S[h])
            norm[h] = math.sqrt(dot(o[h], o[h]))
        yield {"o": o}


@Mixer(
    inputs={"x": [C], "y": [C]},
    outputs={"o": [C]},
    regimes={
        "usual": {},
        "saturated": {"x": one_of(-200.0, -50.0, 50.0, 200.0), "y": one_of(-200.0, 0.0, 200.0)},
    },
)
def mutual_averages(tokens, _):
    a, b = zeros(C), zeros(C)
    for token in tokens:
        for c in range(C):
            rate_a, rate_b = sigmoid(b[c]), sigmoid(a[c])
            a[c] = rate_a * a[c] + (1 - rate_a) * token["x"][c]
            b[c] = rate_b * b[c] + (1 - rate_b) * token["y"][c]
        yield {"o": [x * y for x, y in zip(a, b)]}


# ------------------------------------------------------------ Inputs/*.sqm


@Mixer(
    inputs={"q": [H, K], "k": [H, K], "v": [H, V], "i": [H], "f": [H]},
    outputs={"h": [H, V]},
    regimes={
        # Keys and queries of one sign: what is divided by does not cancel.
        name: {"q": between(0.1, 1), "k": between(0.1, 1), "f": between(-2, 0), **gates}
        for name, gates in {
            "usual": {},
            "huge gates": {"i": between(1e4 - 5, 1e4)},
            "tiny gates": {"i": between(-1e4, -1e4 + 5)},
            "mixed gates": {"i": one_of(-1e4, -100.0, 0.0, 3.0, 90.0, 100.0, 1e4)},
            "forgetting": {"i": between(85, 95), "f": one_of(0.0, -1.0, -90.0, -1e4)},
            "growing": {"i": between(-3, 3), "f": between(20, 40)},
        }.items()
    },
)
def mlstm(tokens, _):
    past = []
    for token in tokens:
        h = zeros(H, V)
        past.append(token)
        for head in range(H):
            exponents, kept = [], Fraction(0)
            for then in reversed(past):
                exponents.append(Fraction(then["i"][head]) + kept)
                kept += Fraction(then["f"][head])
            dots = [dot(token["q"][head], then["k"][head]) for then in reversed(past)]
            top = max(exponents)
            # Scaled by exp(-top), the bound of one is exp(-top).
            below = abs(weighted_sum(exponents, dots, top))
            for j in range(V):
                values = [d * then["v"][head][j] for d, then in zip(dots, reversed(past))]
                above = weighted_sum(exponents, values, top)
                h[head][j] = math.exp(top) * above if exp(-top) > below else above / below
        yield {"h": h}


@Mixer(inputs={"x": [C]}, outputs={"y": [C], "z": [C]})
def exchange(tokens, _):
    a, b = [1.0] * C, [-2.0] * C
    for token in tokens:
        a, b = b, [x + 0.5 * y for x, y in zip(a, token["x"])]
        yield {"y": [x + y for x, y in zip(a, token["x"])], "z": list(b)}


@Mixer(
    inputs={"x": [C]},
    params={"A": [C, C]},
    outputs={n: [C] for n in ("late", "swapped", "lagged", "counted", "turned")},
    regimes={"usual": {"A": between(-0.3, 0.3)}},
)
def passing_on(tokens, params):
    line = [[2.0] * C, [1.0] * C, [0.5] * C]
    left, right, s, n, z, h = 3.0, -1.0, [0.25] * C, 0, 1, [1.0] * C
    for token in tokens:
        x = token["x"]
        line.append(x)
        left, right = right, left
        old, s = s, [a + b for a, b in zip(s, x)]
        n, z = n + 1, n
        h = [math.fsum(params["A"][i][j] * h[i] for i in range(C)) for j in range(C)]
        yield {
            "late": line[-4],
            "swapped": [left + y for y in x],
            "lagged": [2 * a * a - b for a, b in zip(old, s)],
            "counted": [z * y for y in x],
            "turned": [a * b for a, b in zip(x, h)],
        }


def gelu(x):
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def softplus(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


FUNCTIONS = {
    "exp_x": math.exp,
    "log1p_x": lambda x: math.log1p(abs(x)),
    "tanh_x": math.tanh,
    "erf_x": math.erf,
    "sin_x": math.sin,
    "sqrt_x": lambda x: math.sqrt(abs(x)),
    "sigmoid_x": sigmoid,
    "softplus_x": softplus,
    "logsigmoid_x": lambda x: -softplus(-x),
    "silu_x": lambda x: x * sigmoid(x),
    "gelu_x": gelu,
}


@Mixer(
    inputs={"x": [C]},
    outputs={name: [C] for name in FUNCTIONS},
    regimes={
        "usual": {},
        "tiny": {"x": between(-1e-8, 1e-8)},
        # Errors are relative to the largest value, so small ones come alone.
        "negative": {"x": between(-16, -14)},
        "positive": {"x": between(14, 16)},
    },
)
def functions(tokens, _):
    for token in tokens:
        yield {name: [f(x) for x in token["x"]] for name, f in FUNCTIONS.items()}
