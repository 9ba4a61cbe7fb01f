#===- table.py - the systems side by side ----------------------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Writes the table of examples/README.md.

    table.py [--check]

The class of a system's recurrences, and what a layer carries from token to token,
are what `seqmixc --explain --json` says of the example at the width of a model of 7 billion parameters (or, where a system
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


# Folder, system, paper, sizes, layers.
SYSTEMS = [
    ("rwkv4", "RWKV-4", "2305.13048", usual(), 2),
    ("rwkv5", "RWKV-5 (Eagle)", "2404.05892", usual(), 2),
    ("rwkv6", "RWKV-6 (Finch)", "2404.05892", usual(), 2),
    ("rwkv6_fla", "RWKV-6, wired by fla", "2404.05892", usual(), 2),
    ("rwkv7", "RWKV-7 (Goose)", "2503.14456", usual(), 2),
    ("rwkv7_fla", "RWKV-7, wired by fla", "2503.14456", usual(), 2),
    ("linear_attn", "linear attention", "2006.16236", usual(), 2),
    ("retnet", "RetNet", "2307.08621", usual(), 2),
    ("gla", "GLA", "2312.06635", usual(), 2),
    ("delta_net", "DeltaNet", "2406.06484", usual(num_heads=32), 2),
    ("gated_deltanet", "Gated DeltaNet", "2412.06464", usual(num_heads=12), 2),
    ("hgrn", "HGRN", "2311.04823", usual(), 2),
    ("hgrn2", "HGRN2", "2404.07904", usual(), 2),
    ("s4", "S4", "2111.00396", narrow(), 2),
    ("s4d", "S4D", "2206.11893", narrow(), 2),
    ("mamba", "Mamba", "2312.00752", usual(), 2),
    ("mamba2", "Mamba-2", "2405.21060", usual(), 2),
    ("mega", "Mega, chunks of 2k", "2209.10655",
     {"vocab_size": VOCABULARY, "embed_dim": WIDTH, "layers": 2, "zdim": 1024, "hdim": 8192,
      "ndim": 16, "ffn": 8192, "chunk_size": 2048}, 2),
    ("megalodon", "Megalodon, chunks of 4k", "2404.08801",
     {"vocab_size": VOCABULARY, "model_dim": WIDTH, "num_layers": 2, "z_dim": 1024,
      "value_dim": 8192, "num_heads": 4, "ffn_hidden_dim": 11264, "cema_ndim": 16,
      "chunk_size": 4096, "norm_num_groups": 64}, 2),
    ("griffin", "Griffin", "2402.19427",
     usual(3, num_attention_heads=32, num_key_value_heads=1), 3),
    ("xlstm", "xLSTM (mLSTM)", "2405.04517", usual(), 2),
    ("qwen3_next", "Qwen3-Next", "2412.06464",
     usual(4, num_experts=0, max_position_embeddings=2048), 4),
    ("mcsd", "MCSD", "2406.12230", usual(), 2),
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


def classes(explained):
    """Of the mixers of layers, the hardest to put in parallel first; convolutions and
    shifts of a few tokens go without saying, and so does the position."""
    grows = any(state["grows_with_sequence"] for state in explained["states"])
    found = []
    for mixer in explained["mixers"]:
        states = [state for group in mixer["groups"] for state in group["states"]]
        if mixer["kind"] in ("conv", "shift") or states == ["position"]:
            continue
        kind = "attention" if mixer["kind"] == "window_attention" and grows else mixer["class"]
        if kind not in found:
            found.append(kind)
    return ", ".join(sorted(found, key=ORDER.index))


def layer_bytes(explained, layers):
    states = explained["states"]
    return sum(state["bytes"] for state in states if state["layer"]) // layers


def readable(size):
    for unit, bytes in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= bytes:
            return f"{size / bytes:.3g} {unit}"
    return f"{size} B"


def count_lines(folder):
    with open(os.path.join(HERE, folder, folder + ".sqm")) as file:
        return sum(1 for _ in file)


ORDER = (
    "nonlinear",
    "dense affine",
    "delta",
    "decayed rank-one",
    "log-space affine",
    "elementwise affine",
    "time-invariant",
    "windowed",
    "attention",
)


def row(folder, system, paper, kind, size):
    link = f"[{system}]({folder}/{folder}.sqm)"
    return f"| {link} | [{paper}](https://arxiv.org/abs/{paper}) | {kind} | {count_lines(folder)} | {size} |"


def table():
    yield "| system | paper | class of its recurrence | lines | state of a layer |"
    yield "|---|---|---|---:|---:|"
    for folder, system, paper, sizes, layers in SYSTEMS:
        explained = explain(folder, sizes)
        size = readable(layer_bytes(explained, layers))
        yield row(folder, system, paper, classes(explained), size)
    for tokens in CONTEXTS:
        explained = explain("transformer", usual(max_position_embeddings=tokens))
        size = readable(layer_bytes(explained, 2))
        name = f"Transformer, {tokens // 1024}k tokens"
        yield row("transformer", name, "1706.03762", classes(explained), size)


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
