"""The cells of ``flax.linen``, in and out.

Linen keeps the gates of a cell each in a matrix of its own, named by the letters that
are also ours. Its LSTM carry is ``(c, h)``, ours ``(h, c)``.
"""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Params, Shape
from jlstm.cell import Cell
from jlstm.cells import GRUCell, LSTMCell, MGUCell, RNNCell
from jlstm.interop._flax_cells import LAYOUTS, cell_of, kind_of, options_of
from jlstm.interop._gates import Stacked, read_params, write_params
from jlstm.interop._weights import axes, check_part, check_weights, flatten

TARGET = "flax.linen"


def from_linen(module: Any, params: Mapping[str, Any]) -> tuple[Cell, Params]:
    """Return the cell that a Linen cell is, and its parameters.

    Args:
        module: ``nn.LSTMCell``, ``OptimizedLSTMCell``, ``GRUCell``, ``MGUCell`` or
            ``SimpleCell``; its options are not in the parameters.
        params: of the cell itself: ``variables["params"]``, and within ``nn.RNN``
            ``variables["params"]["cell"]``.

    Raises:
        TypeError: another module, or a weight is no array of floats.
        ValueError: a residual ``SimpleCell``; parameters of another level of the tree,
            or one that is missing, too much or of another shape.

    Example:
        >>> import jax
        >>> from flax import linen as nn
        >>> module = nn.LSTMCell(3)
        >>> carry = module.initialize_carry(jax.random.key(0), (2,))
        >>> variables = module.init(jax.random.key(1), carry, jnp.ones(2))
        >>> cell, params = from_linen(module, variables["params"])
        >>> cell, params.w_ih.shape
        (LSTMCell(hidden_size=3), (2, 4, 3))
    """
    from flax import linen

    kinds = {
        linen.LSTMCell: LSTMCell,
        linen.OptimizedLSTMCell: LSTMCell,
        linen.GRUCell: GRUCell,
        linen.MGUCell: MGUCell,
        linen.SimpleCell: RNNCell,
    }
    kind_of(TARGET, module, kinds)
    cell = cell_of(TARGET, module, kinds, module.features)
    _check(cell, params)
    return cell, read_params(cell, LAYOUTS[type(cell)], _stack(cell, params))


def to_linen(cell: Cell, params: Params) -> tuple[Any, dict[str, Any]]:
    """Return the Linen cell and its parameters, as :func:`from_linen` takes them.

    The parameters of an LSTM fit ``nn.LSTMCell``, which is returned, and
    ``nn.OptimizedLSTMCell`` alike.

    Raises:
        TypeError, ValueError: Linen has no such cell.

    Example:
        >>> import jax
        >>> cell = RNNCell(3, activation="relu")
        >>> module, params = to_linen(cell, cell.init(jax.random.key(0), input_size=2))
        >>> module.features, jax.tree.map(jnp.shape, params)
        (3, {'h': {'kernel': (3, 3)}, 'i': {'bias': (3,), 'kernel': (2, 3)}})
    """
    from flax import linen

    classes: dict[type[Cell], Any] = {
        LSTMCell: linen.LSTMCell,
        GRUCell: linen.GRUCell,
        MGUCell: linen.MGUCell,
        RNNCell: linen.SimpleCell,
    }
    options = options_of(TARGET, cell, classes)
    check_part(TARGET, cell, params)
    stacked = write_params(cell, LAYOUTS[type(cell)], params)
    module = classes[type(cell)](cell.hidden_size, **options)
    return module, _unstack(cell, stacked)


def _check(cell: Cell, params: Any) -> None:
    """Require the weights of ``cell`` on this level, and say where else they are."""
    if not isinstance(params, Mapping):
        raise TypeError(
            f"{TARGET}: params is a {type(params).__name__}; give the dict of the cell."
        )
    inputs, states = _names(cell)
    if not {*inputs, *states} & params.keys():
        raise ValueError(
            f"{TARGET}: the parameters of the cell are not on this level, which has "
            f"{', '.join(map(str, params)) or 'nothing'}; it has {inputs[0]} and "
            f"{states[0]}. {_place(inputs[0], params)}"
        )
    check_weights(TARGET, dict(flatten(params)), *_shapes(cell, params, inputs, states))


def _place(name: str, params: Mapping[str, Any]) -> str:
    paths = [path for path, _ in flatten(params) if f"/{name}/" in f"/{path}"]
    if not paths:
        return "Give those of the cell itself."
    *above, _ = f"/{paths[0]}".split(f"/{name}/")
    keys = "".join(f"[{key!r}]" for key in above[0].split("/") if key)
    return f"Give params{keys}."


def _shapes(
    cell: Cell, params: Mapping[str, Any], inputs: list[str], states: list[str]
) -> tuple[dict[str, Shape], dict[str, Shape]]:
    """Return the shapes that the weights have, and those of the bias that may lack."""
    h = cell.hidden_size
    kernel = next(
        (params[n]["kernel"] for n in inputs if "kernel" in params.get(n, {})), None
    )
    x = h if kernel is None else axes(f"{TARGET}: {inputs[0]}/kernel", kernel, 2)[0]
    biased = states if isinstance(cell, LSTMCell) else inputs
    wanted: dict[str, Shape] = {f"{name}/kernel": (x, h) for name in inputs}
    wanted |= {f"{name}/kernel": (h, h) for name in states}
    wanted |= {f"{name}/bias": (h,) for name in biased}
    inside = not isinstance(cell, LSTMCell | RNNCell)
    return wanted, {"hn/bias": (h,)} if inside else {}


def _stack(cell: Cell, params: Mapping[str, Any]) -> Stacked:
    """Join Linen's matrices and biases."""
    inputs, states = ([params[name] for name in side] for side in _names(cell))
    w_ih, w_hh = (
        np.concatenate([dense["kernel"] for dense in side], axis=-1)
        for side in (inputs, states)
    )
    biased = states if isinstance(cell, LSTMCell) else inputs
    b = np.concatenate([dense["bias"] for dense in biased])
    if isinstance(cell, LSTMCell) or "bias" not in states[-1]:
        return Stacked(w_ih, w_hh, b)
    inside = np.asarray(states[-1]["bias"])
    b_hh = np.concatenate([np.zeros_like(b[: -inside.size]), inside])
    return Stacked(w_ih, w_hh, b, b_hh)


def _unstack(cell: Cell, stacked: Stacked) -> dict[str, dict[str, Any]]:
    """Cut the stacked weights into Linen's: the inverse of :func:`_stack`."""
    inputs, states = _names(cell)
    biased = states if isinstance(cell, LSTMCell) else inputs
    count = len(inputs)

    def cut(weight: Any) -> list[Any]:
        return [jnp.array(block) for block in np.split(weight, count, axis=-1)]

    kernels = cut(stacked.w_ih) + cut(stacked.w_hh)
    pairs = zip([*inputs, *states], kernels, strict=True)
    tree = {name: {"kernel": kernel} for name, kernel in pairs}
    for name, bias in zip(biased, cut(stacked.b_ih), strict=True):
        tree[name]["bias"] = bias
    if isinstance(cell, GRUCell | MGUCell) and cell.reset == "after":
        tree["hn"]["bias"] = cut(stacked.b_hh)[-1]
    return tree


def _names(cell: Cell) -> tuple[list[str], list[str]]:
    """Return the names of the maps of the input and of the state, in our order."""
    if isinstance(cell, RNNCell):
        return ["i"], ["h"]
    order = LAYOUTS[type(cell)].order
    return [f"i{gate}" for gate in order], [f"h{gate}" for gate in order]
