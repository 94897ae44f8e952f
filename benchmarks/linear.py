"""Show what linear cells cost as time grows, step by step and many steps at once.

    python -m benchmarks.linear [--quick]

Forward and backward, the LSTM next to. A table with the slope of the last four sizes, 1
where the cost grows as time does, and with the compile time of the first and the last;
two plots. A line ends where the next size would take longer than ``--longest``.
"""

import argparse
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.command import folder, parser, record, start, versions, words, write
from benchmarks.plot import plot_curves
from benchmarks.problem import Problem
from benchmarks.rows import Row
from benchmarks.table import markdown, milliseconds, slope
from benchmarks.turns import Worker, take_turns

CELLS = ("MinGRU", "MinLSTM", "LRU", "SRU", "QRNN", "MLSTM")
BACKENDS = {"scan": "step by step", "parallel": "many steps at once"}
SIZES = (128, 512, 2048, 8192, 32768)
QUICK = 2
"""So many of the first sizes in a quick run."""
ROW = Row(1, 8, 64, 64)


class Line(NamedTuple):
    """What one line shows."""

    cell: str
    backend: str


def lines(cells: list[str]) -> list[Line]:
    """Return the line of the LSTM and two of each cell."""
    return [
        Line("LSTM", "auto"),
        *(Line(cell, backend) for cell in cells for backend in BACKENDS),
    ]


def measure(worker: Worker, line: Line, options: argparse.Namespace) -> list[dict]:
    """Time one line, size after size."""
    results: list[dict] = []
    for size in options.sizes:
        if results and 4 * results[-1]["minimum"] > options.longest:
            print(f"{line} T = {size} is left out: it takes too long")
            break
        row = ROW._replace(steps=size)
        problem = Problem(f"{line.cell}Cell", "both", row, line.backend)._asdict()
        timings, failed = take_turns(
            {"jlstm": worker},
            {"jlstm": problem},
            rounds=options.rounds,
            seconds=options.seconds,
        )
        if failed:
            print(f"{line} T = {size} is left out: {failed['jlstm']}")
            break
        timing = timings["jlstm"]._asdict()
        results.append(line._asdict() | {"size": size} | timing)
        print(f"{line.cell} {line.backend} T = {size}: {timing['minimum']:.4g} s")
    return results


def points(results: list[dict], line: Line) -> dict[int, dict]:
    """Return what was measured on a line, by size."""
    return {p["size"]: p for p in results if Line(p["cell"], p["backend"]) == line}


def curves(results: list[dict], backend: str) -> dict[str, tuple[list, list]]:
    """Return sizes and costs of the lines of one plot."""
    found = {}
    for point in results:
        if point["backend"] in (backend, "auto"):
            sizes, costs = found.setdefault(point["cell"], ([], []))
            sizes.append(point["size"])
            costs.append(point["minimum"])
    return found


def table(results: list[dict]) -> str:
    """Return a line for each cell and backend."""
    sizes = sorted({point["size"] for point in results})
    rows = []
    for line in dict.fromkeys(Line(p["cell"], p["backend"]) for p in results):
        known = points(results, line)
        costs = {size: point["minimum"] for size, point in known.items()}
        compiled = [f"{known[at(known)]['compile']:.1f}" for at in (min, max)]
        rows.append(
            [
                f"{line.cell}, {line.backend}",
                *(milliseconds(costs[n]) if n in costs else "–" for n in sizes),
                f"{slope(list(costs), list(costs.values())):z.2f}",
                " – ".join(compiled),
            ]
        )
    header = ["cell, backend", *(f"{n:,}" for n in sizes), "slope", "compile, s"]
    return markdown(header, rows)


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    made = parser(__doc__)
    made.add_argument("--cells", type=words, default=list(CELLS))
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--seconds", type=float, default=0.3)
    made.add_argument("--longest", type=float, default=10.0, help="seconds of a call")
    options = made.parse_args(arguments)
    options.sizes = SIZES[: QUICK if options.quick else None]
    if options.quick:
        options.rounds, options.seconds = 1, 0.05
    return options


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write and draw."""
    options = read_options(arguments)
    out = folder(options)
    results = []
    with ExitStack() as stack:
        modules = {"jlstm": "benchmarks.libraries.jlstm"}
        workers, _ = start(stack, modules, options.threads)
        used = versions(workers.values())
        for line in lines(options.cells):
            results += measure(workers["jlstm"], line, options)
    text = (
        f"Forward and backward, with batch {ROW.batch} and {ROW.hidden_size} input and "
        "hidden units. Least times in ms, by time steps."
    )
    content = record(options.threads, used, results=results)
    write(out / "linear", content, "Linear cells against time", text, table(results))
    for backend, how in BACKENDS.items():
        plot_curves(
            out / f"linear-{backend}",
            curves(results, backend),
            title=f"Linear cells {how}",
            xlabel="time steps",
        )


if __name__ == "__main__":
    main()
