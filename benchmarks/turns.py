"""Libraries take turns: one process each, never two of them computing at once."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
MOST_CALLS = 1000


class Failed(Exception):
    """A worker cannot do what it was asked to; the message says why."""


class Worker:
    """The process of one library.

    Args:
        module: what it imports; ``module.build(problem)`` makes a
            :class:`~benchmarks.program.Program`.
        threads: how many threads, and cores, it may use.
        device: ``"cpu"`` or ``"gpu"``.

    Raises:
        Failed: the library is not installed.
    """

    def __init__(self, module: str, threads: int, device: str = "cpu"):
        self.module = module
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", module],
            cwd=ROOT,
            env=environment(threads, device),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.ready = self._answer()
        except Failed:
            self.close()
            raise

    def ask(self, order: str, **details: Any) -> dict[str, Any]:
        """Give an order and wait for the answer.

        Raises:
            Failed: the library cannot do it, failed, or its process ended.
        """
        with contextlib.suppress(BrokenPipeError):  # the answer tells what happened
            print(json.dumps({"do": order, **details}), file=self.process.stdin)
            self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            raise Failed(f"its process ended with exit code {code}")
        answer = json.loads(line)
        for reason in ("missing", "unsupported", "error"):
            if reason in answer:
                raise Failed(answer[reason])
        return answer


def environment(threads: int, device: str = "cpu") -> dict[str, str]:
    """Return the environment that all workers get.

    Large temporary arrays are kept by malloc: to map and unmap them at every call costs
    each of the libraries up to a quarter of its time. All run on one device, whose
    memory no process takes before it needs it, and JAX compiles what it would else have
    from a cache on disk.
    """
    path = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "OMP_NUM_THREADS": str(threads),
        "NPROC": str(threads),
        "MALLOC_MMAP_THRESHOLD_": "4000000000",
        "MALLOC_TRIM_THRESHOLD_": "8000000000",
        "JAX_PLATFORMS": {"cpu": "cpu", "gpu": "cuda"}[device],
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "JAX_ENABLE_COMPILATION_CACHE": "false",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


class Timing(NamedTuple):
    """The seconds of one library."""

    minimum: float
    median: float
    calls: int
    compile: float
    note: str = ""


def take_turns(
    workers: Mapping[str, Worker],
    problems: Mapping[str, dict[str, Any]],
    *,
    rounds: int,
    seconds: float,
) -> tuple[dict[str, Timing], dict[str, str]]:
    """Time what each worker is given, each a little in every round.

    Args:
        workers: by label.
        problems: for each worker, as its module takes them.
        rounds: how often every worker's turn comes.
        seconds: how long a turn lasts, about; it has one call at least.

    Returns:
        Timings by label, and the reason of each that has none.
    """
    built, failed = {}, {}
    seen: dict[str, list[float]] = {}
    for label, problem in problems.items():
        try:
            built[label] = workers[label].ask("build", problem=problem)
        except Failed as error:
            failed[label] = str(error)
    for number in range(rounds):
        for label in rotated(list(built), number):
            calls = round(seconds / max(built[label]["call_seconds"], 1e-9))
            calls = min(max(calls, 1), MOST_CALLS)
            try:
                answer = workers[label].ask("time", calls=calls)
            except Failed as error:
                failed[label] = str(error)
                del built[label]
            else:
                seen.setdefault(label, []).extend(answer["seconds"])
    return {label: timing(seen[label], built[label]) for label in built}, failed


def rotated(labels: list[str], number: int) -> list[str]:
    """Begin at another label in every round, so that none is always first."""
    start = number % max(len(labels), 1)
    return labels[start:] + labels[:start]


def timing(seconds: list[float], built: dict[str, Any]) -> Timing:
    """Summarise the calls of one worker."""
    return Timing(
        min(seconds),
        statistics.median(seconds),
        len(seconds),
        built["compile_seconds"],
        built["note"],
    )
