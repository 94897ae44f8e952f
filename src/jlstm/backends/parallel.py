"""The parallel backend: all steps at once, for cells that allow it."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jlstm._tree import zero_unless
from jlstm._types import Carry, Checkpoint, Params
from jlstm.backends.loop import run_in_chunks
from jlstm.backends.scan import Controls, Emit
from jlstm.parallel import ParallelCell


def parallel(
    cell: ParallelCell,
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
    """Run ``cell`` over ``xs`` and stack ``emit(carry, ())``, without a loop.

    The result is that of :func:`~jlstm.backends.scan.scan`, up to rounding. A number
    that is not finite stays in its row, also beyond a reset. With ``checkpoint`` the
    sequence is run in chunks that are computed again in the backward pass, each of them
    in parallel.
    """

    def run(carry: Carry, inputs: tuple) -> tuple[Carry, Any]:
        xs, live, resets = inputs
        if reverse:
            xs, live, resets = (leaf[::-1] for leaf in (xs, live, resets))
        zxs = cell.project(params, zero_unless(live, xs))
        last, carries = cell.run(params, carry, fresh, zxs, live, resets)
        ys = zero_unless(live, emit(carries, ()))
        return last, jax.tree.map(lambda leaf: leaf[::-1], ys) if reverse else ys

    flags = xs.shape[: xs.ndim - cell.num_feature_axes]
    live = jnp.ones(flags, bool) if controls.live is None else controls.live
    resets = jnp.zeros(flags, bool) if controls.resets is None else controls.resets
    inputs = (xs, live, resets)
    return run_in_chunks(
        run, carry, inputs, xs.shape[0], reverse=reverse, checkpoint=checkpoint
    )
