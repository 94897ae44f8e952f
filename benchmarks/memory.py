"""Measure what training steps over long sequences hold, by what they recompute.

    python -m benchmarks.memory [--quick] [--steps 4096,16384]

Each step runs in a process of its own. Next to the highest memory that the kernel saw
stands what the compiled program says that it needs. A step that needs more than is free
is not run.
"""

import argparse
from typing import Any

from benchmarks.command import folder, parser, record, words, write
from benchmarks.plot import plot_bars
from benchmarks.table import markdown, milliseconds
from benchmarks.turns import Failed, Worker

STEPS = (4096, 16384, 65536)
CHECKPOINTS = (None, "step", "sqrt", 64)
BATCH, HIDDEN_SIZE = 8, 256
ROOM = 1.3
"""A program may hold somewhat more than it says."""


def measure(steps: int, checkpoint: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Return what one step needs, holds and takes."""
    problem = {
        **{"steps": steps, "batch": BATCH, "hidden_size": options.hidden_size},
        **{"checkpoint": checkpoint},
    }
    result = {"steps": steps, "checkpoint": checkpoint}
    with Worker("benchmarks.training", options.threads) as worker:
        options.versions |= worker.ready["versions"]
        try:
            planned = worker.ask("build", problem={**problem, "run": False})
            result |= planned["facts"] | {"compile": planned["compile_seconds"]}
            free = available()
            if free and result["estimate"] * ROOM > free:
                raise Failed(f"only {free / 1e9:.1f} GB are free")
            before = worker.ask("memory")["bytes"]
            built = worker.ask("build", problem={**problem, "run": True})
            peak = worker.ask("memory")["peak"]
        except Failed as error:
            return result | {"failed": str(error)}
    return result | {
        **{"peak": peak, "above": peak - before},
        **{"seconds": built["call_seconds"]},
    }


def available() -> int:
    """Return the bytes that are free, 0 where the system does not say."""
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return 0
    return 1024 * int(lines["MemAvailable"].split()[0])


def table(results: list[dict]) -> str:
    """Return the table of all steps."""
    header = ["steps", "checkpoint", "program says, MB", "peak, MB", "above start, MB"]
    header += ["ms per step", "compile, s"]
    return markdown(header, map(line, results))


def line(result: dict) -> list[str]:
    """Return the cells of one step."""
    cells = [f"{result['steps']:,}", name(result["checkpoint"])]
    cells.append(_megabytes(result.get("estimate")))
    if "failed" in result:
        return [*cells, f"not run: {result['failed']}", "–", "–", "–"]
    return [
        *cells,
        *(_megabytes(result[field]) for field in ("peak", "above")),
        milliseconds(result["seconds"]),
        f"{result['compile']:.1f}",
    ]


def name(checkpoint: Any) -> str:
    """Return how a rule is written."""
    return repr(checkpoint)


def groups(results: list[dict]) -> dict[str, dict[str, float]]:
    """Return the peaks in GB by steps and rule; what did not run is left out."""
    found: dict[str, dict[str, float]] = {}
    for result in results:
        if "peak" in result:
            group = found.setdefault(f"{result['steps']:,} steps", {})
            group[f"checkpoint={name(result['checkpoint'])}"] = result["above"] / 1e9
    return found


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    made = parser(__doc__)
    made.add_argument("--steps", type=words, default=None)
    made.add_argument("--hidden-size", type=int, default=HIDDEN_SIZE)
    options = made.parse_args(arguments)
    options.steps = [int(steps) for steps in options.steps or STEPS]
    if options.quick:
        options.steps, options.hidden_size = [1024], 32
    options.versions = {}
    return options


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write and draw."""
    options = read_options(arguments)
    results = []
    for steps in options.steps:
        for checkpoint in CHECKPOINTS:
            results.append(measure(steps, checkpoint, options))
            print(results[-1], flush=True)
    sizes = {"batch": BATCH, "hidden_size": options.hidden_size}
    content = record(options.threads, options.versions, **sizes, results=results)
    path = folder(options) / "memory"
    title = "Memory of a training step of an LSTM"
    how = f"Batch {BATCH}, input and hidden units {options.hidden_size}, float32."
    write(path, content, title, how, table(results))
    plot_bars(path, groups(results), title=title, ylabel="GB above the start")


def _megabytes(number: int | None) -> str:
    return "–" if number is None else f"{number / 1e6:,.0f}"


if __name__ == "__main__":
    main()
