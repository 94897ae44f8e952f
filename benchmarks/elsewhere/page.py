"""The page of ``benchmarks.aot``: a table for each machine."""

from typing import Any

from benchmarks.elsewhere.layers import ROWS, SIZE, STEPS, Key

TITLES = {"h100": "H100", "v5e": "TPU v5e"}
INTRODUCTION = f"""# Compiled for an H100 and a TPU v5e, not run

Written by `python -m benchmarks.aot`. **Nothing here was run**: the compilers for these
machines work without one, and this is what they made. Of the speed nothing follows but
that a launch costs some microseconds wherever it stands.

Compiled is the gradient of the parameters of one layer: {STEPS} steps, {ROWS} rows,
{SIZE} inputs, {SIZE} units (of a convolution: channels, on 8 × 8 pixels).

*Launches*: kernels in each loop for each step, forward before backward; on a GPU one of
them, once a turn, counts the turns. *Temporaries*: bytes between arguments and results,
of a TPU those that do not fit into its vector memory. *FLOP*: where the compiler counts
them; the one for GPUs does not. *Kernels*: those of our own, by ptxas: registers of a
thread, bytes spilled, bytes of shared memory that the code declares (what a launch asks
for besides is not among them).

What the numbers led to: [design/021](../design/021-compiled-elsewhere.md).
"""
COLUMNS = (
    "layer", "backend", "dtype", "launches a step", "temporaries MB", "GFLOP",
    "kernels",
)  # fmt: skip
RULE = "| --- | --- | --- | ---: | ---: | ---: | --- |"
HEADER = f"| {' | '.join(COLUMNS)} |\n{RULE}"


def page(content: dict[str, Any]) -> str:
    """Return the text of the page."""
    rows = [(Key(*row["key"]), row) for row in content["rows"]]
    commits = sorted({row["commit"] for _, row in rows})
    packages = ", ".join(" ".join(item) for item in content["versions"].items())
    parts = [INTRODUCTION, f"{packages}; commit {', '.join(commits)}.\n"]
    for machine, title in TITLES.items():
        lines = [line(key, row) for key, row in rows if key.machine == machine]
        if lines:
            parts.append(f"## {title}\n\n{HEADER}\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def line(key: Key, row: dict[str, Any]) -> str:
    """Return one line of a table."""
    name = key.cell if key.library == "jlstm" else f"{key.library} {key.cell}"
    start = f"| `{name}` | {key.backend or '–'} | {key.dtype} |"
    if "error" in row:
        return f"{start} not compiled: {row['error']} | | | |"
    flops = "–" if row["flops"] is None else f"{row['flops'] / 1e9:.1f}"
    launches = " / ".join(f"{each:.3g}" for each in per_step(row)) or "no loop"
    return (
        f"{start} {launches} | {row['temporaries'] / 1e6:.0f} | {flops} | "
        f"{_kernels(row['kernels'])} |"
    )


def per_step(row: dict[str, Any]) -> list[float]:
    """Return the launches of each loop for each step; a turn may be several steps."""
    return [launches * turns / STEPS for launches, turns in row["loops"]]


def _kernels(made: list[list[int]]) -> str:
    return "; ".join(
        f"{registers} registers, {spilled} B spilled, {shared} B shared"
        for registers, spilled, shared in made
    )
