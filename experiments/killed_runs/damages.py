"""Damage checkpoints of a run in many ways, resume it, compare every bit of the end.

A run is stopped after two of its three epochs. For each damage its folder is copied,
the newest checkpoint is damaged in a way drawn at random, and the copy is resumed. It
must say which checkpoint is damaged and which one is used instead, and end with the
bits of a run that nothing disturbed.
"""

import argparse
import io
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.killed_runs.small import keep_programs, train

Damage = Callable[[random.Random, Path], None]


def flip(draw: random.Random, path: Path) -> None:
    """Flip one bit."""
    data = bytearray(path.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(data)


def cut(draw: random.Random, path: Path) -> None:
    """Cut a file off."""
    os.truncate(path, draw.randrange(path.stat().st_size))


def zero(draw: random.Random, path: Path) -> None:
    """Put zeros in the place of a block, as a power cut does."""
    data = path.read_bytes()
    start = draw.randrange(len(data))
    path.write_bytes((data[:start] + bytes(len(data) - start))[: len(data)])


def remove(draw: random.Random, path: Path) -> None:
    """Remove a file."""
    path.unlink()


def grow(draw: random.Random, path: Path) -> None:
    """Put bytes at the end of a file."""
    path.write_bytes(path.read_bytes() + draw.randbytes(draw.randint(1, 99)))


DAMAGES: tuple[Damage, ...] = (flip, cut, zero, remove, grow)


def newest(folder: Path) -> Path:
    """Return the newest checkpoint of a run."""
    found = (folder / "checkpoints").glob("step_*")
    return max(found, key=lambda path: int(path.name.split(".")[1]))


def damage(draw: random.Random, folder: Path, kind: Damage) -> None:
    """Damage a file of the newest checkpoint; one is drawn that then differs."""
    files = sorted(p for p in newest(folder).rglob("*") if p.is_file())
    while True:
        path = draw.choice(files)
        before = path.read_bytes()
        if before:  # of an empty file only the name counts
            kind(draw, path)
            if not path.exists() or path.read_bytes() != before:
                return


def trial(folder: Path) -> tuple[str, str]:
    """Resume a run; return the digest of its end, and what it said."""
    said = io.StringIO()
    with redirect_stdout(said):
        end = train(folder)
    return end, said.getvalue()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--damages", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    draw = random.Random(options.seed)
    noticed = equal = 0
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        keep_programs(Path(name, "programs"))
        whole, _ = trial(Path(name, "whole"))
        with redirect_stdout(io.StringIO()):
            train(Path(name, "stopped"), epochs=2)
        for n in range(options.damages):
            kind, folder = DAMAGES[n % len(DAMAGES)], Path(name, str(n))
            shutil.copytree(Path(name, "stopped"), folder)
            damage(draw, folder, kind)
            bad = newest(folder).name
            end, said = trial(folder)
            saw = f"{bad} is damaged (" in said and "is used instead." in said
            kinds[kind.__name__] += saw and end == whole
            noticed, equal = noticed + saw, equal + (end == whole)
            shutil.rmtree(folder)
    print(", ".join(f"{kind} {count}" for kind, count in kinds.items()))
    print(f"{noticed} of {options.damages} noticed, {equal} bit-equal")
    return 0 if noticed == equal == options.damages else 1


if __name__ == "__main__":
    sys.exit(main())
