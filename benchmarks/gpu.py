"""Time LSTM and GRU layers on a GPU: jlstm's backends, and the other libraries.

    python -m benchmarks.gpu
    python -m benchmarks.gpu --cells lstm --dtypes float32 --add
    python -m benchmarks.gpu --quick

libraries: jlstm (the backend that it chooses), jlstm:BACKEND, nnx, torch (cuDNN), and
jax_rnn, which is jax.experimental.rnn. What a library or a backend cannot run is left
out, and printed with the reason. Results are written after each row, so that a run that
is cut short leaves what it has; with --add, to what is there already. --quick takes
small sizes, and the CPU where there is no GPU; else there must be one.
"""

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import gpu_report
from benchmarks.command import folder, parser, record, start, versions, words, write
from benchmarks.device import find_gpu, require_gpu
from benchmarks.layers import asked, module_of
from benchmarks.problem import Problem
from benchmarks.program import MATMUL_SIZE
from benchmarks.rows import GATES, Row, parse_row
from benchmarks.turns import Worker, take_turns

ROWS = (
    Row(1024, 16, 768, 768),
    Row(256, 64, 512, 512),
    Row(128, 256, 256, 256),
    Row(35, 32, 1500, 1500),
)
QUICK_ROWS = (Row(6, 3, 8, 8),)
MODES, DTYPES = ("forward", "both"), ("float32", "bfloat16")
PEERS = ("nnx", "jax_rnn", "torch")
SAME = ("cell", "dtype", "mode", "row", "library")
"""A new result takes the place of one that is equal in these."""


def labels() -> list[str]:
    """Return all libraries, jlstm with each of its backends."""
    from jlstm._backends import BACKENDS

    backends = [f"jlstm:{backend.name}" for backend in BACKENDS]
    return ["jlstm", *backends, *PEERS]


def problems(options: argparse.Namespace, device: str) -> list[Problem]:
    """Return all that is timed."""
    return [
        Problem(cell, mode, row, dtype=dtype, device=device)
        for mode in options.modes
        for cell in options.cells
        for dtype in options.dtypes
        for row in options.rows
    ]


def measure(
    workers: dict[str, Worker], problem: Problem, options: argparse.Namespace
) -> tuple[list[dict], dict[str, str]]:
    """Time one problem, the libraries in turns; return also why some did not run."""
    timings, failed = take_turns(
        workers,
        {label: asked(label, problem) for label in workers},
        rounds=options.rounds,
        seconds=options.seconds,
    )
    what = {
        **{"cell": problem.cell, "dtype": problem.dtype, "mode": problem.mode},
        **{"row": str(problem.row)},
    }
    results = [
        what | {"library": label} | timing._asdict()
        for label, timing in timings.items()
    ]
    return results, failed


def title(problem: Problem) -> str:
    """Name a problem without its sizes."""
    return f"{problem.cell} {problem.dtype} {problem.mode}"


def peaks(
    workers: dict[str, Worker], options: argparse.Namespace, device: str
) -> dict[str, float]:
    """Return the FLOP/s of a large product of matrices, by dtype."""
    asked = {k: v for k, v in workers.items() if k in ("jlstm", "torch")}
    found = {}
    for dtype in options.dtypes:
        problem = Problem("lstm", "matmul", ROWS[0], dtype=dtype, device=device)
        given = dict.fromkeys(asked, problem._asdict())
        timings, _ = take_turns(asked, given, rounds=options.rounds, seconds=0.2)
        if timings:
            least = min(timing.minimum for timing in timings.values())
            found[dtype] = 2 * MATMUL_SIZE[device] ** 3 / least
    return found


def merged(old: list[dict], new: list[dict]) -> list[dict]:
    """Return old and new results, without the old ones that were measured again."""
    seen = {tuple(result[field] for field in SAME) for result in new}
    kept = [r for r in old if tuple(r[field] for field in SAME) not in seen]
    return kept + new


def before(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return what an earlier run wrote, if this one adds to it."""
    path = path.with_suffix(".json")
    if not (options.add and path.exists()):
        return {"results": [], "missing": {}, "peak": {}, "versions": {}}
    return json.loads(path.read_text("utf-8"))


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    made = parser(__doc__)
    choices = {"cells": tuple(GATES), "dtypes": DTYPES, "modes": MODES}
    choices["libraries"] = tuple(labels())
    for name, known in choices.items():
        made.add_argument(f"--{name}", type=words, default=list(known))
    made.add_argument("--rows", nargs="+", default=None)
    made.add_argument("--rounds", type=int, default=3, help="turns of each library")
    made.add_argument("--seconds", type=float, default=0.2, help="length of a turn")
    made.add_argument("--add", action="store_true", help="to what was written before")
    options = made.parse_args(arguments)
    for name, known in choices.items():
        for word in getattr(options, name):
            if word not in known:
                made.error(f"there is no {word!r}; choose of {', '.join(known)}")
    try:
        options.rows = [parse_row(row) for row in options.rows or map(str, ROWS)]
    except ValueError as error:
        made.error(str(error))
    if options.quick:
        options.rows = list(QUICK_ROWS)
        options.rounds, options.seconds = 1, 0.01
    return options


def choose_device(options: argparse.Namespace, command: str) -> tuple[str, str]:
    """Return ``"gpu"`` and its name, or the CPU for a quick try without a GPU."""
    if not options.quick:
        return "gpu", require_gpu(command)
    name = find_gpu().name
    return ("gpu", name) if name else ("cpu", "the CPU, there being no GPU")


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write and draw."""
    options = read_options(arguments)
    device, name = choose_device(options, "benchmarks.gpu")
    print(f"device: {name}", flush=True)
    path = folder(options) / "gpu"
    content = before(path, options)
    with ExitStack() as stack:
        modules = {label: module_of(label) for label in options.libraries}
        workers, left_out = start(stack, modules, options.threads, device)
        used = content["versions"] | versions(workers.values())
        content |= record(options.threads, used, device=name, left_out=left_out)
        content["peak"] |= peaks(workers, options, device)
        for problem in problems(options, device):
            results, failed = measure(workers, problem, options)
            tell(problem, results, failed)
            add(content, problem, results, failed)
            path.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n")
            restart(stack, workers, failed, options.threads, device)
    write(path, content, *gpu_report.page(content))
    gpu_report.plot(path, content)


def add(
    content: dict[str, Any],
    problem: Problem,
    results: list[dict],
    failed: dict[str, str],
) -> None:
    """Put what came out of one problem next to what is there."""
    content["results"] = merged(content["results"], results)
    name = f"{title(problem)} {problem.row}"
    for label, why in failed.items():
        where = content["missing"].setdefault(f"{label}: {why}", [])
        if name not in where:
            where.append(name)


def restart(
    stack: ExitStack,
    workers: dict[str, Worker],
    failed: dict[str, str],
    threads: int,
    device: str,
) -> None:
    """Give a new process to a library whose own ended, or met an error of the GPU.

    After some errors of CUDA nothing more works in a process.
    """
    for label, why in failed.items():
        if "RuntimeError" in why or workers[label].process.poll() is not None:
            workers[label].close()
            again, _ = start(stack, {label: module_of(label)}, threads, device)
            workers |= again


def tell(problem: Problem, results: list[dict], failed: dict[str, str]) -> None:
    """Print what came out of one problem."""
    times = (f"{r['library']} {1e3 * r['minimum']:.3g}" for r in results)
    print(f"{title(problem)} {problem.row}, ms: {', '.join(times)}", flush=True)
    for label, why in failed.items():
        print(f"  without {label}: {why}", flush=True)


if __name__ == "__main__":
    main()
