"""How lit runs this folder and the examples beside their sources."""

import ctypes
import os
import shutil

import lit.formats


def has_card():
    """Whether there is a driver, and a card that it drives."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return (driver.cuInit(0) == 0
            and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
            and count.value > 0)


config.name = "seqmix"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".sqm", ".test"]
config.excludes = ["Inputs", "goldens", "Runtime", "unit", "variants"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.seqmix_build, "test")

config.environment["FILECHECK_OPTS"] = "-enable-var-scope"
# Work is shared out by lit; a test's own threads would only disturb.
config.environment["SEQMIX_THREADS"] = "2"
config.environment["PATH"] = os.pathsep.join(
    [
        os.path.join(config.seqmix_build, "bin"),
        config.llvm_tools,
        config.environment["PATH"],
    ]
)

# Every op that a test reads is also printed and read again.
config.substitutions.append(("seqmix-opt ", "seqmix-opt --verify-roundtrip "))
config.substitutions.append(("%examples", os.path.join(config.seqmix_source, "examples")))
config.substitutions.append(("%goldens", os.path.join(config.test_source_root, "goldens")))
config.substitutions.append(("%python", "python3"))

# NVIDIA's assembler and a card are used where they are; nothing needs them.
ptxas = shutil.which("ptxas", path=os.pathsep.join(
    [config.environment["PATH"], "/usr/local/cuda/bin"]))
if ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", ptxas))
if has_card():
    config.available_features.add("cuda")
# Every form that is derived against one token after the other in f64.
config.substitutions.append(("%variants", os.path.join(config.test_source_root, "Execution", "variants")))
# Two artifacts of one model.
config.substitutions.append(
    (
        "%same",
        "python3 {} {}".format(
            os.path.join(config.test_source_root, "Execution", "same.py"),
            os.path.join(config.seqmix_build, "lib", "libseqmix.so"),
        ),
    )
)
# Feeds a token model in every way there is.
config.substitutions.append(
    (
        "%sessions",
        "python3 {} {}".format(
            os.path.join(config.test_source_root, "Examples", "sessions.py"),
            os.path.join(config.seqmix_build, "lib", "libseqmix.so"),
        ),
    )
)
