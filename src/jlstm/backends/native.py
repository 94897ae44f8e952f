"""The native backend: LSTM and GRU on the CPU by a compiled kernel."""

import math
from typing import Any

from jaxtyping import Array, Float

from jlstm._tree import zero_unless
from jlstm._types import Carry, Checkpoint, Params
from jlstm.backends.loop import run_in_chunks, run_nothing
from jlstm.backends.scan import Controls, Emit
from jlstm.cells.gru import GRUCell
from jlstm.cells.lstm import LSTMCell
from jlstm.native.available import unavailable
from jlstm.native.primitive import run
from jlstm.native.sequence import Sequence, gather


def native(
    cell: LSTMCell | GRUCell,
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
    """Run ``cell`` over ``xs`` and stack ``emit(carry, ())``.

    The result is that of :func:`~jlstm.backends.scan.scan`, up to rounding. ``emit``
    gets the hidden state of all steps and ``None`` for the cell state, which is not
    kept unless a gradient is asked for. :func:`jlstm.native.unavailable` says for what
    cells and dtypes this runs.

    Raises:
        ValueError: the kernel cannot run this; the message says why.
    """
    dtypes = (xs.dtype, *(leaf.dtype for leaf in carry))
    if reason := unavailable(cell, *dtypes):
        raise ValueError(
            f'The native backend cannot run {cell!r}: {reason}. Use backend="scan".'
        )
    live, resets, _ = controls
    if live is not None:
        xs = zero_unless(live, xs)

    def stretch(carry: Carry, inputs: tuple) -> tuple[Carry, Any]:
        xs, live, resets = inputs
        hs, c = _over_rows(cell, reverse, params, xs, carry, fresh, live, resets)
        last = (hs[0 if reverse else -1], c)[: len(carry)]
        ys = emit(type(carry)(hs, *[None] * (len(carry) - 1)), ())
        return type(carry)(*last), ys if live is None else zero_unless(live, ys)

    if xs.shape[0] == 0:
        return run_nothing(carry, emit)
    inputs = (xs, live, resets)
    return run_in_chunks(
        stretch, carry, inputs, xs.shape[0], reverse=reverse, checkpoint=checkpoint
    )


def _over_rows(
    cell: LSTMCell | GRUCell,
    reverse: bool,
    params: Params,
    xs: Array,
    carry: Carry,
    fresh: Carry,
    live: Array | None,
    resets: Array | None,
) -> tuple[Array, Array | None]:
    """Run the kernel with all batch axes as one."""
    batch = xs.shape[1:-1]
    rows = math.prod(batch)
    inputs = gather(params, xs, carry, fresh, live, resets)
    flat = {
        name: leaf.reshape(*leaf.shape[:at], rows, *leaf.shape[at + len(batch) :])
        for name, at in Sequence.rows.items()
        if (leaf := getattr(inputs, name)) is not None
    }
    hs, *c = run(Sequence(cell, reverse), inputs._replace(**flat))
    hs = hs.reshape(hs.shape[0], *batch, cell.hidden_size)
    return hs, c[0].reshape(*batch, cell.hidden_size) if c else None
