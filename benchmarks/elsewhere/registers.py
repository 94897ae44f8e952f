"""What ptxas says of the kernels that it translates to machine code."""

import ctypes
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

USED = re.compile(r"Used (\d+) registers.*?(?:, (\d+) bytes smem)?$", re.M)
SPILLED = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")


class Kernel(NamedTuple):
    """One kernel, by ptxas.

    Attributes:
        registers: of a thread.
        spilled: bytes that did not fit into them, stores and loads.
        shared: bytes of shared memory that the code declares; what a launch asks for
            besides is not among them.
    """

    registers: int
    spilled: int
    shared: int


def kernels(said: str) -> list[Kernel]:
    """Read what ``MOSAIC_GPU_DUMP_PTXAS`` has printed."""
    spilled = [sum(map(int, pair)) for pair in SPILLED.findall(said)]
    used = USED.findall(said)
    return [
        Kernel(int(registers), bytes_, int(shared or 0))
        for (registers, shared), bytes_ in zip(used, spilled, strict=True)
    ]


@contextmanager
def said() -> Iterator[list[str]]:
    """Catch what is written to both outputs, by code that is no Python too."""
    heard: list[str] = []
    _flush()
    kept = {number: os.dup(number) for number in (1, 2)}
    with tempfile.TemporaryFile() as file:
        for number in kept:
            os.dup2(file.fileno(), number)
        try:
            yield heard
        finally:
            _flush()
            for number, copy in kept.items():
                os.dup2(copy, number)
                os.close(copy)
            file.seek(0)
            heard.append(file.read().decode("utf-8", "replace"))


def _flush() -> None:
    """Write out what Python and the C library still hold."""
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).fflush(None)
