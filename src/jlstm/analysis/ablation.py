"""What each hidden unit is worth: the loss when it is held still."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._internal.tree import like
from jlstm._internal.types import Carry, Params
from jlstm.analysis.trajectory import start_of
from jlstm.cell import Cell

Loss = Callable[[Array], Array]
"""Takes the outputs of all steps (``t *b h``) and returns one number."""

NO_UNIT = -1


def unit_ablation(
    cell: Cell,
    params: Params,
    xs: Float[Array, "t *bx"],
    loss: Loss,
    carry: Carry | None = None,
    *,
    held_at: Float[Array, "h"] | None = None,
    chunk: int = 16,
) -> Float[Array, " h"]:
    """Return by how much the loss rises when each hidden unit alone is held still.

    The unit is set to its value in ``h`` before the first step and after every one, so
    neither a later step nor the output sees what it would have been. Other parts of the
    carry are left as they are: a cell state goes on, and a step that reads it (through
    peepholes) still does. Positive: the loss needs the unit.

    Args:
        cell: what happens in a step; the last axis of its ``h`` is the units (of a
            convolutional cell a channel, at all places).
        params: made by ``cell.init``.
        xs: inputs, time first.
        loss: of the outputs of all steps. What follows this layer belongs in it, and so
            does leaving out the padding. Give the same function again, not a new one
            that is equal: each is compiled.
        carry: where to start; ``None`` is ``cell.fresh_carry``.
        held_at: the value of each unit where it is held; ``None`` is zeros. Its mean,
            ``ys.mean((0, 1))``, takes away what it tells and not what it adds always.
        chunk: so many units run side by side.

    Raises:
        ValueError, TypeError: an argument does not fit, before anything is computed.

    Source: A. Morcos et al., "On the importance of single directions for
    generalization", 2018 (arXiv:1803.06959).

    Example:
        >>> from jlstm import RNNCell
        >>> cell = RNNCell(2, activation="identity", use_bias=False)
        >>> params = cell.init(jax.random.key(0), input_size=1)
        >>> params = params._replace(w_ih=jnp.ones((1, 2)), w_hh=jnp.zeros((2, 2)))
        >>> def loss(ys):
        ...     return jnp.mean((ys[..., 0] - 3) ** 2)
        >>> unit_ablation(cell, params, jnp.ones((5, 1)), loss).tolist()
        [5.0, 0.0]
    """
    start = start_of(cell, params, xs, carry)
    units = start.h.shape[-1]
    still = jnp.zeros(units, start.h.dtype) if held_at is None else held_at
    _check(loss, xs, start, still, units, chunk)
    losses = _losses(cell, loss, chunk, params, xs, start, still)
    return losses[1:] - losses[0]


@partial(jax.jit, static_argnums=(0, 1, 2))
def _losses(
    cell: Cell, loss: Loss, chunk: int, params: Params, xs: Array, start: Carry,
    still: Float[Array, "h"],
) -> Float[Array, " n"]:  # fmt: skip
    """Return the loss with no unit held, then that with each of them."""
    prepared = cell.prepare(params, jax.ShapeDtypeStruct(xs.shape[1:], xs.dtype), None)
    zxs = cell.project(prepared, xs)

    def loss_without(unit: Array) -> Array:
        def hold(carry: Carry) -> Carry:
            own = like(jnp.arange(len(still)) == unit, carry.h).astype(bool)
            return carry._replace(h=jnp.where(own, like(still, carry.h), carry.h))

        def step(carry: Carry, zx: Array) -> tuple[Carry, Array]:
            carry = hold(cell.step(prepared, carry, zx)[0])
            return carry, carry.h.astype(xs.dtype)

        return loss(jax.lax.scan(step, hold(start), zxs)[1])

    units = jnp.arange(NO_UNIT, len(still))
    return jax.lax.map(loss_without, units, batch_size=chunk)


def _check(
    loss: Loss, xs: Array, start: Carry, still: Array, units: int, chunk: int
) -> None:
    if still.shape != (units,):
        raise ValueError(
            f"held_at has shape {still.shape}; give one value for each of the "
            f"{units} units."
        )
    if chunk < 1:
        raise ValueError(f"chunk is {chunk}; give a positive number of units.")
    ys = jax.ShapeDtypeStruct((len(xs), *start.h.shape), xs.dtype)
    shape = jnp.shape(jax.eval_shape(loss, ys))
    if shape != ():
        raise ValueError(f"The loss has shape {shape}; return one number, as a mean.")
