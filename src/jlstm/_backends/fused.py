"""The fused backend: one linear rule for the derivative of a whole sequence.

Automatic differentiation of a scan keeps a dozen arrays per step and multiplies for the
weight gradients at every step. Here the sequence as a whole has a rule for its tangent,
a linear recurrence along what the forward pass has kept: carries and pre-activations.
What of the tangent does not pass from step to step (that of the inputs and the weights)
is one product over all steps, outside the loop. JAX transposes the rule into the
backward pass and differentiates it again, so every mode of differentiation works.
"""

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._backends.call import Backend, Call, CallTypes, Steps
from jlstm._internal.overrides import own_step, sums_shares
from jlstm._internal.tree import cast, cast_like, select
from jlstm._internal.types import Carry, Params, accumulator_dtype
from jlstm.analysis.target import current
from jlstm.cell import Cell, GatedCell

Tree = Any
FEW_ROWS = 4
TURN = 4
"""Steps in one turn of a loop on an accelerator: its outputs are stored in one launch a
turn, and so is its counter. More than four make compiling long."""


class Plan(NamedTuple):
    """How the two loops are written for a platform: ``docs/design/021``.

    Attributes:
        early: whether the input of all steps is projected at once, before the loop.
        keeps: whether the forward loop stores the pre-activations. Else one product
            makes them again, those of all steps, which costs an accelerator less than a
            launch at every step to store them.
        apart: whether what the derivative of the gates reads is made an array first,
            which takes a launch for each.
        turn: steps in one turn of a loop.
    """

    early: bool
    keeps: bool
    apart: bool
    turn: int


def _unsupported(cell: Cell, types: CallTypes) -> str | None:
    if not isinstance(cell, GatedCell):
        return "it is no GatedCell"
    if cell.has_custom_gradient:
        return "its gradient is not the derivative of its equations"
    return own_step(cell)


def _run(call: Call) -> tuple[Carry, Array]:
    # No gated cell draws noise in a step, and a rule cannot be given keys.
    carries = _sequence(call.part(call.start, call.steps._replace(keys=None)))
    last = jax.tree.map(lambda leaf: leaf[0 if call.reverse else -1], carries)
    return last, call.output(carries.h)


FUSED = Backend("fused", _unsupported, _run)


@jax.custom_jvp
def _sequence(call: Call) -> Carry:
    """Return the carry that is held after every step."""
    return _forward(call)[0]


@_sequence.defjvp
def _tangent(primals: tuple[Call], tangents: tuple[Call]) -> tuple[Carry, Carry]:
    (call,), (d_call,) = primals, tangents
    cell, params, steps = call.cell, call.params, call.steps
    plan = _plan(call)
    carries, shares = _forward(call)
    before = _before(carries, call)
    compute = steps.xs.dtype

    def recur(params: Params) -> Tree:
        return cell.recur(params, before.h.astype(compute))

    inputs, d_inputs = (params, steps.xs), (d_call.params, d_call.steps.xs)
    zx, d_zx = jax.jvp(cell.project, inputs, d_inputs)
    zh, d_zh = jax.jvp(recur, (params,), (d_call.params,))
    if not plan.keeps:
        shares = _preactivations(cell, zx, zh)

    # Recomputed in the backward pass: what it reads is kept anyway, what it makes on
    # the way would be a dozen arrays more.
    @partial(jax.checkpoint, prevent_cse=plan.apart)
    def gate_tangent(old: Carry, share: Tree, d_old: Carry, d_share: Tree) -> Carry:
        at, along = (params, old, share), (d_call.params, d_old, d_share)
        return jax.jvp(partial(_gate, cell), at, along)[1]

    def step(d_carry: Carry, inputs: tuple) -> tuple[Carry, Carry]:
        old, share, d_in, live, reset = inputs
        d_old = d_carry if reset is None else select(reset, d_call.fresh, d_carry)
        moved = _recur_tangent(cell, params, old.h.astype(compute), d_old.h)
        d_share = _add_recurrent(cell, d_in, moved)
        d_new = gate_tangent(old, share, d_old, d_share)
        if live is not None:
            d_new = select(live, d_new, d_old)
        return d_new, d_new

    each = (before, shares, _preactivations(cell, d_zx, d_zh), steps.live, steps.resets)
    _, d_carries = jax.lax.scan(
        step, d_call.start, each, reverse=call.reverse, unroll=plan.turn
    )
    return carries, d_carries


