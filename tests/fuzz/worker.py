"""The process in which inputs are read; it says a line of JSON for each."""

import importlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, TextIO

from tests.fuzz.guard import Guard, in_time, limit_memory
from tests.fuzz.mutate import mutated
from tests.fuzz.outcome import outcome
from tests.fuzz.reader import Reader


def input_of(reader: Reader, number: int, seed: int) -> tuple[str, bytes]:
    """Return name and bytes of one input, the same each time."""
    chance = random.Random(f"{reader.name} {number} {seed}")
    names, seeds = list(reader.seeds), list(reader.seeds.values())
    own = chance.randrange(len(seeds))
    return names[own], mutated(seeds, own, chance, reader.changes)


def tried(reader: Reader, number: int, seed: int, folder: Path) -> tuple[str, str]:
    """Write an input and let it be read."""
    name, content = input_of(reader, number, seed)
    path = folder / name
    path.write_bytes(content)
    return outcome(reader.read, path)


def work(table: str, jobs: list[list[Any]], seed: int, out: TextIO) -> None:
    """Read inputs of some readers; a job is a name, the first number and the end."""
    sys.dont_write_bytecode = True
    readers = importlib.import_module(table).readers()
    top = Path(tempfile.mkdtemp(prefix="fuzz-"))
    guard = Guard(top)
    tempfile.tempdir = str(top / "in")
    aside = top / "aside"
    aside.mkdir()
    os.chdir(aside)  # what is written by a bare name would lie here
    limit_memory()
    try:
        for name, first, end in jobs:
            for number in range(first, end):
                report = _one(readers[name], number, seed, top, guard)
                print(json.dumps(report), file=out, flush=True)
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _one(
    reader: Reader, number: int, seed: int, top: Path, guard: Guard
) -> dict[str, Any]:
    folder = top / "in" / reader.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.perf_counter()
    with in_time():
        how, said = tried(reader, number, seed, folder)
    strange = [*guard.seen, *(p.name for p in top.iterdir() if p.name not in KNOWN)]
    strange += [f"written: {p.name}" for p in (top / "aside").iterdir()]
    guard.seen.clear()
    if strange:
        how, said = "escape", "; ".join(strange)
    return {
        "reader": reader.name, "number": number, "how": how, "said": said,
        "seconds": time.perf_counter() - began,
    }  # fmt: skip


KNOWN = "aside", "in"

if __name__ == "__main__":
    reports = os.fdopen(os.dup(1), "w")
    quiet = os.open(os.devnull, os.O_WRONLY)
    for own in (1, 2):  # readers, and the libraries of C below them, say what they read
        os.dup2(quiet, own)
    work(sys.argv[1], json.loads(sys.argv[3]), int(sys.argv[2]), reports)
