#===- sessions.py - one function, however it is fed -----------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""Feeds a compiled token model in every way there is and compares the logits.

    sessions.py LIBSEQMIX.so MODEL.so [--weights FILE] [--tol X]

For lengths of 1 and 67 and a batch of 3, all of these give the same to rounding:
a prefill in one piece; in three pieces at odd places; steps; each sequence in a
session of its own; three sessions that take turns; a state that is saved half
way and restored elsewhere; a fork. Without weights the parameters are random.

However many threads there are, the logits and the states are the same to the bit.
"""

import argparse
import random
import sys
from array import array
from ctypes import (CDLL, POINTER, Structure, byref, c_char, c_char_p, c_double, c_float, c_int,
                    c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p, create_string_buffer,
                    sizeof)

BATCH = 3
MANY = 24  # enough that a step of small models is shared out
F64 = 2


class Options(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("threads", c_int32),
        ("piece_tokens", c_int64),
        ("random_weights_seed", c_uint64),
        ("device", c_int32),
        ("device_index", c_int32),
        ("no_vendor_matmul", c_int32),
    ]


class Error(Structure):
    _fields_ = [("code", c_int), ("message", c_char * 512)]


class Tensor(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("dtype", c_int),
        ("rank", c_uint32),
        ("shape", POINTER(c_int64)),
        ("bytes", c_size_t),
        ("limit", c_int64),
    ]


class Library:
    """The C interface, with errors as exits."""

    def __init__(self, path):
        self.library = CDLL(path)
        for name in ("seqmix_state_size",):
            getattr(self.library, name).restype = c_size_t
        for name in ("seqmix_model_vocabulary", "seqmix_model_max_length"):
            getattr(self.library, name).restype = c_int64

    def ask(self, name, *arguments):
        return getattr(self.library, "seqmix_" + name)(*arguments)

    def do(self, name, *arguments):
        error = Error()
        if self.ask(name, *arguments, byref(error)):
            sys.exit(f"{name}: {error.message.decode()}")

    def open(self, path, weights, threads=0):
        options, model = Options(), c_void_p()
        self.library.seqmix_model_options_init(byref(options))
        assert options.size == sizeof(Options)
        options.random_weights_seed = 0 if weights else 7
        options.threads = threads
        self.do(
            "model_open",
            path.encode(),
            weights.encode() if weights else None,
            byref(options),
            byref(model),
        )
        return model


class Session:
    def __init__(self, library, model, batch, width, real):
        self.library, self.batch, self.width, self.real = library, batch, width, real
        self.handle = c_void_p()
        library.do("session_create", model, c_int64(batch), byref(self.handle))

    def prefill(self, rows):
        """Logits by sequence: of each token, `width` numbers."""
        length = len(rows[0])
        tokens = (c_int32 * (self.batch * length))(*(t for row in rows for t in row))
        logits = (self.real * (self.batch * length * self.width))()
        self.library.do(
            "prefill_tokens", self.handle, tokens, c_int64(length), logits
        )
        flat, span = list(logits), length * self.width
        return [flat[b * span : (b + 1) * span] for b in range(self.batch)]

    def step(self, tokens):
        given = (c_int32 * self.batch)(*tokens)
        logits = (self.real * (self.batch * self.width))()
        self.library.do("step_tokens", self.handle, given, logits)
        flat = list(logits)
        return [flat[b * self.width : (b + 1) * self.width] for b in range(self.batch)]

    def steps(self, rows):
        return joined([self.step(column) for column in zip(*rows)])

    def save(self):
        size = self.library.ask("state_size", self.handle)
        state = create_string_buffer(size)
        self.library.do("state_save", self.handle, state, c_size_t(size))
        return state

    def restore(self, state):
        self.library.do("state_restore", self.handle, state, c_size_t(len(state)))

    def fork(self):
        twin = Session.__new__(Session)
        twin.__dict__.update(self.__dict__, handle=c_void_p())
        self.library.do("session_fork", self.handle, byref(twin.handle))
        return twin


def joined(pieces):
    """Pieces of logits, one after the other, by sequence."""
    return [[x for piece in pieces for x in piece[b]] for b in range(len(pieces[0]))]


def ways(make, rows):
    """(name, logits) of every way but the first, one piece."""
    length = len(rows[0])
    cuts = sorted({0, length // 3, length - length // 4, length})
    spans = list(zip(cuts, cuts[1:]))
    take = lambda begin, end: [row[begin:end] for row in rows]

    session = make(BATCH)
    yield "three pieces", joined([session.prefill(take(*span)) for span in spans])
    yield "steps", make(BATCH).steps(rows)
    yield "each alone", joined_rows([make(1).prefill([row]) for row in rows])

    turns = [make(1) for _ in rows]
    columns = [[s.step([row[t]])[0] for s, row in zip(turns, rows)] for t in range(length)]
    yield "taking turns", joined(columns)

    half = length // 2
    first, second = make(BATCH), make(BATCH)
    begun = [first.prefill(take(0, half))] if half else []
    second.restore(first.save())
    twin = first.fork()
    yield "restored", joined(begun + [second.prefill(take(half, length))])
    yield "forked", joined(begun + [twin.steps(take(half, length))])
    yield "after the fork", joined(begun + [first.prefill(take(half, length))])


def joined_rows(batches):
    return [row for batch in batches for row in batch]


def everything(session, vocabulary):
    """The bits of all that a session says and remembers, before it goes."""
    source = random.Random(2)
    draw = lambda length: [[source.randrange(vocabulary) for _ in range(length)]
                           for _ in range(session.batch)]
    said = session.prefill(draw(60)) + session.steps(draw(4))
    bits = [array("d", row).tobytes() for row in said] + [session.save().raw]
    session.library.ask("session_destroy", session.handle)
    return bits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("model")
    parser.add_argument("--weights")
    parser.add_argument("--tol", type=float)
    args = parser.parse_args()
    library = Library(args.library)
    model = library.open(args.model, args.weights)
    output = Tensor()
    library.ask("model_tensor", model, c_int(1), c_size_t(0), byref(output))
    isDouble = output.dtype == F64
    real = c_double if isDouble else c_float
    width = output.bytes // sizeof(real)
    tolerance = args.tol or (1e-9 if isDouble else 2e-4)
    vocabulary = library.ask("model_vocabulary", model)
    if not vocabulary:
        sys.exit("this is not a token model")
    make = lambda batch: Session(library, model, batch, width, real)

    source, failures = random.Random(1), 0
    for length in (1, 67):
        rows = [[source.randrange(vocabulary) for _ in range(length)] for _ in range(BATCH)]
        expected = make(BATCH).prefill(rows)
        scale = max(abs(x) for row in expected for x in row) or 1
        for name, logits in ways(make, rows):
            errors = [abs(x - y) for a, b in zip(logits, expected) for x, y in zip(a, b)]
            isFinite = all(error == error for error in errors)
            error = max(errors) / scale if isFinite else float("nan")
            good = error <= tolerance  # what is not finite is not good
            failures += not good
            print(f"{length:3} tokens, {name:15} {error:.1e} {'ok' if good else 'FAILED'}")

    models = {n: library.open(args.model, args.weights, n) for n in (1, 2, 3, 8)}
    for batch in (BATCH, MANY):
        alone = None
        for threads, model in models.items():
            found = everything(make(batch), vocabulary)
            alone = alone or found
            good = found == alone
            failures += not good
            print(f"{batch:3} sequences, {threads} threads {'ok' if good else 'FAILED'}")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
