"""Write docs/cells.md: what each cell is, how large it is and what a step of it costs.

    python -m benchmarks.cells

All but the costs follows from the code, and a test compares it with the page. A cost is
the least time of a forward and backward pass over a sequence, divided by that of the
LSTM; the passes of all cells take turns, so that a busy machine hits all alike.
"""

import argparse
import inspect
import os
import platform
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp

import jlstm
from jlstm._backends import BACKENDS, Backend, CallTypes
from jlstm._backends.native.available import unsupported_cell
from jlstm.analysis.target import Target
from jlstm.wrappers.wrapper import CellWrapper

PAGE = Path(__file__).parents[1] / "docs" / "cells.md"
SIZE, STEPS, ROWS, REPEATS = 256, 32, 32, 15
OPTIONS = {
    "ProjectedLSTMCell": {"proj_size": SIZE // 2},
    "ConvLSTMCell": {"input_shape": (8, 8)},
    "ConvGRUCell": {"input_shape": (8, 8)},
    "SLSTMCell": {"num_heads": 4},
    "MLSTMCell": {"num_heads": 4},
}
HEADER = (
    "| cell | what it is | source | parameters | carry | backends | cost |",
    "| --- | --- | --- | ---: | --- | --- | ---: |",
)


class Entry(NamedTuple):
    """One row of the page, without the cost."""

    cell: jlstm.Cell
    purpose: str
    source: str
    parameters: int
    carry: str
    backends: str


def cells() -> list[jlstm.Cell]:
    """Return one cell of each kind that jlstm exports, wrappers left out."""
    kinds = [kind for kind in vars(jlstm).values() if isinstance(kind, type)]
    return [
        kind(SIZE, **OPTIONS.get(kind.__name__, {}))
        for kind in kinds
        if issubclass(kind, jlstm.Cell)
        and not issubclass(kind, CellWrapper)
        and not inspect.isabstract(kind)
    ]


def entry(cell: jlstm.Cell) -> Entry:
    """Read off the code what the page says about a cell."""
    text = inspect.getdoc(type(cell))
    source = re.search(r"^Sources?: (.*?)(?:\n\n|\Z)", text, re.S | re.M).group(1)
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), SIZE))
    carry = jax.eval_shape(cell.init_carry)._asdict().items()
    return Entry(
        cell,
        purpose=text.split("\n")[0].rstrip("."),
        source=" ".join(source.split()).rstrip("."),
        parameters=sum(leaf.size for leaf in jax.tree.leaves(params)),
        carry=", ".join(f"{name} {_sizes(leaf.shape)}" for name, leaf in carry),
        backends=", ".join(b.name for b in BACKENDS if runs(cell, b)),
    )


def runs(cell: jlstm.Cell, backend: Backend) -> bool:
    """Whether a backend can run a cell on a CPU, if there is a compiler."""
    if backend.name == "native":
        return unsupported_cell(cell, SIZE) is None
    return backend.unsupported(cell, CallTypes(target=Target("cpu"))) is None


def costs(timed: list[jlstm.Cell]) -> dict[jlstm.Cell, float]:
    """Return the least seconds of a forward and backward pass of each cell."""
    passes = {cell: training_pass(cell) for cell in timed}
    least = dict.fromkeys(timed, float("inf"))
    for _ in range(REPEATS):
        for cell, run in passes.items():
            started = time.perf_counter()
            jax.block_until_ready(run())
            least[cell] = min(least[cell], time.perf_counter() - started)
    return least


def training_pass(cell: jlstm.Cell) -> Callable:
    """Compile a pass that returns the gradients of all parameters and inputs."""
    params = cell.init(jax.random.key(0), SIZE)
    xs = jax.random.normal(jax.random.key(1), (STEPS, ROWS, SIZE))

    def loss(params, xs):
        return jnp.square(jlstm.unroll(cell, params, xs)[1]).sum()

    grad = jax.jit(jax.grad(loss, argnums=(0, 1)))
    jax.block_until_ready(grad(params, xs))
    return lambda: grad(params, xs)


def line(row: Entry, cost: str) -> str:
    """Format a row of the table."""
    kind = f"`{type(row.cell).__name__}`"
    facts = (row.purpose, row.source, f"{row.parameters:,}", row.carry, row.backends)
    return f"| {' | '.join((kind, *facts, cost))} |"


def page(rows: list[Entry], seconds: dict[jlstm.Cell, float]) -> str:
    """Return the text of docs/cells.md."""
    lstm = seconds[jlstm.LSTMCell(SIZE)]
    lines = [
        line(row, f"{seconds[row.cell] / lstm:.2f}" if row.cell in seconds else "–")
        for row in rows
    ]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=PAGE.parent, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    return f"""# The cells

Written by `python -m benchmarks.cells`; all but the costs is checked against the code.

Parameters and the carry of one row are those for {SIZE} inputs and {SIZE} hidden units
(of a convolution: channels, on 8 × 8 pixels, with a kernel of 3 × 3), other options as
they are by default, sLSTM and mLSTM with 4 heads. The cost is the time of a forward and
backward pass over {STEPS} steps of {ROWS} rows in float32 with the default backend,
relative to `LSTMCell` ({1e3 * lstm:.1f} ms), the least of {REPEATS}; measured with
jax {jax.__version__} on {platform.machine()}, {_cores()} cores, at {commit}. How each
cell compares with other libraries: [parity.md](parity.md). How to write one:
[adding-a-cell.md](adding-a-cell.md). The class is what a configuration names too:
`model.stack.cell=LEMCell` ([howto-launch.md](howto-launch.md#choose-a-cell)).

{chr(10).join((*HEADER, *lines))}

Wrappers make a cell of a cell: `Zoneout`, `RecurrentDropout`, `InputDropout`,
`WeightDrop`, `WeightNoise`, `LearnedCarry`, `ClipRecurrentGradient`,
`CutRecurrentGradient`. Layers run cells over time: `Recurrent`, `Bidirectional`,
`Stack`.
"""


def main() -> None:
    """Measure and write the page."""
    rows = [entry(cell) for cell in cells()]
    timed = [row.cell for row in rows if row.cell.num_feature_axes == 1]
    PAGE.write_text(page(rows, costs(timed)), "utf-8")
    print(PAGE.read_text("utf-8"))


def _sizes(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _cores() -> int:
    return os.cpu_count() or 1


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
