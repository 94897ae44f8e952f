"""A whole sequence by the kernel: the loop forward, and the loop back.

Every step is one launch: the recurrent product and the equations. What does not pass
from step to step stays out of the loop, as single products over all steps: on the way
back the pre-activations, which are computed again in place of being kept, and the
gradient of the weight.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from jlstm._backends.pallas.gates import SHARE, Blocks, Cell, equations, share_of
from jlstm._backends.pallas.steps import Run, backward_step, forward_step
from jlstm._backends.pallas.tiles import (
    pack_backward,
    pack_forward,
    pieces_of,
    stack_pieces,
    tile_of,
)
from jlstm._internal.tree import select, vary_like, zero_unless

HIGHEST = jax.lax.Precision.HIGHEST


class Inputs(NamedTuple):
    """What a sequence is computed from: rows and units in whole tiles."""

    zx: Any  # t b g h
    w_hh: Any  # h g h
    b_hn: Any  # h, or None
    carry: Any  # leaves b h, float32
    fresh: Any  # leaves b h, float32
    live: Any  # t b, or None
    resets: Any  # t b, or None


@partial(jax.custom_vjp, nondiff_argnums=(0, 1, 2))
def sequence(
    cell: Cell, reverse: bool, interpret: bool, inputs: Inputs
) -> tuple[Array, Blocks]:
    """Return the hidden state held after every step, and the last carry."""
    hs, last = _loop(cell, reverse, interpret, inputs, keep=False)
    return hs, last


def _loop(
    cell: Cell, reverse: bool, interpret: bool, inputs: Inputs, keep: bool
) -> tuple[Any, Blocks]:
    """Return what every step holds (``keep``: all leaves), and the last carry."""
    run = _run_of(cell, inputs, interpret)
    w = pack_forward(inputs.w_hh, run.tile.units, run.pieces)
    steps, rows, _, _ = inputs.zx.shape
    zx = inputs.zx.reshape(steps * rows, -1)
    b_hn = inputs.b_hn
    if b_hn is not None:
        # As a matrix: an operand of the kernel is cut into tiles of rows and units.
        b_hn = jnp.broadcast_to(b_hn[None], inputs.carry[0].shape)
    fresh = inputs.fresh, stack_pieces(inputs.fresh[0], run.pieces)

    def step(old: tuple, at: tuple) -> tuple[tuple, Any]:
        now, live, reset = at
        if reset is not None:
            old = _choose(run, reset, fresh, old)
        new = forward_step(run, now, w, zx, b_hn, *old)
        if live is not None:
            new = _choose(run, live, new, old)
        return new, new[0] if keep else new[0][0]

    start = inputs.carry, stack_pieces(inputs.carry[0], run.pieces)
    each = (jnp.arange(steps, dtype=jnp.int32), inputs.live, inputs.resets)
    (last, _), kept = jax.lax.scan(step, start, each, reverse=reverse)
    return kept, last


def _forward(cell: Cell, reverse: bool, interpret: bool, inputs: Inputs) -> tuple:
    held, last = _loop(cell, reverse, interpret, inputs, keep=True)
    return (held[0], last), (inputs, held)


def _backward(
    cell: Cell, reverse: bool, interpret: bool, saved: tuple, cotangents: tuple
) -> tuple[Inputs]:
    inputs, held = saved
    run = _run_of(cell, inputs, interpret)
    before = _before(held, inputs, reverse)
    h = before[0].astype(inputs.zx.dtype)  # as the forward product read it
    share = _shares(run, inputs, h)
    d_share, d_carry, d_fresh = _loop_back(
        run, reverse, inputs, before, share, cotangents
    )
    d_zh = d_share[:, :, run.rules.recurrent_blocks, :]
    d_carry, d_fresh = _through_the_product(inputs, reverse, d_zh, d_carry, d_fresh)
    d_w_hh = jnp.einsum("tbk,tbgn->kgn", h, d_zh, **_summed(h.dtype))
    d_b_hn = None
    if inputs.b_hn is not None:
        d_b_hn = d_share[:, :, -1].sum((0, 1), dtype=jnp.float32)
    d_zx = d_share[:, :, run.rules.input_blocks, :]
    return (Inputs(d_zx, d_w_hh.astype(h.dtype), d_b_hn, d_carry, d_fresh, None, None),)


sequence.defvjp(_forward, _backward)


def _run_of(cell: Cell, inputs: Inputs, interpret: bool) -> Run:
    pieces = pieces_of(inputs.zx.dtype)
    size = inputs.zx.shape[-1]
    dtype = inputs.zx.dtype
    return Run(equations(cell), size, dtype, pieces, tile_of(pieces, size), interpret)


def _choose(run: Run, flags: Array, on_true: tuple, on_false: tuple) -> tuple:
    """Choose rows of a carry and of the pieces of its hidden state.

    Between launches, where XLA fuses it: in the kernel a flag of a row would have to be
    spread over a tile.
    """
    carry = select(flags, on_true[0], on_false[0])
    tall = jnp.tile(flags, run.pieces)
    return carry, select(tall, on_true[1], on_false[1])


def _before(held: Blocks, inputs: Inputs, reverse: bool) -> Blocks:
    """Return the carry that every step starts from."""

    def shift(first: Array, leaf: Array) -> Array:
        parts = (leaf[1:], first[None]) if reverse else (first[None], leaf[:-1])
        return jnp.concatenate(parts)

    before = tuple(map(shift, inputs.carry, held))
    if inputs.resets is None:
        return before
    fresh = tuple(
        jnp.broadcast_to(a[None], b.shape)
        for a, b in zip(inputs.fresh, before, strict=True)
    )
    return select(inputs.resets, fresh, before)


def _shares(run: Run, inputs: Inputs, h: Array) -> Array:
    """Compute what the gates read at every step, as ``t b 4 h`` in float32."""
    zh = jnp.einsum("tbk,kgn->tbgn", h, inputs.w_hh, **_summed(h.dtype))
    zx = jnp.unstack(inputs.zx.astype(jnp.float32), axis=2)
    blocks = list(jnp.unstack(zh, axis=2))
    if inputs.b_hn is not None:
        blocks[-1] = blocks[-1] + inputs.b_hn[None, None]
    return jnp.stack(share_of(run.rules, zx, blocks), axis=2)


def _summed(dtype: Any) -> dict[str, Any]:
    """Sum in float32, and multiply float32 as exactly as the kernel does."""
    precision = HIGHEST if dtype == jnp.float32 else None
    return {"preferred_element_type": jnp.float32, "precision": precision}


def _loop_back(
    run: Run,
    reverse: bool,
    inputs: Inputs,
    before: Blocks,
    share: Array,
    cotangents: tuple[Array, Blocks],
) -> tuple[Array, Blocks, Blocks]:
    """Return gradients of the shares and, but for ``zh``'s part, of both carries."""
    d_hs, d_last = cotangents
    steps, rows, _, size = share.shape
    w = pack_backward(inputs.w_hh, run.pieces)
    tall = steps * rows
    read = tuple(before[k].reshape(tall, size) for k in run.rules.reads)
    timed = share.reshape(tall, -1), read, d_hs.reshape(tall, size)
    masked = inputs.live is not None

    def step(state: tuple, at: tuple) -> tuple[tuple, Array]:
        pieces, d_held, d_fresh = state
        now, live, reset = at
        back = backward_step(run, now, w, timed, pieces, d_held, masked)
        pieces, d_share, d_old = back.pieces, back.d_share, back.d_old
        if live is not None:
            d_old = select(live, d_old, (back.d_h, *d_held[1:]))
            d_share = zero_unless(live, d_share)
            pieces = zero_unless(jnp.tile(live, run.pieces), pieces)
        if reset is not None:
            begun = zero_unless(reset, d_old)
            d_fresh = jax.tree.map(jnp.add, d_fresh, begun)
            d_old = zero_unless(~reset, d_old)
            pieces = zero_unless(jnp.tile(~reset, run.pieces), pieces)
        return (pieces, d_old, d_fresh), d_share

    width = len(run.rules.recurrent_blocks) * size
    none = jnp.zeros((run.pieces * rows, width), jnp.bfloat16)
    start = none, d_last, jax.tree.map(jnp.zeros_like, inputs.fresh)
    start = vary_like(start, inputs, d_hs, d_last)
    each = (jnp.arange(steps, dtype=jnp.int32), inputs.live, inputs.resets)
    state, d_share = jax.lax.scan(step, start, each, reverse=not reverse)
    _, d_carry, d_fresh = state
    return d_share.reshape(steps, rows, SHARE, size), d_carry, d_fresh


def _through_the_product(
    inputs: Inputs, reverse: bool, d_zh: Array, d_carry: Blocks, d_fresh: Blocks
) -> tuple[Blocks, Blocks]:
    """Add what reaches the first and the fresh hidden states by way of ``zh``."""

    def add(d_leaves: Blocks, d_zh: Array) -> Blocks:
        moved = jnp.einsum("bgn,kgn->bk", d_zh, inputs.w_hh, **_summed(d_zh.dtype))
        return (d_leaves[0] + moved, *d_leaves[1:])

    first = -1 if reverse else 0
    if inputs.resets is None:
        return add(d_carry, d_zh[first]), d_fresh
    wide = zero_unless(inputs.resets, d_zh).sum(0, dtype=jnp.float32)
    d_first = zero_unless(~inputs.resets[first], d_zh[first])
    return add(d_carry, d_first), add(d_fresh, wide.astype(d_zh.dtype))
