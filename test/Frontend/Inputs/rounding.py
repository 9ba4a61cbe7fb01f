#===- rounding.py - numbers and what they are rounded to ------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Writes a table of numbers, and what rounding.sqm makes of its rows."""

import json
import struct
import sys


def bf16(x):
    bits = struct.unpack("<I", struct.pack("<f", x))[0]
    bits += 0x7FFF + (bits >> 16 & 1)
    return struct.unpack("<f", struct.pack("<I", bits & 0xFFFF0000))[0]


def f16(x):
    return struct.unpack("<e", struct.pack("<e", x))[0]


def write(path, tensors):
    header, data = {}, b""
    for name, (kind, shape, bytes_) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    # Ties to even and to odd, just beside them, subnormal in f16, large.
    rows = []
    for scale in (1.0, -3.0, 2.0 ** -20, 2.0 ** -24, 1000.0):
        for step in (2.0 ** -8, 3 * 2.0 ** -8, 2.0 ** -11, 3 * 2.0 ** -11, 0.3):
            rows.append([scale * (1 + step), scale * (1 + step * 1.001),
                         scale * (1 + step * 0.999)])
    rows = [[struct.unpack("<f", struct.pack("<f", x))[0] for x in row]
            for row in rows]
    table = struct.pack(f"<{3 * len(rows)}f", *sum(rows, []))
    write(sys.argv[1], {"table": ("F32", [len(rows), 3], table)})
    results = []
    for position, row in enumerate(rows):
        results += [bf16(x) * 2 ** 20 for x in row]
        results += [f16(x) * 2 ** 20 for x in row]
        results += [float(position % 7 < 3), float(position % 7),
                    float(position * 3 % 5 == 1 or x_is_large(row))]
    count = len(rows)
    write(sys.argv[2], {
        "tokens": ("I64", [1, count], struct.pack(f"<{count}q", *range(count))),
        "logits": ("F32", [1, count, 9], struct.pack(f"<{9 * count}f", *results)),
    })


def x_is_large(row):
    return not row[0] <= 1000


main()
