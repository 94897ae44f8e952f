"""The cells of ``flax.nnx``, in and out.

NNX stacks the gates of a cell in our order, but for its ``LSTMCell``, which keeps each
in a matrix of its own. Its LSTM carry is ``(c, h)``, ours ``(h, c)``. Its GRU lacks the
bias ``b_hn`` inside the reset product, which Linen's has.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.cells import GRUCell, LSTMCell, RNNCell
from jlstm.interop._flax_cells import LAYOUTS, cell_of, kind_of, options_of
from jlstm.interop._gates import Stacked, read_params, write_params
from jlstm.interop._weights import check_part

TARGET = "flax.nnx"


def from_nnx(module: Any) -> tuple[Cell, Params]:
    """Return the cell that an NNX cell is, and its parameters.

    A GRU gets a zero ``b_hn``, which NNX's lacks. Train it and the cell fits NNX no
    more; ``params._replace(b_hn=None)`` keeps it out.

    Args:
        module: ``nnx.LSTMCell``, ``OptimizedLSTMCell``, ``GRUCell`` or ``SimpleCell``.

    Raises:
        TypeError: another module.
        ValueError: a residual ``SimpleCell``.

    Example:
        >>> from flax import nnx
        >>> cell, params = from_nnx(nnx.GRUCell(2, 3, rngs=nnx.Rngs(0)))
        >>> cell, params.w_ih.shape
        (GRUCell(hidden_size=3), (2, 3, 3))
    """
    kind_of(TARGET, module, _kinds())
    cell = cell_of(TARGET, module, _kinds(), module.hidden_features)
    inputs, states = _dense(module)
    biased = states if isinstance(cell, LSTMCell) else inputs
    w_ih, w_hh = (
        np.concatenate([one.kernel[...] for one in dense], axis=-1)
        for dense in (inputs, states)
    )
    b = np.concatenate([one.bias[...] for one in biased])
    b_hh = np.zeros_like(b) if isinstance(cell, GRUCell) else None
    stacked = Stacked(w_ih, w_hh, b, b_hh)
    return cell, read_params(cell, LAYOUTS[type(cell)], stacked)


def to_nnx(cell: Cell, params: Params, kind: type) -> Any:
    """Return a new NNX cell of class ``kind`` with our weights.

    Args:
        cell: an LSTM, GRU or RNN cell.
        params: of ``cell``.
        kind: ``nnx.LSTMCell`` or ``nnx.OptimizedLSTMCell``, whose trees differ;
            ``nnx.GRUCell``; ``nnx.SimpleCell``.

    Raises:
        TypeError, ValueError: NNX has no such cell, or ``kind`` is another one; the
            ``b_hn`` of a GRU is not zero.

    Example:
        >>> import jax
        >>> from flax import nnx
        >>> cell = LSTMCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> to_nnx(cell, params, nnx.OptimizedLSTMCell).dense_i.kernel.shape
        (2, 12)
    """
    from flax import nnx

    options = options_of(TARGET, cell, _kinds().values())
    if _kinds().get(kind) is not type(cell):
        raise TypeError(f"to_nnx: {kind!r} is not NNX's class for {cell!r}.")
    check_part(TARGET, cell, params)
    stacked = write_params(cell, LAYOUTS[type(cell)], params)
    if isinstance(cell, GRUCell) and np.any(stacked.b_hh):
        raise ValueError(
            f"{TARGET} cannot hold these parameters of {cell!r}: b_hn is not zero, and "
            "nnx.GRUCell has no bias inside its reset product. Use flax.linen's."
        )
    module = nnx.eval_shape(
        lambda: kind(
            params.w_ih.shape[0],
            cell.hidden_size,
            dtype=None,
            param_dtype=params.w_ih.dtype,
            rngs=nnx.Rngs(0),
            **options,
        )
    )
    inputs, states = _dense(module)
    for dense, kernel in ((inputs, stacked.w_ih), (states, stacked.w_hh)):
        for one, block in zip(dense, np.split(kernel, len(dense), -1), strict=True):
            one.kernel = nnx.Param(jnp.array(block))
    biased = states if isinstance(cell, LSTMCell) else inputs
    for one, block in zip(biased, np.split(stacked.b_ih, len(biased)), strict=True):
        one.bias = nnx.Param(jnp.array(block))
    return module


def _kinds() -> dict[type, type]:
    from flax import nnx

    return {
        nnx.LSTMCell: LSTMCell,
        nnx.OptimizedLSTMCell: LSTMCell,
        nnx.GRUCell: GRUCell,
        nnx.SimpleCell: RNNCell,
    }


def _dense(module: Any) -> tuple[list[Any], list[Any]]:
    """Return the maps of the input and of the state: one per gate, or one for all."""
    if type(module).__name__ == "LSTMCell":
        return (
            [module.ii, module.if_, module.ig, module.io],
            [module.hi, module.hf, module.hg, module.ho],
        )
    return [module.dense_i], [module.dense_h]
