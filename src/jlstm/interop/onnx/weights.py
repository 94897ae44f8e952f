"""The inputs W, R, B and P of a recurrent node, as parameters of a cell and back.

ONNX stacks the gates as rows in the orders i, o, f, c and z, r, h. B holds two biases,
of the input and of the recurrence. P holds the peepholes in the order i, o, f.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.cells.cifg import CIFGLSTMCell, CIFGLSTMParams
from jlstm.cells.gru import GRUCell
from jlstm.cells.lstm import LSTMCell, LSTMParams
from jlstm.cells.odyssey import OdysseyLSTMCell, OdysseyLSTMParams
from jlstm.cells.peephole import PeepholeLSTMCell, PeepholeLSTMParams
from jlstm.interop._gates import Layout, Stacked, read_params, write_params
from jlstm.interop._weights import check_floats
from jlstm.interop.onnx.cells import is_coupled
from jlstm.interop.onnx.operator import Operator

LAYOUTS = {
    "LSTM": Layout("iofg", rows=True),
    "GRU": Layout("zrn", rows=True),
    "RNN": Layout("h", rows=True),
}
"""ONNX's orders in our letters: its c is our g, its h of the GRU our n."""


class Weights(NamedTuple):
    """The weight inputs of a node, or of one direction, which lacks the first axis."""

    w: Any
    r: Any
    b: Any = None
    p: Any = None


def check_weights(operator: Operator, weights: Weights) -> int:
    """Require the shapes that the operator defines; return the hidden size.

    Raises:
        TypeError: an input is no array of floats.
        ValueError: a shape does not fit.
    """
    for name, array in zip("WRBP", weights, strict=True):
        if array is not None or name in "WR":
            check_floats(f"The {operator.op_type} node's {name}", array)
    if np.ndim(weights.r) != 3 or np.ndim(weights.w) != 3:
        raise ValueError(
            f"The {operator.op_type} node's W and R have shapes "
            f"{np.shape(weights.w)} and {np.shape(weights.r)}; give "
            "(directions, gates·h, x) and (directions, gates·h, h)."
        )
    h, x = weights.r.shape[-1], weights.w.shape[-1]
    rows, ways = len(LAYOUTS[operator.op_type].order) * h, operator.ways
    wanted = {
        "W": (ways, rows, x),
        "R": (ways, rows, h),
        "B": (ways, 2 * rows),
        "P": (ways, 3 * h),
    }
    for (name, shape), array in zip(wanted.items(), weights, strict=True):
        if array is not None and array.shape != shape:
            raise ValueError(
                f"The {operator.op_type} node's {name} has shape {array.shape}; for "
                f"{ways} direction(s) and {h} units it takes {shape}."
            )
    if operator.hidden_size not in (None, h):
        raise ValueError(
            f"The {operator.op_type} node's hidden_size is {operator.hidden_size}; "
            f"its R has {h} units."
        )
    return h


def read_weights(cell: Cell, op_type: str, weights: Weights) -> Params:
    """Turn the weights of one direction into the parameters of ``cell``."""
    w, r, b, p = weights
    b_ih, b_hh = (None, None) if b is None else np.split(np.asarray(b), 2)
    if b is not None and isinstance(cell, GRUCell) and cell.reset == "before":
        b_ih, b_hh = b_ih + b_hh, None  # nothing comes between the two
    params = read_params(cell, LAYOUTS[op_type], Stacked(w, r, b_ih, b_hh))
    if op_type != "LSTM" or isinstance(cell, LSTMCell):
        return params
    if is_coupled(cell):
        params = _without_forget_gate(params)
    if isinstance(cell, CIFGLSTMCell):
        return CIFGLSTMParams(*params)
    p_i, p_o, p_f = (jnp.array(part) for part in np.split(np.asarray(p), 3))
    if isinstance(cell, OdysseyLSTMCell):
        return OdysseyLSTMParams(*params, p_i, None, p_o, None)
    return PeepholeLSTMParams(*params, p_i, p_f, p_o)


def write_weights(cell: Cell, op_type: str, params: Params) -> Weights:
    """Turn the parameters of ``cell`` into the weights of one direction.

    The operator has rows for a forget gate also where it does not use them: zeros.
    """
    p = _write_peepholes(cell, params)
    if is_coupled(cell):
        params = _with_forget_gate(params)
    stacked = write_params(cell, LAYOUTS[op_type], params)
    b = None if stacked.b_ih is None else np.concatenate([stacked.b_ih, stacked.b_hh])
    return Weights(stacked.w_ih, stacked.w_hh, b, p)


def _write_peepholes(cell: Cell, params: Params) -> Any:
    if isinstance(cell, OdysseyLSTMCell):
        has_peepholes = cell.peepholes
    else:
        has_peepholes = isinstance(cell, PeepholeLSTMCell)
    if not has_peepholes:
        return None
    p_f = np.zeros_like(params.p_i) if params.p_f is None else params.p_f
    return np.concatenate([params.p_i, params.p_o, p_f])


def _without_forget_gate(params: LSTMParams) -> LSTMParams:
    """Turn the gates i, f, g, o into i, g, o."""
    kept = np.array([0, 2, 3])
    return LSTMParams(*(a if a is None else a[..., kept, :] for a in params))


def _with_forget_gate(params: Params) -> LSTMParams:
    """Turn the gates i, g, o into i, f, g, o, with zeros for f."""
    leaves = (params.w_ih, params.w_hh, params.b)
    return LSTMParams(
        *(
            a if a is None else np.insert(np.asarray(a), 1, 0.0, axis=a.ndim - 2)
            for a in leaves
        )
    )
