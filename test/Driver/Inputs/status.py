#===- status.py - a command ends with a given status ----------------------===//
#
# Part of seqmix, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===//
"""status.py STATUS COMMAND...: whether the command exits with that status."""

import subprocess
import sys

status = subprocess.run(sys.argv[2:], check=False).returncode
if status != int(sys.argv[1]):
    print(f"exit status {status} instead of {sys.argv[1]}")
    sys.exit(1)
