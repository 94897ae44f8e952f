"""Kill runs over and over, at any moment, until they end; compare every bit of the end.

    python -m experiments.killed_runs.kills --count 1000        # half an hour, one core

A run is killed, goes on, is killed again, and so on until one process reaches its end:
that must be the end of a run that nothing disturbed. Moments are drawn in turn from the
whole life of a process and from its file operations, most of which are those of a
checkpoint. All that was found is kept in a file: started again, the command goes on
where it was, and the counts of one commit, Python and JAX add up.
"""

import argparse
import json
import platform
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax

from benchmarks.machine import commit
from experiments.killed_runs.operations import DELAY, in_process
from experiments.killed_runs.small import keep_programs

KEPT = Path(tempfile.gettempdir(), "jlstm-kills.jsonl")


class Whole(NamedTuple):
    """An undisturbed run: its end, its file operations, and its seconds."""

    end: str
    operations: int
    seconds: float


class Trial(NamedTuple):
    """A run that was killed until it ended.

    Attributes:
        kills: how often.
        saving: how many kills left an unfinished checkpoint.
        equal: whether its end is that of the undisturbed run.
    """

    kills: int
    saving: int
    equal: bool


def undisturbed(folder: Path) -> Whole:
    """Train twice, the second time with compiled programs, and say what that took."""
    in_process(folder / "first")
    begun = time.monotonic()
    end, operations = in_process(folder / "second").split()
    return Whole(end, int(operations), time.monotonic() - begun)


def trial(folder: Path, whole: Whole, draw: random.Random) -> Trial:
    """Kill a run until it ends."""
    kills, saving, before = 0, 0, set[int]()
    while not (said := in_process(folder, **moment(whole, draw))):
        left = {path.stat().st_ino for path in folder.glob("checkpoints/unfinished_*")}
        kills, saving, before = kills + 1, saving + bool(left - before), left
    return Trial(kills, saving, said.split()[0] == whole.end)


def moment(whole: Whole, draw: random.Random) -> dict[str, Any]:
    """Draw when a process is killed: at some time, or at or after a file operation."""
    if draw.random() < 0.5:
        return {"seconds": draw.uniform(0, whole.seconds)}
    at = draw.randint(1, whole.operations)
    return {"at": at, "delay": draw.choice((0.0, draw.uniform(1e-5, DELAY)))}


def trials(count: int, kept: Path) -> Iterator[Trial]:
    """Yield trials until there are so many kills; those in a file count."""
    about = {"commit": commit(), "python": platform.python_version()}
    about["jax"] = jax.__version__
    known = [line for line in read(kept) if line.items() >= about.items()]
    done = sum(line["kills"] for line in known)
    yield from (Trial(*(line[name] for name in Trial._fields)) for line in known)
    with tempfile.TemporaryDirectory() as name:
        keep_programs(Path(name, "programs"))
        whole = undisturbed(Path(name)) if done < count else None
        for number in range(len(known), sys.maxsize):
            if done >= count or whole is None:
                return
            folder = Path(name, str(number))
            found = trial(folder, whole, random.Random(number))
            shutil.rmtree(folder)
            with kept.open("a", encoding="utf-8") as file:
                file.write("\n" + json.dumps(about | found._asdict()))
            done += found.kills
            yield found


def read(kept: Path) -> list[dict[str, Any]]:
    """Return what a file has, without a line that was cut off."""
    lines = kept.read_text(encoding="utf-8").split("\n") if kept.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def main(argv: list[str] | None = None) -> int:
    """Print the counts; return 1 where an end differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="kills, all together")
    parser.add_argument("--kept", type=Path, default=KEPT, help="what was found")
    options = parser.parse_args(argv)
    found = []
    for one in trials(options.count, options.kept):
        found.append(one)
        if not one.equal:
            print(f"run {len(found) - 1}, {one.kills} kills: DIFFERENT", flush=True)
    equal = sum(one.equal for one in found)
    print(
        f"{sum(one.kills for one in found)} kills, {sum(one.saving for one in found)} "
        f"of them during a checkpoint; {equal} of {len(found)} runs bit-equal"
    )
    return 0 if equal == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
