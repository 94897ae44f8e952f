"""What a library hands to the process that times it."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Program(NamedTuple):
    """A computation that is ready to run.

    Attributes:
        run: computes to the end and returns the result: outputs and last carry of
            ``forward`` and ``step``, loss and gradients of ``both``.
        compile_seconds: what it took to trace and compile it; 0 if nothing is compiled.
        note: what a reader of the table should know.
        facts: numbers that belong to the program, such as the bytes it says it needs.
    """

    run: Callable[[], Any]
    compile_seconds: float = 0.0
    note: str = ""
    facts: dict[str, float] | None = None


class Unsupported(Exception):
    """The library has nothing that computes this; the message says why."""


MATMUL_SIZE = {"cpu": 2048, "gpu": 8192}
"""Rows and columns of the square matrices whose product tells a device's peak."""
