"""Where a library keeps which gate: its stacked weights to ours and back.

Nearly every library keeps one matrix for the input and one for the recurrence, the
gates stacked along one axis in an order of its own, with one bias or two. That is all
that a :class:`Layout` says. Weights travel as NumPy copies, so that neither side sees
what the other does to its arrays later.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.cells import (
    GRUCell,
    GRUParams,
    LSTMParams,
    MGUCell,
    MGUParams,
    RNNCell,
    RNNParams,
)

OURS = {4: "ifgo", 3: "rzn", 2: "fn", 1: "h"}
"""Our order of a cell's gates, by their number."""

INSIDE: dict[type[Cell], Any] = {GRUCell: GRUParams, MGUCell: MGUParams}
"""Cells whose candidate has a second bias, inside the reset product: ``b_hn``."""


@dataclass(frozen=True)
class Layout:
    """The order and the axes in which a library stacks the gates of a cell.

    Args:
        order: our letters of the gates, in the library's order.
        rows: a matrix is ``(gate·h, x)`` and multiplies from the left, as in PyTorch;
            else it is ``(…, x, gate·h)`` and multiplies from the right.

    Example:
        >>> keras_gru = Layout("zrn")
        >>> keras_gru.read(np.array([[1, 2, 3]])).tolist()  # one feature, one unit
        [[[2], [1], [3]]]
    """

    order: str
    rows: bool = False

    def read(self, stacked: Any) -> np.ndarray:
        """Turn ``(…, gate·h)`` of theirs into ``(…, gate, h)`` of ours."""
        array = self._turn(np.asarray(stacked))
        gates = array.reshape(*array.shape[:-1], len(self.order), -1)
        return gates[..., [self.order.index(gate) for gate in self._ours()], :]

    def write(self, gates: Any) -> np.ndarray:
        """Turn ``(…, gate, h)`` of ours into ``(…, gate·h)`` of theirs."""
        array = np.asarray(gates)
        theirs = array[..., [self._ours().index(gate) for gate in self.order], :]
        stacked = theirs.reshape(*theirs.shape[:-2], -1)
        return np.ascontiguousarray(self._turn(stacked))

    def _ours(self) -> str:
        return OURS[len(self.order)]

    def _turn(self, array: np.ndarray) -> np.ndarray:
        return array.T if self.rows else array


class Stacked(NamedTuple):
    """The weights of a cell as a library with two matrices and two biases has them."""

    w_ih: Any
    w_hh: Any
    b_ih: Any = None
    b_hh: Any = None


def read_params(cell: Cell, layout: Layout, theirs: Stacked) -> Params:
    """Turn stacked weights into the parameters of an LSTM, GRU, MGU or RNN cell.

    Two biases become one, their sum. The exception is the candidate of a GRU or MGU
    with ``reset="after"``, whose second bias is inside the reset product: ``b_hn``.
    """
    w_ih, w_hh, b_ih, b_hh = _each(layout.read, theirs)
    if type(cell) in INSIDE:
        return to_jax(INSIDE[type(cell)](w_ih, w_hh, *_join(b_ih, b_hh)))
    b = b_ih if b_hh is None else b_ih + b_hh
    if not isinstance(cell, RNNCell):
        return to_jax(LSTMParams(w_ih, w_hh, b))
    b = None if b is None else b[0]
    return to_jax(RNNParams(w_ih[:, 0], w_hh[:, 0], b))


def write_params(cell: Cell, layout: Layout, params: Params) -> Stacked:
    """Turn parameters into stacked weights: the inverse of :func:`read_params`.

    Our bias becomes their first one; the second is zero, but for ``b_hn``.
    """
    w_ih, w_hh, b = _each(np.asarray, (params.w_ih, params.w_hh, params.b))
    if isinstance(cell, RNNCell):
        w_ih, w_hh = w_ih[:, None], w_hh[:, None]
        b = None if b is None else b[None]
    b_hh = None if b is None else np.zeros_like(b)
    if b_hh is not None and type(cell) in INSIDE and params.b_hn is not None:
        b_hh[-1] = np.asarray(params.b_hn)
    return Stacked(*_each(layout.write, (w_ih, w_hh, b, b_hh)))


def to_jax(params: Params) -> Params:
    """Turn the arrays of a NamedTuple into arrays of JAX that share no memory."""
    return type(params)(*_each(jnp.array, params))


def _each(function: Callable[[Any], Any], arrays: Iterable[Any]) -> list[Any]:
    """Apply a function to each array; what is missing stays None."""
    return [None if array is None else function(array) for array in arrays]


def _join(b_ih: Any, b_hh: Any) -> tuple[Any, Any]:
    """Return ``b`` and ``b_hn``, the candidate being the last gate."""
    if b_hh is None:
        return b_ih, None
    return np.concatenate([b_ih[:-1] + b_hh[:-1], b_ih[-1:]]), b_hh[-1]
