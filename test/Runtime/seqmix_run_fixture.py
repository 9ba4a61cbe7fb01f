#===- seqmix_run_fixture.py - what tests of the tool share ---------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""The tool as a user calls it, and the fake model computed a second time, in
double precision. The standard library suffices."""

import argparse
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest

CHANNELS = 4
CODES = {"F32": "f", "F64": "d", "I64": "q", "I32": "i", "F16": "e", "I8": "b",
         "U8": "B"}
OPTIONS = None  # the parsed command line


def write_safetensors(path, tensors, metadata=None):
    """Writes {name: (dtype, shape, flat values)}."""
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, values) in tensors.items():
        raw = struct.pack("<%d%s" % (len(values), CODES[dtype]), *values)
        header[name] = {
            "dtype": dtype,
            "shape": shape,
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    """What write_safetensors wrote, and where the data begin."""
    with open(path, "rb") as file:
        data = file.read()
    begin = 8 + struct.unpack_from("<Q", data)[0]
    header, tensors = json.loads(data[8:begin]), {}
    metadata = header.pop("__metadata__", None)
    for name, entry in header.items():
        raw = data[begin:][slice(*entry["data_offsets"])]
        code = CODES[entry["dtype"]]
        values = struct.unpack("<%d%s" % (len(raw) // struct.calcsize(code),
                                          code), raw)
        tensors[name] = (entry["dtype"], entry["shape"], list(values))
    return tensors, metadata, begin


class FakeModel:
    """fake_model.c in double precision, with weights of its own."""

    def __init__(self, vocabulary=256):
        numbers = random.Random(5)
        draw = lambda n: [numbers.randrange(-64, 65) / 64 for _ in range(n)]
        self.vocabulary = vocabulary
        self.embed = draw(vocabulary * CHANNELS)
        self.scale = draw(CHANNELS)

    def save(self, path):
        write_safetensors(path, {
            "embed.weight": ("F64", [self.vocabulary, CHANNELS], self.embed),
            "scale": ("F64", [CHANNELS], self.scale),
        })

    def row(self, token):
        return self.embed[token * CHANNELS:(token + 1) * CHANNELS]

    def run(self, tokens, greedy):
        """Logits of the tokens, flat, and the likeliest tokens after them."""
        state, logits, continued = [0.5] * CHANNELS, [], []
        tokens = list(tokens)
        count = len(tokens)
        for position in range(count + max(greedy - 1, 0)):
            if position == len(tokens):
                tokens.append(continued[-1])
            row = self.row(tokens[position])
            state = [0.75 * s + c * e
                     for s, c, e in zip(state, self.scale, row)]
            answer = [sum(e * s for e, s in zip(self.row(v), state)) +
                      0.001 * (position + 1) for v in range(self.vocabulary)]
            if position < count:
                logits += answer
            if position >= count - 1 and greedy:
                continued.append(answer.index(max(answer)))
        return logits, continued


class ToolTest(unittest.TestCase):
    """A test of the tool, with a folder, a fake model and its weights."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.weights = self.path("w.safetensors")
        self.model = FakeModel()
        self.model.save(self.weights)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def fake(self, name="fake_model"):
        return os.path.join(OPTIONS.models, name + ".so")

    def run_tool(self, *arguments, status=0, environment={}):
        done = subprocess.run([OPTIONS.tool, *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, **environment})
        self.assertEqual(done.returncode, status, (arguments, done))
        return done

    def refuse(self, message, *arguments, environment={}):
        """The tool must say exactly one line, with this in it."""
        done = self.run_tool(*arguments, status=1, environment=environment)
        said = done.stderr.decode()
        self.assertTrue(said.startswith("seqmix-run: error: "), said)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertIn(message, said)

    def record(self, name="io.safetensors", batch=2, length=23, greedy=6,
               **changes):
        """Writes a recording of the fake model."""
        numbers = random.Random(length)
        tokens, logits, continued = [], [], []
        for _ in range(batch):
            some = [numbers.randrange(self.model.vocabulary - 6)
                    for _ in range(length)]
            row, more = self.model.run(some, greedy)
            tokens += some
            logits += row
            continued += more
        tensors = {
            "tokens": ("I64", [batch, length], tokens),
            "logits": ("F64", [batch, length, self.model.vocabulary], logits),
        }
        if greedy:
            tensors["greedy"] = ("I64", [batch, greedy], continued)
        tensors.update(changes)
        write_safetensors(self.path(name), tensors)
        return self.path(name), tensors

    def check(self, recording, *more, model="fake_model", status=0):
        done = self.run_tool(self.fake(model), "--weights", self.weights,
                             "check", recording, *more, status=status)
        return done.stdout.decode()


def main():
    """Reads the command line of a test and runs its tests."""
    global OPTIONS
    parser = argparse.ArgumentParser()
    for option in "tool", "embed", "library", "models":
        parser.add_argument("--" + option, required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(module="__main__", argv=[sys.argv[0], *rest])


def options():
    """What was on the command line."""
    return OPTIONS
