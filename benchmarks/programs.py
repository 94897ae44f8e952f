"""Write docs/benchmarks/programs.md: what the compiler of cells makes of each cell.

    python -m benchmarks.programs

Every program is compiled anew, in a directory of its own; the kernel itself too, which
is done once a machine.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import jax

import jlstm
from benchmarks.cells import SIZE, cells
from benchmarks.machine import commit, processor
from jlstm._backends.native.build import FOLDER, SOURCE
from jlstm._backends.native.compiled import Compiled, compiled, own_types
from jlstm._backends.native.compiler import compile_file, find_compiler, flags
from jlstm._backends.native.equations.unsupported import UnsupportedError

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "programs.md"
HEADER = """| cell | products | forward | backward | columns | trace s | compile s |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |"""


class Row(NamedTuple):
    """What was made of a cell, and how long that took."""

    cell: jlstm.Cell
    made: Compiled
    traced: float
    built: float

    def line(self) -> str:
        """Return a line of the table."""
        program = self.made.program
        stages = (program.source.count(f"void {way}_") // 2 for way in WAYS)
        counts = (len(program.products), *stages, program.width)
        seconds = (f"{self.traced:.2f}", f"{self.built:.2f}")
        name = f"`{type(self.cell).__name__}`"
        return f"| {' | '.join((name, *map(str, counts), *seconds))} |"


WAYS = ("forward", "backward")


def row(cell: jlstm.Cell) -> Row:
    """Make the program of a cell and compile it."""
    started = time.perf_counter()
    types = own_types(cell, None, SIZE)
    made = compiled(cell, types)
    traced = time.perf_counter()
    made.key  # noqa: B018 - compiles
    return Row(cell, made, traced - started, time.perf_counter() - traced)


def page(rows: list[Row], reasons: dict[str, str], kernel: float) -> str:
    """Return the text of the page."""
    lines = "\n".join(row.line() for row in rows)
    without = "\n".join(f"* `{name}`: {reason}" for name, reason in reasons.items())
    return f"""# Programs of the cells

Written by `python -m benchmarks.programs` on {processor()},
jax {jax.__version__}, at {commit()}.

The kernel itself, once a machine: {kernel:.1f} s. A program serves all sizes. *Forward*
and *backward* are stages of a step, *columns* numbers kept per unit, row and step for
the way back, next to the carry; the gradients of the pre-activations take their place
([how](../design/020-cell-compiler.md)).

{HEADER}
{lines}

Without a program:

{without}
"""


def main() -> None:
    """Measure and write the page."""
    rows: list[Row] = []
    reasons: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JLSTM_CACHE_DIR"] = folder
        started = time.perf_counter()
        compile_file(
            [*find_compiler(), *flags()], SOURCE, Path(folder) / "kernel.so", FOLDER
        )
        kernel = time.perf_counter() - started
        for cell in cells():
            if cell.num_feature_axes != 1:
                reasons[type(cell).__name__] = "it reads images"
                continue
            try:
                rows.append(row(cell))
            except UnsupportedError as error:
                reasons[type(cell).__name__] = str(error)
        PAGE.write_text(page(rows, reasons, kernel), "utf-8")
    print(PAGE.read_text("utf-8"))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
