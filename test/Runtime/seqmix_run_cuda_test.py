#===- seqmix_run_cuda_test.py - the command-line tool on a card ----------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Runs seqmix-run with --device cuda. The driver is fake_cuda.c, whose settings
are environment variables."""

import json

from seqmix_run_fixture import ToolTest, main


class SeqmixRunCudaTest(ToolTest):
    def on_card(self, *arguments, driver="fake_cuda", status=0, **settings):
        """Runs the tool with a driver and settings of fake_cuda.c."""
        environment = {"SEQMIX_CUDA_DRIVER": self.fake(driver),
                       "SEQMIX_CUBLASLT": "0", **settings}
        return self.run_tool(*arguments, "--device", "cuda", status=status,
                             environment=environment)

    def test_check_on_a_card(self):
        base = [self.fake("fake_both"), "--weights", self.weights, "check"]
        for batch, length, greedy in [(1, 1, 3), (2, 23, 6), (3, 600, 0)]:
            recording, _ = self.record(batch=batch, length=length,
                                       greedy=greedy)
            for more in [], ["--piece", "7"], ["--no-vendor-matmul"]:
                said = self.on_card(*base, recording, *more).stdout.decode()
                self.assertIn("check passed", said)
        self.on_card(*base, recording,
                     SEQMIX_CUBLASLT=self.fake("fake_cublaslt"))

    def test_bench_on_a_card(self):
        base = [self.fake("fake_both"), "bench", "--length", "20"]
        said = json.loads(self.on_card(*base, "--json").stdout)
        self.assertEqual(said["device"], "cuda")
        self.assertEqual(said["card"], "Fake Card 0")
        self.assertEqual(said["driver"], "12.4")
        self.assertEqual(said["matmul"], "own kernels: SEQMIX_CUBLASLT is 0")
        self.assertEqual(said["step_kernels"], 2)
        self.assertEqual(said["step_graphs"], 1)
        for key in ("prefill_tokens_per_second", "step_tokens_per_second",
                    "copy_bytes_per_second", "step_percent_of_copy"):
            self.assertGreater(said[key], 0)
        said = self.on_card(*base).stdout.decode()
        for part in ("Fake Card 0 (compute capability 8.0, 0.2 GiB, driver of "
                     "CUDA 12.4)", "2 kernels for each step, in 1 graph\n"):
            self.assertIn(part, said)

    def test_info_on_a_card(self):
        base = [self.fake("fake_cuda_only"), "info"]
        said = self.on_card(*base).stdout.decode()
        for part in ("code for    sm_80", "own kernels: SEQMIX_CUBLASLT is 0",
                     "Fake Card 0", "kernels: 2", "66560"):
            self.assertIn(part, said)
        said = json.loads(self.on_card(
            *base, "--json",
            SEQMIX_CUBLASLT=self.fake("fake_cublaslt")).stdout)
        self.assertEqual(said["matmul"], "cuBLASLt 13.1")
        self.assertEqual(said["capability"], "8.0")
        self.assertEqual(said["kernels"][0],
                         {"name": "fake_run", "threads": 256, "registers": 32,
                          "shared_bytes": 66560, "local_bytes": 0})

    def test_generate_moves_between_devices(self):
        first, second = self.path("first"), self.path("second")
        base = [self.fake("fake_both"), "--weights", self.weights, "generate",
                "--ids"]
        read = lambda done: list(map(int, done.stdout.split()))
        _, expected = self.model.run([3, 200, 17], 15)
        ids = read(self.on_card(*base, "--prompt-ids", "3,200,17", "-n", "5",
                                "--save-state", first))
        ids += read(self.run_tool(*base, "--load-state", first, "--prompt-ids",
                                  str(ids[-1]), "-n", "6", "--save-state",
                                  second))
        ids += read(self.on_card(*base, "--load-state", second, "--prompt-ids",
                                 str(ids[-1]), "-n", "4"))
        self.assertEqual(ids, expected)
        base = [self.fake(), "--weights", self.weights, "generate"]
        self.refuse("beginning with the last token", *base, "--load-state",
                    first)
        base += ["--prompt", "a"]
        self.refuse("cannot read the state in", *base, "--load-state",
                    self.path("none"))
        self.refuse("are not a saved state", *base, "--load-state",
                    self.weights)
        self.refuse("cannot write the state to", *base, "--save-state",
                    self.path("none/state"))

    def test_no_card(self):
        recording, _ = self.record()
        for driver, settings, message in [
                ("none", {}, "there is no CUDA driver on this machine: "),
                ("fake_cuda", {"FAKE_CUDA_DEVICES": "-1"},
                 "there is a CUDA driver but no CUDA device"),
                ("fake_cuda", {"FAKE_CUDA_CAPABILITY": "75"},
                 "compiled for sm_80 but the card Fake Card 0 has compute "
                 "capability 7.5")]:
            for command in (["info"], ["bench"], ["check", recording],
                            ["generate", "--prompt", "a"]):
                self.refuse(message, self.fake("fake_both"), "--weights",
                            self.weights, *command, "--device", "cuda",
                            environment={
                                "SEQMIX_CUDA_DRIVER": self.fake(driver),
                                **settings})
        self.refuse("has no code for cuda", self.fake(), "info", "--device",
                    "cuda")
        self.refuse("there is no CUDA device 3: this machine has 1",
                    self.fake("fake_both"), "info", "--device", "cuda:3",
                    environment={"SEQMIX_CUDA_DRIVER": self.fake("fake_cuda")})
        for device in "gpu", "cuda:", "cuda:x", "cuda1":
            self.refuse("--device", self.fake(), "info", "--device", device)


if __name__ == "__main__":
    main()
