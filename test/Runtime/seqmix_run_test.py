#===- seqmix_run_test.py - the command-line tool -------------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Runs seqmix-run as a user would, on models written by hand: what it prints,
what it refuses and how, and its exit status. The standard library suffices: the
fake model is computed here a second time, in double precision."""

import argparse
import json
import os
import random
import struct
import subprocess
import tempfile
import unittest

CHANNELS = 4
CODES = {"F32": "f", "F64": "d", "I64": "q", "I32": "i"}
OPTIONS = None  # the parsed command line


def write_safetensors(path, tensors):
    """Writes {name: (dtype, shape, flat values)}."""
    header, data = {}, b""
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


class SeqmixRunTest(unittest.TestCase):
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

    def run_tool(self, *arguments, status=0):
        done = subprocess.run([OPTIONS.tool, *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, status, (arguments, done))
        return done

    def refuse(self, message, *arguments):
        """The tool must say exactly one line, with this in it."""
        done = self.run_tool(*arguments, status=1)
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

    # check

    def test_check_passes(self):
        for batch, length, greedy in [(1, 1, 3), (2, 23, 6), (3, 600, 0)]:
            recording, _ = self.record(batch=batch, length=length,
                                       greedy=greedy)
            said = self.check(recording)
            self.assertIn("check passed", said)
            for way in "one piece", "two pieces", "step by step":
                self.assertIn(way, said)

    def test_check_of_no_tokens(self):
        recording, _ = self.record(length=0, greedy=0)
        self.assertIn("check passed", self.check(recording))

    def test_check_in_double(self):
        recording, _ = self.record()
        said = json.loads(self.check(recording, "--json", "--tol", "1e-12",
                                     model="fake_double"))
        self.assertTrue(said["ok"])
        self.assertEqual(said["ways_tolerance"], 1e-9)
        self.assertEqual([way["name"] for way in said["ways"]],
                         ["one piece", "two pieces", "step by step"])
        for way in said["ways"]:
            self.assertEqual(way["greedy_equal"], 12)
            self.assertEqual(way["greedy_total"], 12)

    def test_check_sees_wrong_logits(self):
        _, tensors = self.record()
        dtype, shape, values = tensors["logits"]
        wrong = list(values)
        wrong[100] += 0.01
        recording, _ = self.record(logits=(dtype, shape, wrong))
        said = self.check(recording, status=1)
        self.assertIn("FAILED", said)
        self.assertIn("check failed", said)
        self.check(recording, "--tol", "0.1")

    def test_check_sees_wrong_greedy_tokens(self):
        _, tensors = self.record()
        dtype, shape, values = tensors["greedy"]
        wrong = [values[0] ^ 1] + list(values[1:])
        recording = self.path("wrong.safetensors")
        write_safetensors(recording, {**tensors,
                                      "greedy": (dtype, shape, wrong)})
        self.assertIn("11 of 12", self.check(recording, status=1))

    def test_check_sees_nan(self):
        self.model.scale[1] = float("nan")
        self.model.save(self.weights)
        self.model = FakeModel()
        recording, _ = self.record()
        said = self.check(recording, status=1)
        self.assertIn("an output holds NaN or infinity", said)
        self.assertIn("not finite", said)
        said = json.loads(self.check(recording, "--json", status=1))
        self.assertIsNone(said["ways"][0]["error"])

    def test_check_of_tensors(self):
        path = self.path("io.safetensors")
        x = [float(i) for i in range(2 * 5 * 3)]
        sums = []
        for b in range(2):
            total = [0.0] * 3
            for t in range(5):
                total = [s + x[(b * 5 + t) * 3 + c] + 2
                         for c, s in enumerate(total)]
                sums += total
        write_safetensors(path, {
            "x": ("F32", [2, 5, 3], x),
            "index": ("I64", [2, 5, 2], [1] * 20),
            "sums": ("F32", [2, 5, 3], sums),
        })
        done = self.run_tool(self.fake("fake_general"), "check", path)
        self.assertIn(b"check passed", done.stdout)
        self.refuse("holds no tensor 'x'", self.fake("fake_general"), "check",
                    self.weights)

    def test_check_refuses_what_does_not_fit(self):
        base = [self.fake(), "--weights", self.weights, "check"]
        self.refuse("cannot open", *base, self.path("none.safetensors"))
        self.refuse("holds no tensor 'token' or 'tokens'", *base, self.weights)
        wrong, _ = self.record(logits=("F32", [2, 22, 256], [0] * 11264))
        self.refuse("tensor 'logits' is [2, 22, 256]", *base, wrong)
        wrong, _ = self.record(tokens=("F32", [2, 23], [0] * 46))
        self.refuse("tensor 'tokens' is F32", *base, wrong)
        wrong, _ = self.record(tokens=("I64", [2, 23], [0] * 45 + [256]))
        self.refuse("is 256, outside the limit [0, 256)", *base, wrong)
        wrong, _ = self.record(tokens=("I64", [2, 23], [0] * 45 + [2 ** 40]))
        self.refuse("which is no I32", *base, wrong)
        wrong, _ = self.record(greedy=0)
        write_safetensors(wrong, {"tokens": ("I64", [1, 2], [1, 2])})
        self.refuse("holds none of the outputs", *base, wrong)
        with open(wrong, "r+b") as file:
            file.truncate(20)
        self.refuse("truncated", *base, wrong)

    # generate

    def generate(self, *arguments, model="fake_model"):
        done = self.run_tool(self.fake(model), "generate", "--weights",
                             self.weights, *arguments)
        return done.stdout

    def test_generate_is_greedy(self):
        prompt = [3, 200, 17]
        _, expected = self.model.run(prompt, 9)
        ids = ",".join(map(str, prompt))
        self.assertEqual(self.generate("--prompt-ids", ids, "-n", "9"),
                         bytes(expected))
        said = self.generate("--prompt-ids", ids, "-n", "9", "--ids")
        self.assertEqual(list(map(int, said.split())), expected)
        said = json.loads(self.generate("--prompt-ids=" + ids, "-n", "9",
                                        "--json"))
        self.assertEqual(said["ids"], expected)
        self.assertEqual(said["prompt_ids"], prompt)

    def test_generate_from_text(self):
        _, expected = self.model.run("Once é".encode(), 5)
        self.assertEqual(self.generate("--prompt", "Once é", "-n", "5"),
                         bytes(expected))
        self.assertEqual(self.generate("--prompt", "a", "-n", "0"), b"")

    def test_generate_draws_by_seed(self):
        draw = lambda *more: self.generate("--prompt", "a", "-n", "20",
                                           "--temperature", "1", *more)
        self.assertEqual(draw("--seed", "4"), draw("--seed", "4"))
        self.assertNotEqual(draw("--seed", "4"), draw("--seed", "5"))
        self.assertEqual(draw("--top-k", "1"),
                         self.generate("--prompt", "a", "-n", "20"))

    def test_generate_refuses(self):
        base = [self.fake(), "--weights", self.weights, "generate"]
        self.refuse("needs either --prompt-ids or --prompt", *base)
        self.refuse("needs either", *base, "--prompt", "a", "--prompt-ids", "1")
        self.refuse("the prompt is empty", *base, "--prompt", "")
        self.refuse("'x' when it should be an integer", *base, "--prompt-ids",
                    "1,x")
        self.refuse("is 256, outside the limit [0, 256)", *base,
                    "--prompt-ids", "256")
        self.refuse("does not take tokens", self.fake("fake_general"),
                    "generate", "--prompt", "a")
        small = FakeModel(16)
        small.save(self.weights)
        self.refuse("--prompt is for models of bytes", self.fake("fake_small"),
                    "--weights", self.weights, "generate", "--prompt", "a")
        said = self.generate("--prompt-ids", "1,2", "-n", "3",
                             model="fake_small")
        self.assertEqual(list(map(int, said.split())),
                         small.run([1, 2], 3)[1])

    def test_a_pipe_is_no_file(self):
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        self.refuse("it is not a regular file", pipe, "info")
        self.refuse("it is not a regular file", self.fake(), "--weights", pipe,
                    "generate", "--prompt", "a")

    def test_generate_sees_that_nothing_was_written(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [OPTIONS.tool, self.fake(), "--weights", self.weights,
                 "generate", "--prompt", "a", "-n", "3"],
                stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(b"cannot write the result", done.stderr)

    def test_generate_stops_at_the_maximum_length(self):
        self.refuse("more than the 10 that model 'fake' can see",
                    self.fake("fake_short"), "--weights", self.weights,
                    "generate", "--prompt", "0123456789", "-n", "2")

    # bench and info

    def test_bench(self):
        said = json.loads(self.run_tool(
            self.fake(), "bench", "--batch", "2", "--length", "20", "--json",
            "--threads", "2").stdout)
        self.assertEqual(said["batch"], 2)
        self.assertEqual(said["threads"], 2)
        self.assertTrue(said["random_weights"])
        for key in ("prefill_tokens_per_second", "step_tokens_per_second",
                    "copy_bytes_per_second", "step_percent_of_copy"):
            self.assertGreater(said[key], 0)
        self.refuse("--length is 11, but model 'fake' sees at most 10",
                    self.fake("fake_short"), "bench", "--length", "11")

    def test_info(self):
        said = self.run_tool(self.fake(), "info").stdout.decode()
        for part in ("model fake", "not given", "prefill step",
                     "embed.weight  F32   [256, 4]", "in [0, 256)",
                     "128 bytes for each sequence"):
            self.assertIn(part, said)
        said = json.loads(self.run_tool(self.fake(), "--json", "info",
                                        "--weights", self.weights).stdout)
        self.assertTrue(said["weights"])
        self.assertEqual(said["parameter_count"], 256 * 4 + 4)
        self.assertEqual(said["states"][1],
                         {"name": "position", "dtype": "I64", "shape": [],
                          "bytes": 8})

    # the command line

    def test_command_line(self):
        self.assertIn(b"usage: seqmix-run", self.run_tool("--help").stdout)
        self.refuse("no model given")
        self.refuse("no command given", "m.so")
        self.refuse("unknown command 'train'", "m.so", "train")
        self.refuse("unknown option '--fast'", "m.so", "info", "--fast")
        self.refuse("option --weights needs a value", "m.so", "--weights")
        self.refuse("option --json takes no value", "m.so", "info", "--json=1")
        self.refuse("option --batch does not belong to info", "m.so", "info",
                    "--batch", "1")
        self.refuse("unexpected argument 'x'", "m.so", "info", "x")
        self.refuse("check needs a recording", "m.so", "check")
        self.refuse("--threads is '0'", "m.so", "info", "--threads", "0")
        self.refuse("--tol is '-1'", "m.so", "check", "x", "--tol", "-1")
        self.refuse("no such file", self.path("m.so"), "info")
        self.refuse("is not a seqmix model", self.fake("fake_nothing"), "info")
        self.refuse("opened without weights", self.fake(), "check",
                    self.record()[0])

    # the library

    def test_only_the_interface_is_exported(self):
        listed = subprocess.run(["nm", "-D", "--defined-only",
                                 OPTIONS.library], check=True,
                                stdout=subprocess.PIPE).stdout.decode()
        names = [line.split()[-1] for line in listed.splitlines()]
        self.assertGreater(len(names), 30)
        for name in names:
            self.assertTrue(name.startswith("seqmix_"), name)

    def test_embed_example(self):
        _, expected = self.model.run(b"Once upon", 12)
        done = subprocess.run([OPTIONS.embed, self.fake(), self.weights,
                               "Once upon", "12"], check=True,
                              stdout=subprocess.PIPE)
        self.assertEqual(done.stdout, bytes(expected) + b"\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in "tool", "embed", "library", "models":
        parser.add_argument("--" + option, required=True)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[__file__, *rest])
