"""Send signals to training runs at random moments, resume them, compare every bit.

Each run is started by the launcher, as a user starts it. What is checked: the exit code
is that of the signal, the last line says how to go on, and the resumed run ends with
the same arrays and the same log as one that was left alone.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.killed_runs.kill import LAUNCHER, arrays, log

TEXT = "".join(f"line {n}: {n * n} is the square of {n}\n" for n in range(400))
SMALL = [
    "experiment=text", "name=signal", "baselines=false",
    "model.stack.hidden_sizes=[16]", "model.embedding_size=8",
    "stream.batch_size=4", "stream.window=16", "stream.valid_batch=2",
    "stream.test_batch=2", "sample.temperatures=[0.5]",
    "sample.length=5", "train.epochs=3", "train.checkpoint_every=30",
    "train.log_every=7",
]  # fmt: skip
KINDS = ("SIGTERM", "SIGINT", "SIGHUP")


PROGRAMS = {
    "JAX_COMPILATION_CACHE_DIR": str(Path(tempfile.gettempdir(), "jlstm-programs")),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
}
"""A store of compiled programs, so that a trial is short."""


class Ended(NamedTuple):
    """A process that ended: its code and the last line of its error output."""

    code: int
    said: str


def launch(*overrides: str) -> subprocess.Popen:
    """Start a run as a terminal does: with every signal as it is by default."""
    return subprocess.Popen(
        [sys.executable, str(LAUNCHER), *overrides],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | PROGRAMS,
    )


def unignore() -> None:
    """Let children have every signal as it is by default, also where a shell did not.

    What a process handles is the default in its children; what it ignores stays so.
    """
    for name in KINDS:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def wait(process: subprocess.Popen) -> Ended:
    """Wait for a process; the code of one that a signal killed is as in a shell."""
    _, error = process.communicate()
    code = process.returncode
    lines = error.strip().splitlines() or [""]
    return Ended(128 - code if code < 0 else code, lines[-1])


def folder_in(root: Path) -> Path | None:
    """Return the one run folder under ``root``, if the run got as far as saving one."""
    found = list(root.glob("signal/*/config.yaml"))
    return found[0].parent if found else None


def finish(*overrides: str) -> None:
    """Run to the end."""
    ended = wait(launch(*overrides))
    if ended.code:
        raise SystemExit(f"{' '.join(overrides)} ended with {ended}")


def signalled(root: Path, data: str, delay: float, name: str) -> tuple[str, bool]:
    """Start a run, signal it after a delay, let it go on; say how it ended."""
    process = launch(*SMALL, data, f"runs_dir={root}")
    time.sleep(delay)
    number = getattr(signal, name)
    os.killpg(process.pid, number)
    ended, folder = wait(process), folder_in(root)
    if ended.code == 0:
        return "it had ended", folder is not None
    right = ended.code == 128 + number
    if folder is None:
        finish(*SMALL, data, f"runs_dir={root}")
        return "before there was a folder", right
    kept = re.search(r"checkpoint of step (\d+)", ended.said)
    finish(f"resume={folder}")
    if kept:
        return f"kept step {kept[1]}", right and str(folder) in ended.said
    return "nothing to keep yet", right


def disk_full(root: Path, data: str, kilobytes: int) -> tuple[str, bool]:
    """Run on a disk that is too small, make room, and go on; needs root on Linux."""
    root.mkdir()
    size = f"size={kilobytes}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", root], check=True)
    try:
        ended = wait(launch(*SMALL, data, f"runs_dir={root}"))
        room = ["mount", "-o", "remount,size=100m", str(root)]
        subprocess.run(room, check=True)
        folder = folder_in(root)
        if folder:
            finish(f"resume={folder}")
        else:
            finish(*SMALL, data, f"runs_dir={root}")
        shutil.copytree(root, f"{root}-kept")
    finally:
        subprocess.run(["umount", root], check=True)
    return f"exit {ended.code}", ended.code in (0, 3)


def folder_gone(root: Path, data: str, delay: float) -> tuple[str, bool]:
    """Take the folder away for good while the run goes on; only the end is checked."""
    process = launch(*SMALL, data, f"runs_dir={root}")
    while folder_in(root) is None and process.poll() is None:
        time.sleep(0.05)
    time.sleep(delay)
    shutil.rmtree(root, ignore_errors=True)
    ended = wait(process)
    shutil.rmtree(root, ignore_errors=True)
    finish(*SMALL, data, f"runs_dir={root}")
    return f"exit {ended.code}: {ended.said[:60]}", ended.code == 3


def main() -> int:
    """Print a row a trial; exit with 1 where one went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=20, help="signals of each kind")
    parser.add_argument("--disks", type=int, default=0, help="full disks (as root)")
    parser.add_argument("--folders", type=int, default=0, help="folders taken away")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    unignore()
    draw, bad, count = random.Random(options.seed), 0, 0
    with tempfile.TemporaryDirectory() as name:
        text = Path(name, "text.txt")
        text.write_text(TEXT)
        data = f"data.path={text}"
        finish(*SMALL, data, f"runs_dir={name}/warm")  # fills the caches of the machine
        started = time.perf_counter()
        finish(*SMALL, data, f"runs_dir={name}/whole")
        seconds = time.perf_counter() - started
        whole = folder_in(Path(name, "whole"))
        print(f"undisturbed: {seconds:.1f} s, {len(arrays(whole))} arrays", flush=True)
        trials = [(kind, signalled, draw.uniform(0, seconds)) for kind in KINDS
                  for _ in range(options.each)]  # fmt: skip
        trials += [("disk full", disk_full, draw.randint(60, 400))
                   for _ in range(options.disks)]  # fmt: skip
        trials += [("folder gone", folder_gone, draw.uniform(0, seconds / 4))
                   for _ in range(options.folders)]  # fmt: skip
        for count, (kind, trial, amount) in enumerate(trials, 1):
            root = Path(name, str(count))
            given = (kind,) if trial is signalled else ()
            where, right = trial(root, data, amount, *given)
            root = Path(f"{root}-kept") if trial is disk_full else root
            same = arrays(folder_in(root)) == arrays(whole)
            same &= log(folder_in(root)) == log(whole)
            bad += not (right and same)
            verdict = "equal" if same else "DIFFERENT"
            told = "" if right else ", WRONG CODE OR LINE"
            print(
                f"{count:3d}  {kind} {amount:.1f}: {where}: {verdict}{told}", flush=True
            )
    print(f"{count - bad} of {count} right and bit-equal")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
