"""How much of the end of a sequence still depends on what a cell held before it."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.arrays import check_array
from jlstm._internal.types import Carry, Params, Shape
from jlstm._internal.validate import check_cell, check_params, check_sequence
from jlstm.cell import Cell
from jlstm.loop import trace


def gradients_by_lag(
    cell: Cell,
    params: Params,
    xs: Float[Array, "t *bx"],
    cotangent: Float[Array, "*b h"],
    carry: Carry | None = None,
) -> Carry:
    """Return the gradient of ``cotangent · h_T`` by the carry of each earlier step.

    Exact: the transposed Jacobian of every step is applied, the last one first. The
    parts of the carry are independent variables: the gradient by ``h`` holds ``c``
    fixed, as in back-propagation, and at lag 0 the gradient by ``c`` is zero.

    Args:
        cell: what happens in a step.
        params: made by ``cell.init``.
        xs: inputs, time first, all steps of all rows.
        cotangent: the gradient of the loss by the last output.
        carry: where to start; ``None`` is ``cell.fresh_carry``.

    Returns:
        a carry whose leaves have an axis of lags before their own, 0 to t.

    Raises:
        ValueError, TypeError: an argument does not fit, before anything is computed.

    Example:
        >>> from jlstm import RNNCell
        >>> cell = RNNCell(3, activation="identity")
        >>> params = cell.init(jax.random.key(0), input_size=2)
        >>> params = params._replace(w_hh=0.5 * jnp.eye(3))
        >>> found = gradients_by_lag(cell, params, jnp.ones((2, 2)), jnp.ones(3))
        >>> found.h[:, 0].tolist()
        [1.0, 0.5, 0.25]
    """
    check_cell(cell)
    check_sequence(xs, cell.num_feature_axes)
    check_params(cell, params, xs.shape[-1])
    rows = xs.shape[1 : xs.ndim - cell.num_feature_axes]
    _check_cotangent(cell, cotangent, rows)
    params = cell.prepare(params, jax.ShapeDtypeStruct(xs.shape[1:], xs.dtype), None)
    start = cell.fresh_carry(params, rows, xs.dtype) if carry is None else carry
    _, (after, _) = trace(cell, params, xs, start)
    before = jax.tree.map(
        lambda first, leaf: jnp.concatenate([first[None], leaf[:-1]]), start, after
    )

    def pull(gradient: Carry, inputs: tuple) -> tuple[Carry, Carry]:
        held, x = inputs
        _, back = jax.vjp(partial(_advance, cell, params, x), held)
        (gradient,) = back(gradient)
        return gradient, gradient

    last = jax.tree.map(jnp.zeros_like, start)._replace(h=cotangent)
    _, earlier = jax.lax.scan(pull, last, (before, xs), reverse=True)
    return jax.tree.map(
        lambda first, leaf: jnp.concatenate([first[None], leaf[::-1]]), last, earlier
    )


def _check_cotangent(cell: Cell, cotangent: Any, rows: Shape) -> None:
    check_array("cotangent", cotangent)
    wanted = jax.eval_shape(lambda: cell.init_carry(rows)).h.shape
    if cotangent.shape != wanted:
        raise ValueError(
            f"cotangent has shape {cotangent.shape}; give that of the last output, "
            f"{wanted}."
        )


def norms_by_lag(gradients: Carry, rows: int = 0) -> Carry:
    """Return the Euclidean norm over the units of :func:`gradients_by_lag`.

    Args:
        gradients: what that function returned.
        rows: how many batch axes there are, which are kept.

    Example:
        >>> from jlstm.cells.rnn import RNNCarry
        >>> norms_by_lag(RNNCarry(jnp.array([[3.0, 4.0], [0.0, 1.0]]))).h.tolist()
        [5.0, 1.0]
    """
    return jax.tree.map(partial(_norm, kept=1 + rows), gradients)


def _advance(cell: Cell, params: Params, x: Array, carry: Carry) -> Carry:
    return cell.step(params, carry, cell.project(params, x))[0]


def _norm(leaf: Array, kept: int) -> Any:
    return jnp.sqrt(jnp.sum(leaf**2, axis=tuple(range(kept, leaf.ndim))))
