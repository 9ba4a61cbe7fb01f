"""How lit runs this folder and the examples beside their sources."""

import os

import lit.formats

config.name = "seqmix"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".sqm", ".test"]
config.excludes = ["Inputs", "goldens", "Runtime", "unit"]
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
