"""The reference backend: ``cell.step`` under ``lax.scan``, whatever the cell."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from jlstm._tree import select, zero_unless
from jlstm._types import Carry, Checkpoint, Gates, Params
from jlstm.backends.loop import run_in_chunks
from jlstm.cell import Cell


class Controls(NamedTuple):
    """What steers the loop beside the input; ``None`` costs nothing."""

    live: Bool[Array, "t *b"] | None = None
    resets: Bool[Array, "t *b"] | None = None
    keys: PRNGKeyArray | None = None


Emit = Callable[[Carry, Gates], Any]


def scan(
    cell: Cell,
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
    """Run ``cell`` over ``xs`` and stack ``emit(carry, gates)`` of every step.

    The input of all steps (of a chunk, with ``checkpoint``) is projected in one product
    outside the loop. A step that is not live holds the carry and emits zeros; a step
    that resets starts from ``fresh``.
    """
    if controls.live is not None:
        # NaN in padding would survive multiplication by zero, in values and in
        # gradients.
        xs = zero_unless(controls.live, xs)

    def step(carry: Carry, inputs: tuple) -> tuple[Carry, Any]:
        zx, (live, reset, key) = inputs
        if reset is not None:
            carry = select(reset, fresh, carry)
        new, gates = cell.step(params, carry, zx, key)
        if live is None:
            return new, emit(new, gates)
        out = zero_unless(live, emit(new, gates))
        return select(live, new, carry), out

    def run(carry: Carry, inputs: tuple) -> tuple[Carry, Any]:
        xs, controls = inputs
        projected = cell.project(params, xs), controls
        return jax.lax.scan(step, carry, projected, reverse=reverse, unroll=unroll)

    return run_in_chunks(
        run, carry, (xs, controls), xs.shape[0], reverse=reverse, checkpoint=checkpoint
    )
