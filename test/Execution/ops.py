#===- ops.py - what the dialect's mixers mean -----------------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""The models of Inputs/*.mlir, one for each mixer of the dialect, written again
from the definitions of its ops. See mixers.py."""

import itertools
import math

from mixers import MIXERS, C, H, K, Mixer, V, between, dot, one_of, read, zeros


def softmax(scores):
    top = max(scores)
    weights = [math.exp(s - top) for s in scores]
    return [w / math.fsum(weights) for w in weights]


@Mixer(inputs={"x": [C]}, outputs={"y": [C]}, way="step by step")
def swap(tokens, _):
    a, b = [1.0] * C, [2.0] * C
    for _ in tokens:
        yield {"y": a}
        a, b = b, a


# Of each output: the decay under a key of a head, and whether there is a bonus.
RETENTIONS = {
    "none": (lambda token, params, h, i: 1.0, False),
    "by_token": (lambda token, params, h, i: token["token"], False),
    "by_head": (lambda token, params, h, i: token["head"][h], False),
    "by_key": (lambda token, params, h, i: token["key"][h][i], False),
    "constant": (lambda token, params, h, i: params["constant_decay"], False),
    "constant_head": (lambda token, params, h, i: params["head_decay"][h], False),
    "constant_key": (lambda token, params, h, i: params["key_decay"][h][i], False),
    "bonus": (lambda token, params, h, i: 1.0, True),
    "bonus_key": (lambda token, params, h, i: token["key"][h][i], True),
}
DECAYS = ("token", "head", "key", "constant_decay", "head_decay", "key_decay")


@Mixer(
    inputs={"q": [H, K], "k": [H, K], "v": [H, V], "token": [], "head": [H], "key": [H, K]},
    outputs={name: [H, V] for name in RETENTIONS},
    params={"constant_decay": [], "head_decay": [H], "key_decay": [H, K], "bonus": [H, K]},
    regimes={
        "usual": {name: between(0, 1) for name in DECAYS},
        "decay of zero": {name: one_of(0.0, 1.0) for name in DECAYS},
    },
)
def retention(tokens, params):
    memory = {name: zeros(H, K, V) for name in RETENTIONS}
    for token in tokens:
        out = {}
        for name, (decay, with_bonus) in RETENTIONS.items():
            S, o = memory[name], zeros(H, V)
            for h, j in itertools.product(range(H), range(V)):
                read = []
                for i in range(K):
                    update = token["k"][h][i] * token["v"][h][j]
                    old = S[h][i][j]
                    S[h][i][j] = decay(token, params, h, i) * old + update
                    read.append(old + params["bonus"][h][i] * update if with_bonus else S[h][i][j])
                o[h][j] = dot(token["q"][h], read)
            out[name] = o
        yield out


@Mixer(inputs={"x": [C]}, outputs={"sum": [C], "before": [C], "top": [C], "map": [C]})
def scan(tokens, _):
    total, top, a, b = [10.0] * C, [-math.inf] * C, [1.0] * C, [0.5] * C
    for token in tokens:
        x = token["x"]
        before = list(total)
        total = [s + y for s, y in zip(total, x)]
        top = [max(t, y) for t, y in zip(top, x)]
        # The maps h -> x h + x, one after the other.
        a, b = [r * y for r, y in zip(a, x)], [y * s + y for s, y in zip(b, x)]
        yield {"sum": total, "before": before, "top": top, "map": b}


@Mixer(
    inputs={"q": [4, K], "k": [2, K], "v": [2, V], "p": [3, 2]},
    outputs={"windowed": [4, V], "all": [4, V], "self": [3, 2]},
    regimes={
        "usual": {},
        # Whole numbers, so that scores are exact and the exponentials are tested.
        "sharp": {name: one_of(-60.0, -7.0, 0.0, 9.0, 60.0) for name in "qk"},
        "flat": {"q": one_of(0.0)},
    },
)
def window_attention(tokens, _):
    def attend(q, past, heads, sharing, scale):
        out = []
        for h in range(heads):
            weights = softmax([scale * dot(q[h], k[h // sharing]) for k, _ in past])
            width = len(past[0][1][0])
            out.append([dot(weights, [v[h // sharing][j] for _, v in past]) for j in range(width)])
        return out

    past, own = [], []
    for token in tokens:
        past.append((token["k"], token["v"]))
        own.append((token["p"], token["p"]))
        yield {
            "windowed": attend(token["q"], past[-4:], 4, 2, 0.25),
            "all": attend(token["q"], past, 4, 2, 0.5),
            "self": attend(token["p"], own[-1:], 3, 1, 1.0),
        }


@Mixer(
    inputs={"x": [2, 3], "s": []},
    outputs={"plain": [2, 3], "biased": [2, 3], "scalar": []},
    params={"w2": [2, 3, 2], "w4": [2, 3, 4], "b": [2, 3], "ws": [3], "bs": []},
)
def conv(tokens, params):
    past = [{"x": zeros(2, 3), "s": 0.0}] * 3
    for token in tokens:
        past.append(token)

        def over(name, taps, h, i):
            return dot(params[name][h][i], [t["x"][h][i] for t in past[-taps:]])

        grid = lambda f: [[f(h, i) for i in range(3)] for h in range(2)]
        yield {
            "plain": grid(lambda h, i: over("w2", 2, h, i)),
            "biased": grid(lambda h, i: params["b"][h][i] + over("w4", 4, h, i)),
            "scalar": params["bs"] + dot(params["ws"], [t["s"] for t in past[-3:]]),
        }


@Mixer(inputs={"x": [C], "s": []}, outputs={"y": [C], "twice": [C], "t": []})
def shift(tokens, _):
    past = [([0.5] * C, 0.0), ([0.5] * C, 0.0)]
    for token in tokens:
        yield {"y": past[-1][0], "twice": past[-2][0], "t": past[-1][1]}
        past.append((token["x"], token["s"]))


HEADS, KEYS, VALUES = 4, 8, 32


@Mixer(
    inputs={"q": [HEADS, KEYS], "k": [HEADS, KEYS], "v": [HEADS, VALUES], "a": [HEADS, KEYS]},
    outputs={"o": [HEADS, VALUES], "m": [HEADS], "p": [HEADS, VALUES]},
    params={"w": [HEADS, VALUES]},
    regimes={
        "usual": {"a": between(0, 1)},
        "decay of zero": {"a": one_of(0.0, 1.0)},
    },
)
def chunk(tokens, params):
    S, z = zeros(HEADS, KEYS, VALUES), zeros(HEADS, KEYS)
    last = [[0.5] * VALUES for _ in range(HEADS)]
    for token in tokens:
        o, m = [], []
        for h, w in enumerate(params["w"]):
            q, k, v, a = (token[name][h] for name in "qkva")
            S[h] = [[a[i] * s + k[i] * x for s, x in zip(S[h][i], v)] for i in range(KEYS)]
            z[h] = [a[i] * z[h][i] + k[i] for i in range(KEYS)]
            o.append([x * y for x, y in zip(w, read(q, S[h]))])
            m.append(dot(q, z[h]))
        yield {"o": o, "m": m, "p": last}
        last = token["v"]
