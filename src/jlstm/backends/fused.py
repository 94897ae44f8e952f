"""The fused backend: one linear rule for the derivative of a whole sequence.

Automatic differentiation of a scan keeps a dozen arrays a step and multiplies for the
weight gradients at every step. Here the sequence as a whole has a rule for its tangent,
a linear recurrence along what the forward pass has kept: carries and pre-activations.
What of the tangent does not pass from step to step (that of the inputs and the weights)
is one product over all steps, outside the loop. JAX transposes the rule into the
backward pass and differentiates it again, so every mode of differentiation works.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._overrides import sums_shares
from jlstm._tree import cast, cast_like, select, zero_unless
from jlstm._types import Carry, Checkpoint, Params, accumulator_dtype
from jlstm.backends.loop import run_in_chunks, run_nothing
from jlstm.backends.scan import Controls, Emit
from jlstm.cell import GatedCell

Tree = Any
FEW_ROWS = 4


def fused(
    cell: GatedCell,
    params: Params,
    xs: Float[Array, "t *bx"],
    carry: Carry,
    fresh: Carry,
    controls: Controls,
    emit: Emit,
    *,
    reverse: bool = False,
    unroll: int = 1,
    checkpoint: Checkpoint = None,
) -> tuple[Carry, Any]:
    """Run ``cell`` over ``xs`` and stack ``emit(carry, ())`` of every step.

    The result is that of :func:`~jlstm.backends.scan.scan`, up to rounding.
    """
    live, resets, _ = controls
    if live is not None:
        xs = zero_unless(live, xs)

    def run(carry: Carry, inputs: tuple) -> tuple[Carry, Any]:
        xs, live, resets = inputs
        carries = _sequence(
            cell, reverse, unroll, params, xs, carry, fresh, (live, resets)
        )
        last = jax.tree.map(lambda leaf: leaf[0 if reverse else -1], carries)
        ys = emit(carries, ())
        return last, ys if live is None else zero_unless(live, ys)

    if xs.shape[0] == 0:
        return run_nothing(carry, emit)
    inputs = (xs, live, resets)
    return run_in_chunks(
        run, carry, inputs, xs.shape[0], reverse=reverse, checkpoint=checkpoint
    )


@partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def _sequence(
    cell: GatedCell,
    reverse: bool,
    unroll: int,
    params: Params,
    xs: Array,
    carry: Carry,
    fresh: Carry,
    flags: tuple,
) -> Carry:
    """Return the carry that is held after every step."""
    return _forward(cell, reverse, unroll, params, xs, carry, fresh, flags)[0]


@_sequence.defjvp
def _tangent(
    cell: GatedCell, reverse: bool, unroll: int, primals: tuple, tangents: tuple
) -> tuple[Carry, Carry]:
    params, xs, carry, fresh, (live, resets) = primals
    d_params, d_xs, d_carry, d_fresh, _ = tangents
    carries, shares = _forward(cell, reverse, unroll, *primals)
    before = _before(carries, carry, fresh, resets, reverse)

    def recur(params: Params) -> Tree:
        return cell.recur(params, before.h.astype(xs.dtype))

    _, d_zx = jax.jvp(cell.project, (params, xs), (d_params, d_xs))
    _, d_zh = jax.jvp(recur, (params,), (d_params,))

    # Computed again in the backward pass: keeping what it is made of is all that is
    # kept, and that is less.
    @jax.checkpoint
    def gate_tangent(old: Carry, share: Tree, d_old: Carry, d_share: Tree) -> Carry:
        at, along = (params, old, share), (d_params, d_old, d_share)
        return jax.jvp(partial(_gate, cell), at, along)[1]

    def step(d_carry: Carry, inputs: tuple) -> tuple[Carry, Carry]:
        old, share, d_in, live, reset = inputs
        d_old = d_carry if reset is None else select(reset, d_fresh, d_carry)
        moved = _recur_tangent(cell, params, old.h.astype(xs.dtype), d_old.h)
        d_share = _add_recurrent(cell, d_in, moved)
        d_new = gate_tangent(old, share, d_old, d_share)
        if live is not None:
            d_new = select(live, d_new, d_old)
        return d_new, d_new

    inputs = (before, shares, _share(cell, d_zx, d_zh), live, resets)
    _, d_carries = jax.lax.scan(step, d_carry, inputs, reverse=reverse, unroll=unroll)
    return carries, d_carries


def _forward(
    cell: GatedCell,
    reverse: bool,
    unroll: int,
    params: Params,
    xs: Array,
    carry: Carry,
    fresh: Carry,
    flags: tuple,
) -> tuple[Carry, Tree]:
    """Return the carry held after every step, and every step's pre-activations."""
    early = _projects_early(cell, xs)

    def step(carry: Carry, inputs: tuple) -> tuple[Carry, tuple]:
        x, live, reset = inputs
        if reset is not None:
            carry = select(reset, fresh, carry)
        zx = x if early else cell.project(params, x)
        zh = cell.recur(params, carry.h.astype(xs.dtype))
        share = _share(cell, zx, zh)
        new = _gate(cell, params, carry, share)
        if live is not None:
            new = select(live, new, carry)
        return new, (new, share)

    inputs = (cell.project(params, xs) if early else xs, *flags)
    _, kept = jax.lax.scan(step, carry, inputs, reverse=reverse, unroll=unroll)
    return kept


def _projects_early(cell: GatedCell, xs: Array) -> bool:
    """Return whether the input of all steps is projected at once, before the loop.

    On a CPU, XLA makes a slow loop of gates that read a slice of a long array, and of
    few rows a fast product; elsewhere one large product is better than many small ones.
    """
    if jax.default_backend() != "cpu":
        return True
    rows = math.prod(xs.shape[1 : xs.ndim - cell.num_feature_axes])
    return isinstance(rows, int) and rows < FEW_ROWS


def _share(cell: GatedCell, zx: Tree, zh: Tree) -> Tree:
    """Return what the gates read beside the carry: their sum alone where that is so."""
    return zx + zh if sums_shares(cell) else (zx, zh)


def _add_recurrent(cell: GatedCell, share: Tree, zh: Tree) -> Tree:
    """Add to the recurrent part of a share."""
    if sums_shares(cell):
        return share + zh
    return share[0], jax.tree.map(jnp.add, share[1], zh)


def _gate(cell: GatedCell, params: Params, carry: Carry, share: Tree) -> Carry:
    """Apply the gates with the dtypes of :meth:`~jlstm.GatedCell.step`."""
    zx, zh = (share, jnp.zeros_like(share)) if sums_shares(cell) else share
    wide = accumulator_dtype(jax.tree.leaves(zx)[0].dtype)
    new, _ = cell.gate(params, *(cast(tree, wide) for tree in (carry, zx, zh)))
    return cast_like(new, carry)


def _recur_tangent(cell: GatedCell, params: Params, h: Array, d_h: Array) -> Tree:
    """Return how the recurrent map changes with ``h`` alone."""
    along = d_h.astype(h.dtype)
    return jax.jvp(partial(cell.recur, params), (h,), (along,))[1]


def _before(
    carries: Carry, carry: Carry, fresh: Carry, resets: Array | None, reverse: bool
) -> Carry:
    """Return the carry that every step starts from."""

    def shift(first: Array, leaf: Array) -> Array:
        parts = (leaf[1:], first[None]) if reverse else (first[None], leaf[:-1])
        return jnp.concatenate(parts)

    before = jax.tree.map(shift, carry, carries)
    if resets is None:
        return before
    spread = jax.tree.map(lambda a, b: jnp.broadcast_to(a, b.shape), fresh, before)
    return select(resets, spread, before)
