"""The starts of a run, in ``starts.jsonl``: a line for the first and each resumption.

A line holds the configuration with which the run started or went on, ``config.yaml`` as
it was found then, and the machine. It has a digest of itself, so that damage is seen.
"""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jlstm._internal.files import write_atomically
from jlstm.training.numerics import numerics
from jlstm.training.run import environment
from jlstm.training.variables import variables

STARTS = "starts.jsonl"
CONCERNED = ("JAX_", "JLSTM_", "XLA_", "CUDA_", "NVIDIA_", "OMP_", "TF_", "CXX")
ROUNDS = 100_000
UNCOMPARED = ("command",)


class DamagedError(ValueError):
    """A file of a run is not what was written there."""


def read_starts(folder: Path) -> list[dict[str, Any]]:
    """Return the starts of a run, the first one first; none where none are on record.

    Raises:
        DamagedError: a line is not what was written there.
    """
    path = folder / STARTS
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        found = [_opened(line) for line in lines]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        found = []
    if not found:
        raise DamagedError(f"{path} is damaged")
    return found


def note_start(
    folder: Path,
    config: dict[str, Any],
    file: dict[str, Any] | None,
    overrides: list[str],
    before: list[dict[str, Any]],
) -> None:
    """Write a line more, by a rename; a file that was damaged is kept aside.

    Args:
        folder: of the run.
        config: with which it goes on, with the texts of variables.
        file: what ``config.yaml`` says.
        overrides: of the command line.
        before: the starts so far, as far as they are to be kept.
    """
    start = {
        "time": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        "overrides": overrides,
        "config": config,
        "file": file,
        "environment": surroundings(),
        "numerics": numerics(),
        "values": fingerprints(config, os.urandom(16)),
    }
    path = folder / STARTS
    if path.exists() and not before:
        write_atomically(path.with_suffix(".damaged"), path.read_bytes())
    write_atomically(path, "".join(map(_sealed, [*before, start])))


def surroundings() -> dict[str, Any]:
    """Return the machine, without values of the environment and the command line."""
    found = {n: v for n, v in environment().items() if n not in UNCOMPARED}
    names = sorted(name for name in os.environ if name.startswith(CONCERNED))
    return found | {"cpus": _cpus(), "variables": names}


def fingerprints(config: Any, salt: bytes) -> dict[str, str]:
    """Return what tells whether a variable of a configuration has its value still.

    The value cannot be read from it: a digest with a salt, and slow to compute.
    """
    return {
        name: salt.hex() + hashlib.pbkdf2_hmac(
            "sha256", os.environ.get(name, "").encode(), salt, ROUNDS
        ).hex()
        for name in variables(config)
    }  # fmt: skip


def changed_variables(start: dict[str, Any]) -> list[str]:
    """Return the variables that have another value than at a start."""
    found = []
    for name, before in start["values"].items():
        salt = bytes.fromhex(before[:32])
        now = fingerprints(f"${{oc.env:{name}}}", salt)[name]
        if now != before:
            found.append(name)
    return found


def effective_config(folder: Path) -> dict[str, Any] | None:
    """Return the configuration of the last start; None where it is not on record."""
    try:
        starts = read_starts(folder)
    except DamagedError:
        return None
    return starts[-1]["config"] if starts else None


def _cpus() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _sealed(start: dict[str, Any]) -> str:
    text = json.dumps(start)
    return json.dumps({"sha256": _digest(text), "start": json.loads(text)}) + "\n"


def _opened(line: str) -> dict[str, Any]:
    sealed = json.loads(line)
    start = sealed["start"]
    if sealed["sha256"] != _digest(json.dumps(start)):
        raise ValueError("changed")
    if not isinstance(start["config"], dict):
        raise ValueError("no configuration")
    return start


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
