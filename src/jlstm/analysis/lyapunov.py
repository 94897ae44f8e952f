"""How fast small changes of the carry grow or fade along a trajectory."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.types import Carry, DType, Params
from jlstm.analysis.trajectory import (
    check_differentiable,
    flatten_carry,
    start_of,
    vector_step,
)
from jlstm.cell import Cell


def lyapunov_exponents(
    cell: Cell,
    params: Params,
    xs: Float[Array, "t *bx"],
    count: int | None = None,
    carry: Carry | None = None,
    skip: int = 0,
) -> Float[Array, "*b k"]:
    r"""Return the largest Lyapunov exponents of a cell that is driven by ``xs``.

    A frame :math:`Q` of ``count`` orthonormal directions is carried along: each step's
    Jacobian :math:`J_t` moves it and a QR decomposition straightens it again,

    .. math::
        J_t Q_{t-1} = Q_t R_t, \qquad
        \lambda_i = \frac{1}{T} \sum_t \log |R_{t,ii}|

    in nats per step: above 0 a small change grows (gradients explode, the dynamics are
    chaotic), below 0 it fades, and :math:`-1/\lambda_1` is the number of steps in which
    the slowest change falls to 1/e. They come in the order of the frame, which is from
    the largest down once the frame has settled. Only products with the frame are
    computed (``count`` forward derivatives per step), never the whole Jacobian. The
    frame starts from fixed random directions, the same for each row.

    Sources: G. Benettin et al., "Lyapunov characteristic exponents for smooth dynamical
    systems", Meccanica 15, 1980; for recurrent networks R. Vogt et al., "On Lyapunov
    exponents for RNNs", 2022 (arXiv:2006.14123).

    Args:
        cell: what happens in a step; its gradient must be that of its equations.
        params: made by ``cell.init``.
        xs: inputs, time first; the exponents are those of this sequence, and settle
            only over some hundreds of steps.
        count: how many; ``None`` is one for each number in the carry. A direction that
            a step forgets entirely has an exponent of −∞, or as low as rounding lets it
            be.
        carry: where to start; ``None`` is ``cell.fresh_carry``.
        skip: so many steps at the start only turn the frame and are not averaged.

    Raises:
        ValueError, TypeError: an argument does not fit, before anything is computed.

    Example:
        >>> from jlstm import RNNCell
        >>> cell = RNNCell(2, activation="identity")
        >>> params = cell.init(jax.random.key(0), input_size=1)
        >>> params = params._replace(w_hh=jnp.diag(jnp.array([0.5, 0.9])))
        >>> found = lyapunov_exponents(cell, params, jnp.ones((100, 1)), skip=50)
        >>> [f"{value:.4f}" for value in jnp.exp(found)]
        ['0.9000', '0.5000']
    """
    check_differentiable(cell)
    start = start_of(cell, params, xs, carry)
    rows = xs.ndim - 1 - cell.num_feature_axes
    vectors = flatten_carry(start, rows)
    size = vectors.shape[-1]
    count = size if count is None else count
    _check(cell, count, size, skip, len(xs))
    return _exponents(cell, count, skip, params, xs, vectors)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _exponents(
    cell: Cell, count: int, skip: int, params: Params, xs: Array, start: Array
) -> Array:
    def of_row(start: Array, xs: Array) -> Array:
        return _exponents_of_row(cell, count, skip, params, xs, start)

    mapped = of_row
    for _ in start.shape[:-1]:
        mapped = jax.vmap(mapped, in_axes=(0, 1))
    return mapped(start, xs)


def _exponents_of_row(
    cell: Cell, count: int, skip: int, params: Params, xs: Array, start: Array
) -> Float[Array, " k"]:
    step = vector_step(cell, params)

    def advance(state: tuple, x: Array) -> tuple[tuple, Array]:
        vector, frame = state
        vector, push = jax.linearize(lambda held: step(held, x), vector)
        moved = jax.vmap(push, in_axes=1, out_axes=1)(frame)
        frame, stretch = jnp.linalg.qr(moved)
        return (vector, frame), jnp.log(jnp.abs(jnp.diagonal(stretch)))

    frame = _first_frame(start.size, count, start.dtype)
    _, logs = jax.lax.scan(advance, (start, frame), xs)
    return jnp.mean(logs[skip:], axis=0)


def _first_frame(size: int, count: int, dtype: DType) -> Float[Array, "n k"]:
    """Draw directions that no part of the carry and no eigenvector is blind to."""
    drawn = jax.random.normal(jax.random.key(0), (size, count), dtype)
    return jnp.linalg.qr(drawn)[0]


def _check(cell: Cell, count: int, size: int, skip: int, steps: int) -> None:
    if not 1 <= count <= size:
        raise ValueError(
            f"count is {count}; the carry of {cell!r} holds {size} numbers: give a "
            f"count between 1 and {size}."
        )
    if not 0 <= skip < steps:
        raise ValueError(
            f"skip is {skip}; xs has {steps} steps: give fewer to skip, 0 or more."
        )
