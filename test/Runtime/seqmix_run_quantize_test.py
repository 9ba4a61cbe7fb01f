#===- seqmix_run_quantize_test.py - checkpoints of eight bits ------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Makes checkpoints of eight bits with seqmix-run, and runs models with them:
the weights are computed a second time here, by their definition."""

import json
import os
import resource
import struct
import subprocess

from seqmix_run_fixture import CHANNELS, ToolTest, main, options, \
    read_safetensors, write_safetensors

GROUP = 2  # of fake_int8


def single(value):
    """The nearest number of F32."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def rounded(weights):
    """The integers and scales of weights."""
    values, scales = [], []
    for begin in range(0, len(weights), GROUP):
        group = weights[begin:begin + GROUP]
        scale = single(max(map(abs, group)) / 127)
        scales.append(scale)
        values += [round(w / scale) if scale else 0 for w in group]
    return values, scales


class QuantizeTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.model.embed[6:8] = [0, 0]
        self.model.embed[8:10] = [-1, 0.5]
        self.save_with()
        self.out = self.path("q.safetensors")

    def save_with(self, **more):
        tensors = {
            "embed.weight": ("F64", [256, CHANNELS], self.model.embed),
            "scale": ("F64", [CHANNELS], self.model.scale), **more
        }
        write_safetensors(self.weights, tensors, metadata={"format": "pt"})
        return tensors

    def quantize(self, *more, model="fake_int8"):
        return self.run_tool(self.fake(model), "--weights", self.weights,
                             "quantize", self.out, *more)

    def refuse_quantize(self, message, *more, model="fake_int8"):
        """Refused, and no file is left."""
        before = sorted(os.listdir(self.folder.name))
        more = more or ("--weights", self.weights, "quantize", self.out)
        self.refuse(message, self.fake(model), *more)
        self.assertEqual(sorted(os.listdir(self.folder.name)), before)

    def test_what_is_written(self):
        given = self.save_with(beyond=("U8", [3], [1, 2, 3]),
                               half=("F16", [2, 3], [1, 2, 3, 4, 5, 6]))
        said = json.loads(self.quantize("--json").stdout)
        tensors, metadata, begin = read_safetensors(self.out)
        values, scales = rounded(self.model.embed)
        self.assertEqual(tensors.pop("embed.weight"),
                         ("I8", [256, CHANNELS], values))
        self.assertEqual(tensors.pop("embed.weight_scale"),
                         ("F32", [256, CHANNELS // GROUP], scales))
        del given["embed.weight"]
        self.assertEqual(tensors, given)
        self.assertEqual(metadata, {"format": "pt"})
        self.assertEqual(begin % 64, 0)
        losses = [w - q * scales[i // GROUP] for i, (w, q)
                  in enumerate(zip(self.model.embed, values))]
        squares = lambda numbers: sum(x * x for x in numbers)
        error = (squares(losses) / squares(self.model.embed)) ** 0.5
        self.assertAlmostEqual(said.pop("worst_error"), error)
        self.assertEqual(said, {
            "model": "fake", "output": self.out, "tensors": 4, "quantized": 1,
            "bytes_before": 256 * CHANNELS * 8 + 32 + 3 + 12,
            "bytes_after": 256 * (CHANNELS + 8) + 32 + 3 + 12,
            "worst_tensor": "embed.weight"})
        self.assertEqual(sorted(os.listdir(self.folder.name)),
                         ["q.safetensors", "w.safetensors"])

    def test_text(self):
        said = self.quantize().stdout.decode()
        for part in ("model fake, 1 of 2 tensors quantized", self.out,
                     "8224 before, 3104 after", "of the weights, in embed.we"):
            self.assertIn(part, said)
        self.quantize()  # a file of before is replaced

    def test_files_are_joined(self):
        second = self.path("2.safetensors")
        tensors = self.save_with()
        write_safetensors(self.weights, {"scale": tensors.pop("scale")})
        write_safetensors(second, tensors, metadata={"a": "b"})
        self.quantize("--weights", second)
        tensors, metadata, _ = read_safetensors(self.out)
        self.assertEqual(sorted(tensors), ["embed.weight", "embed.weight_scale",
                                           "scale"])
        self.assertEqual(metadata, {"a": "b"})
        self.refuse_quantize("does not have 'scale'", "--weights", second,
                             "quantize", self.out)
        self.refuse_quantize("is both in", "--weights", second, "--weights",
                             second, "--weights", self.weights, "quantize",
                             self.path("q2.safetensors"))

    def test_any_model_runs_with_any_checkpoint(self):
        exact, _ = self.record("exact.safetensors")
        self.quantize()
        values, scales = rounded(self.model.embed)
        self.model.embed = [q * scales[i // GROUP]
                            for i, q in enumerate(values)]
        recording, _ = self.record()
        _, expected = self.model.run([3, 200], 9)
        for model, weights in [("fake_model", self.out), ("fake_int8", self.out),
                               ("fake_int8", self.weights),
                               ("fake_double", self.out)]:
            base = [self.fake(model), "--weights", weights]
            done = self.run_tool(*base, "check", recording)
            self.assertIn(b"check passed", done.stdout)
            said = self.run_tool(*base, "generate", "--prompt-ids", "3,200",
                                 "-n", "9", "--ids").stdout
            self.assertEqual(list(map(int, said.split())), expected)
            done = self.run_tool(*base, "info")
            self.assertIn(b"weights     bound", done.stdout)
            self.assertEqual(done.stderr, b"")
        # Rounding is seen, and not much.
        base = [self.fake("fake_int8"), "--weights", self.out, "check", exact]
        said = json.loads(self.run_tool(*base, "--json", status=1).stdout)
        self.assertGreater(said["ways"][0]["error"], 2e-4)
        self.assertLess(said["ways"][0]["error"], 2e-2)

    def test_groups_of_another_size_are_refused(self):
        self.quantize()
        self.refuse("has a scale for every 2 weights in q.safetensors but the "
                    "model wants one for every 4", self.fake("fake_int8_rows"),
                    "--weights", self.out, "info")
        self.refuse_quantize("is I8 in q.safetensors when it should be of "
                             "floats", "--weights", self.out, "quantize",
                             self.path("again.safetensors"))

    def test_missing_scales_are_told(self):
        write_safetensors(self.weights, {
            "embed.weight": ("I8", [256, CHANNELS], [1] * 256 * CHANNELS),
            "scale": ("F64", [CHANNELS], self.model.scale)})
        for model in "fake_model", "fake_int8":
            self.refuse("is I8 in w.safetensors, but its scales "
                        "'embed.weight_scale' are not in w.safetensors",
                        self.fake(model), "--weights", self.weights, "info")
        write_safetensors(self.weights, {"other": ("F32", [1], [0])})
        self.refuse("all that are missing: 'embed.weight', 'scale'",
                    self.fake("fake_int8"), "--weights", self.weights, "info")

    def test_bench_with_random_weights(self):
        said = json.loads(self.run_tool(self.fake("fake_int8"), "bench",
                                        "--length", "20", "--json").stdout)
        self.assertGreater(said["step_tokens_per_second"], 0)

    def test_refuses_the_model_or_the_weights(self):
        self.refuse("quantize needs a file to write: quantize OUT.safetensors",
                    self.fake("fake_int8"), "quantize")
        self.refuse_quantize("quantize needs the weights: --weights FILE",
                             "quantize", self.out)
        self.refuse_quantize("has no weights of eight bits, which would say "
                             "what to quantize: compile it with seqmixc "
                             "--weights=int8", model="fake_model")
        self.save_with(**{"embed.weight_scale": ("F32", [1], [1])})
        self.refuse_quantize("'embed.weight_scale' is in w.safetensors, "
                             "although 'embed.weight' is F64")
        self.save_with(**{"embed.weight": ("I32", [256, 4], [1] * 1024)})
        self.refuse_quantize("is I32 in w.safetensors when it should be of")
        self.save_with(**{"embed.weight": ("F32", [4, 256], [1] * 1024)})
        self.refuse_quantize("is [4, 256] in w.safetensors but the model wants "
                             "[256, 4]")
        self.model.embed[1021] = float("nan")
        self.save_with()
        self.refuse_quantize("tensor 'embed.weight' holds nan at [255, 1] in "
                             "w.safetensors, which eight bits cannot hold")

    def test_refuses_the_output(self):
        with open(self.weights, "rb") as file:
            before = file.read()
        os.link(self.weights, self.path("hard"))
        os.symlink(self.weights, self.path("soft"))
        for path in self.weights, self.path("hard"), self.path("soft"):
            self.refuse_quantize("would be written over the weights in",
                                 "--weights", self.weights, "quantize", path)
        self.refuse_quantize("'/dev/full': it is not a regular file",
                             "--weights", self.weights, "quantize", "/dev/full")
        self.refuse_quantize("No such file or directory", "--weights",
                             self.weights, "quantize", self.path("none/q"))
        with open(self.weights, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_no_room_leaves_no_file(self):
        self.save_with(beyond=("F64", [4000], [1] * 4000))
        done = subprocess.run(
            [options().tool, self.fake("fake_int8"), "--weights", self.weights,
             "quantize", self.out], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, restore_signals=False,  # SIGXFSZ is ignored
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                                  (9000, 9000)))
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(b"cannot write '", done.stderr)
        self.assertEqual(os.listdir(self.folder.name), ["w.safetensors"])


if __name__ == "__main__":
    main()