def _forward(call: Call) -> tuple[Carry, Tree]:
    """Return the carry held after every step, and the pre-activations that are kept."""
    cell, params, steps = call.cell, call.params, call.steps
    plan, compute = _plan(call), steps.xs.dtype

    def step(carry: Carry, inputs: Steps) -> tuple[Carry, tuple]:
        x, live, reset, _ = inputs
        if reset is not None:
            carry = select(reset, call.fresh, carry)
        zx = x if plan.early else cell.project(params, x)
        zh = cell.recur(params, carry.h.astype(compute))
        share = _preactivations(cell, zx, zh)
        new = _gate(cell, params, carry, share)
        if live is not None:
            new = select(live, new, carry)
        return new, (new, share if plan.keeps else None)

    if plan.early:
        steps = steps._replace(xs=cell.project(params, steps.xs))
    _, kept = jax.lax.scan(
        step, call.start, steps, reverse=call.reverse, unroll=plan.turn
    )
    return kept


def _plan(call: Call) -> Plan:
    """Return how the loops are written.

    On a CPU, XLA makes a slow loop of gates that read a slice of a long array, and of
    few rows a fast product; elsewhere one large product is better than many small ones.
    """
    if current().platform != "cpu":
        known = isinstance(call.shape[0], int)
        turn = max(call.unroll, TURN if known else 1)
        return Plan(early=True, keeps=False, apart=False, turn=turn)
    rows = math.prod(call.shape[1:])
    early = isinstance(rows, int) and rows < FEW_ROWS
    return Plan(early, keeps=True, apart=True, turn=call.unroll)


def _preactivations(cell: GatedCell, zx: Tree, zh: Tree) -> Tree:
    """Return what the gates read next to the carry, as one sum where they may."""
    return zx + zh if sums_shares(cell) else (zx, zh)


def _add_recurrent(cell: GatedCell, share: Tree, zh: Tree) -> Tree:
    """Add to the recurrent part of a share."""
    if sums_shares(cell):
        return share + zh
    return share[0], jax.tree.map(jnp.add, share[1], zh)


def _gate(cell: GatedCell, params: Params, carry: Carry, share: Tree) -> Carry:
    """Apply the gates with the dtypes of :meth:`~jlstm.GatedCell.step`."""
    # Such a cell reads the sum alone, so zero can stand for the other part.
    zx, zh = (share, jnp.zeros_like(share)) if sums_shares(cell) else share
    wide = accumulator_dtype(jax.tree.leaves(zx)[0].dtype)
    new, _ = cell.gate(params, *(cast(tree, wide) for tree in (carry, zx, zh)))
    return cast_like(new, carry)


def _recur_tangent(cell: GatedCell, params: Params, h: Array, d_h: Array) -> Tree:
    """Return how the recurrent map changes with ``h`` alone."""
    along = d_h.astype(h.dtype)
    return jax.jvp(partial(cell.recur, params), (h,), (along,))[1]


def _before(carries: Carry, call: Call) -> Carry:
    """Return the carry that every step starts from."""

    # Shifted from what is held after the steps, so that one of the two is kept.
    def shift(first: Array, leaf: Array) -> Array:
        after = (leaf[1:], first[None]) if call.reverse else (first[None], leaf[:-1])
        return jnp.concatenate(after)

    before = jax.tree.map(shift, call.start, carries)
    if call.steps.resets is None:
        return before
    spread = jax.tree.map(lambda a, b: jnp.broadcast_to(a, b.shape), call.fresh, before)
    return select(call.steps.resets, spread, before)
