#===- house_test.py - the rules of the house, broken ---------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Shows each rule of house.py fail on a small tree, and a good tree pass."""

import os
import shutil
import subprocess
import tempfile
import unittest

import house


def banner(name, body=""):
    """A source file with a banner that is right."""
    title = f"//===- {name} - about it "
    return (title + "-" * (80 - len(title) - len("===//")) + "===//\n//\n"
            "// Part of seqmix, under the Apache License v2.0 with LLVM "
            "Exceptions.\n"
            "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n" + body)


def list_paths(tree):
    """A check that finds fault with every file."""
    return [(path, 1, "is there") for path in tree.paths]


def breaches(check, files, git=False):
    """What `check` says of a tree of these files: (file, line, message)."""
    with tempfile.TemporaryDirectory() as root:
        if git:
            subprocess.run(["git", "init", "-q", root], check=True)
        for path, text in files.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return list(check(house.Tree(root)))


class HouseTest(unittest.TestCase):
    def expect(self, check, files, *messages):
        """One breach for each message, which it contains."""
        found = [f"{p}:{n}: {m}" for p, n, m in breaches(check, files)]
        self.assertEqual(len(found), len(messages), found)
        for text, message in zip(found, messages):
            self.assertIn(message, text)

    def expect_include(self, path, include, *messages):
        name = path.split("/")[-1]
        files = {path: banner(name, f"#include {include}\n")}
        self.expect(house.check_arrows, files, *messages)

    def test_includes_along_the_arrows(self):
        self.expect_include("lib/Driver/A.cpp", '"lib/Target/B.h"')
        self.expect_include("lib/Conversion/A.cpp", '"lib/Transforms/B.h"')
        self.expect_include("lib/Target/A.cpp", '"lib/Analysis/B.h"')
        self.expect_include("lib/Analysis/A.cpp", f'"{house.ABI}"')
        self.expect_include("lib/Frontend/A.cpp", '"lib/Frontend/B.h"')
        self.expect_include("tools/seqmix-run/A.cpp", "<seqmix/seqmix.h>")
        self.expect_include("runtime/src/A.cpp", "<vector>")
        self.expect_include("test/Runtime/A.cpp", '"runtime/src/B.h"')

    def test_includes_against_the_arrows(self):
        self.expect_include("dialect/A.cpp", '"lib/Analysis/B.h"',
                            "A.cpp:5: includes lib/Analysis/B.h")
        self.expect_include("lib/Transforms/A.cpp", '"lib/Conversion/B.h"',
                            "lib/Transforms/ may include from")
        self.expect_include("lib/Frontend/A.cpp", '"lib/Analysis/B.h"',
                            "may include from lib/Frontend/, dialect/")
        self.expect_include("lib/Target/A.cpp", '"lib/Pipelines/B.h"', "lib/")
        self.expect_include("lib/Analysis/A.cpp", "<seqmix/seqmix.h>",
                            "runtime/include/seqmix/seqmix.h")
        self.expect_include("runtime/src/A.cpp", '"dialect/B.h"', "dialect/")
        self.expect_include("tools/seqmix-run/A.cpp", '"runtime/src/B.h"')
        self.expect_include("tools/seqmix-run/A.cpp", '"dialect/B.h"',
                            "dialect/B.h")
        self.expect_include("examples/embed/a.c", '"runtime/src/B.h"',
                            "runtime/src/B.h")

    def test_includes_of_llvm_in_the_runtime(self):
        self.expect_include("runtime/src/A.cpp", '"llvm/ADT/StringRef.h"',
                            "built without LLVM")
        self.expect_include("tools/seqmix-run/A.cpp", '"mlir/IR/Value.h"',
                            "built without LLVM")

    def test_includes_of_tablegen_files(self):
        files = {"dialect/A.td": banner("A.td", 'include "lib/Target/B.td"\n')}
        self.expect(house.check_arrows, files, "includes lib/Target/B.td")

    def test_includes_are_spelt_from_the_root(self):
        self.expect_include("lib/Driver/A.cpp", '"B.h"', "no path from")

    def test_sources_outside_every_folder(self):
        self.expect(house.check_arrows, {"misc/A.cpp": banner("A.cpp")},
                    "no dependencies are defined")

    def test_sizes(self):
        files = {f"lib/Driver/{n}.cpp": "//\n" * n for n in (400, 401, 600, 601)}
        self.expect(house.check_sizes, files, "601 lines when 600")
        self.expect(house.warn_sizes, files, "401 lines", "600 lines")

    def test_mains(self):
        files = {"tools/seqmixc/seqmixc.cpp": "//\n" * 60,
                 "tools/seqmix-run/main.cpp": "//\n" * 59,
                 "tools/seqmix-run/Check.cpp": "//\n" * 200}
        self.expect(house.check_mains, files, "seqmixc.cpp:60: 60 lines")

    def test_frontend(self):
        code = "int a;\n" * house.FRONTEND_CODE
        self.expect(house.check_frontend,
                    {"lib/Frontend/Parser.cpp": code + "// a\n\n",
                     "lib/Frontend/Builtins.cpp": code})
        self.expect(house.check_frontend,
                    {"lib/Frontend/ImportExpr.cpp": code,
                     "lib/Frontend/Lexer.h": "int b;\n"}, "without blank")

    def test_passes(self):
        text = ('def A : Pass<"seqmix-a"> {\n  let description = [{\n'
                "    Before and after: test/Transforms/a.mlir.\n  }];\n}\n")
        table, test = "lib/Transforms/Passes.td", "test/Transforms/a.mlir"
        self.expect(house.check_passes, {table: text, test: ""})
        self.expect(house.check_passes, {table: text}, "no file " + test)
        self.expect(house.check_passes, {table: 'def A : Pass<"seqmix-a"> {}\n'},
                    "seqmix-a names no test")
        self.expect(house.check_passes,
                    {table: 'def A\n    : Pass<"seqmix-a"> {}\n'},
                    "seqmix-a names no test")
        self.expect(house.check_passes,
                    {table: text.replace("test/Transforms", "test/Other"),
                     "test/Other/a.mlir": ""}, "should be in test/Transforms/")

    def test_names(self):
        self.expect(house.check_names,
                    {"lib/Driver/Compiler.cpp": "", "lib/Driver/StringUtils.h": "",
                     "lib/Support/A.h": "", "test/helpers.py": ""},
                    "StringUtils.h", "'Support'", "helpers.py")

    def test_systems(self):
        files = {"examples/retnet/retnet.sqm": "", "examples/s4/s4.sqm": "",
                 "examples/mixers/wkv4.sqm": "", "lib/A.cpp": "mixers %s4\n",
                 "dialect/B.td": "a\nas in RetNet\n", "test/a.mlir": "retnet\n"}
        self.expect(house.check_systems, files, "B.td:2: names a system: RetNet")

    def test_banners(self):
        good = banner("A.cpp")
        self.expect(house.check_banners, {"lib/Driver/A.cpp": good})
        self.expect(house.check_banners, {"lib/Driver/B.cpp": good}, "B.cpp")
        self.expect(house.check_banners,
                    {"lib/Driver/A.cpp": good.replace("--===", "-===")},
                    "79 columns")
        self.expect(house.check_banners,
                    {"lib/Driver/A.cpp": good.replace("SPDX", "")}, "licence")
        self.expect(house.check_banners, {"lib/Driver/A.h": ""}, "banner", "banner")

    def test_text(self):
        place = "/" "home/someone"
        files = {"a.md": "a\tb\nc \nsee " + place + "\nsee x/" "tmp/y\n",
                 "b.cmake": "# TO" "DO later\n-I" + place + "\n",
                 "c.bin": "\0\t\n"}
        self.expect(house.check_text, files, "a.md:1: tab", "a.md:2: white space",
                    "a.md:3: path", "b.cmake:1: unfinished", "b.cmake:2: path")

    def test_lists_what_git_would_track(self):
        files = {".gitignore": "out\n", "a.txt": "", "out": "", "build/b.txt": ""}
        names = [n for n, _, _ in breaches(list_paths, files)]
        self.assertEqual(names, [".gitignore", "a.txt", "out"])
        if shutil.which("git"):
            names = [n for n, _, _ in breaches(list_paths, files, git=True)]
            self.assertEqual(names, [".gitignore", "a.txt", "build/b.txt"])


if __name__ == "__main__":
    unittest.main()
