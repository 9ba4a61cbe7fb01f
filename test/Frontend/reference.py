#===- reference.py - what the language's page shows, compiles --------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Compiles every code block of a page that is marked as this language.

    reference.py PAGE.md FOLDER

A block opens with ```sqm and the options it is compiled with, such as
```sqm -D K=4. One that opens with ```sqm refused is refused, with what the next
block says. A page on the language without such a block is a fault of this test.
"""

import os
import re
import subprocess
import sys

BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)


def compile_block(path, options):
    return subprocess.run(
        ["seqmixc", path, *options, "--stop-after=import", "-o", os.devnull],
        capture_output=True,
        text=True,
    )


def main():
    page, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    blocks = BLOCK.findall(open(page).read())
    failures = compiled = 0
    for number, (opening, text) in enumerate(blocks):
        words = opening.split()
        if not words or words[0] != "sqm":
            continue
        compiled += 1
        isRefused = "refused" in words
        path = os.path.join(folder, f"block{number}.sqm")
        with open(path, "w") as file:
            file.write(text)
        done = compile_block(path, [word for word in words[1:] if word != "refused"])
        said = done.stderr.replace(path, "m.sqm")
        if isRefused:
            good = done.returncode and blocks[number + 1][1].strip() in said
        else:
            good = done.returncode == 0
        if not good:
            failures += 1
            print(f"{opening}\n{text}{said}", file=sys.stderr)
    print(f"{compiled} blocks, {failures} failed")
    return 0 if compiled and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
