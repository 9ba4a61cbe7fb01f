#===- elementary.py - how close elementary functions are ------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Compares elementary functions of a compiled model with Python's, in ulp.

    elementary.py MODEL.so

The model has inputs x and perhaps y, one number each or many, and an output for each
function, named as in FUNCTIONS; others are not looked at. Arguments are numbers
of all magnitudes, where functions change their ways or end, and what is not
finite. Prints the largest error of each function; exits with 1 if one is
larger than its bound.
"""

import ctypes
import math
import random
import struct
import sys
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float
from ctypes import c_int32, c_int64, c_uint32, c_uint64, c_void_p

INF, NAN = math.inf, math.nan

# ---------------------------------------- a host of model_abi.h, in miniature


class Tensor(Structure):
    _fields_ = [("name", c_char_p), ("dtype", c_uint32), ("rank", c_uint32), ("shape", c_void_p)]


class Input(Structure):
    _fields_ = [("tensor", Tensor), ("limit", c_int64)]


BODY = CFUNCTYPE(None, c_void_p, c_int64, c_int64)
PARALLEL_FOR = CFUNCTYPE(None, c_void_p, c_int64, c_int64, BODY, c_void_p)


class Host(Structure):
    _fields_ = [("size", c_uint64), ("context", c_void_p), ("parallel_for", PARALLEL_FOR)]


class Call(Structure):
    _fields_ = [("batch", c_int64), ("length", c_int64)] + [
        (name, c_void_p)
        for name in ("inputs", "outputs", "params", "state_in", "state_out", "workspace")
    ]


class Entry(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("length", c_int64),
        ("workspace_bytes", CFUNCTYPE(c_uint64, c_int64, c_int64)),
        ("run", CFUNCTYPE(c_int32, POINTER(Host), POINTER(Call))),
    ]


class Target(Structure):
    _fields_ = (
        [("name", c_char_p), ("device", c_uint32)]
        + [("capability", c_uint32), ("exact_capability", c_uint32)]
        + [("num_entries", c_uint32), ("num_kernels", c_uint32), ("reserved", c_uint32)]
        + [("entries", POINTER(Entry)), ("kernels", c_void_p), ("module", c_void_p)]
    )


class Model(Structure):
    _fields_ = (
        [("magic", c_uint32), ("version", c_uint32), ("size", c_uint64)]
        + [("name", c_char_p), ("producer", c_char_p)]
        + [("state_bytes", c_uint64), ("state_id", c_uint64), ("max_length", c_int64)]
        + [(f"num_{kind}", c_uint32) for kind in ("inputs", "outputs", "params", "states")]
        + [("num_targets", c_uint32), ("reserved", c_uint32)]
        + [("inputs", POINTER(Input)), ("outputs", POINTER(Tensor))]
        + [("params", c_void_p), ("states", c_void_p), ("targets", POINTER(Target))]
    )


def aligned(size):
    """Memory of so many bytes, and its address."""
    memory = ctypes.create_string_buffer(size + 128)
    return memory, (ctypes.addressof(memory) + 63) // 64 * 64


def run(path, columns):
    """The outputs, by name, of the inputs by name: lists of equal length."""
    query = ctypes.CDLL(path).seqmix_model_query
    query.restype, query.argtypes = POINTER(Model), [c_uint32]
    model = query(3).contents
    assert not model.num_params and not model.num_states
    x = model.inputs[0].tensor
    width = math.prod((c_int64 * x.rank).from_address(x.shape) if x.rank else ())
    count = len(columns["x"])
    tokens = -(-count // width)
    length = tokens * width
    names = [model.inputs[i].tensor.name.decode() for i in range(model.num_inputs)]
    outputs = [model.outputs[i].name.decode() for i in range(model.num_outputs)]
    buffers = [aligned(4 * length) for _ in names + outputs]
    views = [(c_float * length).from_address(address) for _, address in buffers]
    for name, view in zip(names, views):
        view[:count] = columns[name]
    pointers = (c_void_p * len(buffers))(*(address for _, address in buffers))
    entry = model.targets[0].entries[0]
    workspace, address = aligned(entry.workspace_bytes(1, tokens))
    call = Call(1, tokens, ctypes.addressof(pointers), 0, None, None, None, address)
    call.outputs = ctypes.addressof(pointers) + len(names) * ctypes.sizeof(c_void_p)
    host = Host(ctypes.sizeof(Host), None, PARALLEL_FOR(lambda c, n, cost, body, a: body(a, 0, n)))
    status = entry.run(ctypes.byref(host), ctypes.byref(call))
    assert status == 0 and workspace
    return dict(zip(outputs, (list(view[:count]) for view in views[len(names) :])))


# --------------------------------------------------------------- what is meant


def total(function, at=None):
    """`function` where Python raises: an overflow, poles `at`, no value."""

    def result(x):
        if at and x in at:
            return at[x]
        try:
            return function(x)
        except OverflowError:
            return INF
        except ValueError:
            return NAN

    return result


def power(x, y):
    odd = math.isfinite(y) and abs(y) < 2**24 and y % 2 == 1
    sign = x if odd else 1
    try:
        return math.pow(x, y)
    except OverflowError:
        return math.copysign(INF, sign)
    except ValueError:
        return math.copysign(INF, sign) if x == 0 else NAN


def rsqrt(x):
    return math.copysign(INF, x) if x == 0 else total(lambda x: 1 / math.sqrt(x))(x)


def rounded(x):
    if not math.isfinite(x):
        return x
    return math.copysign(math.floor(abs(x) + 0.5), x)


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def softplus(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


LOG = {0: -INF, INF: INF}
ANGLES = 1e6  # up to which sines are held to a bound
# The function, its bound in ulp, and up to which argument.
FUNCTIONS = {
    "exp": (total(math.exp), 4, INF),
    "exp2": (total(lambda x: math.pow(2, x)), 2, INF),
    "expm1": (total(math.expm1), 5, INF),
    "tanh": (math.tanh, 5, INF),
    "log": (total(math.log, LOG), 4, INF),
    "log2": (total(math.log2, LOG), 4, INF),
    "log10": (total(math.log10, LOG), 4, INF),
    "log1p": (total(math.log1p, {-1: -INF}), 4, INF),
    "erf": (math.erf, 8, INF),
    "erfc": (math.erfc, 10, INF),
    "sin": (total(math.sin), 2, ANGLES),
    "cos": (total(math.cos), 2, ANGLES),
    "tan": (total(math.tan), 5, ANGLES),
    "cbrt": (lambda x: math.copysign(abs(x) ** (1 / 3), x), 2, INF),
    "rsqrt": (rsqrt, 2, INF),
    "trunc": (lambda x: x if not math.isfinite(x) else math.copysign(math.trunc(x), x), 0, INF),
    "round": (rounded, 0, INF),
    "pow": (power, 16, INF),
    # Of the prelude. Its formulas flush what is not nearly 2^-118.
    "exp_x": (total(math.exp), 4, INF),
    "tanh_x": (math.tanh, 5, INF),
    "erf_x": (math.erf, 8, INF),
    "sigmoid_x": (total(sigmoid), 8, INF),
    "softplus_x": (total(softplus), 8, INF),
    "logsigmoid_x": (total(lambda x: -softplus(-x)), 8, INF),
    "silu_x": (lambda x: NAN if x == -INF else x * total(sigmoid)(x), 8, INF),
}


# ------------------------------------------------------------------- arguments


def from_bits(bits):
    return struct.unpack("<f", struct.pack("<I", bits & 0xFFFFFFFF))[0]


def to_bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


SPECIAL = [0.0, -0.0, INF, -INF, NAN] + [
    sign * x
    for sign in (1, -1)
    for x in (0.5, 1, 1.5, 2, 2.5, 3, 4, 100, 1e4, 2**22, 2**23, 2**24 - 1, 2**24, 1e30, 1e-30)
]
# Where something begins or ends.
TURNS = [0, 2**-126, 0.5, 0.9375, 1, 2**0.5, 2 / 3, 4 / 3, 3.95, 9.2, 10.06, 17.3, 87.34, 88.72]
TURNS += [0.34657359, 1.0397208, 103.28, 103.97, 2**127] + [n * math.pi / 2 for n in range(1, 9)]
TURNS += [math.pi / 4 * n for n in (1, 3, 1001, 63663, 127323)]


def arguments(source):
    xs = list(SPECIAL)
    for turn in TURNS:
        around = to_bits(turn)
        for bits in range(max(around - 40, 0), around + 40):
            xs += [from_bits(bits), -from_bits(bits)]
    for high in range(0, 2 * 255):
        xs += [from_bits(high << 23 | source.getrandbits(23)) for _ in range(16)]
    for width in (1, 4, 16, 110, 1000, 1e5, 1e6):
        xs += [source.uniform(-width, width) for _ in range(4000)]
    xs += [1 + source.uniform(-0.5, 1) for _ in range(4000)]
    return xs


def pairs(source, xs):
    """A number to raise each x to: anything, or such that the power is moderate."""
    ys = []
    for x in xs:
        ys.append(source.choice(SPECIAL))
        if x > 0 and math.isfinite(x) and x != 1 and source.random() < 0.7:
            ys[-1] = source.uniform(-150, 130) / math.log2(x)
    return ys


# ------------------------------------------------------------------ the checks


def error(value, exact):
    """In ulp of what is exact; infinite where the value is of another kind."""
    if math.isnan(value) or math.isnan(exact):
        return 0.0 if math.isnan(value) and math.isnan(exact) else INF
    if value == 0 and math.copysign(1, value) != math.copysign(1, exact):
        return INF
    # Infinity is the number after the largest.
    value, exact = (max(-(2.0**128), min(2.0**128, v)) for v in (value, exact))
    exponent = math.frexp(exact)[1] if abs(exact) < 2.0**128 else 128
    return abs(value - exact) / 2.0 ** max(exponent - 24, -149)


def worst(name, values, columns):
    """The largest error and its arguments; what is beyond the range is held to
    be a number from -1 to 1."""
    function, _, limit = FUNCTIONS[name]
    worst, where = 0.0, None
    for value, x, y in zip(values, columns["x"], columns["y"]):
        x, y = from_bits(to_bits(x)), from_bits(to_bits(y))
        if limit < abs(x) < INF:
            found = 0.0 if name == "tan" or abs(value) <= 1 else INF
        else:
            exact = function(x, y) if name == "pow" else function(x)
            found = error(value, exact)
            if name.endswith("_x") and abs(value - exact) < 2.0**-118:
                found = 0.0
        if found > worst:
            worst, where = found, (x, y, value)
    return worst, where


def main():
    source = random.Random("elementary")
    xs = arguments(source)
    columns = {"x": xs, "y": pairs(source, xs)}
    # Special numbers to the power of each other.
    columns["x"] = xs + [x for x in SPECIAL for _ in SPECIAL]
    columns["y"] += SPECIAL * len(SPECIAL)
    failures = 0
    for name, values in run(sys.argv[1], columns).items():
        if name not in FUNCTIONS:
            continue
        bound = FUNCTIONS[name][1]
        found, where = worst(name, values, columns)
        verdict = "" if found <= bound else f", more than {bound}: f{where[:-1]} = {where[-1]}"
        failures += found > bound
        print(f"{name:13} {found:6.3f} ulp{verdict}")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
