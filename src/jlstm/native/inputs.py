"""What the kernel takes and makes, and the same computation written in JAX.

The JAX form runs wherever the kernel does not: on other platforms, where XLA splits a
program over devices by itself, and in derivatives of second order.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from jlstm._tree import select
from jlstm._types import Carry, Params
from jlstm.cells.family import LSTMCarry
from jlstm.cells.gru import GRUCarry, GRUCell, GRUParams
from jlstm.cells.lstm import LSTMCell, LSTMParams

Kernel = LSTMCell | GRUCell


class Inputs(NamedTuple):
    """What a sequence is computed from; ``None`` stands for what a run has not."""

    xs: Any  # t b x
    w_ih: Any  # x g h
    w_hh: Any  # h g h
    b: Any  # g h
    b_hn: Any  # h
    h: Any  # b h
    c: Any  # b h
    fresh_h: Any  # b h
    fresh_c: Any  # b h
    live: Any  # t b
    resets: Any  # t b


class Outputs(NamedTuple):
    """What a sequence computes, and what its backward pass needs beside."""

    hs: Any  # t b h, the hidden state after every step
    c: Any  # b h, the last cell state
    cs: Any = None  # t b h
    kept: Any = None  # t b 4h, four arrays of gates side by side


def gather(
    cell: Kernel,
    params: Params,
    xs: Float[Array, "t *bx"],
    carry: Carry,
    fresh: Carry,
    live: Bool[Array, "t *b"] | None,
    resets: Bool[Array, "t *b"] | None,
) -> Inputs:
    """Collect the inputs, weights cast to the dtype of ``xs``."""
    w_ih, w_hh, b, b_hn = (
        None if w is None else w.astype(xs.dtype) for w in (*params, None)[:4]
    )
    h, c = (*carry, None)[:2]
    fresh_h, fresh_c = (None, None) if resets is None else (*fresh, None)[:2]
    return Inputs(xs, w_ih, w_hh, b, b_hn, h, c, fresh_h, fresh_c, live, resets)


def gates_of(cell: Kernel) -> int:
    """Return how many blocks the weights of ``cell`` have."""
    return 4 if isinstance(cell, LSTMCell) else 3


def formula(cell: Kernel, reverse: bool, inputs: Inputs) -> tuple[Array, Array | None]:
    """Compute ``hs`` and ``c`` as the kernel does, step by step in JAX.

    Unlike the output of :func:`jlstm.unroll`, ``hs`` shows on a step that is not live
    what is held there.
    """
    params, carry, fresh = _of_cell(cell, inputs)

    def step(carry: Carry, at: tuple) -> tuple[Carry, Array]:
        zx, live, reset = at
        if reset is not None:
            carry = select(reset, fresh, carry)
        new, _ = cell.step(params, carry, zx, None)
        if live is not None:
            new = select(live, new, carry)
        return new, new.h

    steps = (cell.project(params, inputs.xs), inputs.live, inputs.resets)
    last, hs = jax.lax.scan(step, carry, steps, reverse=reverse)
    return hs, getattr(last, "c", None)


def formula_outputs(cell: Kernel, reverse: bool, keep: bool, inputs: Inputs) -> Outputs:
    """Return all outputs by :func:`formula`.

    What is kept for the kernel's backward pass is zero: where the forward pass runs as
    a formula, the backward pass does too, and reads the inputs alone.
    """
    hs, c = formula(cell, reverse, inputs)
    if not keep:
        return Outputs(hs, c)
    kept = jnp.concatenate(4 * [jnp.zeros_like(hs)], axis=-1)
    return Outputs(hs, c, None if c is None else jnp.zeros_like(hs), kept)


def _of_cell(cell: Kernel, inputs: Inputs) -> tuple[Params, Carry, Carry]:
    if isinstance(cell, LSTMCell):
        return (
            LSTMParams(inputs.w_ih, inputs.w_hh, inputs.b),
            LSTMCarry(inputs.h, inputs.c),
            LSTMCarry(inputs.fresh_h, inputs.fresh_c),
        )
    return (
        GRUParams(inputs.w_ih, inputs.w_hh, inputs.b, inputs.b_hn),
        GRUCarry(inputs.h),
        GRUCarry(inputs.fresh_h),
    )
