#===- same.py - two artifacts of one model ---------------------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Compares what two f64 artifacts of one model answer.

    same.py LIBSEQMIX.so REFERENCE.so OTHER.so

Both get the same numbers for weights and inputs, several sequences of several
lengths, in one piece and in two; outputs must agree to rounding.
"""

import ctypes
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Examples"))
sys.dont_write_bytecode = True
from sessions import Library, Tensor  # noqa: E402

INPUTS, OUTPUTS = 0, 1
BOUND = 1e-11


def widths(library, model, table):
    """Numbers of a token of each tensor."""
    count = library.library.seqmix_model_count
    count.restype = ctypes.c_size_t
    found = []
    for index in range(count(model, ctypes.c_int(table))):
        tensor = Tensor()
        library.ask(
            "model_tensor", model, ctypes.c_int(table), ctypes.c_size_t(index), ctypes.byref(tensor)
        )
        found.append(tensor.bytes // 8)
    return found


def pointers(buffers):
    return (ctypes.c_void_p * len(buffers))(
        *(ctypes.cast(buffer, ctypes.c_void_p) for buffer in buffers)
    )


def answer(library, path, batch, pieces):
    """All numbers of all outputs."""
    model = library.open(path, None, 2)
    session = ctypes.c_void_p()
    library.do("session_create", model, ctypes.c_int64(batch), ctypes.byref(session))
    draw = random.Random(sum(pieces))
    tokens = {
        (b, t, i): [draw.uniform(-1, 1) for _ in range(width)]
        for i, width in enumerate(widths(library, model, INPUTS))
        for b in range(batch)
        for t in range(sum(pieces))
    }
    numbers, begin = [], 0
    for length in pieces:
        inputs = []
        for i, width in enumerate(widths(library, model, INPUTS)):
            flat = [x for b in range(batch) for t in range(length) for x in tokens[b, begin + t, i]]
            inputs.append((ctypes.c_double * max(1, len(flat)))(*flat))
        outputs = [
            (ctypes.c_double * max(1, batch * length * width))()
            for width in widths(library, model, OUTPUTS)
        ]
        library.do(
            "prefill", session, ctypes.c_int64(length), pointers(inputs), pointers(outputs)
        )
        for output in outputs:
            numbers.extend(output)
        begin += length
    library.ask("session_destroy", session)
    library.ask("model_close", model)
    return numbers


def difference(one, other):
    differences = [abs(a - b) / (1 + abs(a)) for a, b in zip(one, other)]
    return float("nan") if any(d != d for d in differences) else max(differences, default=0)


def main():
    library = Library(sys.argv[1])
    failed = False
    for pieces in ([0], [1], [5], [16], [67], [40, 33], [300]):
        for batch in (1, 3):
            expected, got = (answer(library, path, batch, pieces) for path in sys.argv[2:4])
            worst = difference(expected, got)
            ok = worst <= BOUND and len(expected) == len(got)
            print(f"{pieces} tokens of {batch}: {worst:.1e}", "ok" if ok else "FAILED")
            failed |= not ok
    sys.exit(failed)


if __name__ == "__main__":
    main()
