#===- gpu_artifacts.py - what test/gpu.sh carries to a card ---------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Compiles, here, what is to be run on a machine with a card.

    gpu_artifacts.py FOLDER

Fills FOLDER with seqmix-run and, for each case, NAME.so (code for both the CPU
and the GPU), NAME.weights, NAME.io (a recording of inputs and expected outputs),
NAME.options (of `seqmix-run check`), and an empty NAME.matmul if it multiplies
matrices. The tools are taken from PATH. Cases are

* the goldens and the trained model, some of them with weights in bf16 as well,
  which are compared with the CPU;
* every mixer that test/Execution holds to its meaning, with the same recordings;
* the mixers and models once more at sizes that fill a GPU, with random inputs,
  compared with the CPU;
* every form that is derived, of one mixer of each class and of the recurrences of
  test/Execution/variants, compared with the CPU, which `seqmixc verify` holds to
  f64.
"""

import glob
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
TEST = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TEST)
EXAMPLES = os.path.join(ROOT, "examples")
sys.path.insert(0, os.path.join(TEST, "Execution"))
from ops import MIXERS
from oracle import record

# Batches and lengths of the small mixers' recordings.
SIZES = ((1, 0), (3, 1), (2, 17))

# Sizes at which axes are divided over blocks, states fill shared memory, and
# sums take several warps; none is a power of two unless a model wants it.
LARGE_MIXERS = {
    os.path.join(EXAMPLES, "mixers"): {
        "braking_retention": {"H": 3, "K": 96, "V": 160},
        "delta_rule": {"H": 3, "K": 96, "V": 160},
        "gated_linear_attention": {"H": 5, "K": 130, "V": 132},
        "mutual_averages": {"C": 2310},
        "selective_scan": {"C": 1540, "N": 16},
        "wkv4": {"C": 2310},
    },
    os.path.join(TEST, "Execution", "Inputs"): {
        "exchange": {"C": 2310},
        "mlstm": {"H": 3, "K": 96, "V": 160},
        "passing_on": {"C": 130, "E": 130},
        "wide": {"heads": 8, "width": 258},
    },
}
LARGE_MODELS = {
    "retnet": {"vocab_size": 301, "hidden_size": 264, "num_heads": 2, "num_hidden_layers": 2},
    "rwkv4": {"vocab_size": 301, "hidden_size": 330, "num_hidden_layers": 2},
}
# These also run with weights in bf16.
NARROW = ("fla_retnet", "rwkv4", "retnet-kjv")


# Sizes of the mixers whose forms are compared: several chunks and a rest.
FORM_SIZES = {"H": 3, "K": 20, "V": 36, "C": 130, "N": 5, "M": 7}
FORM_LENGTH = 137


class Folder:
    """The folder that is filled."""

    def __init__(self, path):
        self.path = path
        os.makedirs(path, exist_ok=True)

    def place(self, name):
        return os.path.join(self.path, name)

    def compile(self, name, *arguments):
        subprocess.run(
            [
                "seqmixc",
                *arguments,
                "--target=cpu,cuda",
                "--march=x86-64-v3",  # not this processor, but one like the card's
                "-o",
                self.place(name + ".so"),
            ],
            check=True,
        )

    def has_matmul(self, name):
        """gpu.sh runs it with the vendor's library too."""
        open(self.place(name + ".matmul"), "w").close()

    def options(self, name, text):
        with open(self.place(name + ".options"), "w") as file:
            file.write(text + "\n")

    def copy(self, source, name):
        shutil.copyfile(source, self.place(name))


def model_of(example):
    return os.path.join(EXAMPLES, example, example + ".sqm")


def find_goldens():
    """The folders of recordings, and the example that each is of: what the tests
    of the examples compile for it."""
    goldens = {"retnet-kjv": ("retnet", os.path.join(EXAMPLES, "retnet", "kjv"))}
    command = re.compile(r"seqmixc %examples/(\w+)/.*%goldens/(\w+)/config.json")
    for path in sorted(glob.glob(os.path.join(TEST, "Examples", "*.test"))):
        for line in open(path):
            match = command.search(line)
            if match and "not seqmixc" not in line:
                example, name = match.groups()
                goldens[name] = (example, os.path.join(TEST, "goldens", name))
    return goldens


def add_goldens(folder):
    for name, (example, source) in find_goldens().items():
        config = os.path.join(source, "config.json")
        for suffix, weights in (("", "f32"), ("-bf16", "bf16")):
            if suffix and name not in NARROW:
                continue
            case = name + suffix
            folder.compile(case, model_of(example), "--config", config, f"--weights={weights}")
            if not suffix: # gpu.sh takes them for both
                folder.copy(os.path.join(source, "model.safetensors"), case + ".weights")
                folder.copy(os.path.join(source, "io.safetensors"), case + ".io")
            narrow = "--reference cpu --tol 3e-2 --tol-ways 3e-2"
            folder.options(case, narrow if suffix else "--tol 5e-4")
            folder.has_matmul(case)


