"""A process that computes for one library: orders come in as lines of JSON.

    python -m benchmarks.worker benchmarks.libraries.torch

It answers each order with one line: what it is, when it is ready; to ``build`` what
compiling took and how long a call takes; to ``time`` the seconds of each call; to
``memory`` the bytes it holds. Between orders it waits and computes nothing.
"""

import gc
import importlib
import json
import os
import sys
import time
from importlib import metadata
from types import ModuleType
from typing import Any, TextIO

from benchmarks.program import Program, Unsupported

WARM_UP_CALLS, WARM_UP_SECONDS = 3, 0.5


def main() -> None:
    """Answer orders until the input ends."""
    replies = _take_stdout()
    _limit_threads()
    try:
        module = importlib.import_module(sys.argv[1])
    except ImportError as error:
        return _reply(replies, {"missing": str(error)})
    _reply(replies, {"versions": _versions(module), "bytes": _memory("VmRSS")})
    program = None
    for line in sys.stdin:
        order = json.loads(line)
        try:
            if order["do"] == "build":
                program = None  # or two would be held at once
                program, answer = _build(module, order["problem"])
            elif order["do"] == "time":
                answer = {"seconds": _times(program, order["calls"])}
            else:
                answer = {"peak": _memory("VmHWM"), "bytes": _memory("VmRSS")}
        except Unsupported as error:
            answer = {"unsupported": str(error)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}".split("\n")[0]}
        _reply(replies, answer)


def _build(module: ModuleType, problem: dict[str, Any]) -> tuple[Program, dict]:
    gc.collect()
    program = module.build(problem)
    warm_up = [_timed(program)]
    while len(warm_up) < WARM_UP_CALLS and sum(warm_up) < WARM_UP_SECONDS:
        warm_up.append(_timed(program))
    answer = {
        "compile_seconds": program.compile_seconds,
        "call_seconds": min(warm_up),
        "note": program.note,
        "facts": program.facts or {},
    }
    return program, answer


def _times(program: Program, calls: int) -> list[float]:
    gc.disable()  # as timeit does
    try:
        return [_timed(program) for _ in range(calls)]
    finally:
        gc.enable()


def _timed(program: Program) -> float:
    started = time.perf_counter()
    program.run()
    return time.perf_counter() - started


def _versions(module: ModuleType) -> dict[str, str]:
    return {name: metadata.version(name) for name in module.PACKAGES}


def _memory(field: str) -> int:
    """Return bytes that the kernel counts for this process; 0 where it does not say."""
    try:
        with open("/proc/self/status") as status:
            lines = dict(line.split(":", 1) for line in status)
    except OSError:
        return 0
    return 1024 * int(lines[field].split()[0])


def _limit_threads() -> None:
    """Run on as many cores as OMP_NUM_THREADS says; libraries see no others."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        count = int(os.environ.get("OMP_NUM_THREADS", len(cores)))
        os.sched_setaffinity(0, cores[:count])


def _take_stdout() -> TextIO:
    """Keep the real output for replies; what a library prints goes to stderr."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return replies


def _reply(replies: TextIO, answer: dict[str, Any]) -> None:
    print(json.dumps(answer), file=replies, flush=True)


if __name__ == "__main__":
    main()
