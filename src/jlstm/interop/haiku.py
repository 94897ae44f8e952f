"""Haiku's ``LSTM``, ``GRU`` and ``VanillaRNN``, in and out; Haiku is not imported.

Each deviates from our equations in a way that the weights absorb: the LSTM multiplies
``[x, h]`` by one matrix with gates i, g, f, o and adds 1 to the forget gate at every
step; the GRU has gates z, r, n, its z is our ``1 - z``, and it resets before the
product; the RNN has two biases and always a ReLU.
"""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.cells import GRUCell, LSTMCell, RNNCell
from jlstm.interop._check import check_bias, check_kind, check_options
from jlstm.interop._gates import Layout, Stacked, read_params, write_params
from jlstm.interop._weights import axes, check_part, check_weights

TARGET = "haiku"
LSTM, GRU, RNN = Layout("igfo"), Layout("zrn"), Layout("h")
Tree = dict[str, dict[str, Any]]


def from_haiku(params: Mapping[str, Any], name: str) -> tuple[Cell, Params]:
    """Return the cell that a Haiku core is, and its parameters.

    Args:
        params: Haiku's, of one core or a whole model.
        name: the full name of the core in them, such as ``"lstm"`` or
            ``"actor/~/gru"``.

    Returns:
        The cell and its parameters. The forget bias is Haiku's plus 1, rounded once.

    Raises:
        TypeError: ``params`` is no mapping, or a weight is no array of floats.
        ValueError: there is no LSTM, GRU or VanillaRNN of that name, or a weight is
            missing, too much or of another shape.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> weights = {"w": rng.normal(size=(5, 12)), "b": rng.normal(size=12)}
        >>> cell, _ = from_haiku({"lstm/linear": weights}, "lstm")
        >>> cell
        LSTMCell(hidden_size=3)
    """
    if not isinstance(params, Mapping):
        raise TypeError(
            f"{TARGET}: params is a {type(params).__name__}; give Haiku's nested dict."
        )
    for level in (name, f"{name}/linear", f"{name}/linear_1"):
        if not isinstance(params.get(level, {}), Mapping):
            raise TypeError(
                f"{TARGET}: {level} is a {type(params[level]).__name__}; give Haiku's "
                "nested dict."
            )
    if {"w_i", "w_h"} & set(params.get(name, ())):
        return _read_gru(name, params[name])
    if f"{name}/linear" not in params:
        raise ValueError(
            f"haiku: no LSTM, GRU or VanillaRNN is called {name!r}; the parameters "
            f"have {sorted(params)}. Give the name without '/linear'."
        )
    first = params[f"{name}/linear"]
    if f"{name}/linear_1" in params:
        return _read_rnn(name, first, params[f"{name}/linear_1"])
    return _read_lstm(name, first)


def to_haiku(cell: Cell, params: Params, name: str) -> Tree:
    """Return the parameters of the Haiku core called ``name``.

    Args:
        cell: an LSTM, a GRU with ``reset="before"``, or an RNN with ReLU.
        params: of ``cell``.
        name: as in :func:`from_haiku`.

    Raises:
        TypeError, ValueError: Haiku has no such core.

    Example:
        >>> import jax
        >>> cell = LSTMCell(3)
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> jax.tree.map(jnp.shape, to_haiku(cell, params, "lstm"))
        {'lstm/linear': {'b': (12,), 'w': (5, 12)}}
    """
    check_kind(TARGET, cell, (LSTMCell, GRUCell, RNNCell))
    check_options(TARGET, cell, _stated(cell))
    check_bias(TARGET, cell)
    check_part(TARGET, cell, params)
    if isinstance(cell, LSTMCell):
        return _write_lstm(cell, params, name)
    if isinstance(cell, GRUCell):
        return _write_gru(cell, params, name)
    stacked = write_params(cell, RNN, params)
    return {
        f"{name}/linear": _jax(w=stacked.w_ih, b=stacked.b_ih),
        f"{name}/linear_1": _jax(w=stacked.w_hh, b=stacked.b_hh),
    }


