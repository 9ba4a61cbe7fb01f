"""Checks what `seqmixc --explain --json` says of the two-layer RWKV-4."""

import json
import sys

with open(sys.argv[1]) as file:
    model = json.load(file)

assert model["model"] == "rwkv4"
assert model["parameters"] == 42 and model["parameter_bytes"] == 125440
states = model["states"]
assert len(states) == 10
assert {state["layer"] for state in states} == {"rwkv.blocks.0", "rwkv.blocks.1"}
end = 0
for state in sorted(states, key=lambda state: state["offset"]):
    assert state["shape"] == [32] and state["type"] == "f32"
    assert state["bytes"] == 128 and state["offset"] >= end
    end = state["offset"] + state["bytes"]
assert end <= model["state_bytes"]
for layer in "01":
    prefix = f"rwkv.blocks.{layer}."
    names = {s["name"].removeprefix(prefix) for s in states if s["name"].startswith(prefix)}
    assert names == {
        "attention.shift",
        "attention.wkv4.num",
        "attention.wkv4.den",
        "attention.wkv4.num.exponent",
        "feed_forward.shift",
    }, names
recurrences = [mixer for mixer in model["mixers"] if mixer["kind"] == "recurrence"]
assert len(recurrences) == 1 and recurrences[0]["count"] == 2
assert recurrences[0]["running_maximum"] == {"num.exponent": ["num", "den"]}
