"""Kill runs at their file operations, resume them, compare every bit of the end.

Each run is a process that is killed at one operation on a file of the run, the first to
the last in turn: before Python does it, or, every second time, up to some milliseconds
later, when Orbax's C++ may be writing. Processes fork from one that has imported all
and started nothing, so that a run takes about a second.
"""

import argparse
import io
import os
import random
import select
import shutil
import signal
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.killed_runs.small import keep_programs, train

EVENTS = {
    "open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.listdir",
    "os.scandir", "os.truncate", "shutil.rmtree",
}  # fmt: skip
DELAY = 0.012
"""Seconds; a save takes about as long."""


class Killer:
    """Counts the operations in a folder and ends the process at one of them."""

    def __init__(self, folder: Path, at: int | None, delay: float) -> None:
        self.count = 0
        self._folder, self._at, self._delay = str(folder), at, delay
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple) -> None:
        if event not in EVENTS or not str(arguments[0]).startswith(self._folder):
            return
        self.count += 1
        if self.count == self._at:
            if self._delay:  # the alarm ends a process that does not handle it
                signal.setitimer(signal.ITIMER_REAL, self._delay)
            else:
                os.kill(os.getpid(), signal.SIGKILL)


def in_process(
    folder: Path,
    at: int | None = None,
    delay: float = 0.0,
    seconds: float | None = None,
) -> str:
    """Train in a process; return its digest and count, or nothing if it was killed.

    Args:
        folder: of the run.
        at: the number of the file operation at which it is killed.
        delay: seconds that it lives on after that.
        seconds: after which it is killed, whatever it does.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            killer = Killer(folder, at, delay)
            with redirect_stdout(io.StringIO()):
                found = train(folder)
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.write(writing, f"{found} {killer.count}".encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        if seconds is not None and not select.select([pipe], [], [], seconds)[0]:
            os.kill(child, signal.SIGKILL)
        said = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL, -signal.SIGALRM):
        raise SystemExit(f"a run in {folder} ended with {status}")
    return said


def trial(folder: Path, at: int, delay: float) -> tuple[bool, str]:
    """Kill a run and resume it; return whether it was killed, and its end's digest."""
    killed = not in_process(folder, at, delay)
    unfinished = len(list(folder.glob("checkpoints/unfinished_*")))
    if unfinished > 1:
        raise SystemExit(f"{unfinished} unfinished checkpoints in {folder}")
    return killed, in_process(folder).split()[0]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    draw = random.Random(options.seed)
    equal = killed = 0
    with tempfile.TemporaryDirectory() as name:
        keep_programs(Path(name, "programs"))
        whole, count = in_process(Path(name, "whole")).split()
        print(f"an undisturbed run makes {count} file operations", flush=True)
        for n in range(options.kills):
            at = 1 + n * int(count) // options.kills
            delay = draw.uniform(1e-5, DELAY) if n % 2 else 0.0
            folder = Path(name, str(n))
            dead, end = trial(folder, at, delay)
            killed += dead
            equal += end == whole
            if end != whole:
                print(f"operation {at}, {delay:.6f} s later: DIFFERENT", flush=True)
            shutil.rmtree(folder)
    print(f"{killed} of {options.kills} killed, {equal} of {options.kills} bit-equal")
    return 0 if equal == options.kills else 1


if __name__ == "__main__":
    sys.exit(main())
