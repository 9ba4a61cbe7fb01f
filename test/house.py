#===- house.py - the rules of the house ----------------------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""The rules of the house, as far as a program can see them.

Prints `file:line: message` for every breach and exits with 1 if there was one.
Looks at the files that git tracks or would track. Each rule is a function
`check_...(tree)` that yields breaches; house_test.py shows each of them fail.
"""

import os
import re
import subprocess
import sys

# Who may include what: a folder, and the places its files may include from.
# The longest matching folder counts; a folder may always include from itself.
# What is not here (mlir/, llvm/, gtest/, the standard libraries) is external.
ABI = "runtime/include/seqmix/model_abi.h"
PUBLIC = "runtime/include/"
CHAIN = ["dialect/", "lib/Analysis/", "lib/Transforms/", "lib/Conversion/",
         "lib/Pipelines/"]
ARROWS = {
    "dialect/": [],
    "lib/Analysis/": CHAIN[:1] + [ABI],
    "lib/Transforms/": CHAIN[:2] + [ABI],
    "lib/Conversion/": CHAIN[:3] + [ABI],
    "lib/Pipelines/": CHAIN[:4] + ["lib/Interfaces/", ABI],
    "lib/Target/": ["dialect/", "lib/Analysis/", ABI],
    "lib/Frontend/": ["dialect/"],
    "lib/Interfaces/": ["dialect/"],
    "lib/Driver/": ["dialect/", "lib/", PUBLIC],
    "tools/": ["dialect/", "lib/", ABI],
    "tools/seqmix-bench/": ["tools/", "lib/", PUBLIC],
    "tools/seqmix-run/": ["runtime/"],
    "runtime/": [],
    "runtime/include/": [],
    "examples/": [PUBLIC],
    "cmake/": [],
    "test/": ["dialect/", "lib/", ABI],
    "test/Runtime/": ["runtime/"],
}
# Folders that are built without a compiler toolchain.
WITHOUT_LLVM = ("runtime/", "tools/seqmix-run/", "test/Runtime/", "examples/")

SOURCES = (".cpp", ".h", ".c", ".td")
SIZED = SOURCES + (".sqm", ".py")
LINES_WARN, LINES_FAIL = 400, 600
LINES_OF_MAIN = 60
FRONTEND_CODE = 2000

LOCAL = re.compile(r'^\s*#?\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
PASS = re.compile(r'^def (\w+)\s*:\s*Pass<\s*"([^"]+)"')
# Written so that this file does not find itself.
HOST_PATH = re.compile(r"(?:(?<![\w.$})/-])|(?<=-[IL]))"
                       r"/(?:home|root|work|tmp)(?![\w-])")
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")
CATCH_ALL = re.compile(r"(?:utils?|utilit(?:y|ies)|support|common|helpers?)$",
                       re.IGNORECASE)


class Tree:
    """The files of a repository, read once."""

    def __init__(self, root):
        self.root = root
        self.paths = sorted(p for p in list_files(root)
                            if os.path.isfile(os.path.join(root, p)))
        self.texts = {}

    def having(self, *endings, under=""):
        """The paths below a folder that end in one of `endings`, if any."""
        return [p for p in self.paths
                if p.startswith(under) and p.endswith(endings or "")]

    def lines(self, path):
        """The lines of a text file; none for a binary one."""
        if path not in self.texts:
            with open(os.path.join(self.root, path), "rb") as file:
                data = file.read()
            binary = b"\0" in data[:8192] or path.endswith(".safetensors")
            text = "" if binary else data.decode("utf-8", "replace")
            self.texts[path] = text.removesuffix("\n").split("\n") if text else []
        return self.texts[path]


def list_files(root):
    """What git tracks or would track; without git, all but build folders."""
    git = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others",
         "--exclude-standard", "."], capture_output=True, text=True)
    if git.returncode == 0:
        return [p for p in git.stdout.split("\0") if p]
    found = []
    for folder, names, files in os.walk(root):
        names[:] = [n for n in names if not n.startswith("build")
                    and n not in (".git", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return found


def check_arrows(tree):
    """An include goes along an arrow, and is spelt from the repository."""
    for path in tree.having(*SOURCES):
        places = [p for p in ARROWS if path.startswith(p)]
        if not places:
            yield path, 1, "lies where no dependencies are defined"
            continue
        place = max(places, key=len)
        for number, line in enumerate(tree.lines(path), 1):
            match = LOCAL.match(line)
            if not match:
                continue
            target, quoted = match[1] or match[2], bool(match[1])
            if target.startswith("seqmix/"):
                target = PUBLIC + target
            if target.startswith(("mlir/", "llvm/", "lld/")):
                if path.startswith(WITHOUT_LLVM):
                    yield path, number, f"includes {target}, but is built " \
                        "without LLVM"
            elif target.startswith(tuple(p.split("/")[0] + "/" for p in ARROWS)):
                allowed = [place] + ARROWS[place]
                if not target.startswith(tuple(allowed)):
                    yield path, number, f"includes {target}: {place} may " \
                        "include from " + ", ".join(allowed)
            elif quoted:
                yield path, number, f'includes "{target}", which is no path ' \
                    "from the repository's root"


def check_sizes(tree):
    """Files are short."""
    for path in tree.having(*SIZED):
        count = len(tree.lines(path))
        if count > LINES_FAIL:
            yield path, count, f"{count} lines when {LINES_FAIL} is the limit"


def warn_sizes(tree):
    """Files that are getting long; no breach yet."""
    for path in tree.having(*SIZED):
        count = len(tree.lines(path))
        if LINES_WARN < count <= LINES_FAIL:
            yield path, count, f"warning: {count} lines; {LINES_WARN} is the aim"


def check_mains(tree):
    """The main file of a tool hands over at once."""
    for path in tree.having(".cpp", under="tools/"):
        folder, name = path.split("/")[-2:]
        count = len(tree.lines(path))
        if name in (folder + ".cpp", "main.cpp") and count >= LINES_OF_MAIN:
            yield path, count, f"{count} lines when a main file has fewer " \
                f"than {LINES_OF_MAIN}"


def check_frontend(tree):
    """Lexer, parser and import stay small; intrinsics may grow."""
    kinds = ("AST", "Lexer", "Parse", "Import")
    files = [path for path in tree.having(".cpp", ".h", under="lib/Frontend/")
             if path.split("/")[-1].startswith(kinds)]
    lines = [line.strip() for path in files for line in tree.lines(path)]
    code = [line for line in lines if line and not line.startswith("//")]
    if len(code) > FRONTEND_CODE:
        yield "lib/Frontend", 1, f"{len(code)} lines of lexer, parser and " \
            f"import, without blank and comment lines, when " \
            f"{FRONTEND_CODE} is the limit"


def passes(tree):
    """All passes: (file, line, argument, lines of the definition)."""
    for path in tree.having("/Passes.td", under="lib/"):
        lines = tree.lines(path)
        starts = [n for n, line in enumerate(lines) if line.startswith("def ")]
        for start, end in zip(starts, starts[1:] + [len(lines)]):
            match = PASS.match(" ".join(lines[start:start + 2]))
            if match:
                yield path, start + 1, match[2], lines[start:end]


def check_passes(tree):
    """Every pass names its test in its folder, and the test is there."""
    for path, number, argument, lines in passes(tree):
        folder = "test/" + path.split("/")[1] + "/"
        named = re.findall(r"test/[\w/.-]+\.(?:mlir|sqm)", "\n".join(lines))
        if not named:
            yield path, number, f"pass {argument} names no test in its " \
                "description"
        for test in named:
            if not test.startswith(folder):
                yield path, number, f"pass {argument} has its test in {test} " \
                    f"when it should be in {folder}"
            elif test not in tree.paths:
                yield path, number, f"pass {argument}: no file {test}"


def check_names(tree):
    """No file or folder is a drawer for everything."""
    for path in tree.paths:
        for part in path.split("/"):
            if CATCH_ALL.search(part.split(".")[0]):
                yield path, 1, f"'{part}' does not say what is inside"


def check_systems(tree):
    """The compiler knows no system by name: each is a page of text."""
    parts = [p.split("/") for p in tree.having(".sqm", under="examples/")]
    systems = {part[1] for part in parts if part[-1] == part[1] + ".sqm"}
    # Shorter names are words of other things, such as a value %s4.
    names = sorted(name for name in systems if len(name) > 3)
    named = re.compile(r"(?<![a-z])(?:" + "|".join(names) + r")(?![a-z])", re.I)
    for path in tree.having(under="lib/") + tree.having(under="dialect/"):
        for number, line in enumerate(tree.lines(path), 1):
            if names and named.search(line):
                yield path, number, "names a system: " + named.search(line)[0]


def check_banners(tree):
    """Sources open with their name and the licence."""
    for path in tree.having(*SOURCES):
        lines, name = tree.lines(path), path.split("/")[-1]
        first = lines[0] if lines else ""
        if not re.match(r"(//|/\*)===- " + re.escape(name) + r" - .+-===", first):
            yield path, 1, f"the banner should be //===- {name} - ... ---===//"
        elif len(first) != 80:
            yield path, 1, f"the banner has {len(first)} columns when it " \
                "should have 80"
        head = "\n".join(lines[:8])
        if "Part of seqmix" not in head or "SPDX-License-Identifier" not in head:
            yield path, 1, "the banner does not name the licence"


def check_text(tree):
    """Text is clean, finished, and true on every machine."""
    for path in tree.paths:
        if path == "LICENSE":
            continue
        for number, line in enumerate(tree.lines(path), 1):
            if "\t" in line:
                yield path, number, "tab"
            if line != line.rstrip():
                yield path, number, "white space at the end of the line"
            if HOST_PATH.search(line):
                yield path, number, "path of one machine: " \
                    + HOST_PATH.search(line)[0]
            if UNFINISHED.search(line):
                yield path, number, "unfinished: " + UNFINISHED.search(line)[0]


CHECKS = [check_arrows, check_sizes, check_mains, check_frontend, check_passes,
          check_names, check_systems, check_banners, check_text]


def report(breaches):
    """Prints breaches; returns how many."""
    breaches = list(breaches)
    for path, number, message in breaches:
        print(f"{path}:{number}: {message}")
    return len(breaches)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    tree = Tree(os.path.dirname(here))
    report(warn_sizes(tree))
    found = sum(report(check(tree)) for check in CHECKS)
    print(f"house: {len(tree.paths)} files, {found} breaches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
