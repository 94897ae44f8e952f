"""Time recurrent layers of jlstm and of other libraries side by side.

    python -m benchmarks.layers
    python -m benchmarks.layers --cells lstm --modes both --libraries jlstm,torch
    python -m benchmarks.layers --rows 35,20,200,200 64,32,128,128,2,both,lengths
    python -m benchmarks.layers --quick

cells: lstm, gru, own (those that jlstm alone has), or names of classes of jlstm
modes: forward, both (forward and backward), step, compile (of both), memory (of both)
libraries: jlstm (the backend that it chooses), jlstm:BACKEND, jlstm:stream and
    jlstm:stream_int8 (of step), and the others

What is timed, and how, is told in benchmarks/README.md.
"""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.command import folder, parser, record, start, versions, words, write
from benchmarks.problem import Problem
from benchmarks.program import MATMUL_SIZE
from benchmarks.rows import (
    COMPILE_ROWS,
    GATES,
    OWN_ROWS,
    QUICK_ROWS,
    ROWS,
    Row,
    parse_row,
)
from benchmarks.turns import Failed, Worker, take_turns

MODES = ("forward", "both", "step", "compile", "memory")
PEERS = ("linen", "nnx", "haiku", "keras", "equinox", "torch", "onnxruntime")
CELLS = ("lstm", "gru", "own")
PEAK_OF = ("jlstm", "torch")
MOST_COMPILES = 3


def labels() -> list[str]:
    """Return all libraries, jlstm with each of its backends, and its streams."""
    from benchmarks.libraries.jlstm import STREAMS
    from jlstm._backends import BACKENDS

    own = [*(backend.name for backend in BACKENDS), *STREAMS]
    return ["jlstm", *(f"jlstm:{name}" for name in own), *PEERS]


def module_of(label: str) -> str:
    """Return the adapter of a library."""
    return f"benchmarks.libraries.{label.split(':')[0]}"


def asked(label: str, problem: Problem) -> dict[str, Any]:
    """Return what the worker of ``label`` is asked to compute."""
    return problem._replace(backend=label.partition(":")[2] or "auto")._asdict()


def time_row(
    labels: list[str], workers: dict[str, Worker], problem: Problem, options: Any
) -> tuple[dict[str, dict], dict[str, str]]:
    """Time one row, all libraries in turns."""
    compiling = problem.mode == "compile"
    timings, failed = take_turns(
        workers,
        {label: asked(label, problem) for label in labels},
        rounds=min(options.rounds, MOST_COMPILES) if compiling else options.rounds,
        seconds=options.seconds,
    )
    return {label: timing._asdict() for label, timing in timings.items()}, failed


def hold_row(
    labels: list[str], problem: Problem, options: Any
) -> tuple[dict[str, dict], dict[str, str]]:
    """Return the peak of a new process for each library: forward and backward."""
    held, failed = {}, {}
    for label in labels:
        with Worker(module_of(label), options.threads) as worker:
            try:
                given = asked(label, problem._replace(mode="both"))
                worker.ask("build", problem=given)
                peak = worker.ask("memory")["peak"]
                held[label] = {"peak": peak, "before": worker.ready["bytes"]}
            except Failed as error:
                failed[label] = str(error)
    return held, failed


def measure(
    workers: dict[str, Worker], mode: str, options: argparse.Namespace
) -> tuple[list[dict], dict[str, list[str]]]:
    """Measure all cells and rows in one mode; return also what is missing where."""
    results: list[dict] = []
    missing: dict[str, list[str]] = {}
    for cell in options.cells:
        names = [n for n in workers if cell in GATES or n.startswith("jlstm")]
        for row in rows_of(cell, mode, options.rows):
            print(f"{mode} {cell} {row}", flush=True)
            problem = Problem(cell, mode, row)
            if mode == "memory":
                found, failed = hold_row(names, problem, options)
            else:
                found, failed = time_row(names, workers, problem, options)
            for label, numbers in found.items():
                what = {"cell": cell, "mode": mode, "row": str(row), "library": label}
                results.append(what | numbers)
            for label, why in failed.items():
                note = f"without {label}, {cell}: {why}"
                if note not in missing:
                    print(f"  {note}", flush=True)
                missing.setdefault(note, []).append(str(row))
    return results, missing


