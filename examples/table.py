#===- table.py - the systems side by side ----------------------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Writes the table of examples/README.md.

    table.py [--check]

What a layer carries from token to token is what `seqmixc --explain --json` says of
the example at the width of a model of 7 billion parameters (or, where a system
has its own usual proportions, those), in f32, averaged over the layers of its
pattern. `--check` compares the page with what would be written. seqmixc is taken
from PATH.
"""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "README.md")
BEGIN, END = "<!-- table.py -->", "<!-- end -->"
WIDTH, VOCABULARY = 4096, 1000
CONTEXTS = (2048, 8192, 32768)


def usual(layers=2, **more):
    return {"vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": layers, **more}


def narrow(layers=2, **more):
    return {"vocab_size": VOCABULARY, "d_model": WIDTH, "layers": layers, **more}


# Folder, system, paper, class of its recurrence, sizes, layers.
SYSTEMS = [
    ("rwkv4", "RWKV-4", "2305.13048", "log-space affine", usual(), 2),
    ("rwkv5", "RWKV-5 (Eagle)", "2404.05892", "decayed rank-one", usual(), 2),
    ("rwkv6", "RWKV-6 (Finch)", "2404.05892", "decayed rank-one", usual(), 2),
    ("rwkv6_fla", "RWKV-6, wired by fla", "2404.05892", "decayed rank-one", usual(), 2),
    ("rwkv7", "RWKV-7 (Goose)", "2503.14456", "delta", usual(), 2),
    ("rwkv7_fla", "RWKV-7, wired by fla", "2503.14456", "delta", usual(), 2),
    ("linear_attn", "linear attention", "2006.16236", "decayed rank-one", usual(), 2),
    ("retnet", "RetNet", "2307.08621", "decayed rank-one", usual(), 2),
    ("gla", "GLA", "2312.06635", "decayed rank-one", usual(), 2),
    ("delta_net", "DeltaNet", "2406.06484", "delta", usual(num_heads=32), 2),
    ("gated_deltanet", "Gated DeltaNet", "2412.06464", "delta", usual(num_heads=12), 2),
    ("hgrn", "HGRN", "2311.04823", "elementwise affine", usual(), 2),
    ("hgrn2", "HGRN2", "2404.07904", "decayed rank-one", usual(), 2),
    ("s4", "S4", "2111.00396", "time-invariant", narrow(), 2),
    ("s4d", "S4D", "2206.11893", "time-invariant", narrow(), 2),
    ("mamba", "Mamba", "2312.00752", "elementwise affine", usual(), 2),
    ("mamba2", "Mamba-2", "2405.21060", "decayed rank-one", usual(), 2),
    ("mega", "Mega, chunks of 2k", "2209.10655", "time-invariant, windowed",
     {"vocab_size": VOCABULARY, "embed_dim": WIDTH, "layers": 2, "zdim": 1024, "hdim": 8192,
      "ndim": 16, "ffn": 8192, "chunk_size": 2048}, 2),
    ("megalodon", "Megalodon, chunks of 4k", "2404.08801", "time-invariant, windowed",
     {"vocab_size": VOCABULARY, "model_dim": WIDTH, "num_layers": 2, "z_dim": 1024,
      "value_dim": 8192, "num_heads": 4, "ffn_hidden_dim": 11264, "cema_ndim": 16,
      "chunk_size": 4096, "norm_num_groups": 64}, 2),
    ("griffin", "Griffin", "2402.19427", "elementwise affine, windowed",
     usual(3, num_attention_heads=32, num_key_value_heads=1), 3),
    ("xlstm", "xLSTM (mLSTM)", "2405.04517", "decayed rank-one", usual(), 2),
    ("qwen3_next", "Qwen3-Next", "2412.06464", "delta, attention (2k)",
     usual(4, num_experts=0, max_position_embeddings=2048), 4),
    ("mcsd", "MCSD", "2406.12230", "time-invariant", usual(), 2),
]


def explain(folder, sizes):
    source = os.path.join(HERE, folder, folder + ".sqm")
    defines = [part for item in sizes.items() for part in ("-D", "%s=%s" % item)]
    done = subprocess.run(
        ["seqmixc", source, *defines, "--explain", "--json"], capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def layer_bytes(folder, sizes, layers):
    states = explain(folder, sizes)["states"]
    return sum(state["bytes"] for state in states if state["layer"]) // layers


def readable(size):
    for unit, bytes in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= bytes:
            return f"{size / bytes:.3g} {unit}"
    return f"{size} B"


def count_lines(folder):
    with open(os.path.join(HERE, folder, folder + ".sqm")) as file:
        return sum(1 for _ in file)


def row(folder, system, paper, kind, size):
    link = f"[{system}]({folder}/{folder}.sqm)"
    return f"| {link} | [{paper}](https://arxiv.org/abs/{paper}) | {kind} | {count_lines(folder)} | {size} |"


def table():
    yield "| system | paper | class of its recurrence | lines | state of a layer |"
    yield "|---|---|---|---:|---:|"
    for folder, system, paper, kind, sizes, layers in SYSTEMS:
        yield row(folder, system, paper, kind, readable(layer_bytes(folder, sizes, layers)))
    for tokens in CONTEXTS:
        size = layer_bytes("transformer", usual(max_position_embeddings=tokens), 2)
        name = f"Transformer, {tokens // 1024}k tokens"
        yield row("transformer", name, "1706.03762", "attention", readable(size))


def main():
    with open(PAGE) as file:
        page = file.read()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    written = before + BEGIN + "\n" + "\n".join(table()) + "\n" + END + after
    if "--check" in sys.argv:
        if written != page:
            sys.exit("examples/README.md is not what examples/table.py writes")
        return 0
    with open(PAGE, "w") as file:
        file.write(written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
