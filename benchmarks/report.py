"""The pages of ``benchmarks.layers``, made of what it measured."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.plot import plot_ratios
from benchmarks.rows import GATES, flops, parse_row
from benchmarks.table import (
    Times,
    geometric_mean,
    markdown,
    ratio_table,
    ratios,
    share_table,
    times_table,
)

JAX_PEERS = ("linen", "nnx", "haiku", "keras", "equinox")
TITLES = {
    "forward": "forward",
    "both": "forward and backward",
    "step": "one step",
    "compile": "compile time of forward and backward",
    "memory": "peak memory of a process that runs forward and backward",
}
HOW = (
    "Each library in a process of its own, in turns; the least time in ms of {calls} "
    "or more calls, and the median in brackets. What is timed: "
    "[benchmarks/README.md](../../benchmarks/README.md)."
)


def page(mode: str, content: dict[str, Any]) -> tuple[str, list[str]]:
    """Return title and sections of the page of one mode."""
    results = content["results"]
    if mode == "memory":
        texts = [memory_section(cell, own) for cell, own in by_cell(results)]
        return f"Layers, {TITLES[mode]}", texts
    calls = min((result["calls"] for result in results), default=0)
    texts = [HOW.format(calls=calls)]
    if content["left_out"]:
        texts.append("Not installed, so left out: " + ", ".join(content["left_out"]))
    for cell, own in by_cell(results):
        if cell in GATES:
            texts += section(cell, mode, own, max(content["peak"].values(), default=0))
    others = [result for result in results if result["cell"] not in GATES]
    alone = others and len(others) == len(results)
    what = "Cells that jlstm alone has" if alone else "Layers"
    return f"{what}, {TITLES[mode]}", [*texts, *own_section(others)]


def section(cell: str, mode: str, results: list[dict], peak: float) -> list[str]:
    """Return the tables of a cell that all libraries have."""
    minima, medians = times(results, "minimum"), times(results, "median")
    names = libraries(results)
    found = [f"## {heading(cell)}", times_table(minima, medians, names)]
    if len(names) > 1:
        found += [
            "Ratios of the least times, to torch and to the fastest JAX library:",
            ratio_table(minima, names, "torch", JAX_PEERS),
            "Of the medians, geometric means: " + means(medians) + ".",
        ]
    if mode == "step" and (streams := stream_means(minima, names)):
        found.append(f"Of the least times, geometric means: {streams}.")
    if mode in ("forward", "both") and peak:
        work = {row: flops(cell, mode, parse_row(row)) for row in minima}
        found += [
            "GFLOP/s in matrix products, and the share of this machine's peak of "
            f"{peak / 1e9:.0f} GFLOP/s:",
            share_table(minima, names, work, peak),
        ]
    return found + choices(results)


def means(seconds: Times) -> str:
    """Say what jlstm takes of the time of torch and of the best JAX library."""
    others = {"torch": ["torch"], "best JAX peer": JAX_PEERS}
    found = {name: ratios(seconds, "jlstm", them) for name, them in others.items()}
    return ", ".join(
        f"jlstm / {name} {geometric_mean(rows.values()):.2f}"
        for name, rows in found.items()
        if rows
    )


def stream_means(seconds: Times, names: Iterable[str]) -> str:
    """Say what streams take of the time of ONNX Runtime, which has no other steps."""
    found = {
        name: ratios(seconds, name, ["onnxruntime"])
        for name in names
        if name.startswith("jlstm:stream")
    }
    return ", ".join(
        f"{name} / onnxruntime {geometric_mean(rows.values()):.2f}"
        for name, rows in found.items()
        if rows
    )


def choices(results: list[dict]) -> list[str]:
    """Say which backend jlstm chose on which rows."""
    rows: dict[str, list[str]] = {}
    for result in results:
        if result["library"] == "jlstm" and result["note"]:
            rows.setdefault(result["note"], []).append(result["row"])
    return [f"jlstm chose *{note}* for {'; '.join(own)}" for note, own in rows.items()]


def own_section(results: list[dict]) -> list[str]:
    """Return one table of the cells that jlstm alone has."""
    if not results:
        return []
    named = [{**r, "row": f"{r['cell']} {r['row']}"} for r in results]
    minima, medians = times(named, "minimum"), times(named, "median")
    table = times_table(minima, medians, libraries(named))
    return ["## Cells that no other library here has", table]


def memory_section(cell: str, results: list[dict]) -> str:
    """Return the table of peaks, with what was held before the model was built."""
    names = libraries(results)
    lines = []
    for row, peaks in times(results, "peak").items():
        lines.append([row, *(_megabytes(peaks.get(name)) for name in names)])
    before = {result["library"]: result["before"] for result in results}
    lines.append(["*imports alone*", *(_megabytes(before[name]) for name in names)])
    return f"## {heading(cell)}, MB\n\n" + markdown(["T,B,I,H", *names], lines)


def plot(path: Path, mode: str, content: dict[str, Any]) -> None:
    """Draw the ratios to torch, or to jlstm where torch has nothing."""
    what, field = ("memory", "peak") if mode == "memory" else ("time", "minimum")
    panels = {
        heading(cell): times(own, field)
        for cell, own in by_cell(content["results"])
        if cell in GATES
    }
    rows = [row for own in panels.values() for row in own.values()]
    shown = {name for row in rows for name in row}
    other = "torch" if "torch" in shown else "jlstm"
    if len(shown) > 1:
        names = [name for name in libraries(content["results"]) if name in shown]
        names = [name for name in names if name != other]
        plot_ratios(path, panels, names, other, what=what)


def heading(cell: str) -> str:
    """Return how a cell is called on the page."""
    return cell.upper() if cell in GATES else cell


def by_cell(results: list[dict]) -> Iterable[tuple[str, list[dict]]]:
    """Group results by cell, in order."""
    for cell in dict.fromkeys(result["cell"] for result in results):
        yield cell, [result for result in results if result["cell"] == cell]


def times(results: list[dict], field: str) -> Times:
    """Arrange one number of each result by row and library."""
    found: dict[str, dict[str, float]] = {}
    for result in results:
        found.setdefault(result["row"], {})[result["library"]] = result[field]
    return found


def libraries(results: list[dict]) -> list[str]:
    """Return the libraries that results have, in order."""
    return list(dict.fromkeys(result["library"] for result in results))


def _megabytes(number: int | None) -> str:
    return "–" if number is None else f"{number / 1e6:,.0f}"
