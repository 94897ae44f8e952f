"""Starts workers, again where one dies or hangs, and counts what they say."""

import json
import os
import selectors
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from tests.fuzz.guard import SECONDS

HANG = 6 * SECONDS + 60
"""Seconds without a word, imports included, after which a worker is killed."""

Report = dict[str, Any]
Job = tuple[str, int, int]


def jobs_of(shares: dict[str, float], inputs: int, first: int = 0) -> list[Job]:
    """Return how many inputs each reader gets, at least one.

    Example:
        >>> jobs_of({"a": 1.0, "b": 0.5}, 30)
        [('a', 0, 20), ('b', 0, 10)]
    """
    whole = sum(shares.values())
    counts = {n: max(1, round(inputs * s / whole)) for n, s in shares.items()}
    return [(name, first, first + count) for name, count in counts.items()]


def reports(table: str, jobs: list[Job], seed: int = 0) -> Iterator[Report]:
    """Yield a report for each input; a process that dies or hangs is one too."""
    left = jobs
    while left:
        worker = _start(table, left, seed)
        try:
            for report in _said(worker):
                yield report
                left = _after(left)
        finally:
            worker.kill()
            code = worker.wait()
        if left:
            name, number, _ = left[0]
            how = "hang" if code == -9 else "crash"
            yield {"reader": name, "number": number, "how": how, "said": f"exit {code}",
                   "seconds": 0.0}  # fmt: skip
            left = _after(left)


def counted(found: Iterator[Report]) -> tuple[dict[str, Counter[str]], list[Report]]:
    """Return outcomes by reader, and the reports of what must not be."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    wrong = []
    for report in found:
        counts[report["reader"]][report["how"]] += 1
        if report["how"] not in ("read", "refused"):
            wrong.append(report)
    return counts, wrong


def _start(table: str, jobs: list[Job], seed: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.fuzz.worker", table, str(seed)]
    quiet = {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        [*command, json.dumps(jobs)], stdout=subprocess.PIPE, env=os.environ | quiet
    )


def _said(worker: subprocess.Popen[bytes]) -> Iterator[Report]:
    """Yield what a worker says, until its end or until it says nothing for long."""
    assert worker.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(worker.stdout, selectors.EVENT_READ)
        rest = b""
        while selector.select(HANG):
            block = os.read(worker.stdout.fileno(), 1 << 16)
            if not block:
                worker.wait(60)
                return
            *lines, rest = (rest + block).split(b"\n")
            yield from map(json.loads, lines)


def _after(jobs: list[Job]) -> list[Job]:
    """Return what is left of some jobs after one input."""
    (name, number, end), *others = jobs
    return [(name, number + 1, end), *others] if number + 1 < end else others