def add_small_mixers(folder):
    """What the execution tests compile and compare, read off their RUN lines."""
    for path in sorted(glob.glob(os.path.join(TEST, "Execution", "*.test"))):
        lines = [line for line in open(path) if line.startswith("RUN: ")]
        compiled = [line for line in lines if "seqmixc" in line and "%t.f32.so" in line]
        compared = [line for line in lines if "oracle.py" in line and "%t.f32.so" in line]
        if not compiled or not compared:
            continue
        name = re.search(r"oracle\.py (\w+)", compared[0])[1]
        command = compiled[0].replace("%S", os.path.dirname(path)).replace("%examples", EXAMPLES)
        arguments = command.split("seqmixc ")[1].split(" -o ")[0].split()
        mixer = MIXERS[name]
        if mixer.way: # means something else for each way to feed it
            continue
        folder.compile(name, *arguments)
        for regime in mixer.regimes:
            for batch, length in SIZES:
                case = f"{name}.{regime}.{batch}x{length}".replace(" ", "_")
                weights, recording = record(
                    mixer, "f32", regime, batch, length, random.Random(case), folder.path
                )
                os.rename(weights, folder.place(case + ".weights"))
                os.rename(recording, folder.place(case + ".io"))
                folder.options(case, "--tol 1e-5 --tol-ways 1e-5")


def write_random(path, tensors, source, deviation=0.5):
    """`tensors` are (name, dtype, shape, limit or None)."""
    header, body = {}, []
    offset = 0
    for name, dtype, shape, limit in tensors:
        count = 1
        for extent in shape:
            count *= extent
        if dtype == "I32":
            data = struct.pack(f"<{count}i", *(source.randrange(limit) for _ in range(count)))
        else:
            scale = 1 / max(shape[-1], 1) ** 0.5 if len(shape) == 2 else deviation
            data = struct.pack(f"<{count}f", *(source.gauss(0, scale) for _ in range(count)))
        header[name] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [offset, offset + len(data)],
        }
        offset += len(data)
        body.append(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(body))


def add_large(folder, case, source, sizes, options, length=67, deviation=0.5):
    defines = [part for item in sizes.items() for part in ("-D", "%s=%s" % item)]
    folder.compile(case, source, *defines, *options)
    info = subprocess.run(
        ["seqmix-run", folder.place(case + ".so"), "info", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    bound = "3e-2" if "--weights=bf16" in options else "1e-4"
    folder.options(case, f"--reference cpu --tol {bound} --tol-ways {bound}")
    if "--weights=bf16" in options: # the same weights and inputs as without
        return
    facts = json.loads(info.stdout)
    values = random.Random(case)
    params = [(t["name"], "F32", t["shape"], None) for t in facts["parameters"]]
    write_random(folder.place(case + ".weights"), params or [("none", "F32", [1], None)], values)
    batch = 2
    inputs = [
        (t["name"], t["dtype"], [batch, length, *t["shape"]], t.get("limit")) for t in facts["inputs"]
    ]
    if inputs[0][1] == "I32":
        inputs = [("tokens", *inputs[0][1:])]
    write_random(folder.place(case + ".io"), inputs, values, deviation)


def add_forms(folder):
    """Each mixer in each form that it has, with inputs that do not make it grow."""
    for place in (os.path.join(EXAMPLES, "mixers"), os.path.join(TEST, "Execution", "variants")):
        for source in sorted(glob.glob(os.path.join(place, "*.sqm"))):
            text = open(source).read()
            sizes = {n: size for n, size in FORM_SIZES.items() if re.search(rf"[\[,]{n}[\],]", text)}
            defines = [part for item in sizes.items() for part in ("-D", "%s=%s" % item)]
            explained = subprocess.run(
                ["seqmixc", source, *defines, "--explain", "--json"],
                check=True,
                capture_output=True,
                text=True,
            )
            forms = {f["name"] for f in json.loads(explained.stdout)["mixers"][0]["forms"]}
            for form in sorted(forms):
                name = os.path.splitext(os.path.basename(source))[0]
                add_large(
                    folder,
                    f"form-{name}-{form}",
                    source,
                    sizes,
                    [f"--form={form}"],
                    FORM_LENGTH,
                    0.125,
                )


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Folder(sys.argv[1])
    shutil.copy(shutil.which("seqmix-run"), folder.path)
    shutil.copy(os.path.join(TEST, "gpu.sh"), folder.path)
    add_goldens(folder)
    add_small_mixers(folder)
    add_forms(folder)
    for place, mixers in LARGE_MIXERS.items():
        for name, sizes in mixers.items():
            add_large(folder, f"large-{name}", os.path.join(place, name + ".sqm"), sizes, [])
    for name, sizes in LARGE_MODELS.items():
        for case, options in (
            (f"large-{name}", []),
            (f"large-{name}-bf16", ["--weights=bf16"]),
        ):
            add_large(folder, case, model_of(name), sizes, options)
            folder.has_matmul(case)
    return 0


if __name__ == "__main__":
    sys.exit(main())
