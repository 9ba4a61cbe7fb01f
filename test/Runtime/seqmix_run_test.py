#===- seqmix_run_test.py - the command-line tool -------------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Runs seqmix-run as a user would, on models written by hand: what it prints,
what it refuses and how, and its exit status."""

import json
import os
import subprocess

from seqmix_run_fixture import FakeModel, ToolTest, main, options, \
    write_safetensors


class SeqmixRunTest(ToolTest):
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
                [options().tool, self.fake(), "--weights", self.weights,
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

    def test_info_lists_targets(self):
        level = {"SEQMIX_CPU_LEVEL": "1"}
        command = [self.fake("fake_levels"), "info"]
        said = self.run_tool(*command, environment=level).stdout.decode()
        self.assertIn("code for    any, and not used here: second, third\n",
                      said)
        said = json.loads(self.run_tool(*command, "--json",
                                        environment=level).stdout)
        self.assertEqual(said["target"], "any")
        self.assertEqual(said["targets"][1],
                         {"device": "cpu", "name": "second", "capability": 2,
                          "chosen": False})
        self.assertTrue(said["targets"][0]["chosen"])
        self.refuse("SEQMIX_CPU_LEVEL is 'v3' when it should be a number from "
                    "1 to 4", *command, environment={"SEQMIX_CPU_LEVEL": "v3"})

    def test_info_compares_names(self):
        path = self.path("other.safetensors")
        write_safetensors(path, {"scale": ("F32", [4], [1] * 4),
                                 "beyond": ("F32", [1], [0])})
        self.refuse("tensor 'embed.weight' is not in", self.fake(), "info",
                    "--weights", path)
        write_safetensors(path, {"beyond": ("F32", [1], [0])})
        self.refuse("all that are missing: 'embed.weight', 'scale'",
                    self.fake(), "info", "--weights", path)
        both = [self.fake(), "info", "--weights", self.weights, "--weights",
                path]
        self.assertIn(b"warning: the model does not use 1 of the checkpoint's "
                      b"tensors: 'beyond'", self.run_tool(*both).stderr)
        said = json.loads(self.run_tool(*both, "--json").stdout)
        self.assertEqual(said["unused_tensors"], ["beyond"])

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
                                 options().library], check=True,
                                stdout=subprocess.PIPE).stdout.decode()
        names = [line.split()[-1] for line in listed.splitlines()]
        self.assertGreater(len(names), 30)
        for name in names:
            self.assertTrue(name.startswith("seqmix_"), name)

    def test_embed_example(self):
        _, expected = self.model.run(b"Once upon", 12)
        done = subprocess.run([options().embed, self.fake(), self.weights,
                               "Once upon", "12"], check=True,
                              stdout=subprocess.PIPE)
        self.assertEqual(done.stdout, bytes(expected) + b"\n")


if __name__ == "__main__":
    main()
