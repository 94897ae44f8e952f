"""Time a step: compile apart, then every step on its own."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def time_steps(step: Callable[[int], None], warmup: int, repeats: int) -> dict:
    """Return the seconds of the first call and of ``repeats`` later ones.

    ``step(n)`` must wait for its result.
    """
    started = time.perf_counter()
    step(0)
    first = time.perf_counter() - started
    for n in range(warmup):
        step(n + 1)
    seconds = []
    for n in range(repeats):
        started = time.perf_counter()
        step(n + warmup + 1)
        seconds.append(time.perf_counter() - started)
    return {"first": first, "seconds": seconds}


def run_worker(script: Path, arguments: list[str], environment: dict) -> dict:
    """Run ``script`` in a process of its own and return the JSON of its last line."""
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        env=environment,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout.splitlines()[-1])


def summarise(turns: list[dict]) -> dict[str, Any]:
    """Return the first call, the minimum and the median over all turns, in ms."""
    seconds = [s for turn in turns for s in turn["seconds"]]
    return {
        "first_ms": 1e3 * statistics.median(turn["first"] for turn in turns),
        "min_ms": 1e3 * min(seconds),
        "median_ms": 1e3 * statistics.median(seconds),
        "steps": len(seconds),
    }