def _stated(cell: Any) -> tuple[str, ...]:
    """Check the option whose one value in Haiku is not our default; return its name."""
    wanted = {GRUCell: ("reset", "before"), RNNCell: ("activation", "relu")}
    if type(cell) not in wanted:
        return ()
    name, value = wanted[type(cell)]
    if getattr(cell, name) != value:
        raise ValueError(
            f"haiku cannot hold {cell!r}: {name} is {getattr(cell, name)!r} where it "
            f"has only {value!r}. These are different models: only training helps."
        )
    return (name,)


def _read_lstm(name: str, linear: Mapping[str, Any]) -> tuple[Cell, Params]:
    where = f"{TARGET}: {name}/linear"
    rows, columns = axes(f"{where}: w", linear.get("w"), 2)
    if columns % 4 or rows <= columns // 4:
        raise ValueError(
            f"{where}: w has shape {(rows, columns)}; an LSTM takes (x + h, 4·h)."
        )
    check_weights(where, linear, {"w": (rows, columns), "b": (columns,)})
    cell, w = LSTMCell(columns // 4), np.asarray(linear["w"])
    w_ih, w_hh = np.split(w, [w.shape[0] - cell.hidden_size])
    params = read_params(cell, LSTM, Stacked(w_ih, w_hh, linear["b"]))
    return cell, params._replace(b=_add_to_forget(params.b, 1))


def _write_lstm(cell: Cell, params: Params, name: str) -> Tree:
    params = params._replace(b=_add_to_forget(params.b, -1))
    stacked = write_params(cell, LSTM, params)
    w = np.concatenate([stacked.w_ih, stacked.w_hh])
    return {f"{name}/linear": _jax(w=w, b=stacked.b_ih)}


def _read_gru(name: str, weights: Mapping[str, Any]) -> tuple[Cell, Params]:
    where = f"{TARGET}: {name}"
    x, h = (axes(f"{where}: {w}", weights.get(w), 2)[0] for w in ("w_i", "w_h"))
    check_weights(where, weights, {"w_i": (x, 3 * h), "w_h": (h, 3 * h), "b": (3 * h,)})
    cell = GRUCell(weights["w_h"].shape[0], reset="before")
    stacked = Stacked(weights["w_i"], weights["w_h"], weights["b"])
    return cell, _flip_z(read_params(cell, GRU, stacked))


def _write_gru(cell: Cell, params: Params, name: str) -> Tree:
    stacked = write_params(cell, GRU, _flip_z(params))
    return {name: _jax(w_i=stacked.w_ih, w_h=stacked.w_hh, b=stacked.b_ih)}


def _read_rnn(
    name: str, inputs: Mapping[str, Any], states: Mapping[str, Any]
) -> tuple[Cell, Params]:
    where = f"{TARGET}: {name}/linear"
    x, h = axes(f"{where}: w", inputs.get("w"), 2)
    check_weights(where, inputs, {"w": (x, h), "b": (h,)})
    check_weights(f"{where}_1", states, {"w": (h, h)}, {"b": (h,)})
    cell = RNNCell(states["w"].shape[0], activation="relu")
    stacked = Stacked(inputs["w"], states["w"], inputs["b"], states.get("b"))
    return cell, read_params(cell, RNN, stacked)


def _add_to_forget(b: Any, number: int) -> Any:
    return b.at[1].add(jnp.asarray(number, b.dtype))


def _flip_z(params: Params) -> Params:
    """Negate what enters z: the sigmoid of -z is 1 less that of z."""
    return params._replace(
        w_ih=params.w_ih.at[:, 1].multiply(-1),
        w_hh=params.w_hh.at[:, 1].multiply(-1),
        b=params.b.at[1].multiply(-1),
    )


def _jax(**arrays: Any) -> dict[str, Any]:
    return {name: jnp.array(array) for name, array in arrays.items()}
