"""The page of ``benchmarks.gpu``, made of what it measured."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.plot import plot_ratios
from benchmarks.report import choices, libraries, times
from benchmarks.rows import flops, parse_row
from benchmarks.table import markdown, ratio_table, share_table, times_table

JAX_PEERS = ("nnx", "jax_rnn")
TITLE = "Layers on a GPU"
HOW = (
    "On {device}. Each library in a process of its own, in turns, until the device is "
    "done; the least time in ms, and the median in brackets. Products of float32 "
    "matrices round to TF32 in all libraries. What is timed: "
    "[benchmarks/README.md](../../benchmarks/README.md)."
)
MODES = {"forward": "forward", "both": "forward and backward"}


def page(content: dict[str, Any]) -> list[str]:
    """Return title and sections."""
    texts = [HOW.format(device=content["device"])]
    for (cell, dtype, mode), own in groups(content["results"]):
        texts.append(f"## {cell.upper()}, {dtype}, {MODES[mode]}")
        texts += section(cell, mode, own, content["peak"].get(dtype))
    return [TITLE, *texts, *absent(content)]


def groups(results: list[dict]) -> Iterable[tuple[tuple[str, ...], list[dict]]]:
    """Group results by cell, dtype and mode, in order."""
    named = [((r["cell"], r["dtype"], r["mode"]), r) for r in results]
    for name in dict.fromkeys(name for name, _ in named):
        yield name, [result for own, result in named if own == name]


def section(cell: str, mode: str, results: list[dict], peak: float | None) -> list[str]:
    """Return the tables of one cell, dtype and mode."""
    minima, medians = times(results, "minimum"), times(results, "median")
    names = libraries(results)
    found = [times_table(minima, medians, names)]
    if len(names) > 1:
        found += [
            "Ratios of the least times, to torch and to the fastest other JAX library:",
            ratio_table(minima, names, "torch", JAX_PEERS),
        ]
    if peak:
        work = {row: flops(cell, mode, parse_row(row)) for row in minima}
        found += [
            "GFLOP/s in matrix products, and the share of this device's peak of "
            f"{peak / 1e9:,.0f} GFLOP/s, of a product of two large matrices:",
            share_table(minima, names, work, peak),
        ]
    found += ["The first call in seconds, compiling included:", compiling(results)]
    return found + choices(results)


def compiling(results: list[dict]) -> str:
    """Return the table of compile times; torch compiles nothing."""
    names = [name for name in libraries(results) if name != "torch"]
    lines = [
        [row, *(f"{own[name]:.1f}" if name in own else "–" for name in names)]
        for row, own in times(results, "compile").items()
    ]
    return markdown(["T,B,I,H", *names], lines)


def absent(content: dict[str, Any]) -> list[str]:
    """Say what is missing, and why."""
    lines = [f"* {what}: {why}" for what, why in content["left_out"].items()]
    for what, where in content["missing"].items():
        lines.append(f"* {what} ({len(where)} rows, the first one: {where[0]})")
    return ["## What did not run", "\n".join(lines)] if lines else []


def plot(path: Path, content: dict[str, Any]) -> None:
    """Draw forward and backward over torch, or over jlstm where torch is not there."""
    panels = {
        f"{cell.upper()} {dtype}": times(own, "minimum")
        for (cell, dtype, mode), own in groups(content["results"])
        if mode == "both"
    }
    names = libraries(content["results"])
    other = "torch" if "torch" in names else "jlstm"
    others = [name for name in names if name != other]
    if panels and others:
        plot_ratios(path, panels, others, other)
