"""Where a cell stands still under a constant input, and whether it stays there."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from jlstm._internal.arrays import check_array
from jlstm._internal.tree import cast
from jlstm._internal.types import Carry, Params, accumulator_dtype
from jlstm._internal.validate import check_carry
from jlstm.analysis.jacobian import jacobian_spectra, jacobians_at
from jlstm.analysis.trajectory import (
    check_differentiable,
    flatten_carry,
    unflatten_carry,
    vector_step,
)
from jlstm.cell import Cell


class FixedPoints(NamedTuple):
    """What :func:`fixed_points` found, the stillest first.

    Attributes:
        carries: the points; each leaf has an axis of points before its own.
        speeds: q of each, which is zero at an exact fixed point.
        eigenvalues: of the Jacobian of the step there, the largest magnitude first.
        stable: whether all of them are inside the unit circle, so that a small change
            fades.
    """

    carries: Carry
    speeds: Float[np.ndarray, " k"]
    eigenvalues: Complex[np.ndarray, "k n"]
    stable: Bool[np.ndarray, " k"]


def fixed_points(
    cell: Cell,
    params: Params,
    x: Float[Array, "..."],
    starts: Carry,
    *,
    steps: int = 2000,
    learning_rate: float = 0.1,
    tolerance: float = 1e-8,
    distance: float = 1e-2,
) -> FixedPoints:
    r"""Search the carries that a step leaves where they are, from many starts.

    With :math:`F` the step under the input ``x`` and :math:`s` the whole carry,

    .. math:: q(s) = \tfrac{1}{2} |F(s) - s|^2

    is minimised from each start by itself, by Adam with a rate that falls to nothing
    along half a cosine. Points with a :math:`q` above ``tolerance`` are dropped (slow
    points, where the minimum is not zero, among them), and of those that are closer
    than ``distance`` in every number the stillest is kept. A point that no start leads
    to is not found: give many, such as the carries of real sequences.

    Sources: D. Sussillo and O. Barak, "Opening the black box: low-dimensional dynamics
    in high-dimensional recurrent neural networks", Neural Computation 25, 2013.

    Args:
        cell: what happens in a step; its gradient must be that of its equations.
        params: made by ``cell.init``.
        x: the constant input of a step, without time and batch, such as zeros.
        starts: carries with one batch axis, such as ``jax.tree.map(lambda leaf:
            leaf.reshape(-1, leaf.shape[-1]), carries)`` of :func:`jlstm.trace`.
        steps: updates.
        learning_rate: of the first of them.
        tolerance: the largest q of a fixed point.
        distance: below this two points are one.

    Returns:
        the points, in NumPy, as many as there are; none is no error.

    Raises:
        ValueError, TypeError: an argument does not fit, before anything is computed.

    Example:
        >>> from jlstm import RNNCell
        >>> from jlstm.cells.rnn import RNNCarry, RNNParams
        >>> params = RNNParams(jnp.ones((1, 1)), jnp.full((1, 1), 2.0), b=None)
        >>> starts = RNNCarry(jnp.linspace(-2, 2, 9)[:, None])
        >>> found = fixed_points(RNNCell(1), params, jnp.zeros(1), starts)
        >>> points = [f"{point:+.4f}" for point in found.carries.h[:, 0]]
        >>> sorted(zip(points, found.stable.tolist()))
        [('+0.0000', False), ('+0.9575', True), ('-0.9575', True)]
    """
    _check(cell, x, starts)
    wide = accumulator_dtype(x.dtype)
    vectors = flatten_carry(cast(starts, wide), rows=1)
    points, speeds = _minimize(cell, steps, params, x, vectors, learning_rate)
    points, speeds = np.asarray(points), np.asarray(speeds)
    kept = _distinct(points, speeds, tolerance, distance)
    vectors = jnp.asarray(points[kept])
    inputs = jnp.broadcast_to(x, (len(kept), *x.shape))
    spectra = jacobian_spectra(jacobians_at(cell, params, vectors, inputs))
    carries = jax.tree.map(np.asarray, unflatten_carry(cell, vectors))
    stable = (spectra.magnitudes < 1).all(axis=-1)
    return FixedPoints(carries, speeds[kept], spectra.eigenvalues, stable)


@partial(jax.jit, static_argnums=(0, 1))
def _minimize(
    cell: Cell, steps: int, params: Params, x: Array, starts: Array, rate: Array
) -> tuple[Float[Array, "k n"], Float[Array, " k"]]:
    """Return where each start came to, and its q; Adam's numbers never mix rows."""
    import optax

    step = vector_step(cell, params)
    optimizer = optax.adam(optax.cosine_decay_schedule(rate, steps))

    def speed(vector: Array) -> Array:
        return jnp.sum((step(vector, x) - vector) ** 2) / 2

    def update(state: tuple, _: None) -> tuple[tuple, None]:
        points, moments = state
        moves, moments = optimizer.update(jax.vmap(jax.grad(speed))(points), moments)
        return (optax.apply_updates(points, moves), moments), None

    first = starts, optimizer.init(starts)
    (points, _), _ = jax.lax.scan(update, first, length=steps)
    return points, jax.vmap(speed)(points)


def _distinct(
    points: Float[np.ndarray, "k n"],
    speeds: Float[np.ndarray, " k"],
    tolerance: float,
    distance: float,
) -> list[int]:
    """Return the numbers of the points to keep, the stillest first."""
    kept: list[int] = []
    for number in np.argsort(speeds, kind="stable"):
        if not speeds[number] <= tolerance:  # NaN is no fixed point either
            continue
        apart = np.abs(points[kept] - points[number]).max(axis=-1)
        if (apart >= distance).all():
            kept.append(int(number))
    return kept


def _check(cell: Cell, x: Array, starts: Carry) -> None:
    check_differentiable(cell)
    check_array("x", x)
    if x.ndim != cell.num_feature_axes:
        raise ValueError(
            f"x has shape {x.shape}; give the input of one step of one row, with "
            f"{cell.num_feature_axes} axes."
        )
    leaves = jax.tree.leaves(starts)
    check_carry(cell, starts, leaves[0].shape[:1] if leaves else ())
