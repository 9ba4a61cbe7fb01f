"""Reads `llvm-nm -D --undefined-only` and looks every strong symbol up in the
C and mathematics libraries."""

import ctypes
import sys

libraries = [ctypes.CDLL("libc.so.6"), ctypes.CDLL("libm.so.6")]
foreign = []
for line in sys.stdin:
    kind, symbol = line.split()[-2:]
    name = symbol.partition("@")[0]
    if kind == "U" and not any(hasattr(library, name) for library in libraries):
        foreign.append(name)
if foreign:
    sys.exit("not in libc or libm: " + ", ".join(foreign))
