#===- oracle.py - run a compiled model against its meaning ----------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Runs a compiled model and compares it with what its mixer means.

    oracle.py NAME MODEL.so FOLDER --type f32|f64

NAME is a mixer of mixers.py or ops.py. For batches and lengths that do not fit any block
size, and for each regime of inputs, inputs and expected outputs are recorded in
FOLDER and `seqmix-run check` compares, fed in one piece, in two, and step by
step.
"""

import argparse
import itertools
import json
import math
import os
import random
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
from mixers import usual
from ops import MIXERS

BATCHES = (1, 3)
LENGTHS = (0, 1, 2, 7, 13, 17)
TOLERANCE = {"f32": 1e-5, "f64": 1e-12}


# ---------------------------------------------------------------- recordings


def rounded(x, dtype):
    """`x` as a number of the model's type."""
    return struct.unpack("<f", struct.pack("<f", x))[0] if dtype == "f32" else x


def flatten(value):
    if isinstance(value, list):
        for item in value:
            yield from flatten(item)
    else:
        yield value


def write_safetensors(path, tensors):
    """`tensors` maps names to (dtype, shape, nested lists of floats)."""
    header, body = {}, b""
    for name, (dtype, shape, values) in tensors.items():
        flat = list(flatten(values))
        assert len(flat) == math.prod(shape), (name, shape, len(flat))
        data = struct.pack(f"<{len(flat)}{'f' if dtype == 'f32' else 'd'}", *flat)
        span = [len(body), len(body) + len(data)]
        header[name] = {"dtype": dtype.upper(), "shape": shape, "data_offsets": span}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


# ---------------------------------------------------------------- the checks


def draw(random, shape, element, dtype):
    if not shape:
        return rounded(element(random), dtype)
    return [draw(random, shape[1:], element, dtype) for _ in range(shape[0])]


def record(mixer, dtype, regime, batch, length, random, folder):
    """Writes weights and recording; returns their paths."""
    elements = mixer.regimes[regime]

    def some(name, shape):
        return draw(random, shape, elements.get(name, usual), dtype)

    params = {name: some(name, shape) for name, shape in mixer.params.items()}
    tokens = [
        [{name: some(name, shape) for name, shape in mixer.inputs.items()} for _ in range(length)]
        for _ in range(batch)
    ]
    expected = [list(mixer.run(sequence, params)) for sequence in tokens]
    weights = os.path.join(folder, "weights.safetensors")
    recording = os.path.join(folder, "io.safetensors")
    # No tensors at all is no checkpoint.
    unused = {"unused": (dtype, [1], [0.0])}
    write_safetensors(
        weights, {n: (dtype, s, params[n]) for n, s in mixer.params.items()} or unused
    )
    tensors = {}
    for kind, shapes, sequences in (
        (dtype, mixer.inputs, tokens),
        ("f64", mixer.outputs, expected),
    ):
        for name, shape in shapes.items():
            values = [[token[name] for token in sequence] for sequence in sequences]
            tensors[name] = (kind, [batch, length, *shape], values)
    write_safetensors(recording, tensors)
    return weights, recording


def check(model, weights, recording, mixer, tolerance):
    """What is wrong, or None."""
    command = ["seqmix-run", model, "--weights", weights, "check", recording, "--json"]
    command += [f"--tol={tolerance}", f"--tol-ways={tolerance}"]
    result = subprocess.run(command, capture_output=True, text=True)
    if not result.stdout:
        return f"exit status {result.returncode}: {result.stderr.strip()}"
    report = json.loads(result.stdout)
    if mixer.way is None:
        if result.returncode == 0 and report["ok"]:
            return None
    elif all(way["ok"] for way in report["ways"] if way["name"] == mixer.way):
        return None
    errors = [f"{way['name']} {way['error']}" for way in report["ways"]]
    return f"errors: {', '.join(errors)}; ways differ by {report['ways_difference']}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mixer", choices=sorted(MIXERS))
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--type", choices=sorted(TOLERANCE), default="f32")
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    mixer = MIXERS[args.mixer]
    failures = 0
    for regime, batch, length in itertools.product(mixer.regimes, BATCHES, LENGTHS):
        case = f"{args.mixer} {args.type}, {regime}, {batch} x {length}"
        source = random.Random(case)
        weights, recording = record(mixer, args.type, regime, batch, length, source, args.folder)
        wrong = check(args.model, weights, recording, mixer, TOLERANCE[args.type])
        if wrong:
            failures += 1
            print(f"{case}: {wrong}", file=sys.stderr)
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
