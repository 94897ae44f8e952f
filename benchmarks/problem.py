"""What a library is asked to compute: the same weights and inputs for all of them.

Only NumPy is needed here, so that no library's process loads another library.
"""

from typing import Any, NamedTuple

import numpy as np

from benchmarks.rows import GATES, Row


class Problem(NamedTuple):
    """One thing to time.

    Attributes:
        cell: ``"lstm"``, ``"gru"`` or the name of a class of jlstm.
        mode: ``"forward"``, ``"both"`` (forward and backward), ``"step"`` (one step),
            ``"compile"`` (to compile ``both``) or ``"matmul"``.
        row: the sizes.
        backend: of jlstm; other libraries have none.
        dtype: of weights and inputs.
        device: ``"cpu"`` or ``"gpu"``.
    """

    cell: str
    mode: str
    row: Row
    backend: str = "auto"
    dtype: str = "float32"
    device: str = "cpu"

    @classmethod
    def read(cls, given: dict[str, Any]) -> "Problem":
        """Make it of what came through JSON."""
        return cls(**{**given, "row": Row(*given["row"])})


class Part(NamedTuple):
    """The weights of one layer in one direction.

    Gates in the order i, f, g, o of an LSTM and r, z, n of a GRU; ``b_hn`` is the bias
    of a GRU's candidate inside its reset product.
    """

    w_ih: np.ndarray
    """input × gates × hidden"""
    w_hh: np.ndarray
    """hidden × gates × hidden"""
    b: np.ndarray
    """gates × hidden"""
    b_hn: np.ndarray | None
    """hidden"""


def parts(problem: Problem) -> list[list[Part]]:
    """Draw the weights of every layer, in each direction, in float32."""
    row, gates = problem.row, GATES[problem.cell]
    rng, hidden = np.random.default_rng(0), problem.row.hidden_size

    def draw(*shape: int) -> np.ndarray:
        bound = hidden**-0.5
        return rng.uniform(-bound, bound, shape).astype(np.float32)

    def part(size: int) -> Part:
        inside = draw(hidden) if problem.cell == "gru" else None
        weights = draw(size, gates, hidden), draw(hidden, gates, hidden)
        return Part(*weights, draw(gates, hidden), inside)

    return [[part(size) for _ in range(row.directions)] for size in row.input_sizes()]


def inputs(problem: Problem) -> np.ndarray:
    """Draw the inputs in float32: time × batch × input, one step's without time."""
    row = problem.row
    draw = np.random.default_rng(1).normal(size=(row.steps, row.batch, row.input_size))
    xs = draw.astype(np.float32)
    return xs[0] if problem.mode == "step" else xs