def rows_of(cell: str, mode: str, rows: Sequence[Row] | None) -> list[Row]:
    """Return the rows to measure: the given ones, or those of a full run."""
    if rows is None:
        rows = full_rows(cell, mode)
    any_row = cell in GATES and mode != "step"
    return [row for row in rows if any_row or row.is_plain]


def full_rows(cell: str, mode: str) -> Sequence[Row]:
    """Return the rows of a full run, which is long enough as it is."""
    if cell not in GATES:
        return OWN_ROWS if mode in ("forward", "both") else ()
    return COMPILE_ROWS if mode == "compile" else ROWS


def peak(workers: dict[str, Worker], options: argparse.Namespace) -> dict[str, float]:
    """Return the FLOP/s of a large product of matrices, in XLA and in torch."""
    asked = {k: workers[k] for k in PEAK_OF if k in workers}
    problem = Problem("lstm", "matmul", ROWS[0])._asdict()
    timings, _ = take_turns(
        asked, dict.fromkeys(asked, problem), rounds=options.rounds, seconds=0.3
    )
    work = 2 * MATMUL_SIZE["cpu"] ** 3
    return {label: work / timing.minimum for label, timing in timings.items()}


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    made = parser(__doc__)
    made.add_argument("--cells", type=words, default=None)
    made.add_argument("--modes", type=words, default=None)
    made.add_argument("--libraries", type=words, default=None)
    made.add_argument("--rows", nargs="+", default=None)
    made.add_argument("--name", default="layers", help="of the files")
    made.add_argument("--rounds", type=int, default=5, help="turns of each library")
    made.add_argument("--seconds", type=float, default=0.3, help="length of a turn")
    options = made.parse_args(arguments)
    known = labels()
    options.libraries = options.libraries or known
    options.cells = options.cells or list(CELLS[:1] if options.quick else CELLS)
    options.modes = options.modes or list(MODES[:3] if options.quick else MODES)
    for given, allowed in ((options.libraries, known), (options.modes, MODES)):
        for word in given:
            if word not in allowed:
                made.error(f"there is no {word!r}; choose of {', '.join(allowed)}")
    try:
        options.rows = options.rows and [parse_row(row) for row in options.rows]
    except ValueError as error:
        made.error(str(error))
    if options.quick:
        options.rows = options.rows or QUICK_ROWS
        options.rounds, options.seconds = min(options.rounds, 2), 0.05
    return options


def expand(cells: list[str]) -> list[str]:
    """Put the cells that jlstm alone has in the place of ``own``."""
    from benchmarks.libraries.jlstm import OWN_CELLS

    return [one for cell in cells for one in (OWN_CELLS if cell == "own" else [cell])]


def main(arguments: list[str] | None = None) -> None:
    """Measure, print and write each mode."""
    options = read_options(arguments)
    options.cells = expand(options.cells)
    out: Path = folder(options)
    with ExitStack() as stack:
        modules = {label: module_of(label) for label in options.libraries}
        workers, left_out = start(stack, modules, options.threads)
        for mode in options.modes:
            before = peak(workers, options)
            results, missing = measure(workers, mode, options)
            after = peak(workers, options)
            content = record(
                options.threads,
                versions(workers.values()),
                **{"rounds": options.rounds, "seconds": options.seconds},
                **{"left_out": left_out, "missing": missing},
                peak={
                    label: max(speed, after.get(label, 0))
                    for label, speed in before.items()
                },
                results=results,
            )
            title, texts = report.page(mode, content)
            write(out / f"{options.name}-{mode}", content, title, *texts)
            report.plot(out / f"{options.name}-{mode}", mode, content)


if __name__ == "__main__":
    main()
