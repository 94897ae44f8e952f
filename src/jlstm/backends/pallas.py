"""The pallas backend: LSTM, GRU and sLSTM on NVIDIA GPUs by a fused kernel."""

from typing import Any

from jaxtyping import Array, Float

from jlstm._tree import zero_unless
from jlstm._types import Carry, Checkpoint, Params
from jlstm.backends.loop import run_in_chunks, run_nothing
from jlstm.backends.scan import Controls, Emit
from jlstm.pallas.available import misfit, unavailable
from jlstm.pallas.gates import Cell
from jlstm.pallas.inputs import run_rows


def pallas(
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
    interpret: bool = False,
) -> tuple[Carry, Any]:
    """Run ``cell`` over ``xs`` and stack ``emit(carry, ())``.

    The result is that of :func:`~jlstm.backends.scan.scan`, up to rounding. ``emit``
    gets the hidden state of all steps and ``None`` for the other leaves of the carry,
    which are not kept unless a gradient is asked for.
    :func:`jlstm.pallas.available.unavailable` says for what cells, dtypes and devices
    this runs; with ``interpret`` a GPU is simulated on the CPU, slowly, for tests.

    Reverse mode only, and once: JAX refuses forward mode, and so Hessians, with a
    TypeError that names ``custom_vjp``; ``backend="fused"`` has every mode.

    Raises:
        ValueError: the kernels cannot run this; the message says why.
    """
    dtypes = (xs.dtype, *(leaf.dtype for leaf in carry))
    if reason := (misfit if interpret else unavailable)(cell, *dtypes):
        raise ValueError(
            f'The pallas backend cannot run {cell!r}: {reason}. Use backend="scan".'
        )
    live, resets, _ = controls
    if live is not None:
        xs = zero_unless(live, xs)

    def run(carry: Carry, inputs: tuple) -> tuple[Carry, Any]:
        xs, live, resets = inputs
        hs, last = run_rows(
            cell, reverse, interpret, params, xs, carry, fresh, live, resets
        )
        ys = emit(type(carry)(hs, *[None] * (len(carry) - 1)), ())
        return last, ys if live is None else zero_unless(live, ys)

    if xs.shape[0] == 0:
        return run_nothing(carry, emit)
    inputs = (xs, live, resets)
    return run_in_chunks(
        run, carry, inputs, xs.shape[0], reverse=reverse, checkpoint=checkpoint
    )
