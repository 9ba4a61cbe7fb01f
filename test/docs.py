#===- docs.py - the reference explains everything ------------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""The reference manual says something about everything.

usage: docs.py LLVM-TBLGEN INCLUDE-DIR...

Reads the records behind the manual and prints `file:line: message` for every
op, interface, method, pass, option and statistic that does not explain itself:
an op has a summary, a description, numbered constraints and an example; a pass
has a summary and a description that names its test. Exits with 1 if it printed
anything.
"""

import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def read_records(tblgen, includes, path):
    """All records of a TableGen file of the repository."""
    flags = [flag for folder in ["."] + includes for flag in ("-I", folder)]
    dump = subprocess.run([tblgen, *flags, "--dump-json", path], cwd=ROOT,
                          check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(dump.stdout)


def defined(records, base, path):
    """The named records of a class that the files beside `path` define."""
    for name in records["!instanceof"].get(base, []):
        record = records[name]
        file, line = record["!locs"][-1].rsplit(":", 1)
        place = os.path.join(os.path.dirname(path), os.path.basename(file))
        if not record["!anonymous"] and os.path.exists(os.path.join(ROOT, place)):
            yield record, f"{place}:{line}"


def is_empty(record, field):
    return not (record.get(field) or "").strip()


def say_empty(record, name, *fields):
    """A message for each of the fields that says nothing."""
    return [f"{name} has an empty {f}" for f in fields if is_empty(record, f)]


def check_constraints(name, text):
    """Constraints are numbered from 1 on."""
    _, found, listed = text.partition("Constraints:")
    if not found:
        return [f"{name} has no section `Constraints:`"]
    numbers = [int(n) for n in re.findall(r"^\s*- \(C(\d+)\)", listed, re.M)]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        return [f"{name} numbers its constraints {numbers} when they should "
                "count from 1"]
    return []


def check_example(name, text, descriptions):
    """There is an example of the op, or a word where to find one."""
    blocks = re.findall(r"```mlir\n(.*?)```", text, re.S)
    for other in re.findall(r"see ((?:`\w+`(?: and )?)+)", text):
        for op in re.findall(r"`(\w+)`", other):
            blocks += re.findall(r"```mlir\n(.*?)```",
                                 descriptions.get(op, ""), re.S)
    if any("seqmix." + name.split(".")[-1] in block for block in blocks):
        return []
    return [f"{name} has no example"]


def check_ops(records, path):
    ops = [(op, place) for op, place in defined(records, "Op", path)
           if op["opDialect"]["def"] == "Seqmix_Dialect"]
    texts = {op["opName"]: op["description"] or "" for op, _ in ops}
    for op, place in ops:
        name = "seqmix." + op["opName"]
        text = texts[op["opName"]]
        for message in (say_empty(op, name, "summary", "description")
                        + check_constraints(name, text)
                        + check_example(name, text, texts)):
            yield place, message
    for dialect, place in defined(records, "Dialect", path):
        for message in say_empty(dialect, "dialect", "summary", "description"):
            yield place, message
    if not ops:
        yield path + ":1", "no ops found"


def check_interfaces(records, path):
    interfaces = list(defined(records, "Interface", path))
    for interface, place in interfaces:
        name = interface["cppInterfaceName"]
        for message in say_empty(interface, name, "description"):
            yield place, message
        for reference in interface["methods"]:
            method = records[reference["def"]]
            for message in say_empty(method, f"{name}::{method['name']}",
                                     "description"):
                yield place, message
    if not interfaces:
        yield path + ":1", "no interfaces found"


def check_passes(records, path):
    passes = list(defined(records, "PassBase", path))
    for record, place in passes:
        name = record["argument"]
        for message in say_empty(record, name, "summary", "description"):
            yield place, message
        # That the test is there, house.py sees.
        if "Before and after: test/" not in (record["description"] or ""):
            yield place, f"{name} does not say `Before and after: test/...`"
        for reference in record["options"] + record["statistics"]:
            part = records[reference["def"]]
            for message in say_empty(part, f"{name}: {part['cppName']}",
                                     "description"):
                yield place, message
    if not passes:
        yield path + ":1", "no passes found"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    tblgen, includes = sys.argv[1], sys.argv[2:]
    found = 0
    for check, path in [(check_ops, "dialect/SeqmixOps.td"),
                        (check_interfaces, "dialect/SeqmixInterfaces.td"),
                        (check_passes, "lib/Transforms/Passes.td"),
                        (check_passes, "lib/Conversion/Passes.td")]:
        for place, message in check(read_records(tblgen, includes, path), path):
            print(f"{place}: {message}")
            found += 1
    print(f"docs: {found} breaches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
