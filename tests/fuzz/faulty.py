"""Readers that do what none may: a count of faults that cannot fail counts nothing."""

import os
import pickle
import signal
from pathlib import Path
from typing import Any

from tests.fuzz.kinds.arrays import CANARY
from tests.fuzz.reader import Reader

SEEDS = {"a": b"some bytes"}


def readers() -> dict[str, Reader]:
    """Return a reader for each fault, by the name of the fault that is counted."""
    kinds = {
        "read": lambda path: path.read_bytes(),
        "fault": lambda path: {}[path],
        "slow": _endless,
        "escape": lambda path: (path.parents[4] / "canary").touch(),
        "unpickled": lambda path: pickle.loads(CANARY),
        "crash": lambda path: os.kill(os.getpid(), signal.SIGSEGV),
        "memory": lambda path: bytearray(1 << 45),
    }
    return {name: Reader(name, SEEDS, read) for name, read in kinds.items()}


def _endless(path: Path) -> Any:
    while True:
        try:
            path.stat()
        except Exception:
            continue
