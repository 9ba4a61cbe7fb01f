#!/usr/bin/env python3
"""Writes random weights for the MCSD example and what its equations make of tokens.

    mcsd.py CONFIG FOLDER    writes FOLDER/model.safetensors and FOLDER/io.safetensors

The sections are written as the paper describes them, as causal matrices: sums over
all earlier tokens, without a state. Doubles and lists, nothing else.
"""

import json
import math
import os
import random
import struct
import sys

CONFIG = json.load(open(sys.argv[1]))
D, E, L = (CONFIG[k] for k in ("hidden_size", "vocab_size", "num_hidden_layers"))
C, F = CONFIG["num_channels"], CONFIG["intermediate_size"]
P = D // C
SLOPE, FIRST, STEP = (CONFIG.get(k, d) for k, d in (("slope_base", 8), ("decay_first", 5), ("decay_step", 1)))
RANDOM = random.Random(12230)


def rounded(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def tensor(*shape):
    if len(shape) > 1:
        return [tensor(*shape[1:]) for _ in range(shape[0])]
    return [rounded(RANDOM.uniform(-0.6, 0.6)) for _ in range(shape[0])]


def shape_of(x):
    return [len(x)] + shape_of(x[0]) if isinstance(x, list) else []


def flat(x):
    return [y for z in x for y in flat(z)] if isinstance(x, list) else [x]


def write(path, tensors):
    header, data = {}, b""
    for name, (kind, value) in tensors.items():
        values = flat(value)
        code = {"F32": "f", "I64": "q"}[kind]
        raw = struct.pack(f"<{len(values)}{code}", *values)
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": kind, "shape": shape_of(value), "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def linear(w, x):
    return [sum(a * b for a, b in zip(row, x)) for row in w]


def silu(x):
    return x / (1 + math.exp(-x))


def rms_norm(x, w):
    scale = 1 / math.sqrt(sum(a * a for a in x) / D + CONFIG.get("norm_eps", 1e-6))
    return [a * scale * b for a, b in zip(x, w)]


def section(u, v, factor):
    """Row t, column s of channel c's matrix is factor[c] ** (t - s)."""
    rows = []
    for t in range(len(u)):
        row = []
        for c in range(C):
            weights = [factor[c] ** (t - s) for s in range(t + 1)]
            total = sum(weights) if CONFIG.get("normalise") else 1
            for p in range(c * P, c * P + P):
                aggregated = sum(weights[s] * v[s][p] for s in range(t + 1))
                row.append(u[t][p] * aggregated / total)
        rows.append(row)
    return rows


def by_channel(w, x):
    return [y for c in range(C) for y in linear(w[c], x[c * P : c * P + P])]


def model(weights, tokens):
    x = [weights["embeddings.weight"][token] for token in tokens]
    act = silu if CONFIG.get("activation") == "silu" else float
    for i in range(L):
        w = {k[len(f"layers.{i}.") :]: v for k, v in weights.items() if k.startswith(f"layers.{i}.")}
        h = [rms_norm(a, w["mcsd_norm.weight"]) for a in x]
        u = [[act(b) for b in by_channel(w["mcsd.u.weight"], a)] for a in h]
        v = [by_channel(w["mcsd.v.weight"], a) for a in h]
        slope = section(u, v, [math.exp(-(2 ** (-SLOPE * (c + 1) / C))) for c in range(C)])
        decay = section(u, v, [1 - 2 ** (-FIRST - STEP * c) for c in range(C)])
        y = [linear(w["mcsd.out.weight"], a + b) for a, b in zip(slope, decay)]
        x = [[a + b for a, b in zip(s, t)] for s, t in zip(x, y)]
        for t, row in enumerate(x):
            h = rms_norm(row, w["mlp_norm.weight"])
            gate, up = linear(w["mlp.gate.weight"], h), linear(w["mlp.up.weight"], h)
            y = linear(w["mlp.down.weight"], [silu(a) * b for a, b in zip(gate, up)])
            x[t] = [a + b for a, b in zip(row, y)]
    return [linear(weights["head.weight"], rms_norm(a, weights["norm.weight"])) for a in x]


def main():
    weights = {"embeddings.weight": tensor(E, D), "norm.weight": tensor(D), "head.weight": tensor(E, D)}
    for i in range(L):
        for name, *shape in (
            ("mcsd_norm.weight", D),
            ("mlp_norm.weight", D),
            ("mcsd.u.weight", C, P, P),
            ("mcsd.v.weight", C, P, P),
            ("mcsd.out.weight", D, 2 * D),
            ("mlp.gate.weight", F, D),
            ("mlp.up.weight", F, D),
            ("mlp.down.weight", D, F),
        ):
            weights[f"layers.{i}.{name}"] = tensor(*shape)
    tokens = [[RANDOM.randrange(E) for _ in range(23)] for _ in range(2)]
    logits = [model(weights, row) for row in tokens]
    greedy = []
    for row in tokens:
        fed = list(row)
        for _ in range(6):
            last = model(weights, fed)[-1]
            fed.append(last.index(max(last)))
        greedy.append(fed[len(row) :])
    os.makedirs(sys.argv[2], exist_ok=True)
    write(os.path.join(sys.argv[2], "model.safetensors"), {k: ("F32", v) for k, v in weights.items()})
    io = {"greedy": ("I64", greedy), "tokens": ("I64", tokens), "logits": ("F32", logits)}
    write(os.path.join(sys.argv[2], "io.safetensors"), io)


main()
