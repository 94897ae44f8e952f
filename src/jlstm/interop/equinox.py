"""The cells of Equinox, ``eqx.nn.LSTMCell`` and ``eqx.nn.GRUCell``, in and out.

They stack the gates in our order along the rows and have one bias; the GRU's
``bias_n`` is our ``b_hn``.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jlstm._internal.types import Params
from jlstm.cell import Cell
from jlstm.cells import GRUCell, LSTMCell
from jlstm.interop._check import check_kind, check_options
from jlstm.interop._gates import Layout, Stacked, read_params, write_params
from jlstm.interop._weights import axes, check_part, check_weights

TARGET = "equinox.nn"
ROWS: dict[type[Cell], Layout] = {
    LSTMCell: Layout("ifgo", rows=True),
    GRUCell: Layout("rzn", rows=True),
}


def from_equinox(module: Any) -> tuple[Cell, Params]:
    """Return the cell that an Equinox cell is, and its parameters.

    Args:
        module: ``eqx.nn.LSTMCell`` or ``eqx.nn.GRUCell``; Equinox is not imported.

    Raises:
        TypeError: another module, or a weight is no array of floats.
        ValueError: a weight is missing or has another shape.

    Example:
        >>> class LSTMCell:  # as Equinox's
        ...     hidden_size, use_bias = 3, True
        ...     weight_ih, weight_hh = jnp.ones((12, 2)), jnp.ones((12, 3))
        ...     bias = jnp.ones(12)
        >>> cell, params = from_equinox(LSTMCell())
        >>> cell, params.w_ih.shape
        (LSTMCell(hidden_size=3), (2, 4, 3))
    """
    kinds: dict[str, Any] = {kind.__name__: kind for kind in ROWS}
    kind = kinds.get(type(module).__name__)
    if kind is None:
        raise TypeError(
            f"{TARGET}: cannot read a {type(module).__name__}; give {', '.join(kinds)}."
        )
    _check(kind, module)
    cell = kind(module.hidden_size, use_bias=module.use_bias)
    b_hh = None
    if kind is GRUCell and module.use_bias:
        inside = np.asarray(module.bias_n)
        b_hh = np.concatenate([np.zeros_like(inside)] * 2 + [inside])
    stacked = Stacked(module.weight_ih, module.weight_hh, module.bias, b_hh)
    return cell, read_params(cell, ROWS[kind], stacked)


def _check(kind: type, module: Any) -> None:
    """Require the weights of an Equinox cell, not of a class of the same name."""
    if not all(hasattr(module, name) for name in ("weight_ih", "use_bias")):
        raise TypeError(
            f"{TARGET}: the {type(module).__name__} has no weight_ih; give an object "
            f"of equinox.nn.{kind.__name__}."
        )
    h, gates = module.hidden_size, 4 if kind is LSTMCell else 3
    x = axes(f"{TARGET}: weight_ih", module.weight_ih, 2)[1]
    wanted = {"weight_ih": (gates * h, x), "weight_hh": (gates * h, h)}
    if module.use_bias:
        wanted["bias"] = (gates * h,)
    if module.use_bias and kind is GRUCell:
        wanted["bias_n"] = (h,)
    check_weights(TARGET, {n: getattr(module, n, None) for n in wanted}, wanted)


def to_equinox(cell: Any, params: Params) -> Any:
    """Return a new ``eqx.nn.LSTMCell`` or ``GRUCell`` with our weights.

    Equinox must be installed.

    Raises:
        TypeError, ValueError: Equinox has no such cell.
    """
    check_kind(TARGET, cell, ROWS)
    check_options(TARGET, cell)
    check_part(TARGET, cell, params)
    import equinox
    import jax

    stacked = write_params(cell, ROWS[type(cell)], params)
    weights = {"weight_ih": stacked.w_ih, "weight_hh": stacked.w_hh}
    if cell.use_bias:
        weights["bias"] = stacked.b_ih
    if cell.use_bias and isinstance(cell, GRUCell):
        weights["bias_n"] = params.b_hn
    module = equinox.filter_eval_shape(
        getattr(equinox.nn, type(cell).__name__),
        params.w_ih.shape[0],
        cell.hidden_size,
        use_bias=cell.use_bias,
        key=jax.random.key(0),
    )
    return equinox.tree_at(
        lambda one: [getattr(one, name) for name in weights],
        module,
        [jnp.array(weight) for weight in weights.values()],
    )
