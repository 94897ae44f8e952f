"""Show how the cost of jlstm's layers grows with time, batch and hidden units.

    python -m benchmarks.scaling [--quick]

Three plots, both axes logarithmic, with the slope of the last four sizes written in:
1 means that the cost grows as the size does. The LSTM runs with the backend that jlstm
chooses, minGRU all steps at once; the plot over time also has the compile time.
"""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from benchmarks.command import folder, parser, record, start, versions, words, write
from benchmarks.plot import plot_curves
from benchmarks.problem import Problem
from benchmarks.rows import Row
from benchmarks.table import markdown, milliseconds, slope
from benchmarks.turns import Worker, take_turns

CELLS = {"LSTM": ("LSTMCell", "auto"), "minGRU": ("MinGRUCell", "parallel")}
MODES = {"forward": "forward", "both": "forward and backward"}
SWEEPS = {
    "T": (Row(1, 8, 64, 64), (128, 512, 2048, 8192, 32768, 65536)),
    "B": (Row(64, 1, 128, 128), (1, 4, 16, 64, 256, 1024)),
    "H": (Row(64, 16, 1, 1), (32, 64, 128, 256, 512, 1024)),
}
NAMES = {"T": "time steps", "B": "batch", "H": "input and hidden units"}
QUICK = 3
"""So many of the first sizes in a quick run."""


def sized(axis: str, size: int) -> Row:
    """Return the row of one point."""
    row = SWEEPS[axis][0]
    if axis == "T":
        return row._replace(steps=size)
    if axis == "B":
        return row._replace(batch=size)
    return row._replace(input_size=size, hidden_size=size)


def sweep(worker: Worker, axis: str, sizes: Sequence[int], options: Any) -> list[dict]:
    """Time every cell and mode at every size."""
    results = []
    for name, (cell, backend) in CELLS.items():
        for mode in options.modes:
            for size in sizes:
                problem = Problem(cell, mode, sized(axis, size), backend)._asdict()
                timings, failed = take_turns(
                    {name: worker},
                    {name: problem},
                    rounds=options.rounds,
                    seconds=options.seconds,
                )
                for why in failed.values():
                    print(f"{name} {mode} {axis} = {size} is left out: {why}")
                for timing in timings.values():
                    point = {"axis": axis, "size": size, "cell": name, "mode": mode}
                    results.append(point | timing._asdict())
                    print(f"{name} {mode} {axis} = {size}: {timing.minimum:.4g} s")
    return results


def curves(results: list[dict], axis: str) -> dict[str, tuple[list, list]]:
    """Return sizes and costs of each line of a plot."""
    found: dict[str, tuple[list, list]] = {}

    def put(name: str, point: dict, seconds: float) -> None:
        sizes, costs = found.setdefault(name, ([], []))
        sizes.append(point["size"])
        costs.append(seconds)

    for point in results:
        if point["axis"] == axis:
            put(f"{point['cell']} {MODES[point['mode']]}", point, point["minimum"])
    for point in results:
        if point["axis"] == axis == "T" and point["mode"] == "both":
            put(f"{point['cell']} compile", point, point["compile"])
    return found


def section(results: list[dict], axis: str) -> str:
    """Return the table over one size, the slopes in its last line."""
    lines = curves(results, axis)
    sizes = sorted({point["size"] for point in results if point["axis"] == axis})
    costs = {name: dict(zip(*line, strict=True)) for name, line in lines.items()}
    rows = [
        [f"{size:,}"]
        + [milliseconds(own[size]) if size in own else "–" for own in costs.values()]
        for size in sizes
    ]
    rows.append(["**slope**", *(f"{slope(*line):z.2f}" for line in lines.values())])
    fixed = SWEEPS[axis][0]._asdict()
    others = {"T": "steps", "B": "batch", "H": "input_size hidden_size"}[axis].split()
    names = ("steps", "batch", "input_size", "hidden_size")
    kept = ", ".join(f"{name} {fixed[name]}" for name in names if name not in others)
    heading = f"## {NAMES[axis].capitalize()}\n\nWith {kept}. Least times in ms."
    return f"{heading}\n\n{markdown([axis, *lines], rows)}"


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    made = parser(__doc__)
    made.add_argument("--axes", type=words, default=list(SWEEPS))
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--seconds", type=float, default=0.2)
    options = made.parse_args(arguments)
    options.modes = list(MODES)
    if options.quick:
        options.rounds, options.seconds, options.modes = 1, 0.05, ["both"]
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
        for axis in options.axes:
            sizes = SWEEPS[axis][1][: QUICK if options.quick else None]
            results += sweep(workers["jlstm"], axis, sizes, options)
    content = record(options.threads, used, results=results)
    texts = [section(results, axis) for axis in options.axes]
    write(out / "scaling", content, "Cost against size", *texts)
    for axis in options.axes:
        plot_curves(
            out / f"scaling-{axis}",
            curves(results, axis),
            title=f"Cost against {NAMES[axis]}",
            xlabel=NAMES[axis],
        )


if __name__ == "__main__":
    main()
