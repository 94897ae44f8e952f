"""The native backend: LSTM and GRU on the CPU by a compiled kernel."""

import math

from jaxtyping import Array

from jlstm._backends.call import Backend, Call, CallTypes
from jlstm._backends.native.available import unsupported, unsupported_cell
from jlstm._backends.native.primitive import run
from jlstm._backends.native.sequence import Sequence, SequenceInputs, gather
from jlstm._internal.types import Carry
from jlstm.cell import Cell


def _unsupported(cell: Cell, types: CallTypes) -> str | None:
    return unsupported_cell(cell) or unsupported(types.platform, *types.dtypes)


def _run(call: Call) -> tuple[Carry, Array]:
    """Run the kernel; the cell state of every step is kept for a gradient only."""
    batch, size = call.shape[1:], call.cell.hidden_size
    hs, *c = run(Sequence(call.cell, call.reverse), _flat_inputs(call))
    hs = hs.reshape(hs.shape[0], *batch, size)
    c = [leaf.reshape(*batch, size) for leaf in c]
    return type(call.start)(hs[0 if call.reverse else -1], *c), call.output(hs)


def _flat_inputs(call: Call) -> SequenceInputs:
    """Return what the kernel reads, with all batch axes as one."""
    xs, live, resets, _ = call.steps
    batch = call.shape[1:]
    rows = math.prod(batch)
    inputs = gather(call.params, xs, call.start, call.fresh, live, resets)
    flat = {
        name: leaf.reshape(*leaf.shape[:at], rows, *leaf.shape[at + len(batch) :])
        for name, at in Sequence.rows.items()
        if (leaf := getattr(inputs, name)) is not None
    }
    return inputs._replace(**flat)


NATIVE = Backend("native", _unsupported, _run, opaque=True)
