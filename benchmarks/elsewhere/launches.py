"""Count what a compiled program launches, read off its text.

In the body of a loop every operation that is not free is a launch at every step: on a
GPU a kernel, on a TPU a fusion that the core runs one after the other.
"""

import re
from typing import NamedTuple

COMPUTATION = re.compile(r"\n(?=(?:ENTRY )?%?[\w.\-]+ \([^\n]*\) -> [^\n]*\{\n)")
NAME = re.compile(r"(ENTRY )?%?([\w.\-]+) \(")
LINE = re.compile(r"^\s+(?:ROOT )?%?[\w.\-]+ = (.*)$", re.M)
OPERATION = re.compile(r"(?:^|[\])}] )([a-z][a-z0-9\-]*)\(")
BODY = re.compile(r"body=%?([\w.\-]+)")
CONDITION = re.compile(r"condition=%?([\w.\-]+)")
TURNS = re.compile(r'known_trip_count"?:\{"?n"?:"?(\d+)')
CONSTANT = re.compile(r"^\w+\[\]\S* constant\((\d+)\)")
CALLED = re.compile(r"(?:to_apply|calls)=%?([\w.\-]+)")
FREE = {
    "parameter", "get-tuple-element", "tuple", "bitcast", "constant", "after-all",
    "add-dependency", "opt-barrier", "partition-id", "replica-id", "while",
}  # fmt: skip
SCALAR = re.compile(r"[a-z0-9]+\[\]")
ALWAYS = {"fusion", "fusion-start", "custom-call", "copy", "copy-start"}
"""Launches also where what they make is one number."""


class Operation(NamedTuple):
    """One line of a computation."""

    name: str
    text: str


class Loop(NamedTuple):
    """One loop of a program.

    Attributes:
        launches: in its body.
        turns: how often the body runs; 0 is not known.
    """

    launches: int
    turns: int


def loops(program: str) -> list[Loop]:
    """Return the loops of a program in the order in which they run.

    A loop inside a loop stands after it, and is not counted in it.
    """
    computations, entry = _computations(program)
    return [
        Loop(_launches(computations, _named(BODY, text)), _turns(computations, text))
        for text in _whiles(computations, entry)
    ]


def operations(text: str) -> list[Operation]:
    """Return the operations of one computation."""
    found = []
    for line in LINE.findall(text):
        match = OPERATION.search(line)
        if match:
            found.append(Operation(match.group(1), line))
    return found


def _computations(program: str) -> tuple[dict[str, list[Operation]], str]:
    computations, entry = {}, ""
    for text in COMPUTATION.split(program):
        match = NAME.match(text)
        if match:
            computations[match.group(2)] = operations(text)
            entry = match.group(2) if match.group(1) else entry
    return computations, entry


def _whiles(computations: dict[str, list[Operation]], name: str) -> list[str]:
    """Return the lines of all loops below a computation."""
    found = []
    for operation in computations[name]:
        if operation.name == "while":
            inside = _named(BODY, operation.text)
            found += [operation.text, *_whiles(computations, inside)]
        elif operation.name == "call":
            found += _whiles(computations, _named(CALLED, operation.text))
    return found


def _turns(computations: dict[str, list[Operation]], text: str) -> int:
    """Return how often a loop turns: it is told, or is what its counter is below."""
    if known := TURNS.search(text):
        return int(known.group(1))
    condition = computations[_named(CONDITION, text)]
    bounds = (CONSTANT.search(operation.text) for operation in condition)
    return max((int(bound.group(1)) for bound in bounds if bound), default=0)


def _named(pattern: re.Pattern, text: str) -> str:
    return pattern.search(text).group(1)


def _launches(computations: dict[str, list[Operation]], name: str) -> int:
    return sum(_of(computations, operation) for operation in computations[name])


def _of(computations: dict[str, list[Operation]], operation: Operation) -> int:
    name, text = operation
    if name in FREE or name.endswith("-done"):
        return 0
    if name == "call":
        return _launches(computations, _named(CALLED, text))
    # The core of a TPU, and the host of a GPU, keep single numbers in registers.
    return int(name in ALWAYS or SCALAR.match(text) is None)
