#===- passes.py - how often a block goes through memory --------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Counts the passes over memory of each example's blocks.

    passes.py examples/table.py

A pass is what prefill does to all tokens before it does the next thing: a loop over
them at the top of its code, of which all that comes out is written to memory. Blocks
are what one pattern of layers more adds to a model, at the usual width; products
with matrices of weights are counted apart, and so are copies. seqmixc and seqmix-opt
are taken from PATH.
"""

import importlib.util
import os
import re
import subprocess
import sys

LAYERS = ("num_hidden_layers", "layers", "num_layers")
# As the compiler does, up to where threads and vectors come in.
BUFFERIZE = (
    "--pass-pipeline=builtin.module(seqmix-separate-destinations,eliminate-empty-tensors,"
    "one-shot-bufferize{allow-return-allocs-from-loops=true},canonicalize,cse)"
)
LOOP = re.compile(r"    (?:%\S+ = )?(scf\.for|scf\.forall|linalg\.|memref\.copy)")


def compile(source, sizes):
    defines = [part for item in sizes.items() for part in ("-D", "%s=%s" % item)]
    done = subprocess.run(
        ["seqmixc", source, *defines, "--stop-after=tensors"], capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    done = subprocess.run(
        ["seqmix-opt", "-", BUFFERIZE], input=done.stdout, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def top_ops(module):
    """The ops of prefill's body, each with all of its text."""
    body = module[module.index("func.func @entry_prefill(") :]
    body = body[: body.index("\n  }\n")]
    ops = []
    for line in body.split("\n")[1:]:
        if re.match(r"    [^ }^]", line):
            ops.append(line)
        elif ops:
            ops[-1] += "\n" + line
    return ops


def multiplies(op):
    """Whether the op sums over an axis of weights, as products of other layouts do."""
    first = op.split("\n")[0]
    weights = re.search(r" ins\(.*, memref<(\d+x)+\d+x\w+[,>]", first)
    return "linalg.generic" in first and '"reduction"' in first and weights is not None


def fills(op):
    """Whether the op writes one number: a sum begins with it, and takes it in."""
    first = op.split("\n")[0]
    return "linalg." in first and " ins(" not in first


def count(module):
    counts = {"products": 0, "others": 0, "copies": 0}
    for op in top_ops(module):
        if not LOOP.match(op):
            continue
        if "seqmix.matmul" in op or multiplies(op):
            counts["products"] += 1
        elif op.lstrip().startswith("memref.copy"):
            counts["copies"] += "memref<?x?x" in op
        elif "memref<?x?x" in op and not fills(op):  # of tokens, not of the state alone
            counts["others"] += 1
    return counts


def main():
    path = sys.argv[1]
    spec = importlib.util.spec_from_file_location("table", path)
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    systems = [(name, sizes, layers) for name, _, _, sizes, layers in table.SYSTEMS]
    systems.append(("transformer", table.usual(max_position_embeddings=2048), 2))
    for name, sizes, layers in systems:
        source = os.path.join(os.path.dirname(path), name, name + ".sqm")
        key = next(key for key in LAYERS if key in sizes)
        once = count(compile(source, {**sizes, key: layers}))
        twice = count(compile(source, {**sizes, key: 2 * layers}))
        added = {kind: twice[kind] - once[kind] for kind in once}
        print(f"{name}: {layers} layers,", ", ".join(f"{n} {k}" for k, n in added.items()))


if __name__ == "__main__":
    main()
